/**
 * The Durable extension's side of a replay. The library answers each turn with the list of everything the
 * orchestrator ever asked for; the extension walks that list from the beginning, awaits each entry in turn against
 * the same history, numbers the tasks as it starts them, and what history does not confirm yet is what it must do now.
 *
 * Walking it here in the same way (OutOfProcOrchestrationShim and DurableTask.Core's orchestration context) makes its
 * sharp edges local too: a failed `Task.all` holds the next step back until every child has ended, retries are timed
 * by the host, and a task that is yielded again inside a new `Task.any` is scheduled a second time.
 */
import {
  type Action,
  ActionType,
  EventType,
  type HistoryEvent,
  LONG_TIMER_STEP_MS,
  MAX_SHORT_TIMER_MS,
  type RetryPolicy,
  toJson,
} from './wire.ts'

export type TaskKind = 'activity' | 'timer' | 'orchestration'

/** A task the host has started for an orchestrator, under the number both sides know it by. */
export interface ScheduledTask {
  readonly id: number
  readonly kind: TaskKind
  /** Empty for timers. */
  readonly name: string
  /** JSON text; null for timers. */
  readonly input: string | null
  readonly fireAt: string | null
  /** The id an orchestrator asked for its child; null lets the host choose. */
  readonly instanceId: string | null
  readonly version: string | null
}

/** The orchestrator asked for other things than it did when its history was written. */
export class NonDeterministicError extends Error {
  override readonly name = 'NonDeterministicError'
}

type Settled = (ok: boolean) => void

interface Waiter {
  readonly name: string
  readonly settled: Settled
}

interface OpenTask {
  readonly task: ScheduledTask
  readonly settled: Settled
}

const KIND_OF_CREATION: Readonly<Record<number, TaskKind>> = {
  [EventType.TaskScheduled]: 'activity',
  [EventType.TimerCreated]: 'timer',
  [EventType.SubOrchestrationInstanceCreated]: 'orchestration',
}

export class HostView {
  /** Started and not answered yet, by number. Cancelled timers are not waited for and are not in here. */
  readonly open = new Map<number, OpenTask>()
  /** Started now, and not in the history yet: the decisions of this turn. */
  readonly fresh = new Map<number, ScheduledTask>()
  /** Set once a `continueAsNew` has been reached: the JSON text of the next input. */
  nextInput: string | undefined
  /** Set while history says suspended: events wait, nothing is decided. */
  suspended = false

  readonly #actions: readonly Action[]
  readonly #waiters: Waiter[] = []
  readonly #buffered = new Map<string, number>()
  readonly #held: HistoryEvent[] = []
  #position = 0
  #begun = false
  #awaiting = false
  #nextId = 0
  #nowMs = 0

  constructor(actions: readonly Action[]) {
    this.#actions = actions
  }

  /** Every action has been started and awaited. */
  get finished(): boolean {
    return this.#begun && !this.#awaiting && this.#position === this.#actions.length
  }

  apply(event: HistoryEvent): void {
    if (event.EventType === EventType.ExecutionSuspended) this.suspended = true
    else if (event.EventType === EventType.ExecutionResumed) this.#resume()
    else if (this.suspended && isAnswer(event)) this.#held.push(event)
    else this.#process(event)
  }

  #resume(): void {
    this.suspended = false
    for (const event of this.#held.splice(0)) this.#process(event)
  }

