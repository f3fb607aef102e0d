/**
 * One clock for the whole process: microseconds since the Unix epoch, monotonic, anchored to UTC once. Date.now() would follow
 * every step of the system's clock during a run. `process.hrtime` counts the same nanoseconds in every thread, so each thread
 * derives its own fast clock from the one anchor.
 */
import { US_PER_SECOND } from '../contract/glossary.ts'

/** Epoch microseconds at which the process's monotonic clock stood at 0. Plain data: it travels to the threads. */
export interface ClockAnchor {
  readonly epochUsAtZero: number
}

export const US_PER_MS = 1000

const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n)

/** Call once, in the main thread. */
export function anchorClock(): ClockAnchor {
  const epochUs = (performance.timeOrigin + performance.now()) * US_PER_MS
  return { epochUsAtZero: Math.round(epochUs - monotonicUs()) }
}

/** `performance.now()` is the cheapest clock there is, but each thread counts from its own start. */
export function startClock(anchor: ClockAnchor): () => number {
  const originUs = anchor.epochUsAtZero + monotonicUs() - performance.now() * US_PER_MS
  return () => originUs + performance.now() * US_PER_MS
}

export const secondOf = (atUs: number): number => Math.floor(atUs / US_PER_SECOND)
