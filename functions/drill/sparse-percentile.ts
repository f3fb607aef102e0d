import type { SparseHistogram } from '../../loadgen-image/contract.ts'
import { bucketValueUs } from '../../loadgen-image/contract-histogram.ts'

/** Nearest rank, straight from the pairs of a record. Null when empty. */
export function sparsePercentileUs(pairs: SparseHistogram, share: number): number | null {
  let total = 0
  for (let i = 1; i < pairs.length; i += 2) total += pairs[i] as number
  let left = Math.max(1, Math.ceil(share * total))
  for (let i = 0; i < pairs.length; i += 2) {
    left -= pairs[i + 1] as number
    if (left <= 0) return bucketValueUs(pairs[i] as number)
  }
  return null
}
