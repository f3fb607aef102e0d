/** An instance as the management API shows it. Texts and field order are those of the Durable extension. */
import type { Instance } from '../engine/instance.ts'
import { EventType, type HistoryEvent } from '../engine/wire.ts'

export interface StatusOptions {
  readonly showHistory: boolean
  readonly showHistoryOutput: boolean
  readonly showInput: boolean
}

export function statusOf(instance: Instance, options: StatusOptions): Record<string, unknown> {
  return {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: options.showInput ? parsed(instance.input) : null,
    customStatus: parsed(instance.customStatus),
    output: parsed(instance.output),
    createdTime: wholeSeconds(instance.createdAt),
    lastUpdatedTime: wholeSeconds(instance.updatedAt),
    historyEvents: options.showHistory ? shownHistory(instance.history, options.showHistoryOutput) : null,
  }
}

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
const wholeSeconds = (iso: string): string => `${iso.slice(0, 19)}Z`

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(EventType).map(([name, number]) => [number, name]),
)

const CREATIONS: ReadonlySet<number> = new Set([EventType.TaskScheduled, EventType.SubOrchestrationInstanceCreated])
const ANSWERS: ReadonlySet<number> = new Set([
  EventType.TaskCompleted,
  EventType.TaskFailed,
  EventType.SubOrchestrationInstanceCompleted,
  EventType.SubOrchestrationInstanceFailed,
])
const HIDDEN: ReadonlySet<number> = new Set([EventType.OrchestratorStarted, EventType.OrchestratorCompleted])

/** A task and its answer become one entry; inputs are left out, and outputs unless asked for. */
function shownHistory(history: readonly HistoryEvent[], showOutput: boolean): Record<string, unknown>[] {
  const created = new Map(history.filter(isCreation).map((event) => [event.EventId, event]))
  const answered = new Set(history.filter(isAnswer).map((event) => event.TaskScheduledId))
  return history
    .filter((event) => !HIDDEN.has(event.EventType) && !(isCreation(event) && answered.has(event.EventId)))
    .map((event) => shown(event, created, showOutput))
}

const isCreation = (event: HistoryEvent): boolean => CREATIONS.has(event.EventType)
const isAnswer = (event: HistoryEvent): boolean => ANSWERS.has(event.EventType)

function shown(
  event: HistoryEvent,
  created: ReadonlyMap<number, HistoryEvent>,
  showOutput: boolean,
): Record<string, unknown> {
  const { EventType: type, Timestamp, Name, Reason, Details, FireAt, OrchestrationStatus, Result } = event
  const asked = isAnswer(event) ? created.get(event.TaskScheduledId ?? -1) : undefined
  const isStart = type === EventType.ExecutionStarted
  return withoutUndefined({
    EventType: NAMES[type],
    Timestamp,
    Name: isStart ? undefined : Name,
    FunctionName: isStart ? Name : asked?.Name,
    ScheduledTime: asked?.Timestamp,
    FireAt,
    OrchestrationStatus,
    Reason,
    Details,
    Result: showOutput && Result !== undefined ? parsed(Result) : undefined,
  })
}

const withoutUndefined = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
