/** Figures of repeated runs: median, least and most. One run of a shared machine says nothing. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median =
    sorted.length % 2 === 1
      ? (sorted[Math.floor(middle)] as number)
      : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number }
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
