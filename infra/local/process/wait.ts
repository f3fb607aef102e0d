/** Waiting for something that has no event: asked again and again, up to a deadline, and then said what was waited for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { wordsOf } from './problem.ts'

export interface Patience {
  readonly forMs: number
  readonly everyMs?: number
  /** Asked when the deadline passes: a log's end, a state. */
  readonly hint?: () => string
  /** Stops waiting at once, by throwing. */
  readonly giveUpIf?: () => void
}

/** The probe's first value that is neither null nor false. A probe that throws is not there yet. */
export async function waitFor<T>(
  what: string,
  patience: Patience,
  probe: () => Promise<T | null | false> | T | null | false,
): Promise<T> {
  const deadlineMs = performance.now() + patience.forMs
  let last = ''
  for (;;) {
    patience.giveUpIf?.()
    try {
      const value = await probe()
      if (value !== null && value !== false) return value
    } catch (error) {
      last = wordsOf(error)
    }
    if (performance.now() > deadlineMs) throw new Error(timedOut(what, patience, last))
    await sleep(patience.everyMs ?? 25)
  }
}

const timedOut = (what: string, patience: Patience, last: string): string =>
  [`waited ${Math.round(patience.forMs / 1000)} s in vain: ${what}`, last, patience.hint?.().trim()]
    .filter(Boolean)
    .join('; ')
