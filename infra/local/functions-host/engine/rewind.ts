/**
 * Takes a failed instance back to before the failure that ended it: its last failed task counts as not answered yet,
 * so it is run again under the same number, and everything that came of the failure is forgotten.
 */
import type { Instance } from './instance.ts'
import { EventType, type HistoryEvent } from './wire.ts'

export interface Rewound {
  readonly instance: Instance
  /** The child whose failure it was; it has to be rewound as well. */
  readonly failedChildId: string | undefined
}

export function rewound(instance: Instance, now: string): Rewound {
  const { history } = instance
  const failure = history.findLastIndex(isFailure)
  const cut = failure < 0 ? lastTurn(history, history.length) : lastTurn(history, failure)
  const kept = history.slice(0, cut)
  const known = new Set(kept.filter(isCreation).map((event) => event.EventId))
  const unread = history
    .slice(cut)
    .filter((event) => event !== history[failure] && isMessage(event) && concerns(event, known))
  const created = kept.find(
    ({ EventType: type, EventId: id }) =>
      type === EventType.SubOrchestrationInstanceCreated && id === history[failure]?.TaskScheduledId,
  )
  return {
    instance: {
      ...instance,
      history: kept,
      inbox: [...unread, ...instance.inbox],
      status: kept.length === 0 ? 'Pending' : 'Running',
      output: null,
      updatedAt: now,
    },
    failedChildId: created?.InstanceId,
  }
}

const FAILURES: ReadonlySet<number> = new Set([EventType.TaskFailed, EventType.SubOrchestrationInstanceFailed])
const isFailure = (event: HistoryEvent): boolean => FAILURES.has(event.EventType)

const MESSAGES: ReadonlySet<number> = new Set([
  EventType.ExecutionStarted,
  EventType.TaskCompleted,
  EventType.TaskFailed,
  EventType.SubOrchestrationInstanceCompleted,
  EventType.SubOrchestrationInstanceFailed,
  EventType.TimerFired,
  EventType.EventRaised,
  EventType.ExecutionSuspended,
  EventType.ExecutionResumed,
])
const isMessage = (event: HistoryEvent): boolean => MESSAGES.has(event.EventType)

const CREATIONS: ReadonlySet<number> = new Set([
  EventType.TaskScheduled,
  EventType.TimerCreated,
  EventType.SubOrchestrationInstanceCreated,
])
const isCreation = (event: HistoryEvent): boolean => CREATIONS.has(event.EventType)

/** Answers to tasks that are forgotten are forgotten with them. */
function concerns({ TaskScheduledId, TimerId }: HistoryEvent, known: ReadonlySet<number>): boolean {
  const id = TaskScheduledId ?? TimerId
  return id === undefined || known.has(id)
}

/** Where the turn begins that the event before `end` belongs to. */
const lastTurn = (history: readonly HistoryEvent[], end: number): number =>
  history.findLastIndex((event, index) => index < end && event.EventType === EventType.OrchestratorStarted)
