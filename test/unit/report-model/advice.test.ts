/** Each advice with figures that make it true, and with figures that make it false. */
import { describe, expect, test } from 'vitest'
import type { CohortReport } from '../../../functions/model/comparisons/cohort.ts'
import type { DrillEvent, EventWay } from '../../../functions/model/report.ts'
import type { WayAfterwards } from '../../../functions/reachability/event-ways.ts'
import { ADVICE_ROWS, type AdviceFacts, adviceOf } from '../../../functions/report-model/advice.ts'
import type { Cohort } from '../../../loadgen-image/contract/load-plan.ts'
import { aCohort, isoAt } from '../../support/builders.ts'
import { anEvent } from '../../support/events.ts'

type Step = readonly [state: EventWay['steps'][number]['state'], from: number, to: number]

const wayOf = (way: EventWay['way'], steps: readonly Step[], own: Partial<EventWay> = {}): EventWay => {
  const [first, last] = [steps[0], steps.at(-1)]
  return {
    way,
    steps: steps.map(([state, from, to]) => ({
      state,
      code: '',
      fromAt: isoAt(from),
      toAt: isoAt(to),
      seconds: to - from,
    })),
    backAt: last === undefined ? null : isoAt(last[2]),
    outSeconds: first === undefined || last === undefined ? 0 : last[2] - first[1],
    longerThanDirectSeconds: null,
    notMeasuredWhy: null,
    ...own,
  }
}

const TIMES = { t0: 30, t1: 31, t2: 36, t3: 37, t4: 38 }
const withWays = (ways: readonly EventWay[], own: Partial<DrillEvent> = {}, times = TIMES): AdviceFacts => ({
  event: anEvent(1, times, { ways: [...ways], ...own }),
  policies: [aCohort({})],
  cohorts: [],
  afterwards: Object.fromEntries(
    ways.map(({ way, backAt }) => [way, { outAgainUs: null, everywhereUs: backAt && Date.parse(backAt) * 1000 }]),
  ),
})

const usAt = (second: number) => Date.parse(isoAt(second)) * 1000
/** What came after the steps of that way. */
const afterwards = (facts: AdviceFacts, way: EventWay['way'], own: Partial<WayAfterwards>): AdviceFacts => {
  const usual = facts.afterwards[way] ?? { outAgainUs: null, everywhereUs: null }
  return { ...facts, afterwards: { ...facts.afterwards, [way]: { ...usual, ...own } } }
}

const direct = wayOf('direct', [['refused', 31, 35]])
const pooled = (steps: readonly Step[], longer: number | null, own: Partial<EventWay> = {}) =>
  wayOf('pgbouncer', steps, { longerThanDirectSeconds: longer, ...own })

const found = (id: string, facts: AdviceFacts) => adviceOf([facts]).find((one) => one.id === id)

interface Case {
  readonly id: string
  readonly holds: AdviceFacts
  readonly seconds: number
  readonly says: RegExp
  /** Each lacks one thing that the advice rests on. */
  readonly fails: Readonly<Record<string, AdviceFacts>>
}

const FAST = aCohort({ firstDelayMs: 100, maxDelayMs: 1000, multiplier: 2, jitter: false })
const cohortsOf = (
  fast: number | null,
  slow: number | null,
  slowPolicy = {},
  own: Partial<Cohort> = {},
  workers = 5,
): AdviceFacts => {
  const slowCohort = {
    ...FAST,
    ...own,
    name: 'slow',
    retry: { ...FAST.retry, firstDelayMs: 5000, maxDelayMs: 60_000, ...slowPolicy },
  }
  return {
    event: anEvent(1, TIMES),
    policies: [{ ...FAST, name: 'fast' }, slowCohort],
    cohorts: [aCohortReport('fast', fast, { workers }), aCohortReport('slow', slow, { workers })],
    afterwards: {},
  }
}
const aCohortReport = (name: string, p50: number | null, own: Partial<CohortReport> = {}): CohortReport => ({
  ...{ name, via: 'pgbouncer', client: null, retry: '', settings: [], workers: 5, acknowledged: 1, clients: 5 },
  ...{ notMeasured: 0, neverBack: 0, returnAfterT2Seconds: null, stillWaiting: 0, stillWaitingSeconds: null },
  clientOutageSeconds: { p50, p95: p50, p99: p50, max: p50 },
  ...own,
})

