/**
 * When have the platform's metrics of a load all arrived? After the longest delay that the platform is known for: surely. Before
 * that: when the plan's own wait is over and every metric has a value for the minute in which the load ended.
 */
import type { MetricSeries } from '../../model/facts.ts'

/** Some metrics come in batches of five minutes, and a minute later still. */
const LONGEST_LAG_MS = 6 * 60_000
const MINUTE_MS = 60_000

export interface MetricsLook {
  readonly series: readonly MetricSeries[]
  readonly loadEndMs: number
  readonly nowMs: number
  readonly lateMetricsSeconds: number
}

export function haveArrived({ series, loadEndMs, nowMs, lateMetricsSeconds }: MetricsLook): boolean {
  if (nowMs >= loadEndMs + LONGEST_LAG_MS) return true
  const hasWaited = nowMs >= loadEndMs + lateMetricsSeconds * 1000
  const lastMinuteMs = Math.floor(loadEndMs / MINUTE_MS) * MINUTE_MS
  return hasWaited && series.length > 0 && series.every((one) => newestMs(one) >= lastMinuteMs)
}

function newestMs({ points }: MetricSeries): number {
  const newest = points.findLast(({ average, maximum }) => average !== null || maximum !== null)
  return newest === undefined ? Number.NEGATIVE_INFINITY : Date.parse(newest.at)
}
