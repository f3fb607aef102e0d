/**
 * The histogram of one second of all containers, as bytes: distance to the next bucket in use and its count in turn, in the
 * gamma code of the chunks. A bucket in use takes about one byte, so 18,000 seconds take some 40 MB; 25 KB each as counters
 * they would take a gigabyte.
 */
import { ByteReader, ByteWriter, bufferOf } from '../../loadgen-image/contract/bytes.ts'
import type { SparseHistogram } from '../../loadgen-image/contract/glossary.ts'
import { BUCKETS, Histogram } from '../../loadgen-image/contract/histogram.ts'

export type PackedHistogram = Uint8Array

export const EMPTY: PackedHistogram = new Uint8Array(0)

/** Shared by all calls: its buffer grows to the largest histogram, so that packing allocates only the result. */
const writer = new ByteWriter()

export function packed({ counts, total }: Histogram): PackedHistogram {
  if (total === 0) return EMPTY
  let used = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) if (counts[bucket] !== 0) used++
  writer.begin(0)
  writer.uint(used)
  let previous = -1
  for (let bucket = 0; used > 0; bucket++) {
    const count = counts[bucket] as number
    if (count === 0) continue
    writer.gamma(bucket - previous)
    writer.gamma(count)
    previous = bucket
    used--
  }
  writer.align()
  // Not the writer's own buffer: Node cuts small ones from a shared block, which a single reference keeps alive.
  return new Uint8Array(writer.take())
}

export function addPacked(histogram: Histogram, bytes: PackedHistogram): void {
  if (bytes.length === 0) return
  const { counts } = histogram
  const reader = new ByteReader(bufferOf(bytes))
  let bucket = -1
  for (let left = reader.uint(); left > 0; left--) {
    bucket += reader.gamma()
    const count = reader.gamma()
    counts[bucket] = (counts[bucket] as number) + count
    histogram.total += count
  }
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

  add(second: number, pairs: SparseHistogram): void {
    if (pairs.length > 0) (this.#open.get(second) ?? this.#opened(second)).add(pairs)
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
