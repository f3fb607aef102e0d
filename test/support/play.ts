/**
 * Plays an orchestrator on a virtual clock, in process, with fakes for its activities: the same engine that the local
 * Functions host runs, without HTTP and without a disk. Hours pass in milliseconds, every turn is a full replay by
 * durable-functions itself (or, where a play asks for it, every generation), and the journal goes through JSON, so nothing
 * works by sharing memory.
 */
import type { OrchestrationHandler } from 'durable-functions'
import type { ActivityTask, Delivery } from '../../infra/local/functions-host/engine/activities.ts'
import { type App, Engine, type TurnTaken } from '../../infra/local/functions-host/engine/engine.ts'
import type { Instance } from '../../infra/local/functions-host/engine/instance.ts'
import { type Journal, type JournalRecord, rebuild } from '../../infra/local/functions-host/engine/journal.ts'
import { eventRaised, terminated } from '../../infra/local/functions-host/engine/messages.ts'
import type { OrchestratorFunction } from '../../infra/local/functions-host/engine/turn.ts'
import {
  type HistoryEvent,
  hasEnded,
  type RuntimeStatus,
  toJson,
} from '../../infra/local/functions-host/engine/wire.ts'
import { keeperOf, replayerOf } from './replayer.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What may go wrong around an activity; each function is called for every run. */
interface Faults {
  /** The message is delivered twice: the activity runs again, and its second answer is ignored. */
  duplicate?(name: string, input: unknown): boolean
  /** The host dies between the work and its record: the run is repeated. */
  lose?(name: string, input: unknown, run: number): boolean
  /** The answer arrives later by that time. */
  delayMs?(name: string, input: unknown, run: number): number
  /** A timer fires later by that time, because queues are polled. Negative: earlier, when the next host's clock is behind. */
  timerLateMs?(): number
  /** The time after which a lost message is delivered again. */
  readonly redeliverAfterMs?: number
}

/** The storage provider's default visibility timeout of a work item. */
const REDELIVER_AFTER_MS = 300_000

/** A run of an activity, as its fake sees it. Times count from the start of the play. */
export interface Call {
  readonly name: string
  readonly input: unknown
  readonly instanceId: string
  readonly atMs: number
  /** More than 1 when the same message is delivered again; a retry by the orchestrator starts at 1 again. */
  readonly run: number
  /** The wall clock of the play. */
  readonly now: Date
  /** The work takes that long on the virtual clock. */
  takes(ms: number): void
  /** As an activity's own context has it. */
  log(line: string): void
}

// biome-ignore lint/suspicious/noExplicitAny: each fake states the type of its own input
export type Fake = (input: any, call: Call) => unknown
type Fakes = Readonly<Record<string, Fake>>

/** What happens from outside, at a time that counts from the start of the play. */
export type Incident = { readonly atMs: number; readonly instanceId?: string } & (
  | { readonly event: string; readonly data?: unknown }
  | { readonly terminate: string }
  /** The host is killed; it comes back `restartAfterMs` later. */
  | { readonly crash: true }
  | { readonly run: () => void }
)

export interface PlayOptions extends Faults {
  readonly instanceId?: string
  readonly startAt?: string
  readonly incidents?: readonly Incident[]
  /** Sub-orchestrators by name; the orchestrator itself is known by its function's name. */
  readonly orchestrators?: Readonly<Record<string, OrchestrationHandler>>
  /** The host is killed when this activity has done its work and before that is recorded. */
  readonly crash?: (call: Call) => boolean
  /** The host is killed right after it has written its nth record, and before it acts on it; counted from 1. */
  readonly crashAfterRecords?: readonly number[]
  readonly restartAfterMs?: number
  readonly maxConcurrentActivities?: number
  /** An orchestration that has not ended by then is an error. */
  readonly deadlineMs?: number
  /** So is one that takes more turns than this, in all or without moving the clock. */
  readonly maxTurns?: number
  readonly maxTurnsAtOneInstant?: number
  readonly onTurn?: (taken: TurnTaken) => void
  /** How often the orchestrator begins again: as in Azure, or as rarely as still shows one that does not do the same again. */
  readonly replays?: 'each turn' | 'each generation'
}

export interface PlayResult {
  readonly status: RuntimeStatus
  readonly output: unknown
  /** The failure's message, or the reason of the termination. */
  readonly error: string | null
  readonly customStatuses: readonly { readonly atMs: number; readonly value: unknown }[]
  readonly calls: readonly Omit<Call, 'takes' | 'now' | 'log'>[]
  /** What activities logged, in order. */
  readonly logged: readonly string[]
  readonly endedAtMs: number
  /** Turns of the orchestrator itself and of its sub-orchestrations. */
  readonly turns: number
  /** The longest history that any instance ever had. */
  readonly longestHistory: number
  readonly crashes: number
  /** Records written to the journal: instances started, messages, turns. */
  readonly records: number
  /** The last generation's history of the orchestrator itself. */
  readonly journal: readonly HistoryEvent[]
  readonly instances: readonly Instance[]
}

