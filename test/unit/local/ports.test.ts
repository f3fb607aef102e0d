import { expect, test } from 'vitest'
import { portsBeside } from '../../../infra/local/process/ports.ts'

test.each([
  ["Linux's own range", 32_768, 60_999, { first: 15_000, last: 32_767, step: 1 }],
  ["IANA's range, and that of macOS", 49_152, 65_535, { first: 15_000, last: 49_151, step: 1 }],
  ['a range that begins low and leaves the top', 10_000, 60_000, { first: 60_001, last: 65_535, step: 1 }],
  ['a range that leaves a thousand below', 16_000, 65_535, { first: 15_000, last: 15_999, step: 1 }],
  ['every port: of its upper half those of the other parity', 1_024, 65_535, { first: 33_279, last: 65_535, step: 2 }],
  ['every port from an odd one on', 1_025, 65_535, { first: 33_280, last: 65_535, step: 2 }],
  ['a range with a few left on both sides', 15_500, 65_000, { first: 40_251, last: 65_535, step: 2 }],
] as const)('%s', (_, first, last, expected) => {
  expect(portsBeside({ first, last })).toEqual(expected)
})

test('no port of a range that leaves others is in it, and none is of its parity where it leaves none', () => {
  for (let first = 1_024; first < 60_000; first += 997)
    for (let last = first + 1; last <= 65_535; last += 1_499) {
      const ports = portsBeside({ first, last })
      expect(ports.last - ports.first).toBeGreaterThanOrEqual(999)
      if (ports.step === 1) expect(ports.last < first || ports.first > last, `${first} ${last}`).toBe(true)
      else expect((ports.first - first) % 2, `${first} ${last}`).not.toBe(0)
    }
})
