import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { decodeRecords, encodeRecord, RecordDecoder } from '../../../../loadgen-image/contract/chunk.ts'
import type { SecondRecord } from '../../../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../../../loadgen-image/contract/histogram.ts'
import { blockOf } from '../../../support/builders.ts'
import { secondRecord } from './arbitraries.ts'

const records = fc.array(secondRecord, { minLength: 1, maxLength: 4 })
const blob = (list: readonly SecondRecord[]) => Buffer.concat(list.map(encodeRecord))

test('any record decodes to itself, and one after the other', () => {
  fc.assert(
    fc.property(records, (list) => {
      expect([...decodeRecords(blob(list))]).toEqual(list)
    }),
  )
})

test('a chunk that was cut off anywhere yields exactly the records that are whole', () => {
  fc.assert(
    fc.property(records, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const blocks = list.map(encodeRecord)
      const cut = Math.floor(share * blob(list).length)
      let end = 0
      const whole = blocks.filter((block) => {
        end += block.length
        return end <= cut
      })
      expect([...decodeRecords(blob(list).subarray(0, cut))]).toEqual(list.slice(0, whole.length))
    }),
  )
})

test('a damaged byte costs the block that it lies in and no other', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, position, flip) => {
      const bytes = blob(list)
      const at = position % bytes.length
      bytes[at] = (bytes[at] as number) ^ flip
      const decoded = [...decodeRecords(bytes)]
      let end = 0
      const damaged = list.findIndex((record) => {
        end += encodeRecord(record).length
        return at < end
      })
      expect(decoded).toEqual(list.filter((_, index) => index !== damaged))
    }),
  )
})

/** A valid block with another payload. */
function withPayload(block: Buffer, payload: Buffer): Buffer {
  const header = Buffer.from(block.subarray(0, 12))
  header.writeUInt32LE(payload.length, 4)
  header.writeUInt32LE(crc32(payload), 8)
  return Buffer.concat([header, payload])
}

test.each([
  ['longer', (payload: Buffer) => Buffer.concat([payload, Buffer.from([0])])],
  ['shorter', (payload: Buffer) => payload.subarray(0, -1)],
])('a record that is %s than its fields is an error and no record', (_how, change) => {
  fc.assert(
    fc.property(secondRecord, (record) => {
      const block = encodeRecord(record)
      const bytes = Buffer.concat([withPayload(block, change(block.subarray(12))), block])
      expect(() => [...decodeRecords(bytes)]).toThrow('another version of the load generator')
    }),
  )
})

test.each([-1, 0.5, Number.NaN, 2 ** 53])('the number %d is refused instead of written as another one', (waiting) => {
  const [record] = fc.sample(secondRecord, 1) as [SecondRecord]
  expect(() => encodeRecord({ ...record, waiting })).toThrow(`expected a whole number from 0 on, got ${waiting}`)
})

test('a blob in pieces of any size yields the same records', () => {
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 4000 }), (list, size) => {
      const bytes = blob(list)
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      const decoder = new RecordDecoder()
      const read = pieces.flatMap((piece) => [...decoder.records(piece)].map(({ value }) => value))
      expect(read).toEqual(list.map((record) => blockOf(record).value))
    }),
  )
})

test('no bytes are no records', () => {
  expect([...decodeRecords(new Uint8Array())]).toEqual([])
  expect([...decodeRecords(Buffer.from('not a chunk at all, but long enough for a header'))]).toEqual([])
})

const values = (count: number) =>
  Array.from({ length: count }, (_, i) => 1500 + Math.floor(6000 * ((i * 0.618034) % 1) ** 3))

function bytesOf(valuesUs: readonly number[]): { ours: number; hdrV2: number } {
  const histogram = new Histogram()
  const hdr = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 })
  for (const value of valuesUs) {
    histogram.record(value)
    hdr.recordValue(value)
  }
  const [empty] = fc.sample(secondRecord, { numRuns: 1, seed: 1 }) as [SecondRecord]
  const withHistogram = { ...empty, response: histogram.toSparse() }
  const ours = encodeRecord(withHistogram).length - encodeRecord({ ...empty, response: [] }).length
  return { ours, hdrV2: Buffer.from(encodeIntoCompressedBase64(hdr), 'base64').length }
}

test.each([50, 500, 8000])(
  'a histogram of %i values a second takes less room than HDR V2 compressed with zlib',
  (count) => {
    const { ours, hdrV2 } = bytesOf(values(count))
    expect(ours).toBeLessThan(hdrV2)
  },
)
