/** A platform that answers 429: from the first request that it refuses it asks for a pause, and refuses all until that is over. */
import { restError } from './rest-error.ts'

export class Throttle {
  /** When requests were refused that came later than those that the first refusal met under way. */
  readonly earlyMs: number[] = []
  readonly #nowMs: () => number
  readonly #pauseMs: number
  #fromMs: number | null = null

  /** Of null seconds: every request is served. */
  constructor(nowMs: () => number, pauseSeconds: number | null) {
    this.#nowMs = nowMs
    this.#pauseMs = (pauseSeconds ?? 0) * 1000
  }

  get hasRefused(): boolean {
    return this.#fromMs !== null
  }

  /** What the SDK throws for this request; null: it is served. */
  refuse(): Error | null {
    const nowMs = this.#nowMs()
    if (this.#pauseMs === 0) return null
    this.#fromMs ??= nowMs
    const leftMs = this.#fromMs + this.#pauseMs - nowMs
    if (leftMs <= 0) return null
    if (nowMs > this.#fromMs + UNDER_WAY_MS) this.earlyMs.push(nowMs)
    return restError(429, 'TooManyRequests', Math.ceil(leftMs / 1000))
  }
}

const UNDER_WAY_MS = 1_000
