/**
 * What passes between the Durable extension and durable-functions 3.5.0: history events in, actions out. Names and numbers are
 * those of the library's `HistoryEventType`, `ActionType` and `ReplaySchema`, and of the JSON that the extension writes, so this
 * file follows their spelling.
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
} as const

/** One line of an instance's history. Payloads (`Input`, `Result`) are JSON texts, as they are on the wire. */
export interface HistoryEvent {
  readonly EventType: number
  readonly EventId: number
  readonly Timestamp: string
  readonly Name?: string
  readonly Input?: string | null
  readonly Result?: string | null
  readonly TaskScheduledId?: number
  readonly TimerId?: number
  readonly FireAt?: string
  readonly InstanceId?: string
  readonly Reason?: string
  readonly Details?: string
}

export type RuntimeStatus = 'Pending' | 'Running' | 'ContinuedAsNew' | 'Completed' | 'Failed' | 'Terminated'

const ENDED: ReadonlySet<RuntimeStatus> = new Set(['Completed', 'Failed', 'Terminated'])
export const hasEnded = (status: RuntimeStatus): boolean => ENDED.has(status)

export const ActionType = {
  CallActivity: 0,
  CallSubOrchestrator: 2,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  WhenAny: 11,
} as const

export interface Action {
  readonly actionType: number
  readonly functionName?: string
  readonly input?: unknown
  readonly instanceId?: string
  /** A date from the library itself, a text from the worker. */
  readonly fireAt?: string | Date
  readonly isCanceled?: boolean
  readonly externalEventName?: string
  readonly compoundActions?: readonly Action[]
}

/** The result of a replay: all actions that the orchestrator has asked for since its beginning, and whether it is done. */
export interface OrchestratorState {
  readonly isDone: boolean
  readonly actions: readonly (readonly Action[])[]
  readonly output?: unknown
  readonly error?: string
  readonly customStatus?: unknown
}

/** An event as the library reads it. */
export type PlayedEvent = Omit<HistoryEvent, 'Timestamp'> & { readonly Timestamp: Date; IsPlayed: boolean }

/** The `orchestrationTrigger` data that the extension sends for a turn. */
export interface OrchestrationTrigger {
  readonly history: readonly PlayedEvent[]
  readonly input: unknown
  readonly instanceId: string
  readonly isReplaying: boolean
  readonly upperSchemaVersion: number
  readonly maximumShortTimerDuration: string
  readonly longRunningTimerIntervalDuration: string
}

/** `ReplaySchema.V3`: the actions are one flat list. */
export const SCHEMA_V3 = 2

/** A payload as JSON text; values that JSON cannot express (undefined, a function) travel as null. */
export const toJson = (value: unknown): string => JSON.stringify(value ?? null) ?? 'null'
