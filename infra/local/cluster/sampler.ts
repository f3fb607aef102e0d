/** Samples Azure Monitor's metrics of one server from the real processes: PostgreSQL with its backends, and PgBouncer. */
import { cpus, totalmem } from 'node:os'
import { memoryBytes, ratesBetween, type Usage, usageOf } from '../process/usage.ts'
import type { MetricName, MetricSample } from './cluster.ts'
import type { PgBouncer } from './servers/pgbouncer.ts'
import type { PostgresServer } from './servers/postgres.ts'

const INTERVAL_MS = 2_000
const KEPT = (6 * 3_600_000) / INTERVAL_MS

type Values = Partial<Record<MetricName, number>>

/** Counters rise until their process restarts. */
interface Counters {
  readonly usage: Usage | null
  readonly received: number | null
  readonly sent: number | null
  readonly commits: number | null
}

export interface Sampled {
  /** The process changes with a failover. */
  server(): PostgresServer
  /** Null while PgBouncer runs on another machine. */
  pgbouncer(): PgBouncer | null
  readonly storageGb: number
}

export function startSampler(sampled: Sampled) {
  const kept: MetricSample[] = []
  let before: Counters | null = null
  let sampling: Promise<void> = Promise.resolve()

  const sample = async () => {
    const [server, pgbouncer] = [sampled.server(), sampled.pgbouncer()]
    const [database, pooler] = await Promise.all([databaseValues(server, sampled.storageGb), poolerValues(pgbouncer)])
    const roots = [server.process?.pid, pgbouncer?.process?.pid].filter((pid) => pid !== undefined)
    const now: Counters = { usage: usageOf(roots), ...pooler.counters, commits: database.commits }
    const values = { ...database.values, ...pooler.values, ...usageValues(before, now), ...flowValues(before, now) }
    before = now
    kept.push({ atMs: Date.now(), values })
    if (kept.length > KEPT) kept.shift()
  }

  const timer = setInterval(() => {
    sampling = sampling.then(sample, sample)
  }, INTERVAL_MS)
  return {
    samples: (): readonly MetricSample[] => kept,
    stop: async () => {
      clearInterval(timer)
      await sampling.catch(() => {})
    },
  }
}

function usageValues(before: Counters | null, { usage }: Counters): Values {
  if (usage === null) return {}
  const memory = { memory_percent: (100 * memoryBytes(usage)) / totalmem() }
  if (!before?.usage) return memory
  const rates = ratesBetween(before.usage, usage)
  const cpu = { ...memory, cpu_percent: (100 * rates.cpuSecondsPerSecond) / cpus().length }
  const { readsPerSecond: read, writesPerSecond: write } = rates
  return read === null || write === null ? cpu : { ...cpu, read_iops: read, write_iops: write, iops: read + write }
}

const flowValues = (before: Counters | null, now: Counters): Values => ({
  ...optional('network_bytes_ingress', grown(before?.received, now.received)),
  ...optional('network_bytes_egress', grown(before?.sent, now.sent)),
  ...optional('xact_commit', grown(before?.commits, now.commits)),
})

/** A counter that fell has restarted from 0. */
function grown(before: number | null | undefined, now: number | null): number | null {
  if (before === null || before === undefined || now === null) return null
  return now >= before ? now - before : now
}

const optional = (name: MetricName, value: number | null): Values => (value === null ? {} : { [name]: value })

const DATABASE_QUERY = `SELECT
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::int AS connections,
  (SELECT sum(xact_commit) FROM pg_stat_database)::float8 AS commits,
  (SELECT sum(pg_database_size(oid)) FROM pg_database)::float8 + (SELECT sum(size) FROM pg_ls_waldir())::float8 AS bytes`

async function databaseValues(
  server: PostgresServer,
  storageGb: number,
): Promise<{ readonly values: Values; readonly commits: number | null }> {
  try {
    const [row] = await server.query<{ connections: number; commits: number; bytes: number }>(DATABASE_QUERY)
    if (row === undefined) return { values: {}, commits: null }
    const values = {
      is_db_alive: 1,
      active_connections: row.connections,
      storage_used: row.bytes,
      storage_percent: (100 * row.bytes) / (storageGb * 1_073_741_824),
    }
    return { values, commits: row.commits }
  } catch {
    return { values: { is_db_alive: 0 }, commits: null } // No server answers during a failover.
  }
}

interface Pool {
  readonly database: string
  readonly cl_active: string
  readonly cl_waiting: string
  readonly sv_active: string
}

interface Stats {
  readonly total_received: string
  readonly total_sent: string
}

async function poolerValues(pgbouncer: PgBouncer | null): Promise<{
  readonly values: Values
  readonly counters: { readonly received: number | null; readonly sent: number | null }
}> {
  if (pgbouncer === null) return { values: {}, counters: { received: null, sent: null } }
  try {
    const pools = (await pgbouncer.show<Pool>('POOLS')).filter(({ database }) => database !== 'pgbouncer')
    const stats = await pgbouncer.show<Stats>('STATS')
    const values = {
      client_connections_active: sum(pools, 'cl_active'),
      client_connections_waiting: sum(pools, 'cl_waiting'),
      server_connections_active: sum(pools, 'sv_active'),
    }
    return { values, counters: { received: sum(stats, 'total_received'), sent: sum(stats, 'total_sent') } }
  } catch {
    return { values: {}, counters: { received: null, sent: null } }
  }
}

const sum = <Key extends string>(rows: ReadonlyArray<Record<Key, string>>, key: Key): number =>
  rows.reduce((total, row) => total + Number(row[key]), 0)
