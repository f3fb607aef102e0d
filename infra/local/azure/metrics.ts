/** Azure Monitor's metrics: points of one minute, gaps without values, and no samples of the last seconds. */
import type { Cluster, MetricName, MetricSample } from '../cluster/cluster.ts'
import { type Addressed, ArmError, FLEXIBLE_SERVERS, type Place, serverId } from './arm/arm.ts'
import type { Switches } from './control.ts'

const MINUTE_MS = 60_000

/** Azure's units. `flow`: a sample holds the amount since the one before, so a minute's value is their sum. */
const KNOWN: Readonly<Record<string, { readonly unit: string; readonly isFlow?: true }>> = {
  cpu_percent: { unit: 'Percent' },
  memory_percent: { unit: 'Percent' },
  active_connections: { unit: 'Count' },
  connections_failed: { unit: 'Count', isFlow: true },
  connections_succeeded: { unit: 'Count', isFlow: true },
  network_bytes_ingress: { unit: 'Bytes', isFlow: true },
  network_bytes_egress: { unit: 'Bytes', isFlow: true },
  storage_percent: { unit: 'Percent' },
  storage_used: { unit: 'Bytes' },
  storage_free: { unit: 'Bytes' },
  txlogs_storage_used: { unit: 'Bytes' },
  iops: { unit: 'Count' },
  read_iops: { unit: 'Count' },
  write_iops: { unit: 'Count' },
  read_throughput: { unit: 'BytesPerSecond' },
  write_throughput: { unit: 'BytesPerSecond' },
  disk_queue_depth: { unit: 'Count' },
  disk_bandwidth_consumed_percentage: { unit: 'Percent' },
  disk_iops_consumed_percentage: { unit: 'Percent' },
  is_db_alive: { unit: 'Count' },
  xact_commit: { unit: 'Count', isFlow: true },
  xact_rollback: { unit: 'Count', isFlow: true },
  deadlocks: { unit: 'Count', isFlow: true },
  client_connections_active: { unit: 'Count' },
  client_connections_waiting: { unit: 'Count' },
  server_connections_active: { unit: 'Count' },
  server_connections_idle: { unit: 'Count' },
  total_pooled_connections: { unit: 'Count' },
}

export interface MetricsQuery {
  readonly metricnames?: string
  readonly timespan?: string
  readonly interval?: string
  readonly aggregation?: string
}

export function metricsDocument({ site, place }: Addressed, cluster: Cluster, switches: Switches, query: MetricsQuery) {
  const names = namesOf(query)
  const span = spanOf(query)
  const visible = cluster.samples(site).filter(({ atMs }) => isPublished(switches, atMs))
  return {
    cost: 0,
    timespan: `${iso(span.fromMs)}/${iso(span.toMs)}`,
    interval: 'PT1M',
    value: names.map((name) => metricDocument(place, name, pointsOf(name, visible, span))),
    namespace: FLEXIBLE_SERVERS,
    resourceregion: place.location,
  }
}

const metricDocument = (place: Place, name: string, data: readonly object[]) => ({
  id: `${serverId(place)}/providers/Microsoft.Insights/metrics/${name}`,
  type: 'Microsoft.Insights/metrics',
  name: { value: name, localizedValue: name },
  displayDescription: name,
  unit: KNOWN[name]?.unit ?? 'Count',
  timeseries: [{ metadatavalues: [], data }],
  errorCode: 'Success',
})

// ---- The query ------------------------------------------------------------------------------------------------------

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

function namesOf({ metricnames = '', interval = 'PT1M' }: MetricsQuery): string[] {
  const names = metricnames.split(',').filter((name) => name !== '')
  if (names.length > 20) throw bad(`Requested metrics count: ${names.length} bigger than allowed max: 20`)
  if (interval !== 'PT1M') throw bad(`Detected invalid time grain input: ${interval}, supported: PT1M`)
  const unknown = names.find((name) => KNOWN[name] === undefined)
  if (unknown !== undefined)
    throw bad(
      `Failed to find metric configuration for provider: Microsoft.DBforPostgreSQL, resource Type: flexibleServers, metric: ${unknown}, Valid metrics: ${Object.keys(KNOWN).join(',')}`,
    )
  return names
}

function spanOf({ timespan = '' }: MetricsQuery): Span {
  const [from = '', to = ''] = timespan.split('/')
  const span = { fromMs: Date.parse(from), toMs: Date.parse(to) }
  if (!(span.fromMs < span.toMs)) throw bad(`Start time and end time must be given, in order: '${timespan}'`)
  return { fromMs: minuteOf(span.fromMs), toMs: span.toMs }
}

const bad = (message: string) => new ArmError(400, 'BadRequest', message)
const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')
const minuteOf = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS

// ---- The points -----------------------------------------------------------------------------------------------------

/** Newer samples are not published yet, so the last minute can be incomplete, as on the real platform. */
const isPublished = ({ metricsDelayMs }: Switches, atMs: number): boolean =>
  metricsDelayMs !== null && atMs + metricsDelayMs <= Date.now()

function pointsOf(name: string, samples: readonly MetricSample[], { fromMs, toMs }: Span): object[] {
  const points: object[] = []
  for (let minuteMs = fromMs; minuteMs < toMs; minuteMs += MINUTE_MS) {
    const values = samples
      .filter(({ atMs }) => minuteOf(atMs) === minuteMs)
      .flatMap((sample) => sample.values[name as MetricName] ?? [])
    points.push({ timeStamp: iso(minuteMs), ...(values.length > 0 && summary(name, values)) })
  }
  return points
}

function summary(name: string, values: readonly number[]): { average: number; maximum: number } {
  const total = values.reduce((sum, value) => sum + value, 0)
  if (KNOWN[name]?.isFlow === true) return { average: total, maximum: total }
  return { average: total / values.length, maximum: Math.max(...values) }
}
