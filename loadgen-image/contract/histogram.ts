/**
 * Latency histograms that merge exactly: log-linear buckets, as in HdrHistogram, over whole microseconds.
 * Adding counts is commutative, so containers, threads, seconds and late chunks may be merged in any order,
 * and percentiles are always taken from merged counts, never averaged.
 */
import type { SparseHistogram } from './glossary.ts'

/** Buckets per power of two. 256 bounds the relative width of a bucket by 0.4 %. */
const BUCKETS_PER_OCTAVE = 256
const LINEAR_LIMIT = 2 * BUCKETS_PER_OCTAVE
const OCTAVE_BITS = Math.log2(BUCKETS_PER_OCTAVE)

/** Values past this (about 71 minutes) are counted in the last bucket. */
const MAX_VALUE_US = 2 ** 32 - 1
export const BUCKETS = bucketOf(MAX_VALUE_US) + 1

/** Below 512 us every microsecond has its own bucket; above, each octave has 256. */
export function bucketOf(valueUs: number): number {
  const value = valueUs < 0 ? 0 : valueUs > MAX_VALUE_US ? MAX_VALUE_US : Math.floor(valueUs)
  if (value < LINEAR_LIMIT) return value
  const shift = 31 - Math.clz32(value) - OCTAVE_BITS
  return BUCKETS_PER_OCTAVE * shift + (value >>> shift)
}

function bucketLowUs(bucket: number): number {
  if (bucket < LINEAR_LIMIT) return bucket
  const shift = Math.floor(bucket / BUCKETS_PER_OCTAVE) - 1
  return (bucket - BUCKETS_PER_OCTAVE * shift) * 2 ** shift
}

/** The value a bucket stands for: its middle, so that the error has no direction. */
export function bucketValueUs(bucket: number): number {
  if (bucket < LINEAR_LIMIT) return bucket
  return (bucketLowUs(bucket) + bucketLowUs(bucket + 1) - 1) / 2
}

export class Histogram {
  readonly counts = new Uint32Array(BUCKETS)
  total = 0

  record(valueUs: number): void {
    const bucket = bucketOf(valueUs)
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.total++
  }

  add(other: SparseHistogram): void {
    for (let i = 0; i < other.length; i += 2) {
      const bucket = other[i] as number
      const count = other[i + 1] as number
      this.counts[bucket] = (this.counts[bucket] as number) + count
      this.total += count
    }
  }

  toSparse(): number[] {
    const sparse: number[] = []
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.counts[bucket] as number
      if (count > 0) sparse.push(bucket, count)
    }
    return sparse
  }

  clear(): void {
    this.counts.fill(0)
    this.total = 0
  }

  /** Nearest rank: the smallest recorded value with at least `share` of all values at or below it. Null when empty. */
  percentileUs(share: number): number | null {
    if (this.total === 0) return null
    const rank = Math.max(1, Math.ceil(share * this.total))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket] as number
      if (seen >= rank) return bucketValueUs(bucket)
    }
    return null
  }

  maxUs(): number | null {
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) if (this.counts[bucket] !== 0) return bucketValueUs(bucket)
    return null
  }
}

export function sparseTotal(pairs: SparseHistogram): number {
  let total = 0
  for (let i = 1; i < pairs.length; i += 2) total += pairs[i] as number
  return total
}

/** Nearest rank, straight from the pairs of a record. Null when empty. */
export function sparsePercentileUs(pairs: SparseHistogram, share: number): number | null {
  let left = Math.max(1, Math.ceil(share * sparseTotal(pairs)))
  for (let i = 0; i < pairs.length; i += 2) {
    left -= pairs[i + 1] as number
    if (left <= 0) return bucketValueUs(pairs[i] as number)
  }
  return null
}
