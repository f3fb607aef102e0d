import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  axisCount,
  axisMilliseconds,
  bytes,
  clock,
  count,
  counted,
  dateTime,
  distance,
  duration,
  exact,
  given,
  inUnit,
  milliseconds,
  money,
  NOT_MEASURED,
  perSecond,
  plain,
  relativeTime,
  seconds,
  share,
  signed,
} from '../../../functions/units/units.ts'

const TABLE: ReadonlyArray<readonly [said: string, expected: string]> = [
  [seconds(0), '0 s'],
  [seconds(0.0421), '0.042 s'],
  [seconds(3.4119), '3.41 s'],
  [seconds(41.234), '41.2 s'],
  [seconds(120.04), '120.0 s'],
  [seconds(7170.4), '7,170 s'],
  [milliseconds(4.1), '4.10 ms'],
  [milliseconds(17.63), '17.6 ms'],
  [milliseconds(1234.5), '1,235 ms'],
  [perSecond(7992), '7,992 TPS'],
  [count(2391004), '2,391,004'],
  [count(-3), '-3'],
  [plain(0.41), '0.410'],
  [plain(2), '2'],
  [bytes(0), '0 B'],
  [bytes(1536), '1.5 KiB'],
  [bytes(188_743_680), '180.0 MiB'],
  [money(0.0462, 'USD'), '0.0462 USD'],
  [money(1.5, 'EUR'), '1.50 EUR'],
  [signed(88.9, 's'), '+88.9 s'],
  [signed(-0.04, 's'), '-0.040 s'],
  [signed(-0.0001, 's'), '-0.0001 s'],
  [signed(0, 's'), '0 s'],
  [signed(-0.00004, 'share'), '-0.004 %'],
  [distance(0.004, 'ms'), '0.004 ms'],
  [given(120, 's'), '120 s'],
  [given(10.25, 's'), '10.25 s'],
  [given(0.99999, 'share'), '99.999 %'],
  [given(7600, 'tps'), '7,600 TPS'],
  [given(1, 'yes/no'), 'yes'],
  [given(0, 'count'), '0'],
  [inUnit(0.9636, 'zeroOrOne'), '96.36 %'],
  [inUnit(46, '%'), '46.0 %'],
  [inUnit(0.914, 'share'), '91.40 %'],
  [inUnit(12, 'furlongs'), '12 furlongs'],
  [inUnit(508.9, 'perSecond'), '508.9/s'],
  [inUnit(null, 'BytesPerSecond'), NOT_MEASURED],
  [inUnit(1, 'yes/no'), 'yes'],
  [duration(59), '59 s'],
  [duration(300), '5 min'],
  [duration(312), '5 min 12 s'],
  [duration(18_000), '5 h 0 min'],
  [dateTime('2026-03-02T02:00:30.214Z'), '2026-03-02 02:00:30 UTC'],
  [clock('2026-03-02T02:00:30.214Z'), '02:00:30.214'],
  [relativeTime(0), '0'],
  [relativeTime(-30), '-30 s'],
  [relativeTime(90), '+1:30'],
  [relativeTime(3720), '+1:02:00'],
  [axisCount(8000), '8k'],
  [axisCount(1_500_000), '1.5M'],
  [axisMilliseconds(2000), '2 s'],
  [counted(1, 'drill'), '1 drill'],
  [counted(2, 'drill'), '2 drills'],
]

test('every kind of figure has one way of being said', () => {
  expect(TABLE.map(([said]) => said)).toEqual(TABLE.map(([, expected]) => expected))
})

describe('what was not measured', () => {
  for (const format of [seconds, milliseconds, perSecond, count, plain, share, bytes, duration])
    test(`is said so by ${format.name}, and never 0`, () => {
      expect([null, undefined, Number.NaN].map((value) => format(value))).toEqual(Array(3).fill(NOT_MEASURED))
    })
})

describe('a share', () => {
  test('never reads 100 % unless it is all, and never loses a hundredth to binary fractions', () => {
    expect([1, 0.99996, 0.57, 0.5, 0].map(share)).toEqual(['100.00 %', '99.99 %', '57.00 %', '50.00 %', '0.00 %'])
  })

  test('is never rounded up', () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => {
        expect(Number.parseFloat(share(value))).toBeLessThanOrEqual(value * 100 + 1e-4)
      }),
    ))
})

test('thousands are grouped so that the number can be read back', () =>
  fc.assert(
    fc.property(fc.integer(), (value) => {
      expect(Number(count(value).replaceAll(',', ''))).toBe(value === 0 ? 0 : value)
    }),
  ))

test('a distance that is not 0 never reads 0, and a figure for programs keeps its digits', () =>
  fc.assert(
    fc.property(
      fc.double({ min: 1e-5, max: 1e6, noNaN: true }),
      fc.constantFrom('s', 'ms', 'tps', '%', 'share'),
      (value, unit) => {
        expect(distance(value, unit)).toMatch(/[1-9]/)
        expect(Math.abs((exact(value) ?? 0) - value)).toBeLessThanOrEqual(0.0005 + value * 1e-12)
      },
    ),
  ))

test('a limit is printed with all its digits, because it is not a measurement', () =>
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (millionths) => {
      expect(Number.parseFloat(given(millionths / 1000, 's').replaceAll(',', ''))).toBe(millionths / 1000)
    }),
  ))
