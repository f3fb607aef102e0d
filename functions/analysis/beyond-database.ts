/**
 * How far an application outlasted the database: for how long of an outage of it a new connection could write, by every way, while
 * requests failed that were sent at such a moment.
 */
import { openSpans } from '../reachability/event-ways.ts'
import type { Reachability } from '../reachability/reachability.ts'

interface Outage {
  readonly fromUs: number
  readonly lastFailedUs: number
  readonly toUs: number | null
  readonly isExact: boolean
  readonly lastCode: string
}

export interface BeyondDatabase {
  /** Of the outage; if its first good answer was not seen exactly, up to the last failed request. */
  readonly outageUs: number
  /** The part of it in which a new connection could write. */
  readonly openUs: number
  /** Of the last failed request. */
  readonly lastCode: string
}

/** A request that was sent when the database opened may have met it closed. */
const SETTLE_US = 500_000

/**
 * The outage with the longest such time; null: there is none, or the ways were not probed. Requests that are due `everyUs` apart all
 * fail in an outage, so one was sent in every span of it that is longer.
 */
export function beyondDatabase(
  outages: readonly Outage[],
  everyUs: number,
  reachability: Reachability,
): BeyondDatabase | null {
  const all = outages.flatMap(({ fromUs, lastFailedUs, toUs, isExact, lastCode }) => {
    const untilUs = isExact && toUs !== null ? toUs : lastFailedUs
    // At its beginning the database may have been open for requests that it then cut off.
    const open = (openSpans(reachability, fromUs, untilUs) ?? []).filter((span) => span.fromUs > fromUs)
    const isBeyond = open.some((span) => Math.min(span.toUs, lastFailedUs) - span.fromUs >= SETTLE_US + everyUs)
    const openUs = open.reduce((sum, span) => sum + span.toUs - span.fromUs, 0)
    return isBeyond ? [{ outageUs: untilUs - fromUs, openUs, lastCode }] : []
  })
  return all.sort((a, b) => b.openUs - a.openUs)[0] ?? null
}