const START_AT = '2026-01-01T00:00:00.000Z'
const FORTY_DAYS_MS = 40 * 86_400_000
/** The orchestration goes on after all that it may take, in time or in turns, or nothing is left that could move it. */
export class NotEndedError extends Error {
  override readonly name = 'NotEndedError'
}

export async function play(
  orchestrator: OrchestrationHandler,
  input: unknown,
  fakes: Fakes,
  options: PlayOptions = {},
): Promise<PlayResult> {
  return new Play(orchestrator, fakes, options).run(input)
}

class Play {
  readonly #options: PlayOptions
  readonly #fakes: Fakes
  readonly #orchestrators = new Map<string, OrchestratorFunction>()
  readonly #name: string
  readonly #instanceId: string
  readonly #clock: VirtualClock
  readonly #startAtMs: number
  /** Of the last run of each task. */
  readonly #tookMs = new WeakMap<ActivityTask, number>()
  readonly #journal = new MemoryJournal((count) => {
    if (this.#options.crashAfterRecords?.includes(count) === true) this.#kill()
  })
  readonly #calls: Omit<Call, 'takes' | 'now' | 'log'>[] = []
  readonly #logged: string[] = []
  readonly #customStatuses: { atMs: number; value: unknown }[] = []
  #engine: Engine
  #turns = 0
  #instantMs = Number.NEGATIVE_INFINITY
  #turnsAtInstant = 0
  #crashes = 0
  #longestHistory = 0
  #lastStatus: string | null = null

  constructor(orchestrator: OrchestrationHandler, fakes: Fakes, options: PlayOptions) {
    this.#options = options
    this.#fakes = fakes
    this.#name = orchestrator.name
    this.#instanceId = options.instanceId ?? 'play'
    this.#startAtMs = Date.parse(options.startAt ?? START_AT)
    this.#clock = new VirtualClock(this.#startAtMs)
    const isKept = options.replays === 'each generation'
    for (const [name, handler] of Object.entries({ ...options.orchestrators, [this.#name]: orchestrator }))
      this.#orchestrators.set(name, isKept ? keeperOf(handler) : replayerOf(handler))
    this.#engine = this.#newEngine()
  }

  async run(input: unknown): Promise<PlayResult> {
    for (const incident of this.#options.incidents ?? [])
      this.#clock.at(this.#startAtMs + incident.atMs, () => this.#happen(incident))
    this.#engine.start({
      instanceId: this.#instanceId,
      name: this.#name,
      input: input === undefined ? null : toJson(input),
      parent: null,
    })
    return this.#result(await this.#untilEnded())
  }

  async #untilEnded(): Promise<Instance> {
    const deadlineMs = this.#startAtMs + (this.#options.deadlineMs ?? FORTY_DAYS_MS)
    for (;;) {
      await this.#engine.whenSettled()
      const instance = this.#engine.get(this.#instanceId)
      if (instance !== undefined && hasEnded(instance.status)) return instance
      if (this.#clock.nowMs() > deadlineMs) throw this.#notEnded('', instance)
      if (this.#hasTooManyTurns) throw this.#notEnded(`, ${this.#turnsAtInstant} of them at one instant`, instance)
      if (!this.#clock.jump())
        throw this.#notEnded(' and waits indefinitely: no activity, no timer and no incident is left', instance)
    }
  }

  get #hasTooManyTurns(): boolean {
    const { maxTurns = Number.POSITIVE_INFINITY, maxTurnsAtOneInstant = Number.POSITIVE_INFINITY } = this.#options
    return this.#turns > maxTurns || this.#turnsAtInstant > maxTurnsAtOneInstant
  }

  #notEnded(why: string, instance: Instance | undefined): NotEndedError {
    const spent = `${this.#elapsedMs()} ms and ${this.#turns} turns`
    return new NotEndedError(`the ${this.#name} did not end: it goes on after ${spent}${why}. ${tail(instance)}`)
  }

  #elapsedMs(): number {
    return this.#clock.nowMs() - this.#startAtMs
  }

  #newEngine(): Engine {
    const { maxConcurrentActivities = 10, timerLateMs = () => 0 } = this.#options
    return new Engine({
      app: this.#app(),
      // The engine asks it for its timers alone.
      clock: {
        nowMs: () => this.#clock.nowMs(),
        at: (atMs, run) => this.#clock.at(atMs + timerLateMs(), run),
      },
      journal: this.#journal,
      maxConcurrentActivities,
      delivery: this.#deliver,
      onTurn: (taken) => this.#note(taken),
    })
  }

  #app(): App {
    return {
      orchestrator: (name) => this.#orchestrators.get(name),
      hasActivity: (name) => this.#fakes[name] !== undefined,
      runActivity: (task, run) => this.#perform(task, run),
    }
  }

  async #perform(task: ActivityTask, run: number): Promise<string> {
    const engine = this.#engine
    let tookMs = 0
    const first = this.#attempt(task, run, (ms) => {
      tookMs += ms
    })
    await first.catch(() => undefined)
    this.#tookMs.set(task, tookMs)
    const isDuplicated =
      engine === this.#engine && this.#options.duplicate?.(task.name, JSON.parse(task.input)) === true
    if (isDuplicated) await this.#attempt(task, run + 1, () => undefined).catch(() => undefined)
    return first
  }

  async #attempt(task: ActivityTask, run: number, takes: (ms: number) => void): Promise<string> {
    const { name, instanceId } = task
    const seen = { name, input: JSON.parse(task.input), instanceId, atMs: this.#elapsedMs(), run }
    this.#calls.push(seen)
    const log = (line: string) => void this.#logged.push(line)
    const call: Call = { ...seen, now: new Date(this.#clock.nowMs()), takes, log }
    const output = await (this.#fakes[name] as Fake)(JSON.parse(task.input), call)
    if (this.#options.crash?.(call) === true) this.#kill()
    return toJson(output)
  }

  readonly #deliver: Delivery = (task, run, answer) => {
    const input: unknown = JSON.parse(task.input)
    const { redeliverAfterMs = REDELIVER_AFTER_MS } = this.#options
    const isLost = this.#options.lose?.(task.name, input, run) === true
    const lateMs = (this.#tookMs.get(task) ?? 0) + (this.#options.delayMs?.(task.name, input, run) ?? 0)
    this.#after(lateMs, () => {
      if (!isLost) return answer.deliver()
      answer.lose()
      this.#after(redeliverAfterMs, () => answer.runAgain())
    })
  }

  #after(delayMs: number, run: () => void): void {
    if (delayMs > 0) this.#clock.at(this.#clock.nowMs() + delayMs, run)
    else run()
  }

  #happen(incident: Incident): void {
    const instanceId = incident.instanceId ?? this.#instanceId
    if ('run' in incident) incident.run()
    else if ('crash' in incident) this.#kill()
    else this.#engine.send(instanceId, messageOf(incident))
  }

  #kill(): void {
    this.#crashes += 1
    this.#engine.stop()
    this.#engine = this.#newEngine()
    const engine = this.#engine
    this.#clock.at(this.#clock.nowMs() + (this.#options.restartAfterMs ?? 1_000), () => {
      if (engine === this.#engine) engine.recover()
    })
  }

  #note(taken: TurnTaken): void {
    const { instance, turn } = taken
    this.#countTurn()
    this.#longestHistory = Math.max(this.#longestHistory, instance.history.length)
    if (instance.instanceId === this.#instanceId && turn.customStatus !== this.#lastStatus) {
      this.#lastStatus = turn.customStatus
      this.#customStatuses.push({ atMs: this.#elapsedMs(), value: JSON.parse(turn.customStatus ?? 'null') })
    }
    this.#options.onTurn?.(taken)
  }

  /** An orchestration that continues as new without end takes turn after turn, and the engine never settles by itself. */
  #countTurn(): void {
    this.#turns += 1
    const nowMs = this.#clock.nowMs()
    this.#turnsAtInstant = nowMs === this.#instantMs ? this.#turnsAtInstant + 1 : 1
    this.#instantMs = nowMs
    if (this.#hasTooManyTurns) this.#engine.stop()
  }

  #result(ended: Instance): PlayResult {
    const output: unknown = JSON.parse(ended.output ?? 'null')
    return {
      status: ended.status,
      output: ended.status === 'Completed' ? output : null,
      error: ended.status === 'Completed' ? null : String(output),
      customStatuses: this.#customStatuses,
      calls: this.#calls,
      logged: this.#logged,
      endedAtMs: this.#elapsedMs(),
      turns: this.#turns,
      longestHistory: this.#longestHistory,
      crashes: this.#crashes,
      records: this.#journal.count,
      journal: ended.history,
      instances: [...this.#journal.load()],
    }
  }
}

