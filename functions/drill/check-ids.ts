/** The ids of the checklist's rows: what `force` may name, and what the report and its readers refer to. */
export const BEFORE_CHECK_IDS = [
  'server-ready',
  'server-sku',
  'ha-mode',
  'ha-healthy',
  'zones-differ',
  'pgbouncer-enabled',
  'pgbouncer-pool-mode',
  'pgbouncer-clients',
  'pgbouncer-pool-size',
  'max-connections',
  'pending-restart',
  'storage-iops',
  'sql-pgbouncer',
  'sql-direct',
  'primary-writable',
  'synchronous-commit',
  'schema',
  'parent-rows',
  'extensions',
  'canary',
  'load-role',
  'image',
  'identity-token',
  'resource-group',
  'container-quota',
  'container-size',
  'blob-writable',
  'cool-down',
] as const

export const AFTER_CHECK_IDS = [
  'containers-started',
  'containers-ready',
  'achieved-rate',
  'p50',
  'p95',
  'p99',
  'cpu',
  'memory',
  'pool-waiting',
  'success-rate',
  'recovery-time',
  'lost-commits',
] as const

export const CHECK_IDS = [...BEFORE_CHECK_IDS, ...AFTER_CHECK_IDS] as const
export type CheckId = (typeof CHECK_IDS)[number]
