/** What must be seen before an event may be caused: each row changes one thing of a load that proves itself. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ContainerSigns,
  clockTrouble,
  type EventMoment,
  latestEventSecond,
  MAX_CLOCK_OFFSET_MS,
  obstacleToEvent,
  secondsAfterEvent,
} from '../../../functions/live/event-safety.ts'
import { aDrillPlan, LOAD_START_MS, someLoad, someTiming } from '../../support/builders.ts'

const plan = aDrillPlan({
  load: someLoad({ containers: 2, targetTps: 200, durationSeconds: 60 }),
  events: [
    { atSeconds: 30, kind: 'failover', mode: 'forced' },
    { atSeconds: 50, kind: 'failover', mode: 'forced' },
  ],
  timing: someTiming({ cooldownMinutes: 0, recoveryHoldSeconds: 5 }),
})
const START_SECOND = LOAD_START_MS / 1000

/** At this second of the load, with records and commits up to the second before. */
function at(second: number, own: Partial<EventMoment> = {}): EventMoment {
  const newest = START_SECOND + Math.floor(second) - 1
  const signs = (container: number): ContainerSigns => ({ container, newestSecond: newest, lastCommitSecond: newest })
  return {
    nowMs: LOAD_START_MS + second * 1000,
    loadStartAtMs: LOAD_START_MS,
    containers: [signs(0), signs(1)],
    clocks: [
      { container: 0, offsetMs: 3 },
      { container: 1, offsetMs: -2 },
    ],
    appOffsetMs: 1,
    earlierEvent: null,
    ...own,
  }
}

/** Container 1 differs; its seconds count from the start of the load. */
const one = (newest: number | null, commit: number | null): Pick<EventMoment, 'containers'> => ({
  containers: [
    { container: 0, newestSecond: START_SECOND + 29, lastCommitSecond: START_SECOND + 29 },
    {
      container: 1,
      newestSecond: newest === null ? null : START_SECOND + newest,
      lastCommitSecond: commit === null ? null : START_SECOND + commit,
    },
  ],
})
const clock = (offsetMs: number, appOffsetMs: number | null = 0): Partial<EventMoment> => ({
  clocks: [
    { container: 0, offsetMs: appOffsetMs ?? 0 },
    { container: 1, offsetMs },
  ],
  appOffsetMs,
})

