/**
 * One orchestration instance: its data, its history, and the messages that it has not read yet. A generation is the part of its life
 * between two `continueAsNew`; each has a history of its own.
 */
import { EventType, type HistoryEvent, hasEnded, type RuntimeStatus } from './wire.ts'

interface Parent {
  readonly instanceId: string
  readonly executionId: string
  readonly generation: number
  /** The number under which the parent knows this child. */
  readonly taskId: number
}

export interface Start {
  readonly instanceId: string
  /** Differs between two orchestrations that were started one after the other under the same instance id. */
  readonly executionId: string
  readonly name: string
  /** JSON text. */
  readonly input: string | null
  readonly parent: Parent | null
}

export interface Instance extends Start {
  readonly generation: number
  readonly createdAt: string
  readonly updatedAt: string
  readonly status: RuntimeStatus
  /** JSON text, null until one is set. */
  readonly customStatus: string | null
  /** JSON text of the output, or of the failure's message. */
  readonly output: string | null
  readonly history: readonly HistoryEvent[]
  /** Messages that have arrived and that the orchestrator has not read yet. */
  readonly inbox: readonly HistoryEvent[]
}

export const newInstance = (start: Start, now: string, generation = 0): Instance => ({
  ...start,
  generation,
  createdAt: now,
  updatedAt: now,
  status: 'Pending',
  customStatus: null,
  output: null,
  history: [],
  inbox: [
    {
      EventType: EventType.ExecutionStarted,
      EventId: -1,
      Timestamp: now,
      Name: start.name,
      Input: start.input,
    },
  ],
})

/** What a turn changed. These records and the messages are enough to rebuild an instance. */
export interface TurnRecord {
  /** Messages taken from the front of the inbox. */
  readonly consumed: number
  readonly events: readonly HistoryEvent[]
  readonly status: RuntimeStatus
  readonly customStatus: string | null
  readonly output: string | null
  readonly at: string
  /** JSON text: the next generation begins with it, and with an empty history. */
  readonly nextInput?: string
}

export const withMessage = (instance: Instance, message: HistoryEvent): Instance => ({
  ...instance,
  inbox: [...instance.inbox, message],
})

export function withTurn(instance: Instance, turn: TurnRecord): Instance {
  const unread = instance.inbox.slice(turn.consumed)
  if (turn.nextInput === undefined)
    return {
      ...instance,
      history: instance.history.concat(turn.events),
      inbox: unread,
      status: turn.status,
      customStatus: turn.customStatus,
      output: turn.output,
      updatedAt: turn.at,
    }
  const next = newInstance({ ...instance, input: turn.nextInput }, turn.at, instance.generation + 1)
  return {
    ...next,
    customStatus: turn.customStatus,
    status: 'Running',
    // Events that arrived before the last turn of the old generation are gone; those that arrived during it are kept.
    inbox: [...next.inbox, ...unread.filter(outlivesGeneration)],
  }
}

/** Answers to tasks belong to the generation that asked; the client's messages belong to the instance. */
const outlivesGeneration = ({ EventType: type }: HistoryEvent): boolean =>
  type === EventType.EventRaised || type === EventType.ExecutionTerminated

/** The tasks that history has started, and whose answer is neither in the history nor in the inbox. */
export function unanswered(instance: Instance): HistoryEvent[] {
  if (hasEnded(instance.status)) return []
  const known = [...instance.history, ...instance.inbox]
  const answered = new Set(known.map((event) => event.TaskScheduledId ?? event.TimerId))
  return instance.history.filter(
    ({ EventType: type, EventId: id }) =>
      (type === EventType.TaskScheduled ||
        type === EventType.TimerCreated ||
        type === EventType.SubOrchestrationInstanceCreated) &&
      !answered.has(id),
  )
}
