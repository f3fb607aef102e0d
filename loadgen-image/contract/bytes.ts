/**
 * Small building blocks for compact binary records: a writer and a reader over bytes, and codecs that pair the two.
 * A record's codec is written once, field by field; a field that the contract gains does not compile until it has one.
 * Numbers are whole and are stored in 7 bits per byte, so small ones (nearly all) take one byte. Histograms, which are most of
 * a record, are stored bit by bit in Elias' gamma code: 1 takes one bit, 2 and 3 take three, 4 to 7 five, and so on.
 */
import { US_PER_SECOND } from './glossary.ts'

/** With up to seven bits that wait for their byte, these still fit into 31 bits. */
const MAX_BITS_AT_ONCE = 16
/** A window of four bytes holds at least this many bits, wherever in its first byte it begins. */
const BITS_IN_WINDOW = 25
/** Largest number of bytes that a whole number up to 2^53 - 1 takes. */
export const MAX_UINT_BYTES = 8
const ONE_BYTE_LIMIT = 0x80

/** Writes at `at` and returns the next position. The caller reserves the space. */
export function writeUint(bytes: Uint8Array, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected a whole number from 0 on, got ${value}`)
  let rest = value
  let next = at
  while (rest >= ONE_BYTE_LIMIT) {
    bytes[next++] = (rest % ONE_BYTE_LIMIT) | ONE_BYTE_LIMIT
    rest = Math.floor(rest / ONE_BYTE_LIMIT)
  }
  bytes[next++] = rest
  return next
}

/** Small negative numbers become small positive ones. */
export const toZigzag = (value: number): number => (value >= 0 ? 2 * value : -2 * value - 1)
const fromZigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2)

export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4096)
  #length = 0
  #bitBuffer = 0
  #bitCount = 0
  /** Instants are written relative to this one: a second's events take three bytes instead of eight. */
  originUs = 0

  uint(value: number): void {
    this.#reserve(MAX_UINT_BYTES)
    this.#length = writeUint(this.#bytes, this.#length, value)
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.uint(bytes)
    this.#reserve(bytes)
    this.#length += this.#bytes.write(value, this.#length)
  }

  /** A whole number from 1 up to 2^31 - 1: as many zeros as it has further digits, and then its digits. */
  gamma(value: number): void {
    if (!(value >= 1)) throw new RangeError(`a gamma code begins at 1, got ${value}: an empty bucket must be left out`)
    const further = 31 - Math.clz32(value)
    if (further > 0) this.#bits(0, further)
    this.#bits(value, further + 1)
  }

  /** Fills the last byte that holds single bits. */
  align(): void {
    if (this.#bitCount > 0) this.#bits(0, 8 - this.#bitCount)
  }

  #bits(value: number, count: number): void {
    if (count > MAX_BITS_AT_ONCE) {
      this.#bits(value >>> MAX_BITS_AT_ONCE, count - MAX_BITS_AT_ONCE)
      this.#bits(value & ((1 << MAX_BITS_AT_ONCE) - 1), MAX_BITS_AT_ONCE)
      return
    }
    this.#reserve(MAX_UINT_BYTES)
    this.#bitBuffer = (this.#bitBuffer << count) | value
    this.#bitCount += count
    while (this.#bitCount >= 8) {
      this.#bitCount -= 8
      this.#bytes[this.#length++] = this.#bitBuffer >>> this.#bitCount
    }
    this.#bitBuffer &= (1 << this.#bitCount) - 1
  }

  /** Starts a new record, with room for a header that is written at the end. */
  begin(headerBytes: number): void {
    this.#length = this.#bitBuffer = this.#bitCount = 0
    this.#reserve(headerBytes)
    this.#length = headerBytes
  }

  /** What was written since `begin`. A copy: the writer can be used again. */
  take(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#bytes.length + bytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** Without a copy. */
export const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

export class ByteReader {
  readonly #bytes: Buffer
  #at: number
  /** Behind #at, while single bits are read. */
  #bit = 0
  originUs = 0

  constructor(bytes: Buffer, from = 0) {
    this.#bytes = bytes
    this.#at = from
  }

  /** The position of the next byte. */
  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  signed(): number {
    return fromZigzag(this.uint())
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

  /** Bits from here on, until `align`. */
  gamma(): number {
    const window = this.#window()
    const further = Math.clz32(window)
    if (2 * further + 1 > BITS_IN_WINDOW) return this.#longGamma()
    this.#bit += 2 * further + 1
    return window >>> (31 - 2 * further)
  }

  /** Distance and count in turn, to the end of `pairs`. In local variables: nearly every byte of a drill is read here. */
  pairs(pairs: number[]): void {
    const bytes = this.#bytes
    let position = 8 * this.#at + this.#bit
    let bucket = -1
    for (let i = 0; i < pairs.length; i++) {
      const at = position >>> 3
      const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
      const window = word << (position & 7)
      const further = Math.clz32(window)
      let value: number
      if (2 * further + 1 <= BITS_IN_WINDOW) {
        value = window >>> (31 - 2 * further)
        position += 2 * further + 1
      } else {
        this.#at = position >>> 3
        this.#bit = position & 7
        value = this.#longGamma()
        position = 8 * this.#at + this.#bit
      }
      if ((i & 1) === 0) bucket += value
      pairs[i] = (i & 1) === 0 ? bucket : value
    }
    this.#at = position >>> 3
    this.#bit = position & 7
  }

  align(): void {
    this.#at += (this.#bit + 7) >>> 3
    this.#bit = 0
  }

  /** The next bits, the first of them on top. Bits behind the end read as zeros. */
  #window(): number {
    const bytes = this.#bytes
    const at = this.#at + (this.#bit >>> 3)
    const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    return word << (this.#bit & 7)
  }

  #longGamma(): number {
    let further = 0
    while (this.#window() >= 0) {
      this.#bit++
      further++
    }
    let value = 0
    for (let left = further; left >= 0; left--) {
      value = 2 * value + (this.#window() < 0 ? 1 : 0)
      this.#bit++
    }
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

/** Every instant after it in the record is stored relative to this second. */
export const originSecond: Codec<number> = {
  write(to, second) {
    to.uint(second)
    to.originUs = second * US_PER_SECOND
  },
  read(from) {
    const second = from.uint()
    from.originUs = second * US_PER_SECOND
    return second
  },
}

/** An instant near the origin, before or after it. */
export const instantUs: Codec<number> = {
  write(to, value) {
    to.uint(toZigzag(value - to.originUs))
  },
  read(from) {
    return from.originUs + from.signed()
  },
}

export const oneOf = <T extends string | boolean | null>(words: readonly T[]): Codec<T> => ({
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

const NONE: readonly never[] = []

export const list = <T>(codec: Codec<T>): Codec<readonly T[]> => ({
  write(to, values) {
    to.uint(values.length)
    for (const value of values) codec.write(to, value)
  },
  read(from) {
    const length = from.uint()
    return length === 0 ? NONE : Array.from({ length }, () => codec.read(from))
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
 * Bucket and count in turn, buckets rising: the distance to the bucket before, and the count, in gamma code. Most buckets of
 * a second hold one value and stand close together, so a value takes about half a byte.
 */
export const sparseCounts: Codec<readonly number[]> = {
  write(to, pairs) {
    to.uint(pairs.length / 2)
    let previous = -1
    for (let i = 0; i < pairs.length; i += 2) {
      const bucket = pairs[i] as number
      to.gamma(bucket - previous)
      to.gamma(pairs[i + 1] as number)
      previous = bucket
    }
    to.align()
  },
  read(from) {
    const pairs = new Array<number>(2 * from.uint())
    from.pairs(pairs)
    from.align()
    return pairs
  },
}
