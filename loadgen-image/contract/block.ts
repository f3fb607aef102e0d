/**
 * Blocks of an append blob. A blob is a row of blocks; each holds one value and can be read alone:
 *   4 bytes mark | 4 bytes payload length | 4 bytes CRC-32 of the payload | payload
 * A block that was cut off at the end is ignored. A damaged block loses one value, because the reader looks for the next mark.
 */
import { crc32 } from 'node:zlib'
import { ByteReader, ByteWriter, bufferOf, type Codec } from './bytes.ts'

const HEADER_BYTES = 12
/** A second of 50,000 arrivals stays far below; a longer length is damage and not a value. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024

/** One for all values: its buffer grows to the largest of them, and encoding allocates the block only. */
const writer = new ByteWriter()

export function encodeBlock<T>(mark: Buffer, codec: Codec<T>, value: T): Buffer {
  writer.begin(HEADER_BYTES)
  codec.write(writer, value)
  const block = writer.take()
  mark.copy(block)
  block.writeUInt32LE(block.length - HEADER_BYTES, 4)
  block.writeUInt32LE(crc32(block.subarray(HEADER_BYTES)), 8)
  return block
}

export interface WholeBlock<T> {
  readonly value: T
  /** The bytes that the value was read from: copies of a block have the same. */
  readonly payload: Uint8Array
}

const NOTHING: Buffer = Buffer.alloc(0)

/** Every whole value in a blob that arrives in pieces, with no more in memory than one piece and one block. */
export class BlockDecoder<T> {
  readonly #mark: Buffer
  readonly #codec: Codec<T>
  #rest = NOTHING

  constructor(mark: Buffer, codec: Codec<T>) {
    this.#mark = mark
    this.#codec = codec
  }

  *values(piece: Uint8Array): Generator<T> {
    for (const { value } of this.blocks(piece)) yield value
  }

  /** To be read to its end before the next piece. */
  *blocks(piece: Uint8Array): Generator<WholeBlock<T>> {
    const buffer = this.#rest.length === 0 ? bufferOf(piece) : Buffer.concat([this.#rest, piece])
    let block = nextBlock(buffer, 0, this.#mark)
    for (; block.payloadFrom !== null; block = nextBlock(buffer, block.next, this.#mark))
      yield wholeBlock(this.#codec, buffer, block.payloadFrom, block.next)
    this.#rest = buffer.subarray(block.next)
  }
}

/** What remains, or lies behind the end, belongs to a field that this version does not know: every figure may be wrong. */
function wholeBlock<T>(codec: Codec<T>, buffer: Buffer, from: number, end: number): WholeBlock<T> {
  const reader = new ByteReader(buffer, from)
  const value = codec.read(reader)
  if (reader.at === end) return { value, payload: buffer.subarray(from, end) }
  throw new Error(
    `a record has ${end - from} bytes, and its fields take ${reader.at - from}: another version of the load generator wrote it`,
  )
}

interface Block {
  /** Null: no whole block from here on. */
  readonly payloadFrom: number | null
  /** Where to go on: behind this block, or where an unfinished one begins. */
  readonly next: number
}

function nextBlock(buffer: Buffer, from: number, mark: Buffer): Block {
  for (let at = findMark(buffer, from, mark); ; at = findMark(buffer, at + 1, mark)) {
    const payloadFrom = at + HEADER_BYTES
    if (payloadFrom > buffer.length) return { payloadFrom: null, next: at }
    const length = buffer.readUInt32LE(at + 4)
    if (length > MAX_PAYLOAD_BYTES) continue
    const next = payloadFrom + length
    if (next > buffer.length) return laterBlock(buffer, at, mark)
    if (crc32(buffer.subarray(payloadFrom, next)) === buffer.readUInt32LE(at + 8)) return { payloadFrom, next }
  }
}

/** The block at `at` seems unfinished. When a damaged length only makes it look so, a whole block stands behind it. */
function laterBlock(buffer: Buffer, at: number, mark: Buffer): Block {
  const later = nextBlock(buffer, at + 1, mark)
  return later.payloadFrom === null ? { payloadFrom: null, next: at } : later
}

/** The next mark, or where one may begin that the buffer cuts off. */
function findMark(buffer: Buffer, from: number, mark: Buffer): number {
  const found = buffer.indexOf(mark, from)
  return found >= 0 ? found : Math.max(from, buffer.length - mark.length + 1)
}