const setTo = (name: string, value: string): CohortReport['settings'][number] => ({
  ...{ name, value, origin: 'documentation', source: 'https://example.org', says: '' },
})
const clientsOf = (slow: Partial<CohortReport> = {}, p50: number | null = 9.1): AdviceFacts => ({
  event: anEvent(1, TIMES),
  policies: [FAST, FAST],
  afterwards: {},
  cohorts: [
    aCohortReport('quick', 5, { client: 'Npgsql default', settings: [setTo('reply timeout', '32000 ms')] }),
    aCohortReport('slow', p50, { client: 'libpq default', settings: [setTo('reply timeout', 'none')], ...slow }),
  ],
})
const waitingOf = (replyTimeoutMs: number | null, own: Partial<CohortReport> = {}): AdviceFacts => ({
  event: anEvent(1, TIMES),
  policies: [{ ...FAST, name: 'hung', replyTimeoutMs }],
  afterwards: {},
  cohorts: [aCohortReport('hung', null, { neverBack: 3, stillWaiting: 3, stillWaitingSeconds: 40, ...own })],
})
const viaDirect = (facts: AdviceFacts): AdviceFacts => ({
  ...facts,
  policies: facts.policies.map((one) => (one.name === 'slow' ? { ...one, via: 'direct' } : one)),
})

const change = (sinceLastCommitSeconds: number, after = ['10.0.0.2']): DrillEvent['nameChange'] => ({
  ...{ at: isoAt(31 + sinceLastCommitSeconds), before: ['10.0.0.1'], after },
  sinceLastCommitSeconds,
})

/** PgBouncer waits from 33 s to 36.5 s, and straight writes are taken from 35 s on. */
const retrying = withWays([
  direct,
  pooled(
    [
      ['no reply', 31, 33],
      ['PgBouncer waits', 33, 36.5],
    ],
    1.5,
  ),
])
const late = withWays([direct, pooled([['no reply', 31, 35.5]], 0.5)], {}, { ...TIMES, t3: 37.5 })

