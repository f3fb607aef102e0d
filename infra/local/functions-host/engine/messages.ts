/** What a client can tell an instance. The engine stamps the time. */
import { EventType, type HistoryEvent, toJson } from './wire.ts'

const message = (type: number, fields: Partial<HistoryEvent>): HistoryEvent => ({
  EventType: type,
  EventId: -1,
  Timestamp: '',
  ...fields,
})

/** `data` is JSON text, or null for an event without data. */
export const eventRaised = (name: string, data: string | null): HistoryEvent =>
  message(EventType.EventRaised, { Name: name, ...(data === null ? {} : { Input: data }) })

export const terminated = (reason: string): HistoryEvent =>
  message(EventType.ExecutionTerminated, { Input: toJson(reason) })

export const suspended = (reason: string): HistoryEvent => message(EventType.ExecutionSuspended, { Reason: reason })

export const resumed = (reason: string): HistoryEvent => message(EventType.ExecutionResumed, { Reason: reason })
