/** A growing column of numbers, eight bytes each: what would be millions of objects stays flat. */
export class Column {
  #values = new Float64Array(16)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}
