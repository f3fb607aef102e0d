import { expect, test } from 'vitest'
import { alignOnT1, changePoint, type TrendEntry, trendEntry, trendOf } from '../../../functions/drill/trend.ts'
import { isoAt } from '../../support/builders.ts'
import { sampleReport } from '../../support/sample-report.ts'

const DAY = 86_400

const entry = (day: number, recovery: number | null, server = 'pg-orders'): TrendEntry => ({
  drillId: `day-${day}`,
  server,
  startedAt: isoAt(day * DAY),
  verdict: 'PASS',
  headline: '',
  mode: 'forced',
  figures: { recoveryTimeSeconds: recovery },
})

const recoveries = (...values: (number | null)[]) => values.map((value, day) => entry(day, value))
const recoveryOf = (entries: readonly TrendEntry[]) => trendOf(entries.at(-1) as TrendEntry, entries)[0]

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

test('the first drill has no trend', () => {
  expect(trendOf(entry(0, 40), [])).toEqual([])
})

test('drills of other servers, later ones and this one itself are left out', () => {
  const current = entry(5, 41)
  const history = trendOf(current, [entry(1, 40), entry(2, 99, 'pg-other'), current, entry(9, 99), entry(3, null)])[0]
    ?.history
  expect(history?.map(({ drillId, value }) => [drillId, value])).toEqual([
    ['day-1', 40],
    ['day-3', null],
  ])
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
  const report = await sampleReport({ verdict: 'FAIL' })
  expect(trendEntry(report, 'pg-orders')).toEqual({
    drillId: report.drillId,
    server: 'pg-orders',
    startedAt: report.startedAt,
    verdict: 'FAIL',
    headline: report.headline,
    mode: 'forced',
    figures: {
      recoveryTimeSeconds: report.recovery.recoveryTimeSeconds,
      writeOutageSeconds: report.recovery.writeOutageSeconds,
      worstClientOutageSeconds: report.recovery.clientOutageSeconds.max,
      lost: 3,
      baselineTps: 400,
      baselineP50Ms: report.latencyMs.baseline?.response.p50,
      baselineP99Ms: report.latencyMs.baseline?.response.p99,
      availability: report.availability.whole,
    },
  })
})
