/**
 * Whole numbers in 7 bits per byte: nearly everything that is kept per second (steps between buckets, counts, steps between
 * keys) is small and takes one byte, so hours of seconds fit in memory.
 */
const CONTINUES = 0x80
const LOW_BITS = 0x7f
/** Bytes that a number up to 2^53 - 1 can take. */
const MAX_VARINT_BYTES = 8

/** Writes at `at` and returns the next position. The caller reserves the space. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let next = at
  while (rest >= CONTINUES) {
    bytes[next++] = (rest % CONTINUES) | CONTINUES
    rest = Math.floor(rest / CONTINUES)
  }
  bytes[next++] = rest
  return next
}

/** Reads one number after the other. */
export class VarintReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  next(): number {
    let byte = this.#bytes[this.#at++] as number
    if (byte < CONTINUES) return byte
    let value = byte & LOW_BITS
    let scale = CONTINUES
    do {
      byte = this.#bytes[this.#at++] as number
      value += (byte & LOW_BITS) * scale
      scale *= CONTINUES
    } while (byte >= CONTINUES)
    return value
  }

  nextSigned(): number {
    return fromZigzag(this.next())
  }
}

/** Most rows of a short drill fit into the first block. */
const FIRST_BLOCK_BYTES = 64
const BLOCK_BYTES = 4096

/** A growing row of numbers, in blocks: hundreds of rows that double now and then would leave twice their size behind. */
export class VarintLog {
  readonly #full: Uint8Array[] = []
  #block = new Uint8Array(FIRST_BLOCK_BYTES)
  #length = 0

  push(value: number): void {
    if (this.#length + MAX_VARINT_BYTES > this.#block.length) this.#nextBlock()
    this.#length = writeVarint(this.#block, this.#length, value)
  }

  pushSigned(value: number): void {
    this.push(toZigzag(value))
  }

  bytes(): Uint8Array {
    return joined([...this.#full, this.#block.subarray(0, this.#length)])
  }

  #nextBlock(): void {
    this.#full.push(this.#block.subarray(0, this.#length))
    this.#block = new Uint8Array(BLOCK_BYTES)
    this.#length = 0
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Small negative numbers become small positive ones. */
const toZigzag = (value: number): number => (value >= 0 ? 2 * value : -2 * value - 1)
const fromZigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2)