const CASES: readonly Case[] = [
  {
    id: 'pgbouncer-retry',
    holds: retrying,
    seconds: 1.5,
    says: /^For 1\.50 s PgBouncer turned clients away although the server took writes straight/,
    fails: {
      'the server took no writes meanwhile': withWays([direct, pooled([['PgBouncer waits', 31, 35.1]], 0.1)]),
      'it waited for another reason': withWays([direct, pooled([['no reply', 31, 36.5]], 1.5)]),
      'the direct way is not measured': withWays([
        { ...direct, notMeasuredWhy: 'no' },
        pooled([['PgBouncer waits', 31, 36.5]], null),
      ]),
      'the direct way was never back': withWays([
        { ...direct, backAt: null },
        pooled([['PgBouncer waits', 31, 36.5]], null),
      ]),
      'straight writes stopped again at once': afterwards(retrying, 'direct', { outAgainUs: usAt(35.1) }),
    },
  },
  {
    id: 'pgbouncer-later',
    holds: withWays([direct, pooled([['no reply', 31, 36.5]], 1.5)]),
    seconds: 1.5,
    says: /^Through PgBouncer the outage ended 1\.50 s later than straight/,
    fails: {
      'it was 0.2 s later': withWays([direct, pooled([['no reply', 31, 35.2]], 0.2)]),
      'it is not measured': withWays([direct, pooled([['no reply', 31, 36.5]], 1.5, { notMeasuredWhy: 'no' })]),
      'its retry is the reason': withWays([direct, pooled([['PgBouncer waits', 31, 36.5]], 1.5)]),
      'straight took writes throughout': withWays([wayOf('direct', []), pooled([['no reply', 31, 36.5]], 5.5)]),
      'it was never back': withWays([direct, pooled([['no reply', 31, 36.5]], 1.5, { backAt: null })]),
    },
  },
  {
    id: 'read-only',
    holds: withWays([
      wayOf('direct', [
        ['refused', 31, 34],
        ['read-only', 34, 35.2],
      ]),
    ]),
    seconds: 1.2,
    says: /^For 1\.20 s the server took logins and no writes/,
    fails: {
      'it was never read-only': withWays([direct]),
      'it was too short': withWays([
        wayOf('direct', [
          ['refused', 31, 34],
          ['read-only', 34, 34.1],
        ]),
      ]),
      'it is not measured': withWays([wayOf('direct', [['read-only', 31, 34]], { notMeasuredWhy: 'no' })]),
    },
  },
  {
    id: 'name-cache',
    holds: withWays([direct], { nameChange: change(3.5) }),
    seconds: 3.5,
    says: /another address 3\.50 s after the last commit/,
    fails: {
      'no change was seen': withWays([direct]),
      'it changed before the last commit': withWays([direct], { nameChange: change(-0.1) }),
      'writes were taken before it changed': withWays([direct], { nameChange: change(4.5) }),
      'it leads to the old address too': withWays([direct], { nameChange: change(3.5, ['10.0.0.1', '10.0.0.2']) }),
      'straight took writes throughout': withWays([wayOf('direct', [])], { nameChange: change(3.5) }),
      'the direct way is not measured': withWays([{ ...direct, notMeasuredWhy: 'no' }], { nameChange: change(3.5) }),
      'a write was taken meanwhile': withWays(
        [
          wayOf('direct', [
            ['refused', 31, 33],
            ['wrote', 33, 33.5],
            ['refused', 33.5, 35],
          ]),
        ],
        { nameChange: change(3.5) },
      ),
    },
  },
  {
    id: 'back-off',
    holds: cohortsOf(5, 9.1),
    seconds: 4.1,
    says: /^The median outage of the clients "slow" \(5000 ms, x 2 up to 60000 ms\) was 4\.10 s longer than that of the clients "fast" \(100 ms, x 2 up to 1000 ms\)/,
    fails: {
      'both were back together': cohortsOf(5, 5.3),
      'the longer back-off was faster': cohortsOf(9.1, 5),
      'one is not measured': cohortsOf(null, 9.1),
      'the policies are the same': cohortsOf(5, 9.1, FAST.retry),
      'they went different ways': viaDirect(cohortsOf(5, 9.1)),
      'they differ in more than the back-off': cohortsOf(5, 9.1, {}, { addressCacheMs: 30_000 }),
      'they have few clients': cohortsOf(5, 9.1, {}, {}, 4),
      'the longer back-off cannot cost so much': cohortsOf(5, 25, { maxDelayMs: 10_000 }),
    },
  },
  {
    id: 'client-behaviour',
    holds: clientsOf(),
    seconds: 4.1,
    says: /"slow" \(libpq default\) were back 4\.10 s after half of the clients "quick" \(Npgsql default\), by the same way\. They differ in reply timeout: none, against 32000 ms\.$/,
    fails: {
      'both were back together': clientsOf({}, 5.3),
      'one is not measured': clientsOf({}, null),
      'one names no client': clientsOf({ client: null }),
      'they went different ways': clientsOf({ via: 'direct' }),
      'they are the same client': clientsOf({ client: 'Npgsql default' }),
      'nothing in them differs': clientsOf({ settings: [setTo('reply timeout', '32000 ms')] }),
    },
  },
  {
    id: 'no-reply-limit',
    holds: waitingOf(null),
    seconds: 40,
    says: /^3 clients of "hung" still waited for a reply when the load ended, 40\.0 s after others could write again/,
    fails: {
      'they limit the wait for a reply': waitingOf(30_000),
      'no client waited for a reply': waitingOf(null, { stillWaiting: 0 }),
      'no client could write again': waitingOf(null, { stillWaitingSeconds: null }),
    },
  },
  {
    id: 'late-clients',
    holds: late,
    seconds: 2,
    says: /^The last client was back 2\.00 s after new connections could write by its way from every container/,
    fails: {
      'it was back at once': withWays([direct, pooled([['no reply', 31, 35.5]], 0.5)], {}, { ...TIMES, t3: 35.9 }),
      'its way is not measured': withWays([direct]),
      'its way was never back': withWays([direct, pooled([['no reply', 31, 35.5]], null, { backAt: null })]),
      'one container could not write before': afterwards(late, 'pgbouncer', { everywhereUs: usAt(37) }),
      'when every container could write is not known': afterwards(late, 'pgbouncer', { everywhereUs: null }),
      'the way took no writes again before it was back': afterwards(late, 'pgbouncer', { outAgainUs: usAt(36.4) }),
      'a client never came back': withWays([direct, pooled([['no reply', 31, 35.5]], 0.5)], {
        moments: { ...anEvent(1, TIMES).moments, t3: null },
      }),
    },
  },
]

test('every advice has its case', () => {
  expect(CASES.map(({ id }) => id)).toEqual(ADVICE_ROWS.map(({ id }) => id))
})

describe.each(CASES)('advice $id', ({ id, holds, seconds, says, fails }) => {
  test('is given with its figure', () => {
    expect(found(id, holds)).toMatchObject({ event: 1, seconds })
    expect(found(id, holds)?.text).toMatch(says)
  })

  test.each(Object.entries(fails))('is not given when %s', (_why, facts) => {
    expect(found(id, facts)).toBeUndefined()
  })
})

test("PgBouncer's retry counts only as long as straight writes are taken", () => {
  const facts = afterwards(retrying, 'direct', { outAgainUs: usAt(35.8) })
  expect(found('pgbouncer-retry', facts)?.seconds).toBeCloseTo(0.8, 6)
})

test('a drill without a probe and with one policy gets no advice', () => {
  expect(adviceOf([withWays([])])).toEqual([])
})
