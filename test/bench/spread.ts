/** Figures of repeated runs: median, least and most. One run of a shared machine says nothing. */
import { median } from '../../functions/units/statistics.ts'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values) ?? Number.NaN, min: Math.min(...values), max: Math.max(...values) }
}

export const spreadText = ({ median, min, max }: Spread, decimals = 2): string =>
  `${median.toFixed(decimals)} (${min.toFixed(decimals)} .. ${max.toFixed(decimals)})`

/** One line of the table on screen: what, how much, what was wanted, and whether it was reached (null: for information). */
export interface Line {
  readonly figure: string
  readonly measured: string
  readonly wanted: string | null
  readonly isReached: boolean | null
}

export interface BenchResult {
  readonly lines: readonly Line[]
  readonly figures: unknown
}

export const atMost = (figure: string, value: number, limit: number, text: string): Line => ({
  figure,
  measured: text,
  wanted: `<= ${limit}`,
  isReached: value <= limit,
})

export const atLeast = (figure: string, value: number, limit: number, text: string): Line => ({
  figure,
  measured: text,
  wanted: `>= ${limit}`,
  isReached: value >= limit,
})

export const information = (figure: string, measured: string): Line => ({
  figure,
  measured,
  wanted: null,
  isReached: null,
})

/** The narrowest pair of values that has the median of the population between them in 95 of 100 samples (sign test). */
export function medianInterval(values: readonly number[]): readonly [from: number, to: number] {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  let [tail, term, k] = [0, 0.5 ** n, 0]
  for (; k < n / 2 && 2 * (tail + term) <= 0.05; k++) {
    tail += term
    term *= (n - k) / (k + 1)
  }
  const outside = Math.max(0, k - 1)
  return [sorted[outside] ?? Number.NaN, sorted[n - 1 - outside] ?? Number.NaN]
}
