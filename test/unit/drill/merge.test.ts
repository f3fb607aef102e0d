import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Merge } from '../../../functions/drill/merge.ts'
import type { Merged } from '../../../functions/drill/merged.ts'
import { addPacked, PackedSum } from '../../../functions/drill/packed-histogram.ts'
import { countTold, ledgerDigest, ledgerLines } from '../../../functions/drill/told-ledger.ts'
import type { SecondRecord } from '../../../loadgen-image/contract.ts'
import { Histogram } from '../../../loadgen-image/contract-histogram.ts'
import { aRecord, aSummary, LOAD_START_MS, someLoad } from '../../support/builders.ts'
import { aRun, mergeRun, type Run, samples } from '../../support/world.ts'

const SECOND = LOAD_START_MS / 1000

const twoContainers = (): Run =>
  aRun({
    load: { containers: 2, durationSeconds: 20, targetTps: 60, workers: 6 },
    clockOffsetsMs: [3, -140],
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
  const merge = new Merge({ clocks: [], baseline: null })
  merge.add(aRecord({ waiting: 1 }))
  merge.add(aRecord({ waiting: 1 }))
  merge.add(aRecord({ waiting: 2 }))
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
  const together = mergeRun(aRun({ ...twoContainersOptions(), clockOffsetsMs: [0, 0] }))
  expect(apart.timelines).toEqual(together.timelines)
  expect(apart.firstAcks).toEqual(together.firstAcks)
  expect(apart.silences).toEqual(together.silences)
})

const twoContainersOptions = () => ({
  load: { containers: 2, durationSeconds: 20, targetTps: 60, workers: 6 },
  troubles: [{ atSeconds: 8.3, seconds: 2, kind: 'failover' as const }],
})

test('a long gap of one container is no silence while another is served', () => {
  const quiet = samples('++++          ++++').map((record) => ({ ...record, container: 0 }))
  const busy = samples('++++++++++++++++++').map((record) => ({ ...record, container: 1 }))
  const merge = new Merge({ clocks: [], baseline: null })
  for (const record of [...quiet, ...busy]) merge.add(record)
  const { silences } = merge.finish({ plan: someLoad({ containers: 2 }), loadStartAtMs: null, summaries: [] })
  const longest = Math.max(
    ...Array.from(silences.fromUs, (from, i) => (silences.toUs[i] ?? 0) - from).filter(Number.isFinite),
  )
  expect(longest).toBe(100_000)
})

test('errors add up over seconds, with their first example and the workers that met them', () => {
  const merge = new Merge({ clocks: [], baseline: null })
  const error = { code: '57P01', phase: 'transaction', outcome: 'unknown' } as const
  const at = (second: number, firstAtUs: number, workers: number, example: string) =>
    aRecord({ second, errors: [{ ...error, count: 2, firstAtUs, lastAtUs: firstAtUs + 5, workers, example }] })
  merge.add(at(SECOND + 1, 2000, 3, 'later'))
  merge.add(at(SECOND, 1000, 2, 'first'))
  const { errors } = merge.finish({ plan: someLoad(), loadStartAtMs: null, summaries: [] })
  expect(errors).toEqual([{ ...error, count: 4, firstAtUs: 1000, lastAtUs: 2005, workers: 3, example: 'first' }])
})

test('packed histograms hold exactly what was added, in any order', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), (parts) => {
      const sum = new PackedSum(parts.length)
      const expected = new Histogram()
      for (const part of parts) {
        const own = new Histogram()
        for (const value of part) {
          own.record(value)
          expected.record(value)
        }
        sum.add(own.toSparse())
      }
      const unpacked = new Histogram()
      addPacked(unpacked, sum.packed())
      expect({ pairs: unpacked.toSparse(), total: unpacked.total }).toEqual({
        pairs: expected.toSparse(),
        total: expected.total,
      })
    }),
    { numRuns: 60 },
  )
})

test('packed histograms keep counts beyond one byte', () => {
  const sum = new PackedSum(2)
  sum.add([5, 127, 6, 128, 600, 1])
  sum.add([5, 1, 6, 70_000, 5000, 3_000_000])
  const histogram = new Histogram()
  addPacked(histogram, sum.packed())
  expect(histogram.toSparse()).toEqual([5, 128, 6, 70_128, 600, 1, 5000, 3_000_000])
})

test('the ledger is the same for any order of its ranges, and its digest with it', () => {
  const run = twoContainers()
  const expected = ledgerDigest(mergeRun(run).ledger)
  expect(ledgerDigest(mergeRun(run, run.records.toReversed()).ledger)).toBe(expected)
  const { acknowledged, refused, unknown, untold, toldTwice } = countTold(mergeRun(run).ledger)
  const sent = (outcome: string) => run.keys.filter((key) => key.outcome === outcome).length
  expect({ acknowledged, refused, unknown, untold, toldTwice }).toEqual({
    acknowledged: sent('acknowledged'),
    refused: sent('refused'),
    unknown: sent('unknown'),
    untold: 0,
    toldTwice: 0,
  })
})

test('the ledger can be written down, one line per run', () => {
  const merged = mergeRun(aRun({ load: { durationSeconds: 12, targetTps: 10, workers: 2 }, troubles: [] }))
  expect([...ledgerLines(merged.ledger)]).toEqual(['0:1-60:acknowledged', '1:1-60:acknowledged'])
  expect(ledgerDigest(merged.ledger)).toBe(
    createHash('sha256').update('0:1-60:acknowledged\n1:1-60:acknowledged\n').digest('hex'),
  )
})
