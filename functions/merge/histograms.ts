/**
 * Histograms of the seconds of all containers, as packed bytes: a bucket in use takes about one byte, so 18,000 seconds take
 * some 40 MB; 25 KB each as counters they would take a gigabyte.
 */
import {
  BUCKETS,
  CountsPacker,
  Histogram,
  type PackedHistogram,
  sparsePercentileUs,
  sparseTotal,
  unpacked,
} from '../../loadgen-image/contract/histogram.ts'

export const EMPTY: PackedHistogram = new Uint8Array(0)

const packer = new CountsPacker()

export function packed({ counts, total }: Histogram): PackedHistogram {
  if (total === 0) return EMPTY
  let used = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) if (counts[bucket] !== 0) used++
  packer.begin(used)
  for (let bucket = 0; used > 0; bucket++) {
    const count = counts[bucket] as number
    if (count === 0) continue
    packer.pair(bucket, count)
    used--
  }
  return packer.take()
}

export const addPacked = (histogram: Histogram, bytes: PackedHistogram): void => histogram.add(unpacked(bytes))

export interface SendLag {
  readonly sent: number
  /** Null without a sent arrival. */
  readonly p99Us: number | null
}

/** All that a merge keeps of how late one container sent in one second. */
export function sendLagOf(bytes: PackedHistogram): SendLag {
  const pairs = unpacked(bytes)
  return { sent: sparseTotal(pairs), p99Us: sparsePercentileUs(pairs, 0.99) }
}

// ---- Sums per second ---------------------------------------------------------------------------------------------------

/** More seconds than the clocks of containers differ by. */
const OPEN_SECONDS = 16

/**
 * Histograms per second, summed over containers. Records of the same second come close together when all containers are read
 * side by side: those seconds are open, as counters, and the others are packed. A late record opens its second again,
 * so every order gives the same sums; records far out of order only take longer.
 */
export class SumPerSecond {
  readonly #packed = new Map<number, PackedHistogram>()
  /** In the order in which they were opened. */
  readonly #open = new Map<number, Histogram>()
  /** Closed and cleared for reuse: a new one for each second would be gigabytes of garbage. */
  readonly #free: Histogram[] = []

  add(second: number, bytes: PackedHistogram): void {
    if (bytes.length > 0) addPacked(this.#open.get(second) ?? this.#opened(second), bytes)
  }

  packed(second: number): PackedHistogram {
    this.#close(second)
    return this.#packed.get(second) ?? EMPTY
  }

  #opened(second: number): Histogram {
    for (const oldest of this.#open.keys()) {
      if (this.#open.size < OPEN_SECONDS) break
      this.#close(oldest)
    }
    const histogram = this.#free.pop() ?? new Histogram()
    addPacked(histogram, this.#packed.get(second) ?? EMPTY)
    this.#open.set(second, histogram)
    return histogram
  }

  #close(second: number): void {
    const histogram = this.#open.get(second)
    if (histogram === undefined) return
    this.#open.delete(second)
    this.#packed.set(second, packed(histogram))
    histogram.clear()
    this.#free.push(histogram)
  }
}
