/** A growing column of numbers: what would be millions of objects stays flat. */
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
