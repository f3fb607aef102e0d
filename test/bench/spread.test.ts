/** The figures that benchmarks print. */
import { describe, expect, test } from 'vitest'
import { Random } from '../simulate/random.ts'
import { medianInterval } from './spread.ts'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

describe('the interval of a median', () => {
  // Of tables of the sign test: which of the sorted values, counted from both ends.
  test.each([
    [6, 1],
    [9, 2],
    [12, 3],
    [15, 4],
    [20, 6],
    [30, 10],
  ])('of %i values begins at value %i', (n, from) => {
    expect(medianInterval(upTo(n).reverse())).toEqual([from, n + 1 - from])
  })

  test.each([1, 2, 5])('of %i values, too few for it, is all of them', (n) => {
    expect(medianInterval(upTo(n))).toEqual([1, n])
  })

  test('misses the median of the population in at most 5 of 100 samples', () => {
    const random = new Random(20261127)
    const misses = Array.from({ length: 4_000 }, () => medianInterval(upTo(12).map(() => random.next()))).filter(
      ([from, to]) => from > 0.5 || to < 0.5,
    )
    expect(misses.length / 4_000).toBeLessThan(0.055)
    expect(misses.length).toBeGreaterThan(0)
  })
})
