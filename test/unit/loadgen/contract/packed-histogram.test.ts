import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, CountsPacker, packPairs, unpacked } from '../../../../loadgen-image/contract/histogram.ts'

/** Small ones are found in the table, the others are not. */
const count = fc.oneof(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 100 }),
  fc.integer({ min: 1, max: 2 ** 32 - 1 }),
)
const distance = fc.oneof(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 70 }),
  fc.integer({ min: 1, max: BUCKETS }),
)

const pairs = fc.array(fc.tuple(distance, count), { maxLength: 80 }).map((all) => {
  let bucket = -1
  return all.flatMap(([by, many]) => {
    bucket += by
    return bucket < BUCKETS ? [bucket, many] : []
  })
})

/** Elias' gamma code as its definition says it, in letters. */
function gamma(value: number): string {
  const digits = value.toString(2)
  return '0'.repeat(digits.length - 1) + digits
}

function bitsOf(list: readonly number[]): string {
  const codes = list.map((value, i) => gamma(i % 2 === 1 ? value : value - (list[i - 2] ?? -1)))
  const bits = codes.join('')
  return bits.padEnd(8 * Math.ceil(bits.length / 8), '0')
}

test('buckets and counts of any size are packed as distances and counts in gamma code, and unpacked again', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const bytes = packPairs(list)
      const bits = Array.from(bytes.subarray(2), (byte) => byte.toString(2).padStart(8, '0')).join('')
      expect(bits).toBe(bitsOf(list))
      expect([...unpacked(bytes)]).toEqual(list)
    }),
    { numRuns: 500 },
  )
})

test('a histogram with every bucket in use is unpacked again', () => {
  const list = Array.from({ length: BUCKETS }, (_, bucket) => [bucket, 2 ** 32 - 1]).flat()
  expect([...unpacked(packPairs(list))]).toEqual(list)
})

test.each([
  ['a count of 0', [5, 0]],
  ['a bucket that does not rise', [5, 1, 5, 1]],
])('%s is refused instead of written as another number', (_what, list) => {
  expect(() => packPairs(list)).toThrow('expected a count of 1 or more in a later bucket')
})

test('bytes that end too early are an error and no endless search', () => {
  const bytes = packPairs([3, 1, 2000, 7])
  expect(() => unpacked(bytes.subarray(0, bytes.length - 2))).toThrow('holds no number')
})

test('a packer can be used for one histogram after another', () => {
  const packer = new CountsPacker()
  const pack = (list: readonly [number, number][]) => {
    packer.begin(list.length)
    for (const [bucket, many] of list) packer.pair(bucket, many)
    return [...unpacked(packer.take())]
  }
  expect(pack([[9, 3]])).toEqual([9, 3])
  expect(
    pack([
      [2, 70_000],
      [8, 1],
    ]),
  ).toEqual([2, 70_000, 8, 1])
})
