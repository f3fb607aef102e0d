/**
 * Minimum, median and maximum of a figure over the drills of a campaign. Some drills know only a bound of the figure, and some did not
 * measure it. So each drill has an interval in which its figure lies, and a statistic has one too: the statistic of all lower ends to
 * that of all upper ends. There are no percentiles: a campaign has too few drills for them.
 */
import { median } from '../../units/statistics.ts'
import type { Interval } from '../intervals.ts'

export const STATISTICS = ['min', 'median', 'max'] as const
export type Statistic = (typeof STATISTICS)[number]

const OF_VALUES: Readonly<Record<Statistic, (values: readonly number[]) => number | null>> = {
  min: (values) => (values.length === 0 ? null : Math.min(...values)),
  median,
  max: (values) => (values.length === 0 ? null : Math.max(...values)),
}

/** Null: there is no drill. */
export function statisticOf(statistic: Statistic, intervals: readonly Interval[]): Interval | null {
  const of = OF_VALUES[statistic]
  const low = of(intervals.map((interval) => interval.low))
  const high = of(intervals.map((interval) => interval.high))
  return low === null || high === null ? null : { low, high }
}
