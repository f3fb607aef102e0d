/**
 * The compact encoding of second records in chunk blobs.
 *
 * A chunk blob is a row of blocks; each holds one record and can be read alone:
 *   4 bytes mark "FDR1" | 4 bytes payload length | 4 bytes CRC-32 of the payload | payload
 * A block that was cut off at the end is ignored. A damaged block loses one record, because the reader looks for the next mark.
 *
 * Histograms are not written as HDR V2, because the distances of neighbouring buckets and their counts, bit by bit, take about
 * half the bytes: a second's histogram of 50, 500 and 8,000 log-normal values takes 48, 192 and 791 bytes; HDR V2 with its zlib
 * takes 140, 435 and 1,368. The payload is not deflated, because that saved nothing more, and Node's inflater is a stream of its
 * own for each block, which costs a merge of hours memory and time.
 */

import { crc32 } from 'node:zlib'
import {
  ByteReader,
  ByteWriter,
  bufferOf,
  type Codec,
  instantUs,
  list,
  nullable,
  oneOf,
  sparseCounts,
  struct,
  text,
  uint,
} from './bytes.ts'
import type {
  AckGap,
  Connections,
  Counts,
  ErrorCount,
  FirstAck,
  GeneratorHealth,
  LedgerException,
  LedgerRange,
  OutageWindow,
  SecondRecord,
  Stall,
  TimelineAcks,
} from './glossary.ts'
import { US_PER_SECOND } from './glossary.ts'

const MARK = Buffer.from('FDR1')
const HEADER_BYTES = 12
/** A record of 50,000 arrivals stays far below; a longer length is damage and not a record. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024

/** Every instant after it in the record is stored relative to this second. */
const originSecond: Codec<number> = {
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

const counts = struct<Counts>({
  intended: uint,
  acknowledged: uint,
  refused: uint,
  unknown: uint,
  missed: uint,
  weakAcks: uint,
})

const errorCount = struct<ErrorCount>({
  code: text,
  phase: oneOf(['connect', 'transaction']),
  outcome: oneOf([null, 'refused', 'unknown']),
  count: uint,
  firstAtUs: instantUs,
  lastAtUs: instantUs,
  workers: uint,
  example: text,
})

const ackGap = struct<AckGap>({ fromUs: instantUs, toUs: instantUs })

const timelineAcks = struct<TimelineAcks>({
  timeline: uint,
  acknowledged: uint,
  firstAtUs: instantUs,
  lastAtUs: instantUs,
})

const firstAck = struct<FirstAck>({
  worker: uint,
  timeline: uint,
  atUs: instantUs,
  previousAtUs: nullable(instantUs),
})

const outageWindow = struct<OutageWindow>({
  worker: uint,
  cohort: text,
  lastGoodAtUs: nullable(instantUs),
  firstGoodAtUs: nullable(instantUs),
  timelineBefore: nullable(uint),
  timelineAfter: nullable(uint),
  refused: uint,
  unknown: uint,
  connectFailures: uint,
  code: text,
})

const ledgerRange = struct<LedgerRange>({
  worker: uint,
  firstSeq: uint,
  count: uint,
  exceptions: list(struct<LedgerException>({ seq: uint, outcome: oneOf(['refused', 'unknown']) })),
})

const connections = struct<Connections>({ wanted: uint, open: uint, opened: uint, lost: uint })

const health = struct<GeneratorHealth>({
  threads: uint,
  stalls: list(struct<Stall>({ thread: uint, fromUs: instantUs, toUs: instantUs })),
  eventLoopDelayP99Us: uint,
  eventLoopDelayMaxUs: uint,
  cpuUs: uint,
  rssBytes: uint,
})

const secondRecord = struct<SecondRecord>({
  second: originSecond,
  container: uint,
  incarnation: text,
  counts,
  acksPerTenth: list(uint),
  response: sparseCounts,
  service: sparseCounts,
  sendLag: sparseCounts,
  errors: list(errorCount),
  ackGaps: list(ackGap),
  timelines: list(timelineAcks),
  firstAcks: list(firstAck),
  outages: list(outageWindow),
  ledger: list(ledgerRange),
  connections,
  waiting: uint,
  lastMissedAtUs: nullable(instantUs),
  health,
})

/** One for all records: its buffer grows to the largest of them, and encoding allocates the block only. */
const writer = new ByteWriter()

/** One self-contained block: it can be appended alone, and read without the blocks before it. */
export function encodeRecord(record: SecondRecord): Buffer {
  writer.begin(HEADER_BYTES)
  secondRecord.write(writer, record)
  const block = writer.take()
  MARK.copy(block)
  block.writeUInt32LE(block.length - HEADER_BYTES, 4)
  block.writeUInt32LE(crc32(block.subarray(HEADER_BYTES)), 8)
  return block
}

/** Every whole record in a chunk blob that arrives in pieces, with no more in memory than one piece and one block. */
export class RecordDecoder {
  #rest = NOTHING;

  /** To be read to its end before the next piece. */
  *records(piece: Uint8Array): Generator<SecondRecord> {
    const buffer = this.#rest.length === 0 ? bufferOf(piece) : Buffer.concat([this.#rest, piece])
    let block = nextBlock(buffer, 0)
    for (; block.payloadFrom !== null; block = nextBlock(buffer, block.next))
      yield wholeRecord(buffer, block.payloadFrom, block.next)
    this.#rest = buffer.subarray(block.next)
  }
}

/** What remains, or lies behind the end, belongs to a field that this version does not know: every figure may be wrong. */
function wholeRecord(buffer: Buffer, from: number, end: number): SecondRecord {
  const reader = new ByteReader(buffer, from)
  const record = secondRecord.read(reader)
  if (reader.at === end) return record
  throw new Error(
    `a record has ${end - from} bytes, and its fields take ${reader.at - from}: another version of the load generator wrote it`,
  )
}

/** Every whole record in the bytes of a chunk blob. */
export const decodeRecords = (bytes: Uint8Array): Generator<SecondRecord> => new RecordDecoder().records(bytes)

const NOTHING: Buffer = Buffer.alloc(0)

interface Block {
  /** Null: no whole block from here on. */
  readonly payloadFrom: number | null
  /** Where to go on: behind this block, or where an unfinished one begins. */
  readonly next: number
}

function nextBlock(buffer: Buffer, from: number): Block {
  for (let at = findMark(buffer, from); ; at = findMark(buffer, at + 1)) {
    const payloadFrom = at + HEADER_BYTES
    if (payloadFrom > buffer.length) return { payloadFrom: null, next: at }
    const length = buffer.readUInt32LE(at + 4)
    if (length > MAX_PAYLOAD_BYTES) continue
    const next = payloadFrom + length
    if (next > buffer.length) return laterBlock(buffer, at)
    if (crc32(buffer.subarray(payloadFrom, next)) === buffer.readUInt32LE(at + 8)) return { payloadFrom, next }
  }
}

/** The block at `at` seems unfinished. When a damaged length only makes it look so, a whole block stands behind it. */
function laterBlock(buffer: Buffer, at: number): Block {
  const later = nextBlock(buffer, at + 1)
  return later.payloadFrom === null ? { payloadFrom: null, next: at } : later
}

/** The next mark, or where one may begin that the buffer cuts off. */
function findMark(buffer: Buffer, from: number): number {
  const found = buffer.indexOf(MARK, from)
  return found >= 0 ? found : Math.max(from, buffer.length - MARK.length + 1)
}
