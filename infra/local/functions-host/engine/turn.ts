/**
 * One turn of one orchestration: the inbox is appended to the history, durable-functions' own engine replays the orchestrator over
 * the whole history, and what the orchestrator newly asks for becomes history events to act on. This file changes nothing and
 * starts nothing.
 */
import type { InvocationContext } from '@azure/functions'
import { requireSameNumbers } from './determinism-check.ts'
import { HostView } from './host-view.ts'
import type { Instance, TurnRecord } from './instance.ts'
import { missingFunction } from './messages.ts'
import {
  EventType,
  type HistoryEvent,
  hasEnded,
  type OrchestrationTrigger,
  type OrchestratorState,
  type PlayedEvent,
  SCHEMA_V3,
  toJson,
} from './wire.ts'

/** Calls the function that durable-functions registers for an orchestrator. */
export type OrchestratorFunction = (trigger: OrchestrationTrigger) => Promise<Replay>

interface Replay {
  /** OrchestratorState. */
  readonly state: unknown
  /** The one that the function was called with. */
  readonly context: InvocationContext
}

interface TurnContext {
  /** Undefined when the app has no such orchestrator. */
  readonly orchestrator: OrchestratorFunction | undefined
  /** Why the task of this event cannot be started, or undefined. */
  readonly refusal: (task: HistoryEvent) => string | undefined
  readonly nowMs: number
}

/** The extension's limit for the UTF-16 of a custom status, counted in whole KB: up to 17 KB less one byte. */
const MAX_CUSTOM_STATUS_KB = 16

export async function takeTurn(instance: Instance, context: TurnContext): Promise<TurnRecord> {
  const started: HistoryEvent = {
    ...bare(EventType.OrchestratorStarted),
    Timestamp: riseAbove(instance, context.nowMs),
  }
  const seen = [...instance.history, started, ...instance.inbox]
  const end = instance.inbox.find((message) => message.EventType === EventType.ExecutionTerminated)
  const outcome = end === undefined ? await decide(instance, seen, context) : terminated(instance, end)
  const at = new Date(context.nowMs).toISOString()
  const stamp = (event: HistoryEvent): HistoryEvent => ({ ...event, Timestamp: started.Timestamp })
  const { events, ...rest } = outcome
  const closing = hasEnded(rest.status) ? [{ ...bare(EventType.ExecutionCompleted), Result: rest.output }] : []
  return {
    ...rest,
    at,
    consumed: instance.inbox.length,
    events: [started, ...instance.inbox, ...[...events, ...closing, bare(EventType.OrchestratorCompleted)].map(stamp)],
  }
}

type Outcome = Omit<TurnRecord, 'consumed' | 'at'>

/** `currentUtcDateTime` never goes back, even if the machine's clock does between two turns. */
function riseAbove({ history }: Instance, nowMs: number): string {
  const last = history.findLast((event) => event.EventType === EventType.OrchestratorStarted)
  return new Date(Math.max(nowMs, last === undefined ? 0 : Date.parse(last.Timestamp))).toISOString()
}

const bare = (type: number): HistoryEvent => ({ EventType: type, EventId: -1, Timestamp: '' })

const terminated = (instance: Instance, { Input }: HistoryEvent): Outcome => ({
  events: [],
  status: 'Terminated',
  customStatus: instance.customStatus,
  output: Input ?? null,
})

async function decide(instance: Instance, seen: readonly HistoryEvent[], context: TurnContext): Promise<Outcome> {
  try {
    return await replayed(instance, seen, context)
  } catch (error) {
    return failed(instance, instance.customStatus, (error as Error).message)
  }
}

const failed = (instance: Instance, customStatus: string | null, why: string): Outcome => ({
  events: [],
  status: 'Failed',
  customStatus,
  output: toJson(`Orchestrator function '${instance.name}' failed: ${why}`),
})

async function replayed(instance: Instance, seen: readonly HistoryEvent[], context: TurnContext): Promise<Outcome> {
  const { state, ...replay } = await runOrchestrator(instance, seen, context.orchestrator)
  const customStatus = customStatusOf(state, instance)
  const view = new HostView(state.actions[0] ?? [])
  for (const event of seen) view.apply(event)
  for (const task of view.fresh.values()) {
    const refusal = context.refusal(task)
    if (refusal !== undefined) throw new Error(refusal)
  }
  if (!state.isDone && replay.context !== undefined) requireSameNumbers(view, replay.context)
  return {
    ...conclude(state, view, instance, customStatus),
    events: [...view.fresh.values()].map((task) => withChildId(task, instance)),
  }
}

