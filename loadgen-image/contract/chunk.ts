/**
 * The compact encoding of second records in chunk blobs.
 *
 * A chunk blob is a row of blocks with the mark "FDR1" (block.ts); each holds one record and can be read alone.
 *
 * Histograms are not written as HDR V2, because the distances of neighbouring buckets and their counts, bit by bit, take about
 * half the bytes: a second's histogram of 50, 500 and 8,000 log-normal values takes 48, 192 and 791 bytes; HDR V2 with its zlib
 * takes 140, 435 and 1,368. The payload is not deflated, because that saved nothing more, and Node's inflater is a stream of its
 * own for each block, which costs a merge of hours memory and time.
 */

import { BlockDecoder, encodeBlock } from './block.ts'
import { instantUs, list, nullable, oneOf, originSecond, sparseCounts, struct, text, uint } from './bytes.ts'
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

const MARK = Buffer.from('FDR1')

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

/** One self-contained block: it can be appended alone, and read without the blocks before it. */
export const encodeRecord = (record: SecondRecord): Buffer => encodeBlock(MARK, secondRecord, record)

/** Every whole record in a chunk blob that arrives in pieces, with no more in memory than one piece and one block. */
export class RecordDecoder {
  readonly #blocks = new BlockDecoder(MARK, secondRecord)

  /** To be read to its end before the next piece. */
  records(piece: Uint8Array): Generator<SecondRecord> {
    return this.#blocks.values(piece)
  }
}

/** Every whole record in the bytes of a chunk blob. */
export const decodeRecords = (bytes: Uint8Array): Generator<SecondRecord> => new RecordDecoder().records(bytes)
