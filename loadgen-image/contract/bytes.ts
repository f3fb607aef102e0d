/**
 * Small building blocks for compact binary records: a writer and a reader over bytes, and codecs that pair the two.
 * A record's codec is written once, field by field; a field that the contract gains does not compile until it has one.
 * Numbers are whole and are stored in 7 bits per byte, so small ones (nearly all) take one byte.
 */
import { US_PER_SECOND } from './glossary.ts'

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

  bytes(value: Uint8Array): void {
    this.uint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** Starts a new record, with room for a header that is written at the end. */
  begin(headerBytes: number): void {
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

  /** Without a copy: they are valid for as long as those that the reader reads. */
  bytes(): Uint8Array {
    const length = this.uint()
    const from = this.#at
    this.#at += length
    return this.#bytes.subarray(from, this.#at)
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

export const byteString: Codec<Uint8Array> = {
  write: (to, value) => to.bytes(value),
  read: (from) => from.bytes(),
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
    if (length === 0) return NONE
    const values: T[] = []
    for (let left = length; left > 0; left--) values.push(codec.read(from))
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
