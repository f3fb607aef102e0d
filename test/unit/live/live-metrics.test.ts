import { expect, test } from 'vitest'
import { liveMetrics, withoutRecent } from '../../../functions/live/live-metrics.ts'
import type { Live } from '../../../functions/model/status.ts'

const START_MS = Date.UTC(2026, 0, 1)
const at = (seconds: number): string => new Date(START_MS + seconds * 1000).toISOString()
const series = (name: string, values: ReadonlyArray<number | null>, everySeconds = 60) => ({
  name,
  unit: 'percent',
  points: values.map((average, i) => ({ at: at(i * everySeconds), average, maximum: null })),
})

test('a metric comes with its newest value and the five minutes before it, gaps left out', () => {
  expect(liveMetrics([series('cpu_percent', [1, 2, 3, null, 5, 6, 7, null])])).toEqual([
    {
      name: 'cpu_percent',
      unit: 'percent',
      value: 7,
      at: at(360),
      recent: [2, 3, 5, 6, 7].map((value, i) => ({ at: at([60, 120, 240, 300, 360][i] ?? 0), value })),
    },
  ])
})

test('a metric without a value yet is there, and says that it was not measured', () => {
  expect(liveMetrics([series('iops', [null, null])])).toEqual([
    { name: 'iops', unit: 'percent', value: null, at: null, recent: [] },
  ])
})

test('metrics that the live view does not show are left out', () => {
  expect(liveMetrics([series('deadlocks', [1])])).toEqual([])
})

test('a custom status of metrics stays small, however often the platform samples', () => {
  const often = Array.from({ length: 600 }, (_, i) => 10 + (i % 7) / 3)
  const names = ['cpu_percent', 'memory_percent', 'active_connections', 'network_bytes_ingress', 'iops']
  const metrics = liveMetrics(names.map((name) => series(name, often, 1)))
  expect(metrics.map(({ recent }) => recent?.length)).toEqual(names.map(() => 60))
  const live = { metrics } as unknown as Live
  expect(JSON.stringify(live).length).toBeLessThan(32_000)
  // UTF-16, of which the platform allows 16 KB for the whole status.
  expect(2 * JSON.stringify(withoutRecent(live)).length).toBeLessThan(2_000)
})
