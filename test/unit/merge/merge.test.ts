import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PerSecond } from '../../../functions/merge/columns.ts'
import { addPacked, packed, SumPerSecond } from '../../../functions/merge/histograms.ts'
import { countLedger, ledgerDigest, ledgerLines } from '../../../functions/merge/ledger.ts'
import { Merge } from '../../../functions/merge/merge.ts'
import type { Merged } from '../../../functions/merge/merged.ts'
import { readInTimeOrder } from '../../../functions/merge/time-order.ts'
import { encodeRecord, type PackedRecord } from '../../../loadgen-image/contract/chunk.ts'
import { noCounts } from '../../../loadgen-image/contract/counts.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../../loadgen-image/contract/histogram.ts'
import { aRecord, aSummary, blockOf, LOAD_START_MS, someLoad } from '../../support/builders.ts'
import { aRun, mergeRun, type Run } from '../../support/world.ts'

const SECOND = LOAD_START_MS / 1000

const twoContainers = (clockOffsetsMs: readonly number[] = [3, -140]): Run =>
  aRun({
    load: { containers: 2, durationSeconds: 20, targetTps: 60, workers: 6 },
    clockOffsetsMs,
    troubles: [{ atSeconds: 8.3, seconds: 2, kind: 'failover' }],
  })

test('the same records in any order and any number give the same bytes', () => {
  const run = twoContainers()
  const bytes = (indices: readonly number[]) =>
    digest(
      mergeRun(
        run,
        indices.map((i) => run.records[i] as SecondRecord),
      ),
    )
  const all = [...run.records.keys()]
  const expected = bytes(all)
  const shuffledWithCopies = fc
    .subarray(all)
    .chain((copies) => fc.shuffledSubarray([...all, ...copies], { minLength: all.length + copies.length }))
  fc.assert(
    fc.property(shuffledWithCopies, (indices) => {
      expect(bytes(indices)).toBe(expected)
    }),
    { numRuns: 30 },
  )
})

const digest = (merged: Merged): string => createHash('sha256').update(JSON.stringify(merged)).digest('hex')

test('two records of the same second with different contents are named', () => {
  const merge = new Merge({ clocks: [] })
  for (const waiting of [1, 1, 2]) merge.add(blockOf(aRecord({ waiting })))
  const merged = merge.finish({ plan: someLoad(), loadStartAtMs: null, summaries: [aSummary()] })
  expect(merged.incarnations.map(({ conflicts, records }) => ({ conflicts, records }))).toEqual([
    { conflicts: [SECOND], records: 1 },
  ])
})

test('missing seconds are named per container, also those behind the last record of a container that was killed', () => {
  const run = twoContainers()
  const records = run.records.filter(
    ({ container, second }) =>
      !(container === 0 && second === SECOND + 5) && !(container === 1 && second >= SECOND + 12),
  )
  const summaries = run.summaries.filter(({ container }) => container === 0)
  const merged = mergeRun({ ...run, summaries }, records)
  expect(merged.incarnations.map(({ container, missing, hasSummary }) => ({ container, missing, hasSummary }))).toEqual(
    [
      { container: 0, missing: [{ first: SECOND + 5, last: SECOND + 5 }], hasSummary: true },
      { container: 1, missing: [{ first: SECOND + 12, last: SECOND + 19 }], hasSummary: false },
    ],
  )
  expect(merged.seconds.find(({ second }) => second === SECOND + 5)?.missing).toBe(1)
  expect(merged.ledger.openContainers).toEqual([1])
})

test('a container without any record is named', () => {
  const run = twoContainers()
  const merged = mergeRun(
    run,
    run.records.filter(({ container }) => container === 0),
  )
  expect(merged.absent).toEqual([1])
})

test('containers with different clocks are merged on the clock of the database', () => {
  const apart = mergeRun(twoContainers())
  const together = mergeRun(twoContainers([0, 0]))
  expect(apart.timelines).toEqual(together.timelines)
  expect(apart.firstAcks).toEqual(together.firstAcks)
  expect(apart.silences).toEqual(together.silences)
})

