/**
 * Histograms per second, summed over containers. Records of the same second come close together when all containers are read
 * side by side: those seconds are open, as counters, and the others are packed. A late record opens its second again,
 * so every order gives the same sums; records far out of order only take longer.
 */
import type { SparseHistogram } from '../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import { addPacked, EMPTY, type PackedHistogram, packed } from './histograms.ts'

/** More seconds than the clocks of containers differ by. */
const OPEN_SECONDS = 16

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
