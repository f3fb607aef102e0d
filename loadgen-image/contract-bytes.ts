/**
 * Small building blocks for compact binary records: a writer and a reader over bytes, and codecs that pair the two.
 * A record's codec is written once, field by field; a field that the contract gains does not compile until it has one.
 * Numbers are whole and are stored in 7 bits per byte, so small ones (nearly all) take one byte.
 */

/** Largest number of bytes that a whole number up to 2^53 - 1 takes. */
const MAX_VARINT_BYTES = 8
const ONE_BYTE_LIMIT = 0x80

export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4096)
  #length = 0
  /** Instants are written relative to this one: a second's events take three bytes instead of eight. */
  originUs = 0

  uint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES)
    let rest = value
    while (rest >= ONE_BYTE_LIMIT) {
      this.#bytes[this.#length++] = (rest % ONE_BYTE_LIMIT) | ONE_BYTE_LIMIT
      rest = Math.floor(rest / ONE_BYTE_LIMIT)
    }
    this.#bytes[this.#length++] = rest
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.uint(bytes)
    this.#reserve(bytes)
    this.#length += this.#bytes.write(value, this.#length)
  }

  /** A copy: the writer can be used again. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#bytes.length + bytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

export class ByteReader {
  readonly #bytes: Buffer
  #at = 0
  originUs = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  uint(): number {
    const bytes = this.#bytes
    let byte = bytes[this.#at++] as number
    if (byte < ONE_BYTE_LIMIT) return byte
    let value = byte - ONE_BYTE_LIMIT
    let scale = ONE_BYTE_LIMIT
    do {
      byte = bytes[this.#at++] as number
      value += (byte & 0x7f) * scale
      scale *= ONE_BYTE_LIMIT
    } while (byte >= ONE_BYTE_LIMIT)
    return value
  }

  text(): string {
    const bytes = this.uint()
    const from = this.#at
    this.#at += bytes
    return this.#bytes.toString('utf8', from, this.#at)
  }
}

export interface Codec<T> {
  write(to: ByteWriter, value: T): void
  read(from: ByteReader): T
}

export const uint: Codec<number> = {
  write: (to, value) => to.uint(value),
  read: (from) => from.uint(),
}

export const text: Codec<string> = {
  write: (to, value) => to.text(value),
  read: (from) => from.text(),
}

/** An instant near the origin, before or after it. */
export const instantUs: Codec<number> = {
  write(to, value) {
    const offset = value - to.originUs
    to.uint(offset >= 0 ? 2 * offset : -2 * offset - 1)
  },
  read(from) {
    const zigzag = from.uint()
    return from.originUs + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2)
  },
}

export const oneOf = <T extends string | null>(words: readonly T[]): Codec<T> => ({
  write(to, value) {
    const index = words.indexOf(value)
    if (index < 0) throw new Error(`${JSON.stringify(value)} is not one of ${words.join(', ')}`)
    to.uint(index)
  },
  read: (from) => words[from.uint()] as T,
})

export const nullable = <T>(codec: Codec<T>): Codec<T | null> => ({
  write(to, value) {
    to.uint(value === null ? 0 : 1)
    if (value !== null) codec.write(to, value)
  },
  read: (from) => (from.uint() === 0 ? null : codec.read(from)),
})

export const list = <T>(codec: Codec<T>): Codec<readonly T[]> => ({
  write(to, values) {
    to.uint(values.length)
    for (const value of values) codec.write(to, value)
  },
  read(from) {
    const values: T[] = []
    for (let left = from.uint(); left > 0; left--) values.push(codec.read(from))
    return values
  },
})

/** Fields are written in the order in which they stand here: a new one goes to the end. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const entries = Object.entries(fields) as [keyof T, Codec<T[keyof T]>][]
  return {
    write(to, value) {
      for (const [name, codec] of entries) codec.write(to, value[name])
    },
    read(from) {
      const value = {} as T
      for (const [name, codec] of entries) value[name] = codec.read(from)
      return value
    },
  }
}

/**
 * Bucket and count in turn, buckets rising. Most buckets of one second hold one value and stand close together,
 * so the distance and "just one" share a number: about a byte for each value.
 */
export const sparseCounts: Codec<readonly number[]> = {
  write(to, pairs) {
    to.uint(pairs.length / 2)
    let previous = 0
    for (let i = 0; i < pairs.length; i += 2) {
      const bucket = pairs[i] as number
      const count = pairs[i + 1] as number
      to.uint(2 * (bucket - previous) + (count === 1 ? 0 : 1))
      if (count !== 1) to.uint(count)
      previous = bucket
    }
  },
  read(from) {
    const length = 2 * from.uint()
    const pairs = new Array<number>(length)
    let bucket = 0
    for (let i = 0; i < length; i += 2) {
      const step = from.uint()
      bucket += step >>> 1
      pairs[i] = bucket
      pairs[i + 1] = (step & 1) === 0 ? 1 : from.uint()
    }
    return pairs
  },
}
