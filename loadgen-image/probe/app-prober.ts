/**
 * The application probes of one container: each sends its requests at times that depend on the plan alone, however long earlier ones
 * take, and notes what became of them. A request is never sent late: what this process could not send on time was not observed.
 */
import { type AppProbe, type AppProbeRecord, firstDueUs, secondOfUs } from '../contract/app-probe.ts'
import { AppBook, type AppOutcome } from './app-book.ts'
import { APP_CODES, AppRequest, type RequestSettings } from './app-request.ts'

export interface ProberOptions extends RequestSettings {
  readonly probes: readonly AppProbe[]
  readonly container: number
  readonly containers: number
  readonly incarnation: string
  readonly nowUs: () => number
  readonly onRecord: (record: AppProbeRecord) => void
}

/** A standstill of this process that is shorter moves no figure by more than its precision. */
const LATE_US = 250_000
/** The load ended early, and the container must end. */
const ABANDONED = 'abandoned'

export class AppProber {
  readonly #options: ProberOptions
  readonly #requests: readonly AppRequest[]
  #series: readonly Series[] = []

  /** Throws when a secret is missing or cannot be sent. */
  constructor(options: ProberOptions) {
    this.#options = options
    this.#requests = options.probes.map((probe) => new AppRequest(probe, options))
  }

  /** Requests are due from the one instant to the other. */
  start(startUs: number, endUs: number): void {
    const { probes } = this.#options
    this.#series = probes.map(
      (probe, index) => new Series(this.#options, probe, this.#requests[index] as AppRequest, startUs, endUs),
    )
  }

  /** Sends nothing after now. */
  stop(): void {
    for (const one of this.#series) one.stop()
  }

  /** Every request has its outcome, and every record was handed over. What is under way after the given time was not observed. */
  async ended(patienceMs: number): Promise<void> {
    const giveUp = setTimeout(() => {
      for (const one of this.#series) one.abandon()
    }, patienceMs)
    await Promise.all(this.#series.map(({ ended }) => ended))
    clearTimeout(giveUp)
  }
}

class Series {
  readonly #options: ProberOptions
  readonly #probe: AppProbe
  readonly #request: AppRequest
  readonly #book: AppBook
  readonly #firstUs: number
  readonly #ended = Promise.withResolvers<void>()
  #endUs: number
  #position = 0
  /** By position: what ends the request with a code. */
  readonly #underWay = new Map<number, (code: string) => void>()
  #timer: NodeJS.Timeout | null = null
  #isEnded = false

  constructor(options: ProberOptions, probe: AppProbe, request: AppRequest, startUs: number, endUs: number) {
    const { container, containers, incarnation, onRecord } = options
    this.#options = options
    this.#probe = probe
    this.#request = request
    this.#firstUs = firstDueUs(probe, container, containers, startUs)
    this.#endUs = endUs
    const startSecond = secondOfUs(startUs)
    this.#book = new AppBook({ container, incarnation, probe: probe.name, startSecond, onRecord })
    this.#wait()
  }

  get ended(): Promise<void> {
    return this.#ended.promise
  }

  stop(): void {
    this.#endUs = Math.min(this.#endUs, this.#options.nowUs())
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#wait()
  }

  abandon(): void {
    for (const cancel of [...this.#underWay.values()]) cancel(ABANDONED)
  }

  get #dueUs(): number {
    return this.#firstUs + this.#position * this.#probe.everyMs * 1000
  }

  #wait(): void {
    this.#timer = null
    if (this.#dueUs < this.#endUs)
      this.#timer = setTimeout(() => this.#sendDue(), Math.max(0, (this.#dueUs - this.#options.nowUs()) / 1000))
    else if (this.#underWay.size === 0) this.#finish()
  }

  #finish(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#book.end(this.#endUs)
    this.#ended.resolve()
  }

  #sendDue(): void {
    const nowUs = this.#options.nowUs()
    for (; this.#dueUs <= nowUs && this.#dueUs < this.#endUs; this.#position++)
      if (nowUs - this.#dueUs > LATE_US)
        this.#book.settle(this.#position, { kind: 'unobserved', dueUs: this.#dueUs, code: null })
      else this.#send(this.#position, this.#dueUs)
    this.#wait()
  }

  #send(position: number, dueUs: number): void {
    const { nowUs } = this.#options
    const sentUs = nowUs()
    const timeoutUs = dueUs + this.#probe.timeoutMs * 1000
    const cancel = this.#request.send((answer) => {
      clearTimeout(timer)
      const atUs = nowUs()
      const outcome = ((): AppOutcome => {
        if (answer.kind === 'refused') return { kind: 'unobserved', dueUs, code: answer.code }
        // This process stood still: when the answer came is not known, or whether it would have come.
        if (atUs - timeoutUs > LATE_US) return { kind: 'unobserved', dueUs, code: null }
        if (answer.kind === 'good') return { kind: 'good', dueUs, sentUs, atUs }
        if (answer.code === ABANDONED) return { kind: 'unobserved', dueUs, code: null }
        return { kind: 'failed', dueUs, sentUs, code: answer.code }
      })()
      this.#underWay.delete(position)
      this.#book.settle(position, outcome)
      if (this.#timer === null) this.#wait()
    })
    this.#underWay.set(position, cancel)
    // An answer that waits to be read is read first.
    const onTimeout = () => setImmediate(cancel, APP_CODES.timeout)
    const timer = setTimeout(onTimeout, Math.max(0, (timeoutUs - sentUs) / 1000))
  }
}
