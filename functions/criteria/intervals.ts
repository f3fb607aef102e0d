/**
 * What is known of a figure, as an interval in which it lies: a bound leaves one side open. Every objective is judged by the two
 * intervals that it compares, so a bound decides only what it can.
 */
import type { Measured } from '../model/drill-index.ts'
import { inUnit } from '../units/units.ts'
import type { Operator } from './limits.ts'

/** Both ends belong to it; they are equal when the value is known. */
export interface Interval {
  readonly low: number
  readonly high: number
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
    case 'at-most':
      return { low: lowest, high: measured.value }
    case 'never':
      return exactly(Number.POSITIVE_INFINITY)
    case 'missing':
      return { low: lowest, high: highest }
  }
}

/** The number that stands for an interval, and on which side of it the true value may lie. */
export interface Ends {
  readonly value: number | null
  readonly isLowerBound: boolean
  readonly isUpperBound: boolean
}

/** Only lengths of events are known from above: their unit has no other highest value. */
const isUpperBound = ({ low, high }: Interval, unit: string): boolean =>
  unit === 's' && low <= 0 && low !== high && Number.isFinite(high)

export function endsOf(interval: Interval | null, unit: string): Ends {
  if (interval === null || !Number.isFinite(interval.low))
    return { value: null, isLowerBound: false, isUpperBound: false }
  const isAbove = isUpperBound(interval, unit)
  return {
    value: isAbove ? interval.high : interval.low,
    isLowerBound: !(isAbove || isExact(interval)),
    isUpperBound: isAbove,
  }
}

export function intervalWords(interval: Interval | null, unit: string): string {
  if (interval === null) return inUnit(null, unit)
  const { low, high } = interval
  if (low === Number.POSITIVE_INFINITY) return 'not back'
  if (isExact(interval)) return inUnit(low, unit)
  if (isUpperBound(interval, unit)) return `≤ ${inUnit(high, unit)}`
  return unit === 's' && Number.isFinite(high)
    ? `${inUnit(low, unit)} to ${inUnit(high, unit)}`
    : `≥ ${inUnit(low, unit)}`
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
