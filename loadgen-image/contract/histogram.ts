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

/** A sparse histogram, as an array or as a view of unpacked counts. */
type Pairs = SparseHistogram | Uint32Array

export class Histogram {
  readonly counts = new Uint32Array(BUCKETS)
  total = 0
  /** Outside of these buckets all counts are 0: a second's values lie close together, and most buckets need no look. */
  #first = BUCKETS
  #last = -1

  record(valueUs: number): void {
    const bucket = bucketOf(valueUs)
    this.#widen(bucket, bucket)
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.total++
  }

  /** Its buckets rise. */
  add(other: Pairs): void {
    if (other.length > 0) this.#widen(other[0] as number, other[other.length - 2] as number)
    for (let i = 0; i < other.length; i += 2) {
      const bucket = other[i] as number
      const count = other[i + 1] as number
      this.counts[bucket] = (this.counts[bucket] as number) + count
      this.total += count
    }
  }

  #widen(first: number, last: number): void {
    if (first < this.#first) this.#first = first
    if (last > this.#last) this.#last = last
  }

  toSparse(): number[] {
    const sparse: number[] = []
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const count = this.counts[bucket] as number
      if (count > 0) sparse.push(bucket, count)
    }
    return sparse
  }

  clear(): void {
    if (this.total > 0) this.counts.fill(0, this.#first, this.#last + 1)
    this.total = 0
    this.#first = BUCKETS
    this.#last = -1
  }

  /** Nearest rank: the smallest recorded value with at least `share` of all values at or below it. Null when empty. */
  percentileUs(share: number): number | null {
    if (this.total === 0) return null
    const rank = Math.max(1, Math.ceil(share * this.total))
    let seen = 0
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      seen += this.counts[bucket] as number
      if (seen >= rank) return bucketValueUs(bucket)
    }
    return null
  }

  maxUs(): number | null {
    return this.#last < 0 ? null : bucketValueUs(this.#last)
  }
}

export function sparseTotal(pairs: Pairs): number {
  let total = 0
  for (let i = 1; i < pairs.length; i += 2) total += pairs[i] as number
  return total
}

/** Nearest rank, straight from the pairs of a record. Null when empty. */
export function sparsePercentileUs(pairs: Pairs, share: number): number | null {
  let left = Math.max(1, Math.ceil(share * sparseTotal(pairs)))
  for (let i = 0; i < pairs.length; i += 2) {
    left -= pairs[i + 1] as number
    if (left <= 0) return bucketValueUs(pairs[i] as number)
  }
  return null
}

// ---- As bytes ----------------------------------------------------------------------------------------------------------

/**
 * In chunk blobs and in the merge: the number of buckets in use (two bytes), and then, bit by bit, the distance to each from the one
 * before and its count. Both are in Elias' gamma code: 1 takes one bit, 2 and 3 take three, 4 to 7 five, and so on. Most buckets of
 * a second hold one value and stand close together, so a value takes about half a byte. Without a value: no bytes.
 */
export type PackedHistogram = Uint8Array

const HEADER_BYTES = 2
/** Of two gamma codes of 32 digits. */
const MAX_PAIR_BYTES = 16
/** With up to seven bits that wait for their byte, these still fit into 31 bits. */
const MAX_BITS_AT_ONCE = 23

/** A number of n digits takes 2n - 1 bits: as many zeros as it has further digits, and then its digits. */
const gammaBits = (value: number): number => 63 - 2 * Math.clz32(value)

/** Writes one histogram after the other into a buffer that grows to the largest of them. */
export class CountsPacker {
  #bytes = new Uint8Array(4096)
  #length = 0
  #bitBuffer = 0
  #bitCount = 0
  #previous = -1

