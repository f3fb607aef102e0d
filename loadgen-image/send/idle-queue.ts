/**
 * Workers without work, first come first served: at low rates every worker gets its turn, so each connection is used and a dead one
 * is noticed. A ring, because shifting an array would copy it thousands of times a second.
 */
export class IdleQueue {
  readonly #ring: Int32Array
  readonly #isQueued: Uint8Array
  #head = 0
  #size = 0

  constructor(workers: number) {
    this.#ring = new Int32Array(Math.max(1, workers))
    this.#isQueued = new Uint8Array(workers)
  }

  get size(): number {
    return this.#size
  }

  /** A worker that lost its connection while it waited here keeps its place when it has a new one. */
  push(index: number): void {
    if (this.#isQueued[index] === 1) return
    this.#isQueued[index] = 1
    this.#ring[(this.#head + this.#size) % this.#ring.length] = index
    this.#size++
  }

  /** The worker that waited longest; -1 when none waits. */
  shift(): number {
    if (this.#size === 0) return -1
    const index = this.#ring[this.#head] as number
    this.#head = (this.#head + 1) % this.#ring.length
    this.#size--
    this.#isQueued[index] = 0
    return index
  }
}
