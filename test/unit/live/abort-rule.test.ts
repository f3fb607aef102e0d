import { expect, test } from 'vitest'
import { stopReason } from '../../../functions/live/abort-rule.ts'
import type { LivePoint } from '../../../functions/model/status.ts'
import { aLivePoint } from '../../support/builders.ts'
import { aPlan } from '../../support/play-drill.ts'

const plan = aPlan({ durationSeconds: 300, events: [{ atSeconds: 120, kind: 'failover', mode: 'forced' }] })

const points = (from: number, to: number, goodputTps: number): LivePoint[] =>
  Array.from({ length: to - from }, (_, i) =>
    aLivePoint({ second: from + i, goodputTps, errorsPerSecond: 40 - goodputTps }),
  )

const judge = (loadSecond: number, seen: readonly LivePoint[], died = 0, of = plan) =>
  stopReason(of, { loadSecond, points: seen, wanted: 2, died })

test('a load that commits goes on', () => expect(judge(60, points(0, 60, 40))).toBeNull())
test('a load that never committed before the event is stopped', () =>
  expect(judge(40, points(0, 40, 0))).toBe(
    'no commit in the last 29 s before any event, with 1160 transactions offered',
  ))
test('one commit in the last half minute is a reason to go on', () =>
  expect(judge(60, [...points(0, 40, 0), ...points(40, 41, 1), ...points(41, 60, 0)])).toBeNull())
test('too little is known after a few seconds', () => expect(judge(10, points(0, 10, 0))).toBeNull())
test('after the failover an outage is what the drill is for, however long', () =>
  expect(judge(280, points(120, 280, 0))).toBeNull())
test('without any generator nothing is left to watch, failover or not', () =>
  expect(judge(200, points(0, 200, 40), 2)).toBe('all 2 load generators died while the load was running'))
test('one that was alone is called so', () =>
  expect(stopReason(plan, { loadSecond: 200, points: points(0, 200, 40), wanted: 1, died: 1 })).toBe(
    'the only load generator died while the load was running',
  ))
test('one generator of two goes on', () => expect(judge(60, points(0, 60, 20), 1)).toBeNull())
