/**
 * The engine of the task hub: it takes turns, runs activities, keeps timers and delivers answers. HTTP, files and the app are
 * parameters. The engine writes every change to its journal before it acts on it, and it may repeat every action after a crash; this
 * is the guarantee of Durable Functions: turns happen once, activities at least once.
 */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { ActivityRunner, type ActivityTask, type Delivery } from './activities.ts'
import type { Cancel, Clock } from './clock.ts'
import {
  type Instance,
  newInstance,
  type Start,
  type TurnRecord,
  unanswered,
  withMessage,
  withTurn,
} from './instance.ts'
import type { Journal } from './journal.ts'
import {
  activityCompleted,
  activityFailed,
  childCompleted,
  childFailed,
  missingFunction,
  timerFired,
} from './messages.ts'
import { type OrchestratorFunction, takeTurn } from './turn.ts'
import { EventType, type HistoryEvent, hasEnded } from './wire.ts'

export interface App {
  orchestrator(name: string): OrchestratorFunction | undefined
  hasActivity(name: string): boolean
  /** Resolves to the activity's output as JSON text, or rejects with what it threw. */
  runActivity(task: ActivityTask, run: number): Promise<string>
}

export interface TurnTaken {
  readonly instance: Instance
  readonly turn: TurnRecord
  readonly durationMs: number
}

interface EngineOptions {
  readonly app: App
  readonly clock: Clock
  readonly journal: Journal
  readonly maxConcurrentActivities: number
  /** At once by default. */
  readonly delivery?: Delivery
  readonly onTurn?: (taken: TurnTaken) => void
}

/**
 * The Azure Storage backend turns a timer into a queue message that is hidden for `FireAt` minus now, cut to whole seconds: timers
 * fire up to a second early, and timers of less than a second at once.
 */
const visibleAtMs = (nowMs: number, fireAtMs: number): number =>
  nowMs + Math.max(0, Math.floor((fireAtMs - nowMs) / 1000)) * 1000

export class Engine {
  readonly #options: EngineOptions
  readonly #instances = new Map<string, Instance>()
  readonly #ready = new Set<string>()
  readonly #turning = new Set<string>()
  readonly #timers = new Map<string, Set<Cancel>>()
  readonly #activities: ActivityRunner
  #settledWaiters: (() => void)[] = []
  #stopped = false