  #process(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.#nowMs = Math.max(this.#nowMs, Date.parse(event.Timestamp))
        break
      case EventType.ExecutionStarted:
        this.#begun = true
        this.#advance()
        break
      case EventType.TaskScheduled:
      case EventType.TimerCreated:
      case EventType.SubOrchestrationInstanceCreated:
        this.#confirm(event)
        break
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#settle(event.TaskScheduledId, true)
        break
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.#settle(event.TaskScheduledId, false)
        break
      case EventType.TimerFired:
        this.#settle(event.TimerId, true)
        break
      case EventType.EventRaised:
        this.#raise(event.Name ?? '')
        break
    }
  }

  #advance(): void {
    while (!this.#awaiting && this.#position < this.#actions.length) {
      const action = this.#actions[this.#position] as Action
      this.#position += 1
      this.#awaiting = true
      this.#start(action, () => {
        this.#awaiting = false
      })
    }
  }

  #settle(id: number | undefined, ok: boolean): void {
    const answered = id === undefined ? undefined : this.open.get(id)
    // A second answer to the same task is a redelivered message; the extension drops it.
    if (answered === undefined) return
    this.open.delete(answered.task.id)
    answered.settled(ok)
    this.#advance()
  }

  #raise(name: string): void {
    const index = this.#waiters.findLastIndex((waiter) => waiter.name === name)
    const [waiter] = index < 0 ? [] : this.#waiters.splice(index, 1)
    if (waiter === undefined) this.#buffered.set(name, (this.#buffered.get(name) ?? 0) + 1)
    else waiter.settled(true)
    this.#advance()
  }

  #start(action: Action, settled: Settled): void {
    switch (action.actionType) {
      case ActionType.CallActivity:
        this.#open(activityOf(action), settled)
        break
      case ActionType.CallActivityWithRetry:
        this.#retry(action, activityOf(action), settled)
        break
      case ActionType.CallSubOrchestrator:
        this.#open(childOf(action), settled)
        break
      case ActionType.CallSubOrchestratorWithRetry:
        this.#retry(action, childOf(action), settled)
        break
      case ActionType.CreateTimer:
        this.#timer(new Date(action.fireAt ?? Number.NaN).getTime(), action.isCanceled === true, settled)
        break
      case ActionType.WaitForExternalEvent:
        this.#wait(action.externalEventName ?? '', settled)
        break
      case ActionType.ContinueAsNew:
        // The library makes JSON text of a text, and the extension takes it for the text itself.
        this.nextInput = toJson(action.input)
        settled(true)
        break
      case ActionType.WhenAll:
      case ActionType.WhenAny:
        this.#compound(action, settled)
        break
      default:
        throw notSupported(action)
    }
  }

  #compound(action: Action, settled: Settled): void {
    const children = action.compoundActions ?? []
    let missing = action.actionType === ActionType.WhenAny ? 1 : children.length
    for (const child of children)
      this.#start(child, () => {
        missing -= 1
        if (missing === 0) settled(true)
      })
  }

  #wait(name: string, settled: Settled): void {
    const unread = this.#buffered.get(name) ?? 0
    if (unread === 0) this.#waiters.push({ name, settled })
    else {
      this.#buffered.set(name, unread - 1)
      settled(true)
    }
  }

  /** DurableTask.Core's RetryInterceptor: the back-off timer also runs after the last attempt, and only then it fails. */
  #retry(action: Action, task: Unnumbered, settled: Settled): void {
    const policy = action.retryOptions as RetryPolicy
    const firstAttemptMs = this.#nowMs
    const attempt = (failures: number): void =>
      this.#open(task, (ok) => {
        const delayMs = ok ? 0 : retryDelayMs(policy, failures, this.#nowMs - firstAttemptMs)
        if (delayMs === 0) settled(ok)
        else this.#timer(this.#nowMs + delayMs, false, () => afterBackOff(failures + 1))
      })
    const afterBackOff = (failures: number): void => {
      if (failures < policy.maxNumberOfAttempts) attempt(failures)
      else settled(false)
    }
    attempt(0)
  }

  /** Storage cannot hold a message for longer than six days, so a longer timer is a chain of three day ones. */
  #timer(fireAtMs: number, cancelled: boolean, settled: Settled): void {
    const long = fireAtMs - this.#nowMs > MAX_SHORT_TIMER_MS
    const fireAt = new Date(long ? this.#nowMs + LONG_TIMER_STEP_MS : fireAtMs).toISOString()
    const timer: Unnumbered = { ...EMPTY, kind: 'timer', name: '', input: null, fireAt }
    if (!cancelled) this.#open(timer, () => (long ? this.#timer(fireAtMs, false, settled) : settled(true)))
    else {
      this.#number(timer)
      settled(false)
    }
  }

  #open(task: Unnumbered, settled: Settled): void {
    const numbered = this.#number(task)
    this.open.set(numbered.id, { task: numbered, settled })
  }

  #number(task: Unnumbered): ScheduledTask {
    const numbered = { ...task, id: this.#nextId }
    this.#nextId += 1
    this.fresh.set(numbered.id, numbered)
    return numbered
  }

  /** History says that an earlier turn started this task; the replay must have started the same one by now. */
  #confirm(event: HistoryEvent): void {
    const task = this.fresh.get(event.EventId)
    const kind = KIND_OF_CREATION[event.EventType] as TaskKind
    const difference = task === undefined ? 'has not scheduled it' : differenceOf(task, kind, event)
    if (difference !== undefined) throw nonDeterministic(event, kind, difference)
    this.fresh.delete(event.EventId)
  }
}

