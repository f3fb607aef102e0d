/** The baseline: the service before the first event, with which later figures are compared. */

import type { MergedSecond } from '../merge/merged.ts'
import { mad, median } from '../units/statistics.ts'
import { type Latency, latencyOf, percentileMs } from './latency.ts'

/** A drill on a server that carries less than this share of the offered rate measures overload, not a failover. */
const REACHED_SHARE = 0.95

/** Below it a median of whole counts is too coarse to be compared with 95 % of the offer: one commit is a tenth and more. */
const MIN_TPS_FOR_MEDIAN = 10

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export interface Baseline {
  /** Without those of an outage that the drill did not cause: it would distort what is usual. */
  readonly seconds: readonly MergedSecond[]
  /** Median of acknowledged commits per second (the mean where few are offered), and the scatter around it. */
  readonly tps: number
  readonly mad: number
  readonly offeredTps: number
  /** Null for a closed loop: it offers no rate of its own. */
  readonly isReached: boolean | null
  readonly latency: Latency
  /** How long the server takes for a transaction; from the median, because a single pause in a short baseline would be its p99.9. */
  readonly serviceP50Ms: number | null
  readonly p99Ms: number | null
}

/** `seconds`: whole ones between the warm-up and the first failover, without outages. Null when there are none. */
export function baselineOf(
  seconds: readonly MergedSecond[],
  { deadlineMs, targetTps }: { readonly deadlineMs: number; readonly targetTps: number },
): Baseline | null {
  const goodput = seconds.map(({ counts }) => counts.acknowledged)
  const middle = median(goodput)
  const latency = latencyOf(seconds, deadlineMs)
  if (middle === null || latency === null) return null
  const offeredTps = mean(seconds.map(({ counts }) => counts.intended))
  const tps = offeredTps < MIN_TPS_FOR_MEDIAN ? mean(goodput) : middle
  return {
    seconds,
    tps,
    mad: mad(goodput) ?? 0,
    offeredTps,
    isReached: targetTps === 0 ? null : tps >= REACHED_SHARE * offeredTps,
    latency,
    serviceP50Ms: percentileMs(latency.service, 0.5),
    p99Ms: percentileMs(latency.response, 0.99),
  }
}
