/**
 * Runs activities: a limited number at a time, and each at least once. Faults can be injected: a second run, a lost answer or a late
 * answer, as they occur when a host dies or a queue delivers a message again.
 */
import type { Clock } from './clock.ts'
import { toJson } from './wire.ts'

export interface ActivityTask {
  readonly instanceId: string
  /** Unique within the instance's generation. */
  readonly id: number
  readonly name: string
  readonly input: unknown
}

/** One execution of a task. */
export interface Run {
  /** 1 for the first, and one more for every delivery of the same message. */
  readonly number: number
  /** Adds to the time of the work on the engine's clock: for fakes on a virtual clock. */
  takes(ms: number): void
}

type ActivityOutcome =
  | { readonly ok: true /** JSON text. */; readonly result: string }
  | { readonly ok: false; readonly error: unknown }

/** What may go wrong around an activity; each function is called for every run. */
export interface Faults {
  /** The message is delivered twice: the activity runs again, and the engine ignores the second answer. */
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

interface ActivityRunnerOptions {
  readonly clock: Clock
  readonly run: (task: ActivityTask, run: Run) => Promise<unknown>
  readonly limit: number
  readonly faults: Faults
  readonly onIdle: () => void
}

type Report = (outcome: ActivityOutcome) => void

interface Job {
  readonly task: ActivityTask
  readonly report: Report
  readonly run: number
}

/** The storage provider's default visibility timeout of a work item. */
const REDELIVER_AFTER_MS = 300_000

export class ActivityRunner {
  readonly #options: ActivityRunnerOptions
  readonly #queue: Job[] = []
  /** Places taken, also by work that is done and only lasts longer on the engine's clock. */
  #places = 0
  #working = 0
  #stopped = false

  constructor(options: ActivityRunnerOptions) {
    this.#options = options
  }

  /** No work is under way; finished work may still wait for the clock. */
  get idle(): boolean {
    return this.#working === 0
  }

  add(task: ActivityTask, report: Report, run = 1): void {
    if (this.#stopped) return
    this.#queue.push({ task, report, run })
    this.#pump()
  }

  /** Running work cannot be stopped; its answer is discarded. */
  stop(): void {
    this.#stopped = true
    this.#queue.length = 0
  }

  #pump(): void {
    while (this.#places < this.#options.limit) {
      const job = this.#queue.shift()
      if (job === undefined) return
      this.#places += 1
      this.#working += 1
      void this.#perform(job)
    }
  }

  async #perform(job: Job): Promise<void> {
    const { faults } = this.#options
    const { name, input } = job.task
    const { outcome, tookMs } = await this.#attempt(job)
    if (!this.#stopped && faults.duplicate?.(name, input) === true) await this.#attempt({ ...job, run: job.run + 1 })
    const lost = faults.lose?.(name, input, job.run) === true
    const lateMs = tookMs + (faults.delayMs?.(name, input, job.run) ?? 0)
    this.#after(lateMs, () => {
      this.#places -= 1
      if (lost)
        this.#after(faults.redeliverAfterMs ?? REDELIVER_AFTER_MS, () => this.add(job.task, job.report, job.run + 1))
      else job.report(outcome)
      this.#pump()
    })
    this.#working -= 1
    if (this.idle) this.#options.onIdle()
  }

  async #attempt({ task, run }: Job): Promise<{ outcome: ActivityOutcome; tookMs: number }> {
    let tookMs = 0
    const takes = (ms: number): void => {
      tookMs += ms
    }
    try {
      // Each run gets a copy of the input, as from a message, so that no run sees the changes of another.
      const output = await this.#options.run({ ...task, input: structuredClone(task.input) }, { number: run, takes })
      return { outcome: { ok: true, result: toJson(output) }, tookMs }
    } catch (error) {
      return { outcome: { ok: false, error }, tookMs }
    }
  }

  #after(delayMs: number, run: () => void): void {
    const act = () => {
      if (!this.#stopped) run()
    }
    const { clock } = this.#options
    if (delayMs > 0) clock.at(clock.nowMs() + delayMs, act)
    else act()
  }
}
