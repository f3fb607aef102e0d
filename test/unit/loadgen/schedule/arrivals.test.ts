import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LoadPlan } from '../../../../loadgen-image/contract/load-plan.ts'
import { Arrivals } from '../../../../loadgen-image/schedule/arrivals.ts'

const START_US = 1_800_000_000_000_000
const ALONE = { container: 0, containers: 1, thread: 0, threads: 1 }

const arrivalsOf = (changes: Partial<LoadPlan> = {}): Arrivals =>
  new Arrivals(
    {
      targetTps: 10,
      durationSeconds: 2,
      arrivals: 'even',
      profile: [],
      seed: 1,
      deadlineMs: 500,
      onDeadline: 'shed',
      ...changes,
    } as LoadPlan,
    ALONE,
    START_US,
  )

const at = (seconds: number): number => START_US + seconds * 1e6

function missedIn(arrivals: Arrivals, untilUs: number): number[] {
  const missed: number[] = []
  arrivals.shed(untilUs, (atUs) => missed.push((atUs - START_US) / 1e6))
  return missed
}

test('an arrival is missed exactly at its deadline, not before', () => {
  const arrivals = arrivalsOf()
  expect(missedIn(arrivals, at(0.4999))).toEqual([])
  expect(missedIn(arrivals, at(0.65))).toEqual([0.5, 0.6])
})

test('with queueing nothing is ever missed by time', () => {
  const arrivals = arrivalsOf({ onDeadline: 'queue' })
  expect(missedIn(arrivals, at(1000))).toEqual([])
  expect(arrivals.take()).toBe(at(0))
})

test('a stop counts what was due until then and nothing after', () => {
  const arrivals = arrivalsOf()
  arrivals.take()
  const missed: number[] = []
  arrivals.giveUp(at(0.45), (atUs) => missed.push(atUs))
  expect(missed).toEqual([at(0.45), at(0.45), at(0.45), at(0.45)])
  expect(arrivals.becameDue(at(5))).toBe(5)
  expect(arrivals.waiting).toBe(0)
})

test('an outage of any length holds no arrival in memory: the backlog is a number', () => {
  const arrivals = arrivalsOf({ targetTps: 8000, durationSeconds: 3600, onDeadline: 'queue' })
  expect(arrivals.becameDue(at(3600))).toBe(28_800_000)
  expect(arrivals.waiting).toBe(28_800_000)
  expect(arrivals.take()).toBe(at(0))
})

test('in any order of events: due = taken + missed + waiting', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('take' as const) }),
    fc.record({ kind: fc.constant('pass' as const), seconds: fc.double({ min: 0, max: 0.4, noNaN: true }) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.boolean(), (events, isStopped) => {
      const arrivals = arrivalsOf({ targetTps: 50 })
      let now = START_US
      let taken = 0
      let missed = 0
      let due = 0
      for (const event of events) {
        if (event.kind === 'pass') now += event.seconds * 1e6
        arrivals.shed(now, () => missed++)
        if (event.kind === 'take' && arrivals.nextDueAtUs <= now) {
          arrivals.take()
          taken++
        }
        due += arrivals.becameDue(now)
      }
      if (isStopped) arrivals.giveUp(now, () => missed++)
      due += arrivals.becameDue(now + 1)
      expect(due).toBe(taken + missed + arrivals.waiting)
      if (isStopped) expect(arrivals.waiting).toBe(0)
    }),
  )
})

test('what is due at the very moment of the stop is counted, whether it was sent or missed', () => {
  for (const isSent of [true, false]) {
    const arrivals = arrivalsOf()
    arrivals.becameDue(at(0.25))
    for (let i = 0; i < 3; i++) arrivals.take()
    if (isSent) arrivals.take()
    let missed = 0
    arrivals.giveUp(at(0.3), () => missed++)
    expect({ isSent, missed, due: arrivals.becameDue(at(0.3)), waiting: arrivals.waiting }).toEqual({
      isSent,
      missed: isSent ? 0 : 1,
      due: 1,
      waiting: 0,
    })
  }
})

test('an arrival that is taken before it was counted as due does not wait, and its balance is kept', () => {
  const arrivals = arrivalsOf()
  for (let n = 0; n < 11; n++) arrivals.take()
  expect([arrivals.becameDue(at(1)), arrivals.waiting]).toEqual([10, 0])
  expect([arrivals.becameDue(at(2)), arrivals.waiting]).toEqual([10, 9])
})
