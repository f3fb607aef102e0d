/**
 * Runs activities, at most so many at a time, and at least once each: a run can be asked to happen twice, to get lost
 * after it has done its work, or to answer late, as runs do when a host dies or a queue delivers a message again.
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
  /** The work takes that long on the engine's clock, beyond what it really takes: for fakes on a virtual clock. */
  takes(ms: number): void
}

export type ActivityOutcome =
  | { readonly ok: true /** JSON text. */; readonly result: string }
  | { readonly ok: false; readonly error: unknown }

/** What may go wrong around an activity; each is asked anew for every run. */
export interface Mishaps {
  /** The message is delivered twice: the activity runs again, and the second answer is ignored. */
  duplicate?(name: string, input: unknown): boolean
  /** The host dies between the work and its record: the run counts for nothing and is repeated. */
  lose?(name: string, input: unknown, run: number): boolean
  /** The answer arrives that much later. */
  delayMs?(name: string, input: unknown, run: number): number
  /** A timer fires that much later: queues are polled. Negative: earlier, when the next host's clock is behind. */
  timerLateMs?(): number
  /** After how long a lost message is delivered again. */
  readonly redeliverAfterMs?: number
}

export interface ActivityRunnerOptions {
  readonly clock: Clock
  readonly run: (task: ActivityTask, run: Run) => Promise<unknown>
  readonly limit: number
  readonly mishaps: Mishaps
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
  /** Places taken, by work that is being done or that only takes its time on the clock. */
  #places = 0
  #working = 0
  #stopped = false

  constructor(options: ActivityRunnerOptions) {
    this.#options = options
  }

  /** No work is being done now; some may be waiting for the clock. */
  get idle(): boolean {
    return this.#working === 0
  }

  add(task: ActivityTask, report: Report, run = 1): void {
    if (this.#stopped) return
    this.#queue.push({ task, report, run })
    this.#pump()
  }

  /** Running work cannot be stopped, but nobody hears of it any more. */
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
    const { mishaps } = this.#options
    const { name, input } = job.task
    const { outcome, tookMs } = await this.#attempt(job)
    if (!this.#stopped && mishaps.duplicate?.(name, input) === true) await this.#attempt({ ...job, run: job.run + 1 })
    const lost = mishaps.lose?.(name, input, job.run) === true
    const lateMs = tookMs + (mishaps.delayMs?.(name, input, job.run) ?? 0)
    this.#after(lateMs, () => {
      this.#places -= 1
      if (lost)
        this.#after(mishaps.redeliverAfterMs ?? REDELIVER_AFTER_MS, () => this.add(job.task, job.report, job.run + 1))
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
      // Each run gets an input of its own, as it would from a message, so that no run sees what another did to it.
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
