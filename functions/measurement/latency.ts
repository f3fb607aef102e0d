/**
 * Latency of an interval, from merged histograms. A missed arrival got no reply at all: in the response time it counts
 * as longer than everything measured (censored), because leaving it out would hide the outage from the percentiles.
 */
import { bucketValueUs, Histogram } from '../../loadgen-image/contract/histogram.ts'
import { addPacked } from '../merge/histograms.ts'
import type { MergedSecond } from '../merge/merged.ts'
import type { PercentileCurve } from '../model/chart-data.ts'
import type { Percentiles } from '../model/report.ts'
import { round } from '../units/statistics.ts'

export interface Distribution {
  readonly histogram: Histogram
  /** Arrivals that are known only to have taken longer than every value, and than `lowerBoundMs`. */
  readonly censored: number
  readonly lowerBoundMs: number
}

export type LatencyKind = 'response' | 'service'

function distributionOf(seconds: Iterable<MergedSecond>, kind: LatencyKind, deadlineMs: number): Distribution {
  const histogram = new Histogram()
  let censored = 0
  for (const second of seconds) {
    addPacked(histogram, second[kind])
    if (kind === 'response') censored += second.counts.missed
  }
  return { histogram, censored, lowerBoundMs: deadlineMs }
}

/** Both kinds over the same seconds. */
export type Latency = Readonly<Record<LatencyKind, Distribution>>

/** Null without a second. Reading the histograms of an hour takes much longer than a percentile of their sum: keep the result. */
export const latencyOf = (seconds: readonly MergedSecond[], deadlineMs: number): Latency | null =>
  seconds.length === 0
    ? null
    : {
        response: distributionOf(seconds, 'response', deadlineMs),
        service: distributionOf(seconds, 'service', deadlineMs),
      }

interface Value {
  readonly ms: number | null
  readonly isLowerBound: boolean
}

const toMs = (us: number): number => round(us / 1000, 3)

/** Nearest rank over measured and censored together. */
function valueAt({ histogram, censored, lowerBoundMs }: Distribution, share: number): Value {
  const rank = Math.max(1, Math.ceil(share * (histogram.total + censored)))
  if (rank > histogram.total) {
    const atLeast = Math.max(toMs(histogram.maxUs() ?? 0), lowerBoundMs)
    return { ms: censored === 0 ? null : atLeast, isLowerBound: censored > 0 }
  }
  // The histogram ranks by a share of its own total: the middle of the step avoids rounding to a neighbour.
  const us = histogram.percentileUs((rank - 0.5) / histogram.total)
  return { ms: us === null ? null : toMs(us), isLowerBound: false }
}

const NAMED_SHARES = { p50: 0.5, p95: 0.95, p99: 0.99, p999: 0.999, max: 1 } as const

export function percentilesOf(distribution: Distribution): Percentiles {
  const values = Object.entries(NAMED_SHARES).map(([name, share]) => [name, valueAt(distribution, share)] as const)
  const ms = Object.fromEntries(values.map(([name, value]) => [name, value.ms]))
  return {
    ...(ms as Record<keyof typeof NAMED_SHARES, number | null>),
    count: distribution.histogram.total,
    censored: distribution.censored,
    atLeast: values.filter(([, { isLowerBound }]) => isLowerBound).map(([name]) => name),
  }
}

export const percentileMs = (distribution: Distribution, share: number): number | null =>
  valueAt(distribution, share).ms

/** Every half decade of nines, as far as there are enough values to distinguish them. */
const CURVE_SHARES = [
  0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998,
  0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999, 0.999999,
]

export function curveOf(distribution: Distribution): PercentileCurve['points'] {
  const values = distribution.histogram.total + distribution.censored
  if (values === 0) return []
  const shares = CURVE_SHARES.filter((share) => share < 0.9 || (1 - share) * values >= 1)
  return [...shares, 1].flatMap((share) => {
    const { ms, isLowerBound } = valueAt(distribution, share)
    return ms === null ? [] : [{ share, ms, isLowerBound }]
  })
}

/** How many of the values are at most `limitMs`; a bucket that straddles the limit counts by its middle. */
export function countUpTo(histogram: Histogram, limitMs: number): number {
  let count = 0
  for (let bucket = 0; bucket < histogram.counts.length; bucket++) {
    if (bucketValueUs(bucket) > limitMs * 1000) break
    count += histogram.counts[bucket] as number
  }
  return count
}
