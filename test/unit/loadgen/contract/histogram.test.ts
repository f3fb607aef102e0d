/** A histogram against the plain list of its values. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, bucketOf, bucketValueUs, Histogram } from '../../../../loadgen-image/contract/histogram.ts'
import { runs } from '../../../support/depth.ts'

const values = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 2 ** 32 + 1_000 }), fc.constant(-1)),
  { maxLength: 40 },
)

function sparseOf(all: readonly number[]): number[] {
  const counts = new Map<number, number>()
  for (const value of all) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => a - b).flat()
}

const rankOf = (all: readonly number[], share: number): number | null => {
  const bucket = all.map(bucketOf).sort((a, b) => a - b)[Math.max(1, Math.ceil(share * all.length)) - 1]
  return bucket === undefined ? null : bucketValueUs(bucket)
}

test('pairs, percentiles and maximum are those of the values since it was cleared', () => {
  const histogram = new Histogram()
  fc.assert(
    fc.property(values, values, (recorded, added) => {
      histogram.clear()
      for (const value of recorded) histogram.record(value)
      histogram.add(sparseOf(added))
      const all = [...recorded, ...added]
      expect(histogram.toSparse()).toEqual(sparseOf(all))
      expect(histogram.total).toBe(all.length)
      for (const share of [0, 0.5, 0.99, 1]) expect(histogram.percentileUs(share)).toBe(rankOf(all, share))
      expect(histogram.maxUs()).toBe(rankOf(all, 1))
    }),
    { numRuns: runs(300) },
  )
})

test('it counts in its first and in its last bucket', () => {
  const histogram = new Histogram()
  histogram.record(0)
  histogram.record(Number.MAX_SAFE_INTEGER)
  expect(histogram.toSparse()).toEqual([0, 1, BUCKETS - 1, 1])
  histogram.clear()
  expect([histogram.toSparse(), histogram.maxUs()]).toEqual([[], null])
})
