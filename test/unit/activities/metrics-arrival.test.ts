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

interface Case {
  readonly what: string
  readonly series: readonly MetricSeries[]
  readonly waitSeconds: number
  readonly secondsLater: number
  readonly complete: boolean
}

const CASES: readonly Case[] = [
  { what: 'all reach the end after the wait', series: [cpu, memory], waitSeconds: 8, secondsLater: 8, complete: true },
  { what: 'all reach the end during the wait', series: [cpu], waitSeconds: 8, secondsLater: 7.9, complete: false },
  { what: 'one lacks the last minute', series: [lateCpu, memory], waitSeconds: 8, secondsLater: 60, complete: false },
  { what: 'there is no metric', series: [], waitSeconds: 0, secondsLater: 60, complete: false },
  { what: 'no wait was asked for', series: [cpu], waitSeconds: 0, secondsLater: 0, complete: true },
  {
    what: 'no wait was asked for and one is late',
    series: [lateCpu],
    waitSeconds: 0,
    secondsLater: 1,
    complete: false,
  },
  { what: 'a gap at the end stays a gap', series: [lateCpu], waitSeconds: 600, secondsLater: 360, complete: true },
  { what: 'a cloud is still within its lag', series: [lateCpu], waitSeconds: 600, secondsLater: 359, complete: false },
  {
    what: 'a cloud is asked with a short wait',
    series: [lateCpu],
    waitSeconds: 30,
    secondsLater: 359,
    complete: false,
  },
]

test.each(CASES)('$what: complete is $complete', ({ series, waitSeconds, secondsLater, complete }) => {
  const nowMs = LOAD_END_MS + secondsLater * 1000
  expect(haveArrived({ series, loadEndMs: LOAD_END_MS, nowMs, lateMetricsSeconds: waitSeconds })).toBe(complete)
})