/** Keeps the records as text, so that they have been through JSON like records on disk. Reports every record once it is written. */
export class MemoryJournal implements Journal {
  readonly #records = new Map<string, string[]>()
  readonly #onWritten: (count: number) => void
  count = 0

  constructor(onWritten: (count: number) => void = () => undefined) {
    this.#onWritten = onWritten
  }

  append(instanceId: string, record: JournalRecord): void {
    this.#records.get(instanceId)?.push(JSON.stringify(record))
    this.#announce()
  }

  rewrite(instanceId: string, record: JournalRecord): void {
    this.#records.set(instanceId, [JSON.stringify(record)])
    this.#announce()
  }

  forget(instanceId: string): void {
    this.#records.delete(instanceId)
  }

  *load(): Iterable<Instance> {
    for (const records of this.#records.values()) {
      const instance = rebuild(records.map((text) => JSON.parse(text) as JournalRecord))
      if (instance !== undefined) yield instance
    }
  }

  #announce(): void {
    this.count += 1
    this.#onWritten(this.count)
  }
}

function messageOf(incident: Exclude<Incident, { run: () => void } | { crash: true }>): HistoryEvent {
  if ('event' in incident)
    return eventRaised(incident.event, incident.data === undefined ? null : toJson(incident.data))
  return terminated(incident.terminate)
}

const tail = (instance: Instance | undefined): string =>
  `The end of its history: ${JSON.stringify(instance?.history.slice(-6))}`
