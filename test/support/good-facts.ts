/** Facts of a place in which everything is as a drill wants it, and what a test changes in them. */
import type {
  ContainerFacts,
  DiskFacts,
  LoadSessionFacts,
  SchemaFacts,
  ServerFacts,
  ServerParameter,
  SessionFacts,
  SessionSetting,
  TableFacts,
} from '../../functions/model/facts.ts'

export const goodServer: ServerFacts = {
  name: 'pg-orders',
  id: '/subscriptions/s/resourceGroups/rg-drills/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-orders',
  location: 'swedencentral',
  state: 'Ready',
  version: '16',
  fqdn: 'pg-orders.postgres.database.azure.com',
  sku: { name: 'Standard_E4ds_v5', tier: 'MemoryOptimized' },
  vCores: 4,
  memoryGb: 32,
  availabilityZone: '1',
  highAvailability: { mode: 'ZoneRedundant', state: 'Healthy', standbyZone: '2' },
  storage: { sizeGb: 1024, tier: 'P40', iops: 7_500, type: 'Premium_LRS', growsByItself: false },
  isInSubnet: false,
  maintenanceWindow: { isCustom: true, dayOfWeek: 0, startHour: 3, startMinute: 0 },
  replication: { role: 'Primary', state: null, sourceId: null },
}

export const GOOD_PARAMETERS: Readonly<Record<string, string>> = {
  max_connections: '2000',
  max_replication_slots: '10',
  max_wal_senders: '10',
  'pgbouncer.enabled': 'true',
  'pgbouncer.pool_mode': 'transaction',
  'pgbouncer.max_client_conn': '5000',
  'pgbouncer.default_pool_size': '100',
}

export const parametersOf = (
  values: Readonly<Record<string, string | null>>,
  isPendingRestart: boolean | null = false,
): ServerParameter[] =>
  Object.entries(values).map(([name, value]) => ({ name, value, isDynamic: null, isPendingRestart, unit: null }))

export const goodSession = (via: SessionFacts['via']): SessionFacts => ({
  via,
  reachable: true,
  error: null,
  serverVersion: '16.4',
  reachedAt: '10.77.0.68',
  address: '10.0.0.1',
  inRecovery: false,
  timeline: 1,
  currentWalLsn: '0/5A21B38',
  postmasterStartedAt: '2025-12-31T00:00:00.000Z',
  synchronousStandbyNames: 'standby',
  clockOffsetMs: 0,
  clockErrorMs: 0.5,
})

export const goodSchema: SchemaFacts = {
  auditedTable: 'public.transactions',
  customers: 5,
  merchants: 5,
  missingExtensions: [],
  canary: 'ok',
  canaryError: null,
}

export const goodDisk: DiskFacts = {
  usedBytes: 100e9,
  usedSeenBy: 'platform',
  maxWalBytes: 1e9,
  earlier: { drills: 0, rows: 0 },
  overdue: { drills: 0, rows: 0 },
}

/** Of the place where containers run, without what other clients see of it. */
export const goodPlace = {
  usages: [
    { name: 'ContainerGroups', used: 0, limit: 100 },
    { name: 'StandardCores', used: 0, limit: 100 },
  ],
  maxCpu: 4,
  maxMemoryGb: 16,
  resourceGroupExists: true,
  identityTokenOk: true,
}

export const goodContainers: ContainerFacts = {
  ...goodPlace,
  image: { reference: 'registry/loadgen@sha256:00', exists: true, digest: 'sha256:00' },
  blobWritable: true,
}

const GOOD: Readonly<Record<string, string>> = {
  synchronous_commit: 'on',
  default_transaction_read_only: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_session_timeout: '0',
  session_replication_role: 'origin',
  search_path: '"$user", public',
}

export const goodTable: TableFacts = {
  name: 'public.transactions',
  kind: 'table',
  unlogged: [],
  temporary: [],
  foreign: [],
  missingKeyColumns: [],
  hasKeyIndex: true,
  interventions: [],
}

export const goodLoadSession = (
  via: LoadSessionFacts['via'] = 'pgbouncer',
  changes: Partial<LoadSessionFacts> = {},
): LoadSessionFacts => ({
  via,
  reachable: true,
  error: null,
  user: 'drill_load',
  database: 'drill',
  isSuperuser: false,
  settings: settingsWith([]),
  hasTable: true,
  table: goodTable,
  nextTable: null,
  ...changes,
})

/** The good ones, and these instead of or beside them. */
export function settingsWith(changed: readonly Partial<SessionSetting>[]): SessionSetting[] {
  const good = Object.entries(GOOD).map(
    ([name, value]): SessionSetting => ({ name, value, origin: 'default', holdsIn: 'this session' }),
  )
  const given = changed.map(
    (one): SessionSetting => ({ name: '', value: '', origin: 'role', holdsIn: 'this session', ...one }),
  )
  const isReplaced = (name: string) => given.some((one) => one.name === name && one.holdsIn === 'this session')
  return [...good.filter(({ name }) => !isReplaced(name)), ...given]
}