  constructor(options: EngineOptions) {
    this.#options = options
    this.#activities = new ActivityRunner({
      run: (task, run) => options.app.runActivity(task, run),
      limit: options.maxConcurrentActivities,
      delivery: options.delivery ?? ((_task, _run, answer) => answer.deliver()),
      onIdle: () => this.#announceIfSettled(),
    })
  }

  /** Resumes the instances of the journal. */
  recover(): void {
    for (const instance of this.#options.journal.load()) this.#instances.set(instance.instanceId, instance)
    for (const instance of [...this.#instances.values()]) this.#resume(instance)
  }

  /** Null, or why it is refused. */
  start(asked: Omit<Start, 'executionId'>): string | null {
    if (this.#stopped) throw new Error('the host is stopping and starts no more orchestrations')
    const start = { ...asked, executionId: randomUUID() }
    const existing = this.#instances.get(start.instanceId)
    if (existing !== undefined && !hasEnded(existing.status))
      return `An Orchestration instance with the status ${existing.status} already exists.`
    const instance = newInstance(start, this.#now())
    this.#forgetTimers(start.instanceId)
    this.#instances.set(start.instanceId, instance)
    this.#options.journal.rewrite(start.instanceId, { kind: 'snapshot', instance })
    this.#wake(start.instanceId)
    return null
  }

  /** Delivers a message; false when the instance is unknown or has ended. */
  send(instanceId: string, message: HistoryEvent): boolean {
    const instance = this.#instances.get(instanceId)
    if (instance === undefined || hasEnded(instance.status) || this.#stopped) return false
    const stamped = { ...message, Timestamp: this.#now() }
    this.#options.journal.append(instanceId, { kind: 'message', message: stamped })
    this.#instances.set(instanceId, withMessage(instance, stamped))
    this.#wake(instanceId)
    return true
  }

  get(instanceId: string): Instance | undefined {
    return this.#instances.get(instanceId)
  }

  /** Forgets instances that have ended, and returns how many. */
  purge(isMeant: (instance: Instance) => boolean): number {
    const ended = [...this.#instances.values()].filter((one) => hasEnded(one.status) && isMeant(one))
    for (const { instanceId } of ended) {
      this.#options.journal.forget(instanceId)
      this.#instances.delete(instanceId)
    }
    return ended.length
  }

  /** No turn and no activity is under way: only the clock or a client can cause the next turn. */
  get #settled(): boolean {
    return this.#ready.size === 0 && this.#turning.size === 0 && this.#activities.idle
  }

  whenSettled(): Promise<void> {
    if (this.#settled) return Promise.resolve()
    return new Promise((resolve) => this.#settledWaiters.push(resolve))
  }

  /** Drops all work at once, as a killed process does: only what the journal holds has happened. */
  stop(): void {
    this.#stopped = true
    this.#ready.clear()
    this.#activities.stop()
    for (const instanceId of [...this.#timers.keys()]) this.#forgetTimers(instanceId)
  }

  #now(): string {
    return new Date(this.#options.clock.nowMs()).toISOString()
  }

  #wake(instanceId: string): void {
    if (this.#stopped) return
    this.#ready.add(instanceId)
    queueMicrotask(() => void this.#takeTurns(instanceId))
  }

  async #takeTurns(instanceId: string): Promise<void> {
    if (this.#turning.has(instanceId)) return
    this.#turning.add(instanceId)
    while (this.#ready.delete(instanceId)) await this.#takeTurn(instanceId)
    this.#turning.delete(instanceId)
    this.#announceIfSettled()
  }

  async #takeTurn(instanceId: string): Promise<void> {
    const before = this.#instances.get(instanceId)
    if (before === undefined || hasEnded(before.status) || before.inbox.length === 0) return
    const { app, clock, journal, onTurn } = this.#options
    const begunMs = performance.now()
    const turn = await takeTurn(before, {
      orchestrator: app.orchestrator(before.name),
      refusal: (task) => this.#refusal(task),
      nowMs: clock.nowMs(),
    })
    if (this.#stopped) return
    // Messages may have arrived during the replay.
    const after = withTurn(this.#instances.get(instanceId) as Instance, turn)
    this.#instances.set(instanceId, after)
    // The journal of a new generation holds nothing of the old one, so that it stays as short as the history.
    if (turn.nextInput === undefined) journal.append(instanceId, { kind: 'turn', turn })
    else journal.rewrite(instanceId, { kind: 'snapshot', instance: after })
    onTurn?.({ instance: after, turn, durationMs: performance.now() - begunMs })
    if (!this.#stopped) this.#act(after, turn)
  }

  #act(after: Instance, turn: TurnRecord): void {
    const continued = turn.nextInput !== undefined
    const ended = hasEnded(after.status)
    if (continued || ended) this.#forgetTimers(after.instanceId)
    if (continued) this.#wake(after.instanceId)
    else if (ended) this.#answerParent(after)
    else for (const event of turn.events.slice(turn.consumed + 1)) this.#begin(after, event)
  }

  /** Carries out one decision of a turn; safe to repeat after a crash. */
  #begin(instance: Instance, event: HistoryEvent): void {
    if (event.EventType === EventType.TaskScheduled) this.#beginActivity(instance, event)
    else if (event.EventType === EventType.TimerCreated) this.#beginTimer(instance, event)
    else if (event.EventType === EventType.SubOrchestrationInstanceCreated) this.#beginChild(instance, event)
  }

  #beginActivity(instance: Instance, event: HistoryEvent): void {
    const { EventId: id, Name: name = '', Input } = event
    const { instanceId } = instance
    this.#activities.add({ instanceId, id, name, input: Input ?? 'null' }, (outcome) =>
      this.#answer(
        instance,
        outcome.ok ? activityCompleted(id, outcome.result) : activityFailed(id, name, outcome.error),
      ),
    )
  }

  #beginTimer(instance: Instance, { EventId: id, FireAt = '' }: HistoryEvent): void {
    const cancels = this.#timers.get(instance.instanceId) ?? new Set()
    this.#timers.set(instance.instanceId, cancels)
    const { clock } = this.#options
    const cancel = clock.at(visibleAtMs(clock.nowMs(), Date.parse(FireAt)), () => {
      cancels.delete(cancel)
      this.#answer(instance, timerFired(id, FireAt))
    })
    cancels.add(cancel)
  }

  #beginChild(parent: Instance, event: HistoryEvent): void {
    const { EventId: taskId, Name: name = '', InstanceId = '', Input } = event
    const { instanceId, executionId, generation } = parent
    const asked = { instanceId, executionId, generation, taskId }
    const existing = this.#instances.get(InstanceId)
    // After a crash the child may already exist, running or ended.
    if (existing !== undefined && isDeepStrictEqual(existing.parent, asked)) {
      if (hasEnded(existing.status)) this.#answerParent(existing)
      return
    }
    const refusal = this.start({ instanceId: InstanceId, name, input: Input ?? null, parent: asked })
    if (refusal !== null) this.#answer(parent, childFailed(taskId, refusal))
  }

  #answerParent({ parent, status, output }: Instance): void {
    const instance = parent === null ? undefined : this.#instances.get(parent.instanceId)
    if (parent === null || instance === undefined) return
    const asker = { ...instance, executionId: parent.executionId, generation: parent.generation }
    const reason = JSON.parse(output ?? 'null') as unknown
    this.#answer(
      asker,
      status === 'Completed'
        ? childCompleted(parent.taskId, output)
        : childFailed(parent.taskId, typeof reason === 'string' ? reason : status),
    )
  }

  /** An answer reaches only the generation and the execution that asked for it. */
  #answer(asker: Instance, message: HistoryEvent): void {
    const current = this.#instances.get(asker.instanceId)
    if (current?.generation === asker.generation && current.executionId === asker.executionId)
      this.send(asker.instanceId, message)
  }

  #refusal({ EventType: type, Name: name = '' }: HistoryEvent): string | undefined {
    const { app } = this.#options
    if (type === EventType.TaskScheduled && !app.hasActivity(name)) return missingFunction(name, 'activity')
    if (type === EventType.SubOrchestrationInstanceCreated && app.orchestrator(name) === undefined)
      return missingFunction(name, 'orchestrator')
    return undefined
  }

  #resume(instance: Instance): void {
    // A child that ended without an answer to its parent is found among the parent's unanswered tasks.
    for (const event of unanswered(instance)) this.#begin(instance, event)
    if (instance.inbox.length > 0) this.#wake(instance.instanceId)
  }

  #forgetTimers(instanceId: string): void {
    for (const cancel of this.#timers.get(instanceId) ?? []) cancel()
    this.#timers.delete(instanceId)
  }

  #announceIfSettled(): void {
    if (!this.#settled) return
    const waiters = this.#settledWaiters
    this.#settledWaiters = []
    for (const resolve of waiters) resolve()
  }
}
