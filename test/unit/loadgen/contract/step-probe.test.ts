/** The encoding of the step probe's records. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeProbeRecords,
  encodeProbeRecord,
  type ProbeRecord,
  STEPS,
  WAYS,
  type WatchReading,
} from '../../../../loadgen-image/contract/step-probe.ts'

const second = fc.integer({ min: 1_600_000_000, max: 2_000_000_000 })

const recordOf = (at: number): fc.Arbitrary<ProbeRecord> => {
  const instant = fc.integer({ min: at * 1e6 - 1e7, max: at * 1e6 + 1e9 })
  const maybe = fc.option(instant)
  const way = fc.constantFrom(...WAYS)
  return fc.record({
    second: fc.constant(at),
    container: fc.nat(63),
    incarnation: fc.string({ maxLength: 8 }),
    ways: fc.subarray([...WAYS]),
    problem: fc.string({ maxLength: 40 }),
    steady: fc.array(fc.record({ way, fromUs: instant, toUs: instant, writes: fc.nat() }), { maxLength: 3 }),
    attempts: fc.array(
      fc.record({
        way,
        isNew: fc.boolean(),
        begunAtUs: instant,
        resolvedAtUs: maybe,
        acceptedAtUs: maybe,
        encryptedAtUs: maybe,
        loggedInAtUs: maybe,
        endedAtUs: instant,
        reached: fc.constantFrom(...STEPS),
        code: fc.string({ maxLength: 12 }),
      }),
      { maxLength: 4 },
    ),
    names: fc.array(fc.record({ atUs: instant, addresses: fc.array(fc.string({ maxLength: 15 }), { maxLength: 3 }) }), {
      maxLength: 2,
    }),
    stalls: fc.array(fc.record({ fromUs: instant, toUs: instant }), { maxLength: 2 }),
    watch: watchOf(instant),
  })
}

const watchOf = (instant: fc.Arbitrary<number>): fc.Arbitrary<WatchReading> => {
  const code = fc.string({ maxLength: 8 })
  const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 })
  const session = fc.nat(9)
  return fc.record({
    problem: fc.string({ maxLength: 40 }),
    opened: some(
      fc.record({ session, openedAtUs: instant, timeline: fc.nat(), address: fc.string(), startedAt: fc.string() }),
    ),
    writes: some(
      fc.record({
        session,
        timeline: fc.nat(),
        firstSeq: fc.nat(),
        sentAtUs: some(instant),
        acknowledgedAtUs: some(instant),
      }),
    ),
    failures: some(fc.record({ session, seq: fc.nat(), sentAtUs: instant, endedAtUs: instant, code })),
    open: some(fc.record({ session, atUs: instant, unansweredSinceUs: fc.option(instant) })),
    ends: some(fc.record({ session, atUs: instant, code })),
    refusals: some(fc.record({ atUs: instant, code })),
  })
}

test('any records decode to themselves, one after the other', () => {
  fc.assert(
    fc.property(fc.array(second.chain(recordOf), { maxLength: 4 }), (records) => {
      const blob = Buffer.concat(records.map(encodeProbeRecord))
      expect([...decodeProbeRecords(blob)]).toEqual(records)
    }),
  )
})

test('five calm seconds take less than two hundred bytes', () => {
  const atUs = 1_700_000_000 * 1e6
  const steady = WAYS.map((way) => ({ way, fromUs: atUs, toUs: atUs + 4_901_500, writes: 50 }))
  const calm = { second: 1_700_000_000, container: 3, incarnation: '12345678', ways: WAYS, problem: '' }
  const sentAtUs = Array.from({ length: 10 }, (_, i) => atUs + 500_000 * i)
  const acknowledgedAtUs = sentAtUs.map((us) => us + 1_400)
  const watch: WatchReading = {
    ...{ problem: '', opened: [], failures: [], ends: [], refusals: [] },
    writes: [{ session: 1, timeline: 3, firstSeq: 4711, sentAtUs, acknowledgedAtUs }],
    open: [{ session: 1, atUs: atUs + 5e6, unansweredSinceUs: null }],
  }
  expect(encodeProbeRecord({ ...calm, steady, attempts: [], names: [], stalls: [], watch }).length).toBeLessThan(200)
})
