/** Growing typed arrays of numbers: millions of values without an object each. */
interface Numbers<A> {
  new (length: number): A
}

export class Column<A extends Float64Array | Uint32Array = Float64Array> {
  readonly #kind: Numbers<A>
  #values: A
  #length = 0

  constructor(kind: Numbers<A> = Float64Array as unknown as Numbers<A>) {
    this.#kind = kind
    this.#values = new kind(16)
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new this.#kind(2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  values(): A {
    return this.#values.subarray(0, this.#length) as A
  }
}

/** One number for each of many neighbouring seconds: eight bytes each, where a Map takes seven times as much. */
const FIRST_ROOM = 64

export class PerSecond {
  #origin = 0
  /** NaN where nothing was set. */
  #values = new Float64Array(0)

  get(second: number): number | undefined {
    const value = this.#values[second - this.#origin]
    return value === undefined || Number.isNaN(value) ? undefined : value
  }

  set(second: number, value: number): void {
    this.#makeRoomFor(second)
    this.#values[second - this.#origin] = value
  }

  /** Rising. */
  seconds(): number[] {
    const seconds: number[] = []
    for (const [i, value] of this.#values.entries()) if (!Number.isNaN(value)) seconds.push(this.#origin + i)
    return seconds
  }

  /** Doubled in the direction in which it was too small. */
  #makeRoomFor(second: number): void {
    const { length } = this.#values
    if (length === 0) this.#origin = second
    const end = this.#origin + length
    if (second >= this.#origin && second < end) return
    const more = Math.max(FIRST_ROOM, length)
    const from = second < this.#origin ? Math.min(second, this.#origin - more) : this.#origin
    const to = second < this.#origin ? end : Math.max(second + 1, end + more)
    const larger = new Float64Array(to - from).fill(Number.NaN)
    larger.set(this.#values, this.#origin - from)
    this.#origin = from
    this.#values = larger
  }
}
