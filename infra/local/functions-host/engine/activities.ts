/** Runs activities: a limited number at a time, and each at least once. */
export interface ActivityTask {
  readonly instanceId: string
  /** Unique within the instance's generation. */
  readonly id: number
  readonly name: string
  /** JSON text. */
  readonly input: string
}

type ActivityOutcome =
  | { readonly ok: true /** JSON text. */; readonly result: string }
  | { readonly ok: false; readonly error: unknown }

/** What may become of an answer. */
interface Answer {
  deliver(): void
  /** As when the host dies between the work and its record. */
  lose(): void
  /** For an answer that was lost: the message of the task is delivered once more. */
  runAgain(): void
}

/** Delivers an answer. For tests, which deliver it later, or lose it. `run` is 1 for the first, and one more for every repetition. */
export type Delivery = (task: ActivityTask, run: number, answer: Answer) => void

interface ActivityRunnerOptions {
  readonly run: (task: ActivityTask, run: number) => Promise<string>
  readonly limit: number
  readonly delivery: Delivery
  readonly onIdle: () => void
}

type Report = (outcome: ActivityOutcome) => void

interface Job {
  readonly task: ActivityTask
  readonly report: Report
  readonly run: number
}

export class ActivityRunner {
  readonly #options: ActivityRunnerOptions
  readonly #queue: Job[] = []
  /** Taken from the start of the work until its answer is delivered or lost. */
  #places = 0
  #working = 0
  #stopped = false

  constructor(options: ActivityRunnerOptions) {
    this.#options = options
  }

  /** No work is under way; answers may still be undelivered. */
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

  async #perform({ task, report, run }: Job): Promise<void> {
    const outcome = await this.#attempt(task, run)
    const end = (act: () => void) => () => {
      if (this.#stopped) return
      this.#places -= 1
      act()
      this.#pump()
    }
    this.#options.delivery(task, run, {
      deliver: end(() => report(outcome)),
      lose: end(() => undefined),
      runAgain: () => this.add(task, report, run + 1),
    })
    this.#working -= 1
    if (this.idle) this.#options.onIdle()
  }

  async #attempt(task: ActivityTask, run: number): Promise<ActivityOutcome> {
    try {
      return { ok: true, result: await this.#options.run(task, run) }
    } catch (error) {
      return { ok: false, error }
    }
  }
}
