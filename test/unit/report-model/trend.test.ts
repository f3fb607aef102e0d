import { expect, test } from 'vitest'
import { likenessOf } from '../../../functions/event-kinds/likeness.ts'
import { isLike, type TrendEntry } from '../../../functions/model/drill-index.ts'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import type { FailoverMode } from '../../../functions/model/planned-event.ts'
import { alignOnT1, changePoint, trendEntry, trendOf } from '../../../functions/report-model/trend.ts'
import { sampleReport } from '../../golden/samples.ts'
import { aDrillPlan, isoAt, someLoad } from '../../support/builders.ts'
import { NO_WORST } from '../../support/events.ts'

const DAY = 86_400

const LIKE = likenessOf(aDrillPlan())

const entry = (day: number, recovery: number | null, like = LIKE): TrendEntry => ({
  drillId: `day-${day}`,
  like,
  startedAt: isoAt(day * DAY),
  verdict: 'PASS',
  headline: '',
  figures: { recoveryTimeSeconds: recovery },
  worst: NO_WORST,
})

const recoveries = (...values: (number | null)[]) => values.map((value, day) => entry(day, value))
const recoveryOf = (entries: readonly TrendEntry[]) => trendOf(entries.at(-1) as TrendEntry, entries).trend[0]

test('a figure among its usual ones is usual, with median and band', () => {
  expect(recoveryOf(recoveries(40, 42, 41, 39, 43, 41))).toMatchObject({
    value: 41,
    median: 41,
    mad: 1,
    low: 36.5522,
    high: 45.4478,
    difference: 0,
    reading: 'usual',
    changedAt: null,
  })
})

test.each([
  [61, 'worse'],
  [20, 'better'],
])('a recovery of %f s after five of about 41 s is %s', (value, reading) => {
  expect(recoveryOf(recoveries(40, 42, 41, 39, 43, value))?.reading).toBe(reading)
})

test('one outlier does not widen the band', () => {
  expect(recoveryOf(recoveries(40, 42, 400, 39, 41, 60))?.reading).toBe('worse')
})

test('two earlier drills are no history yet', () => {
  expect(recoveryOf(recoveries(40, 42, 90))).toMatchObject({ reading: 'no history', low: null, high: null })
})

test('unlike drills, later ones and this one itself are left out, and the trend says how many it found among how many', () => {
  const current = entry(5, 41)
  const other = likenessOf(aDrillPlan({ load: someLoad({ targetTps: 400 }) }))
  const { likeDrills, trend } = trendOf(current, [
    entry(1, 40),
    entry(2, 99, other),
    current,
    entry(9, 99),
    entry(3, null),
  ])
  expect(likeDrills).toEqual({ what: LIKE.words, found: 2, lookedAt: 3 })
  const history = trend[0]?.history
  expect(history?.map(({ drillId, value }) => [drillId, value])).toEqual([
    ['day-1', 40],
    ['day-3', null],
  ])
})

test('without one like drill there is no trend, however many others there are', () => {
  const others = [0, 1, 2, 3].map((day) => entry(day, 40, { ...LIKE, settings: 'other' }))
  expect(trendOf(entry(5, 41), others)).toEqual({ likeDrills: { what: LIKE.words, found: 0, lookedAt: 4 }, trend: [] })
})

const ofLoad = (own: Partial<DrillPlan['load']>) => ({ load: someLoad(own) })
const ofModes = (...modes: FailoverMode[]) => ({
  events: modes.map((mode, i) => ({ atSeconds: 30 + i * 60, kind: 'failover' as const, mode })),
})

test.each<[string, Partial<DrillPlan>, boolean]>([
  ['another rate', ofLoad({ targetTps: 201 }), false],
  ['other clients', ofLoad({ workers: 11 }), false],
  ['other containers', ofLoad({ containers: 2 }), false],
  ['another length', ofLoad({ durationSeconds: 91 }), false],
  ['another deadline', ofLoad({ deadlineMs: 2000 }), false],
  ['the plain table', ofLoad({ transactions: 'compat' }), false],
  ['another kind of failover', ofModes('planned'), false],
  ['two events', ofModes('forced', 'forced'), false],
  ['no failover', ofModes(), false],
  ['the same failover at another second', { events: [{ atSeconds: 33, kind: 'failover', mode: 'forced' }] }, true],
  ['another seed and another number of threads', ofLoad({ seed: 8, threads: 2 }), true],
  ['other objectives and a note', { criteria: ['lost_commits == 0'], note: 'x' }, true],
])('%s: the drill is like the usual one: %o %s', (_, own, expected) => {
  expect(
    isLike(likenessOf(aDrillPlan(ofModes('forced'))), likenessOf(aDrillPlan({ ...ofModes('forced'), ...own }))),
  ).toBe(expected)
})

test('a new level is marked at the drill with which it began', () => {
  expect(changePoint(recoveries(40, 41, 39, 40, 61, 60, 62, 61), 'recoveryTimeSeconds')).toBe('day-4')
  expect(changePoint(recoveries(40, 41, 39, 60, 41, 40, 39, 41), 'recoveryTimeSeconds')).toBeNull()
  expect(changePoint(recoveries(40, 60), 'recoveryTimeSeconds')).toBeNull()
})

test('two drills lie over each other at t1', () => {
  const rows = [{ second: 100 }, { second: 101 }]
  expect(alignOnT1(rows, new Date(100_250).toISOString()).map(({ alignedSeconds }) => alignedSeconds)).toEqual([
    -0.25, 0.75,
  ])
  expect(alignOnT1(rows, null).map(({ alignedSeconds }) => alignedSeconds)).toEqual([0, 1])
})

test('a report becomes a line of the index', async () => {
  const report = await sampleReport('FAIL')
  expect(trendEntry(report, aDrillPlan())).toEqual({
    drillId: report.drillId,
    like: LIKE,
    startedAt: report.startedAt,
    verdict: 'FAIL',
    headline: report.headline,
    figures: {
      recoveryTimeSeconds: report.recovery.recoveryTimeSeconds,
      writeOutageSeconds: report.recovery.writeOutageSeconds,
      worstClientOutageSeconds: report.recovery.clientOutageSeconds.max,
      lost: 3,
      baselineTps: 200,
      baselineP50Ms: report.latencyMs.baseline?.response.p50,
      baselineP99Ms: report.latencyMs.baseline?.response.p99,
      availability: report.availability.whole,
    },
    worst: {
      events: 1,
      recoveryTime: { measured: { kind: 'value', value: report.recovery.recoveryTimeSeconds }, event: 1 },
      writeOutage: { measured: { kind: 'value', value: report.recovery.writeOutageSeconds }, event: 1 },
    },
  })
})
