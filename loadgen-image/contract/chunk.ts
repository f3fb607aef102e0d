/**
 * The compact encoding of second records in chunk blobs.
 *
 * A chunk blob is a row of blocks with the mark "FDR1" (block.ts); each holds one record and can be read alone.
 *
 * Histograms are not written as HDR V2, because packed ones (histogram.ts) take about half the bytes: a second's histogram of 50,
 * 500 and 8,000 log-normal values takes 50, 194 and 793 bytes; HDR V2 with its zlib takes 140, 435 and 1,368. The payload is not
 * deflated, because that saved nothing more, and Node's inflater is a stream of its own for each block, which costs a merge of
 * hours memory and time.
 */

import { BlockDecoder, encodeBlock, type WholeBlock } from './block.ts'
import { byteString, instantUs, list, nullable, oneOf, originSecond, struct, text, uint } from './bytes.ts'
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
import { type PackedHistogram, packPairs, unpacked } from './histogram.ts'

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

/** As a chunk holds it: a reader that only adds histograms up needs no pairs of them. */
export type PackedRecord = {
  readonly [K in keyof SecondRecord]: K extends HistogramName ? PackedHistogram : SecondRecord[K]
}
type HistogramName = 'response' | 'service' | 'sendLag'

const packedRecord = struct<PackedRecord>({
  second: originSecond,
  container: uint,
  incarnation: text,
  counts,
  acksPerTenth: list(uint),
  response: byteString,
  service: byteString,
  sendLag: byteString,
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
export function encodeRecord(record: SecondRecord): Buffer {
  const { response, service, sendLag } = record
  const packed = { response: packPairs(response), service: packPairs(service), sendLag: packPairs(sendLag) }
  return encodeBlock(MARK, packedRecord, { ...record, ...packed })
}

/** Every whole record in a chunk blob that arrives in pieces, with no more in memory than one piece and one block. */
export class RecordDecoder {
  readonly #blocks = new BlockDecoder(MARK, packedRecord)

  /** To be read to its end before the next piece. */
  records(piece: Uint8Array): Generator<WholeBlock<PackedRecord>> {
    return this.#blocks.blocks(piece)
  }
}

/** Every whole record in the bytes of a chunk blob. */
export function* decodeRecords(bytes: Uint8Array): Generator<SecondRecord> {
  for (const { value } of new RecordDecoder().records(bytes)) yield withPairs(value)
}

const withPairs = (record: PackedRecord): SecondRecord => ({
  ...record,
  response: [...unpacked(record.response)],
  service: [...unpacked(record.service)],
  sendLag: [...unpacked(record.sendLag)],
})
