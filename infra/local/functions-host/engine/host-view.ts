/**
 * The Durable extension's side of a replay. The library answers each turn with the list of all actions that the orchestrator ever
 * asked for. The extension walks that list from the beginning, awaits each entry against the same history, and numbers the tasks as
 * it starts them; a task that history does not confirm yet is started now.
 *
 * This file walks the list in the same way (OutOfProcOrchestrationShim and DurableTask.Core's orchestration context), so that the
 * same mistakes show locally: a task that is yielded again inside a second `Task.any` is scheduled a second time.
 */
import { type Action, ActionType, EventType, type HistoryEvent, toJson } from './wire.ts'

export type TaskKind = 'activity' | 'timer' | 'orchestration'

/** A task that the host has started for an orchestrator, under the number that both sides know it by. */
export interface ScheduledTask {
  readonly id: number
  readonly kind: TaskKind
  /** Empty for timers. */
  readonly name: string
  /** JSON text; null for timers. */
  readonly input: string | null
  readonly fireAt: string | null
  /** The id that an orchestrator chose for its child; null lets the host choose. */
  readonly instanceId: string | null
}

type Settled = () => void

interface Waiter {
  readonly name: string
  readonly settled: Settled
}

interface OpenTask {
  readonly task: ScheduledTask
  readonly settled: Settled
}

/** Storage cannot hold a message for longer; Azure makes a chain of a longer timer. */
const MAX_TIMER_MS = 6 * 86_400_000

export class HostView {
  /** Started and not answered yet, by number. Cancelled timers are not waited for and are not in here. */
  readonly open = new Map<number, OpenTask>()
  /** Started now, and not in the history yet: the decisions of this turn. */
  readonly fresh = new Map<number, ScheduledTask>()
  /** Set once a `continueAsNew` has been reached: the JSON text of the next input. */
  nextInput: string | undefined

  readonly #actions: readonly Action[]
  readonly #waiters: Waiter[] = []
  /** Events that no waiter has taken yet, by name. */
  readonly #unread = new Map<string, number>()
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
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceCompleted:
      case EventType.SubOrchestrationInstanceFailed:
        this.#settle(event.TaskScheduledId)
        break
      case EventType.TimerFired:
        this.#settle(event.TimerId)
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

  #settle(id: number | undefined): void {
    const answered = id === undefined ? undefined : this.open.get(id)
    // A second answer to the same task is a redelivered message; the extension drops it.
    if (answered === undefined) return
    this.open.delete(answered.task.id)
    answered.settled()
    this.#advance()
  }

  /** The waiter that came last is served first, as in the extension. */
  #raise(name: string): void {
    const index = this.#waiters.findLastIndex((waiter) => waiter.name === name)
    const [waiter] = index < 0 ? [] : this.#waiters.splice(index, 1)
    if (waiter === undefined) this.#unread.set(name, (this.#unread.get(name) ?? 0) + 1)
    else waiter.settled()
    this.#advance()
  }

  #start(action: Action, settled: Settled): void {
    switch (action.actionType) {
      case ActionType.CallActivity:
        this.#open(activityOf(action), settled)
        break
      case ActionType.CallSubOrchestrator:
        this.#open(childOf(action), settled)
        break
      case ActionType.CreateTimer:
        this.#timer(action, settled)
        break
      case ActionType.WaitForExternalEvent:
        this.#wait(action.externalEventName ?? '', settled)
        break
      case ActionType.ContinueAsNew:
        // The library makes JSON text of a text, and the extension takes it for the text itself.
        this.nextInput = toJson(action.input)
        settled()
        break
      case ActionType.WhenAny:
        this.#any(action.compoundActions ?? [], settled)
        break
      default:
        throw notSupported(`action type ${action.actionType}`)
    }
  }

  #any(children: readonly Action[], settled: Settled): void {
    let isSettled = false
    const settleOnce = () => {
      if (!isSettled) settled()
      isSettled = true
    }
    for (const child of children) this.#start(child, settleOnce)
  }

  #wait(name: string, settled: Settled): void {
    const unread = this.#unread.get(name) ?? 0
    if (unread === 0) this.#waiters.push({ name, settled })
    else {
      this.#unread.set(name, unread - 1)
      settled()
    }
  }

  #timer(action: Action, settled: Settled): void {
    const fireAt = new Date(action.fireAt ?? Number.NaN)
    if (fireAt.getTime() - this.#nowMs > MAX_TIMER_MS) throw notSupported('a timer of more than six days')
    const timer: Unnumbered = { ...EMPTY, kind: 'timer', name: '', input: null, fireAt: fireAt.toISOString() }
    if (action.isCanceled !== true) this.#open(timer, settled)
    else {
      this.#number(timer)
      settled()
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

const KIND_OF_CREATION: Readonly<Record<number, TaskKind>> = {
  [EventType.TaskScheduled]: 'activity',
  [EventType.TimerCreated]: 'timer',
  [EventType.SubOrchestrationInstanceCreated]: 'orchestration',
}

type Unnumbered = Omit<ScheduledTask, 'id'>
const EMPTY = { fireAt: null, instanceId: null } as const

const childOf = (action: Action): Unnumbered => ({
  ...EMPTY,
  kind: 'orchestration',
  name: action.functionName ?? '',
  input: toJson(action.input),
  instanceId: action.instanceId ?? null,
})

/** The library sends a string input of an activity as JSON text, and other inputs as values. */
const activityOf = ({ functionName = '', input }: Action): Unnumbered => ({
  ...EMPTY,
  kind: 'activity',
  name: functionName,
  input: typeof input === 'string' ? input : toJson(input),
})

const notSupported = (what: string): Error =>
  new Error(
    `${what} is not supported by the local Functions host, which knows activities, sub-orchestrations, timers of up to six ` +
      'days, external events, Task.any and continueAsNew',
  )

/**
 * The real extension compares number, kind and name. Input and due time are compared here as well: a clock or a random number
 * inside an input is the same mistake, and Azure would not report it.
 */
function differenceOf(task: ScheduledTask, kind: TaskKind, event: HistoryEvent): string | undefined {
  if (task.kind !== kind) return `scheduled ${describe(task.kind, task.name)} under that number`
  if (kind === 'timer') return task.fireAt === event.FireAt ? undefined : `set it to fire at ${task.fireAt}`
  if (task.name !== event.Name) return `scheduled ${describe(task.kind, task.name)} under that number`
  return task.input === event.Input ? undefined : `gave it the input ${task.input}`
}

const describe = (kind: TaskKind, name: string): string =>
  kind === 'timer' ? 'a timer' : `${kind === 'activity' ? 'the activity' : 'the sub-orchestration'} '${name}'`

function nonDeterministic(event: HistoryEvent, kind: TaskKind, difference: string): Error {
  const before = kind === 'timer' ? `fire at ${event.FireAt}` : `input ${event.Input}`
  return new Error(
    `Non-Deterministic workflow detected: a previous execution of this orchestration scheduled ` +
      `${describe(kind, event.Name ?? '')} with sequence ID ${event.EventId} (${before}), but the replay ${difference}. ` +
      'An orchestrator may use no clock, no randomness, no I/O and no environment, and must not be changed while it runs.',
  )
}
