/**
 * The Durable extension's side of a replay. The library answers each turn with the list of all actions that the orchestrator ever
 * asked for. The extension walks that list from the beginning, awaits each entry against the same history, and numbers the tasks as
 * it starts them; a task that history does not confirm yet is started now.
 *
 * This file walks the list in the same way (OutOfProcOrchestrationShim and DurableTask.Core's orchestration context), so that the
 * same mistakes show locally: a task that is yielded again inside a second `Task.any` is scheduled a second time.
 */
import { type Action, ActionType, EventType, type HistoryEvent, toJson } from './wire.ts'

type Settled = () => void

interface Waiter {
  readonly name: string
  readonly settled: Settled
}

interface OpenTask {
  /** The event with which history says that the task was started. */
  readonly task: HistoryEvent
  readonly settled: Settled
}

/** Storage cannot hold a message for longer; Azure makes a chain of a longer timer. */
const MAX_TIMER_MS = 6 * 86_400_000

export class HostView {
  /** Started and not answered yet, by number. Cancelled timers are not waited for and are not in here. */
  readonly open = new Map<number, OpenTask>()
  /** Started now, and not in the history yet: the decisions of this turn. */
  readonly fresh = new Map<number, HistoryEvent>()
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
    this.open.delete(answered.task.EventId)
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
        this.#open(textsOf(action, activityOf), settled)
        break
      case ActionType.CallSubOrchestrator:
        this.#open(textsOf(action, childOf), settled)
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
    const timer = textsOf(action, () => ({ EventType: EventType.TimerCreated, FireAt: fireAt.toISOString() }))
    if (action.isCanceled !== true) this.#open(timer, settled)
    else {
      this.#number(timer)
      settled()
    }
  }

  #open(task: Unnumbered, settled: Settled): void {
    const numbered = this.#number(task)
    this.open.set(numbered.EventId, { task: numbered, settled })
  }

  #number(task: Unnumbered): HistoryEvent {
    const numbered = { ...task, EventId: this.#nextId, Timestamp: '' }
    this.#nextId += 1
    this.fresh.set(numbered.EventId, numbered)
    return numbered
  }

  /** History says that an earlier turn started this task; the replay must have started the same one by now. */
  #confirm(event: HistoryEvent): void {
    const task = this.fresh.get(event.EventId)
    const difference = task === undefined ? 'has not scheduled it' : differenceOf(task, event)
    if (difference !== undefined) throw nonDeterministic(event, difference)
    this.fresh.delete(event.EventId)
  }
}

type Unnumbered = Omit<HistoryEvent, 'EventId' | 'Timestamp'>

/** A replay makes new actions, and one that is kept has the actions of the turns before: their texts are made once. */
const known = new WeakMap<Action, Unnumbered>()

function textsOf(action: Action, make: (action: Action) => Unnumbered): Unnumbered {
  const texts = known.get(action) ?? make(action)
  known.set(action, texts)
  return texts
}

/** Without an instance id of its own, the host chooses one. */
const childOf = ({ functionName = '', input, instanceId }: Action): Unnumbered => ({
  EventType: EventType.SubOrchestrationInstanceCreated,
  Name: functionName,
  Input: toJson(input),
  ...(instanceId ? { InstanceId: instanceId } : {}),
})

/** The library sends a string input of an activity as JSON text, and other inputs as values. */
const activityOf = ({ functionName = '', input }: Action): Unnumbered => ({
  EventType: EventType.TaskScheduled,
  Name: functionName,
  Input: typeof input === 'string' ? input : toJson(input),
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
function differenceOf(task: HistoryEvent, event: HistoryEvent): string | undefined {
  if (task.EventType !== event.EventType || task.Name !== event.Name)
    return `scheduled ${describeTask(task)} under that number`
  if (task.FireAt !== event.FireAt) return `set it to fire at ${task.FireAt}`
  return task.Input === event.Input ? undefined : `gave it the input ${task.Input}`
}

export function describeTask({ EventType: type, Name }: Pick<HistoryEvent, 'EventType' | 'Name'>): string {
  if (type === EventType.TimerCreated) return 'a timer'
  return `${type === EventType.TaskScheduled ? 'the activity' : 'the sub-orchestration'} '${Name}'`
}

function nonDeterministic(event: HistoryEvent, difference: string): Error {
  const before = event.FireAt === undefined ? `input ${event.Input}` : `fire at ${event.FireAt}`
  return new Error(
    `Non-Deterministic workflow detected: a previous execution of this orchestration scheduled ` +
      `${describeTask(event)} with sequence ID ${event.EventId} (${before}), but the replay ${difference}. ` +
      'An orchestrator may use no clock, no randomness, no I/O and no environment, and must not be changed while it runs.',
  )
}
