/**
 * What became of the requests of one application probe, in the order in which they were due: counts per second, and windows from the
 * first failed request to the first good answer. Outcomes arrive in any order, because a timeout is known long after a refusal.
 */
import {
  APP_PROBE_VERSION,
  APP_RECORD_SECONDS,
  type AppProbeRecord,
  type AppSecond,
  type AppWindow,
  secondOfUs,
} from '../contract/app-probe.ts'
import { Histogram } from '../contract/histogram.ts'

/** Unobserved: not sent on time, or its answer was not read on time, because this process stood still. */
export type AppOutcome =
  | { readonly kind: 'good'; readonly dueUs: number; readonly sentUs: number; readonly atUs: number }
  | { readonly kind: 'failed'; readonly dueUs: number; readonly sentUs: number; readonly code: string }
  | { readonly kind: 'unobserved'; readonly dueUs: number; readonly code: string | null }

export interface BookOptions {
  readonly container: number
  readonly incarnation: string
  readonly probe: string
  readonly startSecond: number
  readonly onRecord: (record: AppProbeRecord) => void
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class AppBook {
  readonly #options: BookOptions
  readonly #waiting = new Map<number, AppOutcome>()
  #next = 0
  #last: AppOutcome['kind'] | null = null
  #open: Mutable<AppWindow> | null = null
  #fromSecond: number
  #seconds: [number, number, number][] = []
  #errors: Record<string, number> = {}
  #windows: AppWindow[] = []
  readonly #response = new Histogram()

  constructor(options: BookOptions) {
    this.#options = options
    this.#fromSecond = options.startSecond
  }

  /** Of the request at this position, from 0 on. */
  settle(position: number, outcome: AppOutcome): void {
    this.#waiting.set(position, outcome)
    for (let next = this.#waiting.get(this.#next); next !== undefined; next = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next)
      this.#next++
      this.#take(next)
    }
  }

  /** Nothing is due from this instant on, and every request has its outcome. */
  end(endUs: number): void {
    const last = Math.max(secondOfUs(endUs - 1), this.#fromSecond)
    while (last >= this.#fromSecond + APP_RECORD_SECONDS) this.#emit(false)
    this.#secondAt(last)
    this.#emit(true)
  }

  #take(outcome: AppOutcome): void {
    const second = secondOfUs(outcome.dueUs)
    while (second >= this.#fromSecond + APP_RECORD_SECONDS) this.#emit(false)
    const counts = this.#secondAt(second)
    switch (outcome.kind) {
      case 'good':
        counts[0]++
        this.#response.record(outcome.atUs - outcome.dueUs)
        this.#close(this.#firstGoodUs(outcome.atUs))
        break
      case 'failed':
        counts[1]++
        this.#count(outcome.code)
        this.#fail(outcome.sentUs, outcome.code)
        break
      case 'unobserved':
        counts[2]++
        if (outcome.code !== null) this.#count(outcome.code)
        this.#close(null)
        break
    }
    this.#last = outcome.kind
  }

  #fail(sentUs: number, code: string): void {
    const atUs = Math.round(sentUs)
    this.#open ??= {
      firstFailedUs: atUs,
      lastFailedUs: atUs,
      goodAtUs: null,
      beganUnobserved: this.#last === 'unobserved',
      endedUnobserved: false,
      failed: 0,
      code,
      lastCode: code,
    }
    this.#open.lastFailedUs = atUs
    this.#open.lastCode = code
    this.#open.failed++
  }

  #close(goodAtUs: number | null): void {
    if (this.#open === null) return
    const endedUnobserved = goodAtUs === null || this.#isUnobservedBefore(goodAtUs)
    this.#windows.push({ ...this.#open, goodAtUs: goodAtUs === null ? null : Math.round(goodAtUs), endedUnobserved })
    this.#open = null
  }

  /** A request that was sent later may have been answered sooner. */
  #firstGoodUs(atUs: number): number {
    let first = atUs
    for (const other of this.#waiting.values()) if (other.kind === 'good') first = Math.min(first, other.atUs)
    return first
  }

  /** The process stood still before it read this answer, so the answer may have come earlier. */
  #isUnobservedBefore(atUs: number): boolean {
    for (const other of this.#waiting.values()) if (other.kind === 'unobserved' && other.dueUs < atUs) return true
    return false
  }

  #count(code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1
  }

  #secondAt(second: number): [number, number, number] {
    const index = second - this.#fromSecond
    while (this.#seconds.length <= index) this.#seconds.push([0, 0, 0])
    return this.#seconds[index] as [number, number, number]
  }

  #emit(isLast: boolean): void {
    const { container, incarnation, probe, onRecord } = this.#options
    if (!isLast) this.#secondAt(this.#fromSecond + APP_RECORD_SECONDS - 1)
    onRecord({
      version: APP_PROBE_VERSION,
      container,
      incarnation,
      probe,
      fromSecond: this.#fromSecond,
      seconds: this.#seconds satisfies AppSecond[],
      response: this.#response.toSparse(),
      errors: this.#errors,
      windows: this.#windows,
      open: this.#open === null ? null : { ...this.#open },
      isLast,
    })
    this.#fromSecond += APP_RECORD_SECONDS
    this.#seconds = []
    this.#errors = {}
    this.#windows = []
    this.#response.clear()
  }
}
