/** When the platform's metrics of a load count as complete. */
import { expect, test } from 'vitest'
import { haveArrived } from '../../../functions/activities/metrics.ts'
import type { MetricSeries } from '../../../functions/model/facts.ts'

const LOAD_END_MS = Date.UTC(2026, 0, 1, 10, 5, 20)

/** One point per minute, by its minute of the hour; null: not filled in yet. */
const series = (name: string, points: Readonly<Record<number, number | null>>): MetricSeries => ({
  name,
  unit: 'percent',
  points: Object.entries(points).map(([minute, average]) => ({
    at: new Date(Date.UTC(2026, 0, 1, 10, Number(minute))).toISOString(),
    average,
    maximum: average,
  })),
})

const cpu = series('cpu_percent', { 3: 40, 4: 41, 5: 42 })
const lateCpu = series('cpu_percent', { 3: 40, 4: 41, 5: null })
const memory = series('memory_percent', { 4: 50, 5: 50, 6: 51 })

type Case = readonly [
  what: string,
  series: readonly MetricSeries[],
  waitSeconds: number,
  secondsLater: number,
  complete: boolean,
]

const CASES: readonly Case[] = [
  ['all reach the end after the wait', [cpu, memory], 8, 8, true],
  ['all reach the end during the wait', [cpu], 8, 7.9, false],
  ['one lacks the last minute', [lateCpu, memory], 8, 60, false],
  ['there is no metric', [], 0, 60, false],
  ['no wait was asked for', [cpu], 0, 0, true],
  ['no wait was asked for and one is late', [lateCpu], 0, 1, false],
  ['a gap at the end stays a gap', [lateCpu], 600, 360, true],
  ['a cloud is still within its lag', [lateCpu], 600, 359, false],
  ['a cloud is asked with a short wait', [lateCpu], 30, 359, false],
]

test.each(CASES)('%s', (_what, series, waitSeconds, secondsLater, complete) => {
  const nowMs = LOAD_END_MS + secondsLater * 1000
  expect(haveArrived({ series, loadEndMs: LOAD_END_MS, nowMs, lateMetricsSeconds: waitSeconds })).toBe(complete)
})
