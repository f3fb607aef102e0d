/** The compact encoding of second records in chunk blobs. */
import type { SecondRecord } from './contract.ts'

/** One self-contained block: it can be appended alone, and read without the blocks before it. */
export function encodeRecord(_record: SecondRecord): Buffer {
  throw new Error('to be written by the load generator')
}

/** Every whole record in the bytes of a chunk blob. A block that was cut off at the end is ignored. */
export function* decodeRecords(_bytes: Uint8Array): Generator<SecondRecord> {}