test.each<[string, EventMoment, { kind: string; why: RegExp } | null]>([
  ['a load that proves itself', at(30.4), null],
  ['records of three seconds ago', at(30.4, one(26, 26)), null],
  [
    'one of several containers frozen for 12 s',
    at(30.4, one(17, 17)),
    { kind: 'wait', why: /newest record of container 1 in storage is 12\.4 s old/ },
  ],
  [
    'a container that never wrote',
    at(30.4, one(null, null)),
    { kind: 'wait', why: /container 1 has no record in storage/ },
  ],
  [
    'a container that records, and commits nothing',
    at(30.4, one(29, 12)),
    { kind: 'wait', why: /no commit of container 1 was acknowledged in the last 17\.4 s/ },
  ],
  [
    'a container without any commit',
    at(30.4, one(29, null)),
    { kind: 'wait', why: /no commit of container 1 was acknowledged$/ },
  ],
  [
    'a clock 90 s behind',
    at(30.4, clock(-90_000)),
    { kind: 'clocks', why: /container 1 is 90\.0 s behind of the app's/ },
  ],
  ['a clock 3 s behind', at(30.4, clock(-3_000)), { kind: 'clocks', why: /container 1 is 3\.0 s behind/ }],
  ['a clock 2 h ahead', at(30.4, clock(7_200_000)), { kind: 'clocks', why: /container 1 is 7200\.0 s ahead/ }],
  ['a clock at the bound', at(30.4, clock(MAX_CLOCK_OFFSET_MS)), null],
  ['a database whose clock is 2 h off, and no other', at(30.4, { ...clock(-7_200_000, -7_200_000) }), null],
  [
    'an app whose clock is 3 s off',
    at(30.4, { clocks: [{ container: 0, offsetMs: 0 }], appOffsetMs: 3_000 }),
    { kind: 'clocks', why: /container 0 is 3\.0 s behind/ },
  ],
  ['an offset against the database alone', at(30.4, clock(-3_000, null)), { kind: 'clocks', why: /of the database's/ }],
  [
    'a clock that was set ahead after it was ready',
    at(30.4, one(7_230, 7_230)),
    { kind: 'clocks', why: /newest record of container 1 ends 7200\.6 s ahead/ },
  ],
  ['the last second with enough load after it', at(50), null],
  [
    'less load than is needed after it',
    at(50.5),
    { kind: 'late', why: /no load is left for event 0: 9\.5 s of it, and at least 10 s/ },
  ],
  ['0.8 s of load left', at(59.2), { kind: 'late', why: /0\.8 s of it/ }],
  ['a load that is over', at(75), { kind: 'late', why: /0\.0 s of it/ }],
  [
    'an event 4 s ago',
    at(30.4, { earlierEvent: { index: 0, atMs: LOAD_START_MS + 26_400, isLost: false } }),
    { kind: 'wait', why: /event before it was 4\.0 s ago; at least 10 s/ },
  ],
  [
    'a request before it that may arrive in 5 s',
    at(30.4, { earlierEvent: { index: 0, atMs: LOAD_START_MS + 35_400, isLost: true } }),
    { kind: 'wait', why: /answer to the request before it was lost, and it may arrive as late as .*Z; at least 10 s/ },
  ],
  [
    'a request before it that may have arrived until 4 s ago',
    at(30.4, { earlierEvent: { index: 0, atMs: LOAD_START_MS + 26_400, isLost: true } }),
    { kind: 'wait', why: /at least 10 s are needed after that/ },
  ],
  [
    'a request before it that cannot arrive any more',
    at(30.4, { earlierEvent: { index: 0, atMs: LOAD_START_MS + 20_400, isLost: true } }),
    null,
  ],
])('%s', (_, moment, expected) => {
  const obstacle = obstacleToEvent(plan, 0, moment)
  if (expected === null) expect(obstacle).toBeNull()
  else expect(obstacle).toEqual({ kind: expected.kind, why: expect.stringMatching(expected.why) })
})

test('an event at the last second that a request may ask for is not lost to a timer that fires late', () => {
  expect(latestEventSecond(plan)).toBe(50)
  expect(obstacleToEvent(plan, 1, at(53.6))).toBeNull()
  expect(obstacleToEvent(plan, 1, at(55))).toMatchObject({ kind: 'late' })
})

test('a plan whose event lies later than a request may ask for is never on time', () => {
  const late = { ...plan, events: [{ atSeconds: 59, kind: 'failover' as const, mode: 'forced' as const }] }
  expect(obstacleToEvent(late, 0, at(59.2))).toMatchObject({ kind: 'late' })
})

test('at a low rate the usual distance between two commits is no silence', () => {
  const slow = { ...plan, load: someLoad({ containers: 2, targetTps: 0.5, durationSeconds: 60 }) }
  expect(obstacleToEvent(slow, 0, at(30.4, one(29, 20)))).toBeNull()
  expect(obstacleToEvent(slow, 0, at(30.4, one(29, 10)))).toMatchObject({ kind: 'wait' })
})

test('clocks are in order exactly when every container is within the bound of the clock that writes the start', () => {
  const offset = fc.integer({ min: -20_000, max: 20_000 })
  fc.assert(
    fc.property(fc.array(offset, { minLength: 1, maxLength: 8 }), offset, (offsets, appOffsetMs) => {
      const clocks = offsets.map((offsetMs, container) => ({ container, offsetMs }))
      const isInOrder = offsets.every((offsetMs) => Math.abs(offsetMs - appOffsetMs) <= MAX_CLOCK_OFFSET_MS)
      expect(clockTrouble(clocks, appOffsetMs) === null).toBe(isInOrder)
    }),
  )
})

test('nothing is caused with less load after it than is needed, unless its timer alone was late', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 80, noNaN: true }), (second) => {
      const isCaused = obstacleToEvent(plan, 0, at(second)) === null
      expect(isCaused).toBe(second <= plan.load.durationSeconds - secondsAfterEvent(plan))
    }),
  )
})
