/** Polls for a condition that has no event, up to a deadline. */
import { setTimeout as sleep } from 'node:timers/promises'
import { wordsOf } from './problem.ts'

export interface WaitLimits {
  readonly forMs: number
  readonly everyMs?: number
  /** For the error at the deadline: the end of a log, a state. */
  readonly hint?: () => string
  /** Stops waiting at once, by throwing. */
  readonly giveUpIf?: () => void
}

/** The probe's first value that is neither null nor false. A probe that throws is called again. */
export async function waitFor<T>(
  what: string,
  limits: WaitLimits,
  probe: () => Promise<T | null | false> | T | null | false,
): Promise<T> {
  const deadlineMs = performance.now() + limits.forMs
  let last = ''
  for (;;) {
    limits.giveUpIf?.()
    try {
      const value = await probe()
      if (value !== null && value !== false) return value
    } catch (error) {
      last = wordsOf(error)
    }
    if (performance.now() > deadlineMs) throw new Error(timedOut(what, limits, last))
    await sleep(limits.everyMs ?? 25)
  }
}

const timedOut = (what: string, limits: WaitLimits, last: string): string =>
  [`timed out after ${Math.round(limits.forMs / 1000)} s: ${what}`, last, limits.hint?.().trim()]
    .filter(Boolean)
    .join('; ')
