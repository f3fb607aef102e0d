/** Order statistics: a few outliers, such as the seconds of a failover, do not move them. */

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >>> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/** Median absolute deviation: the scatter that half of the values stay within. */
export function mad(values: readonly number[]): number | null {
  const middle = median(values)
  return middle === null ? null : median(values.map((value) => Math.abs(value - middle)))
}

/** A standard deviation, if the values were normal. */
export const MAD_TO_SIGMA = 1.4826

/** Nearest rank, as for every percentile of the report. Null when empty. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}

export const round = (value: number, decimals: number): number => Number(value.toFixed(decimals))
