import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOf, keysAfter, keysBefore, keysBetween, PARTITIONS } from '../../../functions/model/history/keys.ts'
import { DRILL_ID } from '../../../loadgen-image/contract/load-plan.ts'

/** As the service compares: by code unit, which for these characters is by byte. */
const isIn = (key: string, { from, below }: { readonly from: string | null; readonly below: string | null }) =>
  (from === null || key >= from) && (below === null || key < below)

const END_MS = Date.UTC(2200, 0, 1)
const at = fc.integer({ min: 0, max: END_MS })
const id = fc.stringMatching(DRILL_ID)
const iso = (ms: number) => new Date(ms).toISOString()

test('the order of keys is newest first, and of one instant the order of ids', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(at, id), { maxLength: 30 }), (drills) => {
      const sorted = drills.toSorted(([a, x], [b, y]) => b - a || (x < y ? -1 : x > y ? 1 : 0))
      expect(drills.map(([ms, name]) => keyOf(iso(ms), name)).sort()).toEqual(
        sorted.map(([ms, name]) => keyOf(iso(ms), name)),
      )
    }),
  )
})

test('a range of keys is a range of time, with both of its ends', () => {
  const near = fc.tuple(at, fc.integer({ min: -2, max: 2 })).map(([ms, by]) => [ms, Math.max(0, ms + by)] as const)
  fc.assert(
    fc.property(near, fc.integer({ min: 0, max: 3 }), id, ([ms, sinceMs], length, name) => {
      const untilMs = sinceMs + length
      const range = keysBetween(sinceMs, untilMs)
      expect(isIn(keyOf(iso(ms), name), range)).toBe(ms >= sinceMs && ms <= untilMs)
      expect(isIn(keyOf(iso(ms), name), keysBetween(null, null))).toBe(true)
    }),
  )
})

test('the rows after a drill are the older ones, those before it the newer ones, and neither holds the drill itself', () => {
  fc.assert(
    fc.property(at, id, at, id, (ms, name, otherMs, otherName) => {
      const [own, other] = [keyOf(iso(ms), name), keyOf(iso(otherMs), otherName)]
      expect([isIn(own, keysAfter(own)), isIn(own, keysBefore(own))]).toEqual([false, false])
      if (ms !== otherMs) {
        expect(isIn(other, keysAfter(own))).toBe(otherMs < ms)
        expect(isIn(other, keysBefore(own))).toBe(otherMs > ms)
      }
    }),
  )
})

test('a time before 1970 or after 2286 is the end of the range, and never breaks the order', () => {
  const key = keyOf(iso(Date.UTC(2026, 0, 1)), 'drill-1')
  expect(isIn(key, keysBetween(Date.UTC(1900, 0, 1), Date.UTC(9999, 0, 1)))).toBe(true)
  expect(isIn(key, keysBetween(Date.UTC(9999, 0, 1), null))).toBe(false)
  expect(isIn(key, keysBetween(null, Date.UTC(1900, 0, 1)))).toBe(false)
})

test('no partition of a server is one of the others', () => {
  const own = [PARTITIONS.all, PARTITIONS.open, PARTITIONS.campaigns, PARTITIONS.daily]
  for (const of of [PARTITIONS.ofServer, PARTITIONS.dailyOf]) {
    for (const name of [...own, 'daily-all']) expect(own).not.toContain(of(name))
    expect(of('PG-Orders')).toBe(of('pg-orders'))
  }
  expect(PARTITIONS.ofServer('daily-pg')).not.toBe(PARTITIONS.dailyOf('pg'))
})
