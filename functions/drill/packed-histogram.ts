/**
 * The histogram of one second of all containers, as bytes: step to the next bucket and count in turn, about two bytes for each
 * bucket in use. Adding is exact and commutative, so containers may come in any order; 18,000 seconds take a few dozen MB.
 */
import type { SparseHistogram } from '../../loadgen-image/contract.ts'
import type { Histogram } from '../../loadgen-image/contract-histogram.ts'
import { MAX_VARINT_BYTES, VarintReader, writeVarint } from './varint.ts'

export type PackedHistogram = Uint8Array

const NOTHING = new Uint8Array(0)
/** When the first room was too small after all. */
const GROWTH = 1.25

let scratch = new Uint8Array(16 * 1024)

export class PackedSum {
  readonly #firstRoom: number
  #bytes = NOTHING
  #length = 0

  /**
   * `parts`: how many histograms will be added. Each brings fewer new buckets than the one before, about as a square root
   * grows; room for all from the start spares the allocator thousands of holes.
   */
  constructor(parts: number) {
    this.#firstRoom = Math.sqrt(parts)
  }

  add(pairs: SparseHistogram): void {
    if (pairs.length === 0) return
    const room = this.#length + pairs.length * MAX_VARINT_BYTES
    if (scratch.length < room) scratch = new Uint8Array(2 * room)
    const length = merge(this.#bytes, this.#length, pairs, scratch)
    if (length > this.#bytes.length)
      this.#bytes = new Uint8Array(Math.ceil(length * (this.#length === 0 ? this.#firstRoom : GROWTH)))
    this.#bytes.set(scratch.subarray(0, length))
    this.#length = length
  }

  /** A view, not a copy: a long drill is never in memory twice. */
  packed(): PackedHistogram {
    return this.#bytes.subarray(0, this.#length)
  }
}

const CONTINUES = 0x80
const LOW_BITS = 0x7f
const END = Number.MAX_SAFE_INTEGER

/**
 * Two rising lists become one; returns the bytes written. Most of the time of a long merge is spent here, so small numbers are
 * read and written in place, and only large ones take the general way.
 */
function merge(mine: Uint8Array, length: number, pairs: SparseHistogram, out: Uint8Array): number {
  let at = 0
  let previous = 0
  let from = 0
  let myBucket = END
  let myCount = 0
  let i = 0
  let theirs = pairs[0] as number
  const readMine = (bucket: number): void => {
    if (from >= length) {
      myBucket = END
      return
    }
    let step = mine[from++] as number
    if (step >= CONTINUES) step = (step & LOW_BITS) + CONTINUES * readRest()
    myCount = mine[from++] as number
    if (myCount >= CONTINUES) myCount = (myCount & LOW_BITS) + CONTINUES * readRest()
    myBucket = bucket + step
  }
  const readRest = (): number => {
    const byte = mine[from++] as number
    return byte < CONTINUES ? byte : (byte & LOW_BITS) + CONTINUES * readRest()
  }
  readMine(0)
  while (myBucket !== END || theirs !== END) {
    const bucket = Math.min(myBucket, theirs)
    let count = 0
    if (theirs === bucket) {
      count = pairs[i + 1] as number
      i += 2
      theirs = i < pairs.length ? (pairs[i] as number) : END
    }
    if (myBucket === bucket) {
      count += myCount
      readMine(bucket)
    }
    const step = bucket - previous
    if (step < CONTINUES && count < CONTINUES) {
      out[at] = step
      out[at + 1] = count
      at += 2
    } else at = writeVarint(out, writeVarint(out, at, step), count)
    previous = bucket
  }
  return at
}

export function addPacked(histogram: Histogram, packed: PackedHistogram): void {
  const reader = new VarintReader(packed)
  let bucket = 0
  while (!reader.isAtEnd) {
    bucket += reader.next()
    const count = reader.next()
    histogram.counts[bucket] = (histogram.counts[bucket] as number) + count
    histogram.total += count
  }
}

export function packed(histogram: Histogram): PackedHistogram {
  const sum = new PackedSum(1)
  sum.add(histogram.toSparse())
  return sum.packed()
}
