/** One figure for several events: the worst of them, with the event that it is of. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EventFigureName, type EventParts, worstOf } from '../../../functions/event-figures/figures.ts'
import { worstRecoveryOf } from '../../../functions/event-figures/worst.ts'
import type { Worst } from '../../../functions/model/drill-index.ts'
import type { DrillEvent } from '../../../functions/model/report.ts'
import { isoAt } from '../../support/builders.ts'
import { anEvent } from '../../support/events.ts'

const partsOf = (...events: readonly DrillEvent[]): EventParts => ({
  events: [...events],
  loneClients: { clients: 0, maxOutageSeconds: null },
  phases: [{ name: 'after', fromAt: isoAt(0), toAt: isoAt(200), seconds: 200 }],
})

const short = anEvent(1, { t0: 20, t1: 21, t2: 23, t4: 24, t6: 30 })
const long = anEvent(2, { t0: 80, t1: 81, t2: 84, t4: 95, t6: 99 })
const unnoticedFor = (number: number, seconds: number): DrillEvent => {
  const event = anEvent(number, { t0: 20 })
  return { ...event, recovery: { ...event.recovery, recoveryTimeSeconds: seconds, writeOutageSeconds: seconds } }
}
const notKnown = anEvent(3, { t0: 140 }, { service: 'not measured', notMeasuredWhy: 'no generator watched' })
const middle = anEvent(3, { t0: 140, t1: 141, t2: 146, t4: 150, t6: 170 })

test.each<[EventFigureName, number, number]>([
  ['recovery_time_s', 14, 2],
  ['recovery_from_trigger_s', 15, 2],
  ['write_outage_s', 5, 3],
  ['worst_client_outage_s', 5, 3],
  ['exposure_s', 24, 3],
])('%s is the worst of all events, wherever it stands in their order', (name, value, event) => {
  const worst = { measured: { kind: 'value', value }, event }
  expect(worstOf(name, partsOf(short, long, middle))).toEqual(worst)
})

test('an event that never came back is worse than every number', () => {
  const gone = anEvent(3, { t0: 180, t1: 181 })
  expect(worstOf('recovery_time_s', partsOf(short, long, gone))).toEqual({
    measured: { kind: 'never', why: 'no commit was acknowledged in the last 19.0 s of the load' },
    event: 3,
  })
})

test.each([
  ['end of the load', 119, 'goodput was not sustained again before the load ended'],
  ['next event', 59, 'goodput was not sustained again before event 2 began'],
] as const)('a recovery that was cut by the %s is a lower bound that says so', (cutBy, value, why) => {
  const atLeast = { recoveryTimeSeconds: value, recoveryFromTriggerSeconds: null, writeOutageSeconds: null }
  const cut = anEvent(1, { t0: 80, t1: 81, t2: 84 }, { cutBy, atLeast })
  const events = cutBy === 'next event' ? [cut, anEvent(2, { t0: 140, t1: 141, t2: 142, t4: 143 })] : [cut]
  expect(worstOf('recovery_time_s', partsOf(...events))).toEqual({
    measured: { kind: 'at-least', value, why },
    event: 1,
  })
})

test('an outage that the next event cut is no outage until the end of the load', () => {
  const cut = anEvent(1, { t0: 80, t1: 81 }, { cutBy: 'next event' })
  const { measured } = worstOf('write_outage_s', partsOf(cut, anEvent(2, { t0: 140, t1: 141, t2: 142, t4: 143 })))
  expect(measured).toEqual({ kind: 'at-least', value: 59, why: 'no commit was acknowledged before event 2 began' })
})

test.each<[string, readonly DrillEvent[], Worst['measured']['kind'], number | null, number | null]>([
  ['alone', [unnoticedFor(1, 0.08)], 'at-most', 0.08, 1],
  ['beside a shorter one', [unnoticedFor(1, 0.08), unnoticedFor(2, 0.05)], 'at-most', 0.08, 1],
  ['beside a longer outage', [unnoticedFor(1, 0.08), long], 'value', 14, 2],
  ['beside one as long', [unnoticedFor(1, 14), long], 'value', 14, 2],
  ['beside a shorter outage', [unnoticedFor(1, 20), long], 'at-most', 20, 1],
  ['beside one that is not known', [unnoticedFor(1, 20), notKnown], 'missing', null, null],
  ['beside a shorter outage and one that is not known', [unnoticedFor(1, 20), long, notKnown], 'at-least', 14, 2],
])(
  'the longest pause around an event that no client noticed is a bound from above: %s',
  (_, events, kind, value, event) => {
    const worst = worstOf('recovery_time_s', partsOf(...events))
    expect([worst.measured.kind, 'value' in worst.measured ? worst.measured.value : null, worst.event]).toEqual([
      kind,
      value,
      event,
    ])
    const { recoveryTimeSeconds } = worstRecoveryOf(partsOf(...events), [])
    expect(recoveryTimeSeconds).toBe(kind === 'value' ? value : null)
  },
)

test('an event that no client noticed takes nothing from what the others measured', () => {
  const unnoticed = anEvent(2, { t0: 80, t6: 90 })
  expect(worstOf('recovery_time_s', partsOf(short, unnoticed))).toMatchObject({
    measured: { kind: 'value', value: 3 },
  })
  expect(worstOf('recovery_time_s', partsOf(unnoticed)).measured).toEqual({
    kind: 'missing',
    why: 'the clients saw no outage',
  })
})

test('an outage that was only seen counts for what clients saw, and has neither a trigger nor a lost standby', () => {
  const seen = anEvent(2, { t1: 81, t2: 101, t4: 102 }, { cause: 'other', kind: 'outage', mode: null })
  const report = partsOf(short, seen)
  expect(worstOf('write_outage_s', report)).toEqual({ measured: { kind: 'value', value: 20 }, event: 2 })
  expect(worstOf('detection_s', report)).toEqual({ measured: { kind: 'value', value: 1 }, event: 1 })
  expect(worstOf('exposure_s', report)).toEqual({ measured: { kind: 'value', value: 7 }, event: 1 })
})

test('no event is better than the one that stands for all, and what is unknown of one is not known of all', () => {
  const moments = fc.record({
    outage: fc.option(fc.integer({ min: 1, max: 20 })),
    recovery: fc.option(fc.integer({ min: 0, max: 20 })),
  })
  fc.assert(
    fc.property(fc.array(moments, { minLength: 1, maxLength: 4 }), (all) => {
      const events = all.map(({ outage, recovery }, i) => {
        const at = { t0: i * 50, t1: i * 50 + 1 }
        if (outage === null) return anEvent(i + 1, at)
        const t2 = at.t1 + outage
        return anEvent(i + 1, recovery === null ? { ...at, t2 } : { ...at, t2, t4: t2 + recovery })
      })
      const { recoveryTimeSeconds } = worstRecoveryOf(partsOf(...events), [])
      const each = events.map(({ recovery }) => recovery.recoveryTimeSeconds)
      expect(recoveryTimeSeconds).toBe(each.includes(null) ? null : Math.max(...each.map(Number)))
    }),
  )
})