  /** `used`: how many pairs will follow. */
  begin(used: number): void {
    const most = HEADER_BYTES + used * MAX_PAIR_BYTES + 1
    if (most > this.#bytes.length) this.#bytes = new Uint8Array(most)
    this.#bytes[0] = used
    this.#bytes[1] = used >>> 8
    this.#length = HEADER_BYTES
    this.#bitBuffer = this.#bitCount = 0
    this.#previous = -1
  }

  /** Buckets rise, and a count is a whole number from 1 up to 2^32 - 1. */
  pair(bucket: number, count: number): void {
    const distance = bucket - this.#previous
    if (!(distance >= 1 && count >= 1))
      throw new RangeError(
        `expected a count of 1 or more in a later bucket than ${this.#previous}: ${bucket}, ${count}`,
      )
    this.#previous = bucket
    const countBits = gammaBits(count)
    const bits = gammaBits(distance) + countBits
    if (bits <= MAX_BITS_AT_ONCE) {
      this.#put((distance << countBits) | count, bits)
      return
    }
    this.#longGamma(distance)
    this.#longGamma(count)
  }

  /** A copy: the next histogram may begin. */
  take(): PackedHistogram {
    if (this.#bitCount > 0) this.#put(0, 8 - this.#bitCount)
    return this.#bytes.slice(0, this.#length)
  }

  #longGamma(value: number): void {
    const digits = 32 - Math.clz32(value)
    for (let zeros = digits - 1; zeros > 0; zeros -= 16) this.#put(0, Math.min(zeros, 16))
    if (digits > 16) this.#put(value >>> 16, digits - 16)
    this.#put(value & 0xffff, Math.min(digits, 16))
  }

  #put(value: number, count: number): void {
    let bits = this.#bitCount + count
    const buffer = (this.#bitBuffer << count) | value
    while (bits >= 8) {
      bits -= 8
      this.#bytes[this.#length++] = buffer >>> bits
    }
    this.#bitBuffer = buffer & ((1 << bits) - 1)
    this.#bitCount = bits
  }
}

const packer = new CountsPacker()
const EMPTY: PackedHistogram = new Uint8Array(0)

export function packPairs(pairs: SparseHistogram): PackedHistogram {
  if (pairs.length === 0) return EMPTY
  packer.begin(pairs.length / 2)
  for (let i = 0; i < pairs.length; i += 2) packer.pair(pairs[i] as number, pairs[i + 1] as number)
  return packer.take()
}

/** A window of four bytes holds at least this many bits, wherever in its first byte it begins. */
const BITS_IN_WINDOW = 25
/** Nearly every pair is shorter, and is found in a table by its bits: reading them is half of what a merge does. */
const TABLE_BITS = 12
const TABLE_SHIFT = 32 - TABLE_BITS

/** By the next bits: distance, count and bits of the pair that they begin with, a byte each. 0: the pair is longer. */
const PAIRS = Uint32Array.from({ length: 1 << TABLE_BITS }, (_, bits) => {
  const distance = gammaOn(bits << TABLE_SHIFT)
  if (distance === 0 || gammaBits(distance) >= TABLE_BITS) return 0
  const count = gammaOn(bits << (TABLE_SHIFT + gammaBits(distance)))
  const taken = gammaBits(distance) + gammaBits(count)
  return count === 0 || taken > TABLE_BITS ? 0 : (distance << 16) | (count << 8) | taken
})

/** The gamma code on top of a window that holds all of it; 0 where no code begins. */
function gammaOn(window: number): number {
  return window === 0 ? 0 : window >>> (31 - 2 * Math.clz32(window))
}

const scratch = new Uint32Array(2 * BUCKETS)

/** The pairs of a histogram, valid until the next call: an array for each of the millions of histograms would be garbage. */
export function unpacked(bytes: PackedHistogram): Uint32Array {
  if (bytes.length === 0) return scratch.subarray(0, 0)
  const end = 2 * ((bytes[0] as number) | ((bytes[1] as number) << 8))
  const lastWhole = bytes.length - 4
  let position = 8 * HEADER_BYTES
  let bucket = -1
  for (let i = 0; i < end; i += 2) {
    const at = position >>> 3
    const word =
      at <= lastWhole
        ? (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
        : wordNearEnd(bytes, at)
    const pair = PAIRS[(word << (position & 7)) >>> TABLE_SHIFT]!
    if (pair !== 0) {
      bucket += pair >>> 16
      scratch[i] = bucket
      scratch[i + 1] = (pair >>> 8) & 0xff
      position += pair & 0xff
    } else {
      const distance = gammaAt(bytes, position)
      position += gammaBits(distance)
      const count = gammaAt(bytes, position)
      position += gammaBits(count)
      bucket += distance
      scratch[i] = bucket
      scratch[i + 1] = count
    }
  }
  return scratch.subarray(0, end)
}

/** Four bytes; behind the end they read as zeros. */
const wordNearEnd = (bytes: Uint8Array, at: number): number =>
  [0, 1, 2, 3].reduce((word, i) => (word << 8) | (bytes[at + i] ?? 0), 0)

function gammaAt(bytes: Uint8Array, position: number): number {
  const window = wordNearEnd(bytes, position >>> 3) << (position & 7)
  return 2 * Math.clz32(window) + 1 <= BITS_IN_WINDOW ? gammaOn(window) : longGammaAt(bytes, position)
}

const bitAt = (bytes: Uint8Array, position: number): number =>
  ((bytes[position >>> 3] ?? 0) >>> (7 - (position & 7))) & 1

function longGammaAt(bytes: Uint8Array, position: number): number {
  let further = 0
  while (bitAt(bytes, position + further) === 0)
    if (++further > 31) throw new Error('a packed histogram holds no number where its next bucket should be')
  let value = 0
  for (let i = 0; i <= further; i++) value = 2 * value + bitAt(bytes, position + further + i)
  return value
}
