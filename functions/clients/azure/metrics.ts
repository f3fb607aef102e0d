/** The server's metrics in Azure Monitor: one-minute points, minutes late. Context for a drill, never its measurement. */
import { MonitorClient, type Response } from '@azure/arm-monitor'
import type { MetricSeries } from '../../model/facts.ts'
import type { PlatformMetrics } from '../clients.ts'
import { type AzureAccess, answerTimeout, managementScope, SHORT_RETRIES, shortPatience, tlsOptions } from './azure.ts'
import { azureErrorParts } from './azure-errors.ts'

interface MetricRow {
  readonly name: string
  readonly unit: 'percent' | 'count' | 'bytes' | 'perSecond' | 'bytesPerSecond' | 'zeroOrOne'
  /**
   * Where the platform collects it. `database` needs metrics.collector_database_activity, `pgbouncer` needs
   * metrics.pgbouncer_diagnostics; a server without them answers for the rest.
   */
  readonly collector: 'default' | 'database' | 'pgbouncer'
}

const row = (unit: MetricRow['unit'], collector: MetricRow['collector'] = 'default') => ({ unit, collector })

/** The metrics that a report shows, in its order. */
const METRICS: readonly MetricRow[] = Object.entries({
  cpu_percent: row('percent'),
  memory_percent: row('percent'),
  active_connections: row('count'),
  connections_failed: row('count'),
  network_bytes_ingress: row('bytes'),
  network_bytes_egress: row('bytes'),
  storage_percent: row('percent'),
  storage_used: row('bytes'),
  txlogs_storage_used: row('bytes'),
  iops: row('count'),
  read_iops: row('perSecond'),
  write_iops: row('perSecond'),
  read_throughput: row('bytesPerSecond'),
  write_throughput: row('bytesPerSecond'),
  disk_queue_depth: row('count'),
  disk_bandwidth_consumed_percentage: row('percent'),
  disk_iops_consumed_percentage: row('percent'),
  is_db_alive: row('zeroOrOne'),
  xact_commit: row('count', 'database'),
  xact_rollback: row('count', 'database'),
  deadlocks: row('count', 'database'),
  client_connections_active: row('count', 'pgbouncer'),
  client_connections_waiting: row('count', 'pgbouncer'),
  server_connections_active: row('count', 'pgbouncer'),
  server_connections_idle: row('count', 'pgbouncer'),
  total_pooled_connections: row('count', 'pgbouncer'),
}).map(([name, rest]) => ({ name, ...rest }))

/** The platform takes no more names in one request. */
const NAMES_PER_REQUEST = 20
const COLLECTORS = ['default', 'database', 'pgbouncer'] as const

export function createPlatformMetrics(access: AzureAccess): PlatformMetrics {
  const client = new MonitorClient(access.credential, access.subscriptionId, {
    endpoint: access.endpoint,
    credentials: { scopes: [managementScope(access)] },
    retryOptions: SHORT_RETRIES,
    additionalPolicies: [answerTimeout(access), shortPatience],
    ...tlsOptions(access),
  })
  return { series: (serverId, fromIso, toIso) => readSeries(client, serverId, `${fromIso}/${toIso}`) }
}

async function readSeries(client: MonitorClient, serverId: string, timespan: string): Promise<MetricSeries[]> {
  const found: MetricSeries[] = []
  for (const collector of COLLECTORS) {
    const names = METRICS.filter((metric) => metric.collector === collector).map(({ name }) => name)
    for (let at = 0; at < names.length; at += NAMES_PER_REQUEST)
      found.push(...(await readSome(client, serverId, timespan, names.slice(at, at + NAMES_PER_REQUEST))))
  }
  return found
}

/** One name that the server does not have makes the platform refuse the whole list: then each name is requested alone. */
async function readSome(
  client: MonitorClient,
  serverId: string,
  timespan: string,
  names: readonly string[],
): Promise<MetricSeries[]> {
  try {
    return seriesOf(await request(client, serverId, timespan, names))
  } catch (cause) {
    if (azureErrorParts(cause).status !== 400)
      throw new Error(`reading metrics of ${serverId} failed; the app's identity needs Monitoring Reader`, { cause })
    if (names.length === 1) return []
    const alone = names.map((name) => readSome(client, serverId, timespan, [name]))
    return (await Promise.all(alone)).flat()
  }
}

const request = (client: MonitorClient, serverId: string, timespan: string, names: readonly string[]) =>
  // The SDK puts a slash of its own before the id.
  client.metrics.list(serverId.replace(/^\/+/, ''), {
    metricnames: names.join(','),
    timespan,
    interval: 'PT1M',
    aggregation: 'Average,Maximum',
  })

/** A metric that was never collected has points without values, and is left out. */
const seriesOf = ({ value }: Response): MetricSeries[] =>
  value
    .filter(({ errorCode }) => (errorCode ?? 'Success') === 'Success')
    .map(oneSeries)
    .filter(({ points }) => points.some(({ average, maximum }) => average !== null || maximum !== null))

const oneSeries = ({ name, timeseries }: Response['value'][number]): MetricSeries => ({
  name: name.value,
  unit: METRICS.find((metric) => metric.name === name.value)?.unit ?? 'count',
  points: (timeseries[0]?.data ?? []).map(({ timeStamp, average, maximum }) => ({
    at: timeStamp.toISOString(),
    // A minute that the platform has not filled in yet has no value; 0 would be a measurement.
    average: average ?? null,
    maximum: maximum ?? null,
  })),
})
