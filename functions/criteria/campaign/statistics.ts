/**
 * Minimum, median and maximum of a figure over the drills of a campaign. Some drills know only a bound of the figure, and some did not
 * measure it. So each drill has an interval in which its figure lies, and a statistic has one too: the statistic of all lower ends to
 * that of all upper ends. There are no percentiles: a campaign has too few drills for them.
 */
import type { Measured } from '../../model/drill-index.ts'
import { median } from '../../units/statistics.ts'
import type { Operator } from '../limits.ts'

export const STATISTICS = ['min', 'median', 'max'] as const
export type Statistic = (typeof STATISTICS)[number]

/** Both ends belong to it; they are equal when the value is known. */
export interface Interval {
  readonly low: number
  readonly high: number
}

const OF_VALUES: Readonly<Record<Statistic, (values: readonly number[]) => number | null>> = {
  min: (values) => (values.length === 0 ? null : Math.min(...values)),
  median,
  max: (values) => (values.length === 0 ? null : Math.max(...values)),
}

export const exactly = (value: number): Interval => ({ low: value, high: value })

export const isExact = ({ low, high }: Interval): boolean => low === high

/** `range`: the values that the figure can take. What never ended is longer than every number. */
export function intervalOf(measured: Measured, [lowest, highest]: readonly [number, number]): Interval {
  switch (measured.kind) {
    case 'value':
      return exactly(measured.value)
    case 'at-least':
      return { low: measured.value, high: highest }
    case 'never':
      return exactly(Number.POSITIVE_INFINITY)
    case 'missing':
      return { low: lowest, high: highest }
  }
}

/** Null: there is no drill. */
export function statisticOf(statistic: Statistic, intervals: readonly Interval[]): Interval | null {
  const of = OF_VALUES[statistic]
  const low = of(intervals.map((interval) => interval.low))
  const high = of(intervals.map((interval) => interval.high))
  return low === null || high === null ? null : { low, high }
}

/** Whether the comparison holds for every pair of values of the two intervals, for none, or for some. */
export function compareIntervals(one: Interval, operator: Operator, other: Interval): 'pass' | 'fail' | 'unknown' {
  const [always, never] = DECISIONS[operator](one, other)
  if (always) return 'pass'
  return never ? 'fail' : 'unknown'
}

type Decision = (one: Interval, other: Interval) => readonly [always: boolean, never: boolean]

const isSame = (a: Interval, b: Interval): boolean => isExact(a) && isExact(b) && a.low === b.low
const isApart = (a: Interval, b: Interval): boolean => a.high < b.low || a.low > b.high

const DECISIONS: Readonly<Record<Operator, Decision>> = {
  '<=': (a, b) => [a.high <= b.low, a.low > b.high],
  '<': (a, b) => [a.high < b.low, a.low >= b.high],
  '>=': (a, b) => [a.low >= b.high, a.high < b.low],
  '>': (a, b) => [a.low > b.high, a.high <= b.low],
  '==': (a, b) => [isSame(a, b), isApart(a, b)],
  '!=': (a, b) => [isApart(a, b), isSame(a, b)],
}