/**
 * An orchestration does not complete, and does not continue as new, before the tasks that it started have ended or been cancelled
 * (DurableTask.Core, TaskOrchestrationExecutor: HasOpenTasks). It fails only when all that it awaited before has been answered.
 */
function conclude(
  state: OrchestratorState,
  view: HostView,
  instance: Instance,
  customStatus: string | null,
): Omit<Outcome, 'events'> {
  const running = { status: 'Running', customStatus, output: null } as const
  if (!view.finished) return running
  if (state.error !== undefined) return failed(instance, customStatus, state.error)
  if (!state.isDone || view.open.size > 0) return running
  if (view.nextInput !== undefined)
    return { status: 'ContinuedAsNew', customStatus, output: null, nextInput: view.nextInput }
  return { status: 'Completed', customStatus, output: toJson(state.output) }
}

async function runOrchestrator(
  instance: Instance,
  seen: readonly HistoryEvent[],
  orchestrator: OrchestratorFunction | undefined,
): Promise<{ readonly state: OrchestratorState; readonly context?: InvocationContext }> {
  if (orchestrator === undefined) throw new Error(missingFunction(instance.name, 'orchestrator'))
  try {
    const { state, context } = await orchestrator(triggerFor(instance, seen))
    return { state: state as OrchestratorState, context }
  } catch (error) {
    return { state: stateInError(error as Error) }
  }
}

const OUT_OF_PROC_DATA = '\n\n$OutOfProcData$:'

/** A failing orchestrator throws; its state travels behind a marker in the error's message. */
function stateInError(error: Error): OrchestratorState {
  const at = error.message.indexOf(OUT_OF_PROC_DATA)
  if (at < 0) throw error
  const state = JSON.parse(error.message.slice(at + OUT_OF_PROC_DATA.length)) as OrchestratorState
  return { ...state, error: state.error || 'the orchestrator threw an error without a message' }
}

function triggerFor(instance: Instance, seen: readonly HistoryEvent[]): OrchestrationTrigger {
  const history = seen.map((event, index) => played(event, index < instance.history.length))
  const trigger = {
    input: instance.input === null ? null : JSON.parse(instance.input),
    instanceId: instance.instanceId,
    isReplaying: instance.history.length > 0,
    upperSchemaVersion: SCHEMA_V3,
    maximumShortTimerDuration: '6.00:00:00',
    longRunningTimerIntervalDuration: '3.00:00:00',
  }
  // The library searches every enumerable value for timestamps to turn into dates. These are dates already, and the search would take
  // a third of the time of a replay.
  Object.defineProperty(trigger, 'history', { value: history })
  return trigger as typeof trigger & { history: typeof history }
}

/** The library only reads events, so each event is converted once and not once for every turn. */
const converted = new WeakMap<HistoryEvent, PlayedEvent>()

function played(event: HistoryEvent, isPlayed: boolean): PlayedEvent {
  const known = converted.get(event)
  if (known !== undefined) {
    known.IsPlayed = isPlayed
    return known
  }
  const ready = { ...event, Timestamp: new Date(event.Timestamp), IsPlayed: isPlayed }
  converted.set(event, ready)
  return ready
}

function customStatusOf(state: OrchestratorState, instance: Instance): string | null {
  const continued = instance.generation > 0 && instance.history.length === 0
  if (state.customStatus === undefined || state.customStatus === null) return continued ? instance.customStatus : null
  const text = toJson(state.customStatus)
  const kilobytes = Math.floor((2 * text.length) / 1024)
  if (kilobytes <= MAX_CUSTOM_STATUS_KB) return text
  throw new Error(
    `The UTF-16 size of the JSON-serialized payload must not exceed ${MAX_CUSTOM_STATUS_KB} KB. ` +
      `The current payload size is ${kilobytes} KB.`,
  )
}

/** The children of a later generation must have other ids than those of an earlier one. */
function withChildId(task: HistoryEvent, { executionId, generation }: Instance): HistoryEvent {
  if (task.EventType !== EventType.SubOrchestrationInstanceCreated || task.InstanceId !== undefined) return task
  return { ...task, InstanceId: [executionId, ...(generation === 0 ? [] : [generation]), task.EventId].join(':') }
}