test('errors add up over seconds, with their first example and the workers that met them', () => {
  const merge = new Merge({ clocks: [] })
  const error = { code: '57P01', phase: 'transaction', outcome: 'unknown' } as const
  const at = (second: number, firstAtUs: number, workers: number, example: string) =>
    blockOf(aRecord({ second, errors: [{ ...error, count: 2, firstAtUs, lastAtUs: firstAtUs + 5, workers, example }] }))
  merge.add(at(SECOND + 1, 2000, 3, 'later'))
  merge.add(at(SECOND, 1000, 2, 'first'))
  const { errors } = merge.finish({ plan: someLoad(), loadStartAtMs: null, summaries: [] })
  expect(errors).toEqual([{ ...error, count: 4, firstAtUs: 1000, lastAtUs: 2005, workers: 3, example: 'first' }])
})

const valuesUs = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 60 })

const histogramOf = (values: readonly number[]): Histogram => {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

const unpacked = (bytes: Uint8Array) => {
  const histogram = new Histogram()
  addPacked(histogram, bytes)
  return { pairs: histogram.toSparse(), total: histogram.total }
}

test('a packed histogram keeps small and very large counts, and adds to what is there', () => {
  const histogram = new Histogram()
  const pairs = [0, 1, 5, 128, 6, 70_128, 600, 3_000_000, 5000, 2 ** 31 + 1]
  histogram.add(pairs)
  const sum = new Histogram()
  addPacked(sum, packed(histogram))
  expect(sum.toSparse()).toEqual(pairs)
  addPacked(sum, packed(histogramOf([5, 6])))
  expect(sum.toSparse()).toEqual([0, 1, 5, 129, 6, 70_129, 600, 3_000_000, 5000, 2 ** 31 + 1])
})

test('sums per second are exact for any order, however far apart the records of one second come', () => {
  const parts = fc.array(fc.record({ second: fc.integer({ min: 0, max: 60 }), values: valuesUs }), { maxLength: 150 })
  fc.assert(
    fc.property(parts, (all) => {
      const sums = new SumPerSecond()
      for (const { second, values } of all) sums.add(second, packed(histogramOf(values)))
      for (const second of new Set(all.map((part) => part.second))) {
        const values = all.filter((part) => part.second === second).flatMap((part) => part.values)
        expect(unpacked(sums.packed(second))).toEqual({
          pairs: histogramOf(values).toSparse(),
          total: values.length,
        })
      }
    }),
    { numRuns: 60 },
  )
})

test('a number per second is found in every order of the seconds', () => {
  const entries = fc.array(fc.tuple(fc.integer({ min: -500, max: 500 }), fc.integer({ min: 0 })), { maxLength: 80 })
  fc.assert(
    fc.property(entries, (pairs) => {
      const column = new PerSecond()
      for (const [second, value] of pairs) column.set(SECOND + second, value)
      const expected = new Map(pairs.map(([second, value]) => [SECOND + second, value]))
      const known = [...expected.keys()].sort((a, b) => a - b)
      expect(column.seconds()).toEqual(known)
      expect(known.map((second) => column.get(second))).toEqual(known.map((second) => expected.get(second)))
      for (let second = SECOND - 502; second <= SECOND + 502; second++)
        if (!expected.has(second)) expect(column.get(second)).toBeUndefined()
    }),
  )
})

async function* pieces(records: readonly SecondRecord[], size: number): AsyncGenerator<Uint8Array> {
  const blob = Buffer.concat(records.map(encodeRecord))
  for (let from = 0; from < blob.length; from += size) yield blob.subarray(from, from + size)
}

test('blobs are read side by side: every record once, the earliest second next', async () => {
  const starts = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(starts, fc.integer({ min: 1, max: 500 }), async (steps, size) => {
      const blobs = steps.map((own, container) => {
        const secondsAfter = (count: number) => own.slice(0, count).reduce((sum, step) => sum + step, SECOND)
        return own.map((_, i) => aRecord({ container, second: secondsAfter(i + 1) }))
      })
      const read: PackedRecord[] = []
      await readInTimeOrder(
        blobs.map((records) => pieces(records, size)),
        ({ value }) => read.push(value),
      )
      const inOrder = blobs.flat().sort((a, b) => a.second - b.second || a.container - b.container)
      expect(read.map(({ second }) => second)).toEqual(inOrder.map(({ second }) => second))
      expect(read.sort((a, b) => a.second - b.second || a.container - b.container)).toEqual(
        inOrder.map((record) => blockOf(record).value),
      )
    }),
    { numRuns: 60 },
  )
})

