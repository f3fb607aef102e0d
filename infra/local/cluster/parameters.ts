/** Reads the server parameters from the running PostgreSQL and PgBouncer, as the control plane lists them. */
import type { ClusterParameter } from './cluster.ts'
import type { PgBouncer } from './servers/pgbouncer.ts'
import type { PostgresServer } from './servers/postgres.ts'

interface SettingRow {
  readonly name: string
  readonly setting: string
  readonly unit: string | null
  readonly vartype: ClusterParameter['type']
  readonly boot_val: string | null
  readonly context: string
  readonly short_desc: string
  readonly enumvals: string[] | null
  readonly min_val: string | null
  readonly max_val: string | null
  readonly pending_restart: boolean
}

interface PoolerRow {
  readonly key: string
  readonly value: string
  readonly default: string
  readonly changeable: string
}

const SETTINGS = `SELECT name, setting, unit, vartype, boot_val, context, short_desc, enumvals, min_val, max_val, pending_restart
  FROM pg_settings ORDER BY name`

/** Without PgBouncer its other parameters are hidden, as on the real service. */
export async function readParameters(server: PostgresServer, pgbouncer: PgBouncer | null): Promise<ClusterParameter[]> {
  const [settings, pooler] = await Promise.all([
    server.query<SettingRow>(SETTINGS),
    pgbouncer === null ? [] : pgbouncer.show<PoolerRow>('CONFIG'),
  ])
  return [...settings.map(ofServer), poolerEnabled(pgbouncer !== null), ...pooler.map(ofPooler)]
}

const ofServer = (row: SettingRow): ClusterParameter => ({
  name: row.name,
  value: row.setting,
  defaultValue: row.boot_val,
  type: row.vartype,
  unit: row.unit,
  description: row.short_desc,
  allowedValues: row.enumvals?.join(',') ?? (row.min_val === null ? null : `${row.min_val}-${row.max_val}`),
  isDynamic: row.context !== 'postmaster' && row.context !== 'internal',
  isReadOnly: row.context === 'internal',
  isPendingRestart: row.pending_restart,
})

const ofPooler = (row: PoolerRow): ClusterParameter => ({
  ...POOLER,
  name: `pgbouncer.${row.key}`,
  value: row.value,
  defaultValue: row.default,
  isDynamic: row.changeable === 'yes',
})

const poolerEnabled = (isEnabled: boolean): ClusterParameter => ({
  ...POOLER,
  name: 'pgbouncer.enabled',
  type: 'bool',
  value: String(isEnabled),
  defaultValue: 'false',
  isDynamic: true,
})

const POOLER = {
  type: 'string',
  unit: null,
  description: 'Setting of PgBouncer',
  allowedValues: null,
  isReadOnly: false,
  isPendingRestart: false,
} as const
