/** The messages that an instance receives. The engine stamps the time. */
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

export const timerFired = (timerId: number, fireAt: string): HistoryEvent =>
  message(EventType.TimerFired, { TimerId: timerId, FireAt: fireAt })

/** `result` is JSON text. */
export const activityCompleted = (taskId: number, result: string): HistoryEvent =>
  message(EventType.TaskCompleted, { TaskScheduledId: taskId, Result: result })

/** The extension 3.19 takes the message out of the host's words, and leaves the blank in front of it. */
export function activityFailed(taskId: number, name: string, error: unknown): HistoryEvent {
  const { message: words, stack = '' } = error instanceof Error ? error : { message: String(error) }
  const exception = { $type: 'System.Exception, System.Private.CoreLib', ClassName: 'System.Exception' }
  return message(EventType.TaskFailed, {
    TaskScheduledId: taskId,
    Reason: `Activity function '${name}' failed:  ${words}`,
    Details: JSON.stringify({
      ...exception,
      Message: ` ${words}`,
      InnerException: { ...exception, Message: `Result: Failure\nException: ${words}\nStack: ${stack}` },
    }),
  })
}

/** As the extension words it. */
export const missingFunction = (name: string, kind: 'activity' | 'orchestrator'): string =>
  `The function '${name}' doesn't exist, is disabled, or is not an ${kind} function.`

export const childCompleted = (taskId: number, result: string | null): HistoryEvent =>
  message(EventType.SubOrchestrationInstanceCompleted, { TaskScheduledId: taskId, Result: result })

export const childFailed = (taskId: number, reason: string): HistoryEvent =>
  message(EventType.SubOrchestrationInstanceFailed, { TaskScheduledId: taskId, Reason: reason, Details: '' })