test('a blob that cannot be read ends the reading, and the others are let go', async () => {
  let isLetGo = false
  async function* good(): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces([aRecord({ second: SECOND + 5 }), aRecord({ second: SECOND + 6 })], 100)
    } finally {
      isLetGo = true
    }
  }
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield encodeRecord(aRecord())
    throw new Error('the connection broke')
  }
  const read: number[] = []
  await expect(readInTimeOrder([good(), broken()], ({ value }) => read.push(value.second))).rejects.toThrow(
    'the connection broke',
  )
  expect({ read, isLetGo }).toEqual({ read: [SECOND], isLetGo: true })
})

test('the ledger counts every key that was sent, by its outcome', () => {
  const run = twoContainers()
  const { acknowledged, refused, unknown, unreported, duplicateReports } = countLedger(mergeRun(run).ledger)
  const sent = (outcome: string) => run.keys.filter((key) => key.outcome === outcome).length
  expect({ acknowledged, refused, unknown, unreported, duplicateReports }).toEqual({
    acknowledged: sent('acknowledged'),
    refused: sent('refused'),
    unknown: sent('unknown'),
    unreported: 0,
    duplicateReports: 0,
  })
})

test('the ledger can be written down, one line per run', () => {
  const merged = mergeRun(aRun({ load: { durationSeconds: 12, targetTps: 10, workers: 2 }, troubles: [] }))
  expect([...ledgerLines(merged.ledger)]).toEqual(['0:1-60:acknowledged', '1:1-60:acknowledged'])
  expect(ledgerDigest(merged.ledger)).toBe(
    createHash('sha256').update('0:1-60:acknowledged\n1:1-60:acknowledged\n').digest('hex'),
  )
})

test('a retry that finds its row ends a silence, although it reports no timeline', () => {
  const us = (second: number) => (SECOND + second) * 1e6
  const span = (timeline: number, acknowledged: number, first: number, last: number) => ({
    timeline,
    acknowledged,
    firstAtUs: us(first),
    lastAtUs: us(last),
  })
  const at = SECOND
  const merge = new Merge({ clocks: [] })
  const add = (own: Partial<SecondRecord>) => merge.add(blockOf(aRecord(own)))
  add({
    second: at,
    counts: { ...noCounts(), acknowledged: 2 },
    acksPerTenth: [1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    timelines: [span(1, 2, 0.05, 0.95)],
  })
  // The first of the two, at 3.31, carries no timeline.
  add({
    second: at + 3,
    counts: { ...noCounts(), acknowledged: 2 },
    acksPerTenth: [0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
    timelines: [span(2, 1, 3.85, 3.85)],
    ackGaps: [{ fromUs: us(0.95), toUs: us(3.31) }],
  })
  const { silences } = merge.finish({ plan: someLoad({ containers: 1 }), loadStartAtMs: null, summaries: [] })
  const inner = Array.from(silences.fromUs, (from, i) => [from, silences.toUs[i] as number]).filter(
    ([from, to]) => Number.isFinite(from) && Number.isFinite(to) && (to as number) - (from as number) > 1.5e6,
  )
  expect(inner).toEqual([[us(0.95), us(3.31)]])
})
