/** The server metrics of the live view: the newest point of each and the few minutes before it, for a reader who opens the page late. */
import type { MetricSeries } from '../model/facts.ts'
import type { Live, LiveMetric } from '../model/status.ts'

const NAMES = [
  'cpu_percent',
  'memory_percent',
  'active_connections',
  'network_bytes_ingress',
  'network_bytes_egress',
  'storage_percent',
  'iops',
] as const

const RECENT_MS = 5 * 60_000
/** The platform has one point a minute; more points must not make the blob grow. */
const MAX_RECENT = 60

export const liveMetrics = (series: readonly MetricSeries[]): LiveMetric[] =>
  NAMES.flatMap((name) => {
    const found = series.find((one) => one.name === name)
    return found === undefined ? [] : [liveMetric(found)]
  })

function liveMetric({ name, unit, points }: MetricSeries): LiveMetric {
  const known = points.flatMap(({ at, average, maximum }) => {
    const value = average ?? maximum
    return value === null ? [] : [{ at, value }]
  })
  const newest = known.at(-1)
  if (newest === undefined) return { name, unit, value: null, at: null, recent: [] }
  const fromMs = Date.parse(newest.at) - RECENT_MS
  const recent = known.filter(({ at }) => Date.parse(at) >= fromMs).slice(-MAX_RECENT)
  return { name, unit, ...newest, recent }
}

/** A custom status may have 16 KB, and the history of an orchestration keeps every one: only the blob has the minutes before and each generator. */
export const withoutRecent = ({ generators: _, ...live }: Live): Live => ({
  ...live,
  metrics: live.metrics.map(({ recent: _, ...newest }) => newest),
})