type Unnumbered = Omit<ScheduledTask, 'id'>
const EMPTY = { fireAt: null, instanceId: null, version: null } as const

const ANSWERS: ReadonlySet<number> = new Set([
  EventType.TaskCompleted,
  EventType.TaskFailed,
  EventType.SubOrchestrationInstanceCompleted,
  EventType.SubOrchestrationInstanceFailed,
  EventType.TimerFired,
  EventType.EventRaised,
])
const isAnswer = (event: HistoryEvent): boolean => ANSWERS.has(event.EventType)

const childOf = (action: Action): Unnumbered => ({
  ...EMPTY,
  kind: 'orchestration',
  name: action.functionName ?? '',
  input: toJson(action.input),
  instanceId: action.instanceId ?? null,
  version: action.version ?? null,
})

const activityOf = (action: Action): Unnumbered => ({
  ...EMPTY,
  kind: 'activity',
  name: action.functionName ?? '',
  input: jsonOf(action.input),
})

/** The library sends a string input of an activity as JSON text, and everything else as a value. */
const jsonOf = (input: unknown): string => (typeof input === 'string' ? input : toJson(input))

const notSupported = (action: Action): Error =>
  new Error(
    `action type ${action.actionType} is not supported by the local Functions host, which knows activities, ` +
      'sub-orchestrations, timers, external events, Task.all, Task.any and continueAsNew, ' +
      'but neither entities nor callHttp: call an activity instead',
  )

/** Zero ends the retries. */
function retryDelayMs(policy: RetryPolicy, failures: number, elapsedMs: number): number {
  if (elapsedMs >= (policy.retryTimeoutInMilliseconds ?? Number.POSITIVE_INFINITY)) return 0
  const delayMs = policy.firstRetryIntervalInMilliseconds * (policy.backoffCoefficient ?? 1) ** failures
  return Math.min(delayMs, policy.maxRetryIntervalInMilliseconds ?? MAX_SHORT_TIMER_MS)
}

/**
 * The real extension compares number, kind and name. Input and due time are compared here as well: a clock or a
 * random number inside an input is the same mistake, and in Azure nobody would see it.
 */
function differenceOf(task: ScheduledTask, kind: TaskKind, event: HistoryEvent): string | undefined {
  if (task.kind !== kind) return `scheduled ${describe(task.kind, task.name)} under that number`
  if (kind === 'timer') return task.fireAt === event.FireAt ? undefined : `set it to fire at ${task.fireAt}`
  if (task.name !== event.Name) return `scheduled ${describe(task.kind, task.name)} under that number`
  return task.input === event.Input ? undefined : `gave it the input ${task.input}`
}

const describe = (kind: TaskKind, name: string): string =>
  kind === 'timer' ? 'a timer' : `${kind === 'activity' ? 'the activity' : 'the sub-orchestration'} '${name}'`

function nonDeterministic(event: HistoryEvent, kind: TaskKind, difference: string): NonDeterministicError {
  const before = kind === 'timer' ? `fire at ${event.FireAt}` : `input ${event.Input}`
  return new NonDeterministicError(
    `Non-Deterministic workflow detected: a previous execution of this orchestration scheduled ` +
      `${describe(kind, event.Name ?? '')} with sequence ID ${event.EventId} (${before}), but the replay ${difference}. ` +
      'An orchestrator may use no clock, no randomness, no I/O and no environment, and must not be changed while it runs.',
  )
}
