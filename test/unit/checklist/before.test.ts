/** Every row of the checklist, seen to pass, to fail and not to know. */
import { expect, test } from 'vitest'
import { AFTER } from '../../../functions/checklist/after.ts'
import { BEFORE, type BeforeCheckId } from '../../../functions/checklist/before.ts'
import { judgeRows, NOT_SEEN, obstacles } from '../../../functions/checklist/check.ts'
import type { EVENT_CHECKS } from '../../../functions/checklist/events.ts'
import { isNeededBy } from '../../../functions/event-kinds/kinds.ts'
import type {
  ContainerFacts,
  DiskFacts,
  Facts,
  LoadSessionFacts,
  SchemaFacts,
  ServerFacts,
  SessionFacts,
  SessionSetting,
  TableFacts,
} from '../../../functions/model/facts.ts'
import {
  GOOD_PARAMETERS,
  goodContainers,
  goodDisk,
  goodLoadSession,
  goodSchema,
  goodServer,
  goodSession,
  goodTable,
  parametersOf,
  settingsWith,
} from '../../support/good-facts.ts'
import { aPlan } from '../../support/play-drill.ts'

const plan = aPlan({ targetTps: 8000, workers: 200, timing: { cooldownMinutes: 20 } })

const V2 = { sizeGb: 1024, tier: null, iops: 8_000, type: 'PremiumV2_LRS', growsByItself: false }

interface Changes {
  readonly server?: Partial<ServerFacts> | null
  readonly parameters?: Readonly<Record<string, string | null>> | null
  readonly pendingRestart?: boolean | null
  readonly pgbouncer?: Partial<SessionFacts>
  readonly direct?: Partial<SessionFacts>
  readonly schema?: Partial<SchemaFacts> | null
  readonly load?: Partial<LoadSessionFacts>
  readonly disk?: Partial<DiskFacts> | null
  readonly containers?: Partial<ContainerFacts>
  readonly lastPromotionAt?: string | null
  readonly gaps?: readonly string[]
}

function facts(changes: Changes = {}): Facts {
  const values = changes.parameters === null ? null : { ...GOOD_PARAMETERS, ...changes.parameters }
  const isPendingRestart = changes.pendingRestart === undefined ? false : changes.pendingRestart
  return {
    observedAt: '2026-01-01T12:00:00.000Z',
    server: changes.server === null ? null : { ...goodServer, ...changes.server },
    parameters: values === null ? null : parametersOf(values, isPendingRestart),
    sessions: [
      { ...goodSession('pgbouncer'), ...changes.pgbouncer },
      { ...goodSession('direct'), ...changes.direct },
    ],
    loadSessions: [goodLoadSession('pgbouncer', changes.load)],
    schema: changes.schema === null ? null : { ...goodSchema, ...changes.schema },
    disk: changes.disk === null ? null : { ...goodDisk, ...changes.disk },
    containers: { ...goodContainers, ...changes.containers },
    lastPromotionAt: changes.lastPromotionAt ?? null,
    sizes: null,
    switchover: null,
    gaps: changes.gaps ?? [],
  }
}

const judge = (changes: Changes = {}, force: readonly string[] = [], of = plan) =>
  judgeRows(
    BEFORE.filter(({ id }) => isNeededBy(of.events, id)),
    'before',
    { plan: of, facts: facts(changes) },
    force,
  )

const both = (session: Partial<SessionFacts>): Changes => ({ pgbouncer: session, direct: session })
const table = (changes: Partial<TableFacts>): Changes => ({ load: { table: { ...goodTable, ...changes } } })
const setting = (name: string, value: string, changes: Partial<SessionSetting> = {}): Changes => ({
  load: { settings: settingsWith([{ name, value, ...changes }]) },
})
const ha = (changes: Partial<NonNullable<ServerFacts['highAvailability']>>): Changes => ({
  server: { highAvailability: { mode: 'ZoneRedundant', state: 'Healthy', standbyZone: '2', ...changes } },
})
const maintenance = (dayOfWeek: number, startHour: number, startMinute: number): Changes => ({
  server: { maintenanceWindow: { isCustom: true, dayOfWeek, startHour, startMinute } },
})
const storage = (iops: number | null, tier: string | null): Changes => ({
  server: { storage: { sizeGb: 128, tier, iops, type: null, growsByItself: false } },
})
const usages = (groups: number, cores: number): Changes => ({
  containers: {
    usages: [
      { name: 'ContainerGroups', used: 0, limit: groups },
      { name: 'StandardCores', used: 0, limit: cores },
    ],
  },
})

interface Row {
  readonly fail: ReadonlyArray<readonly [changes: Changes, seen: string]>
  /** Null: the row always knows. */
  readonly unknown: Changes | null
}

/** Those of single kinds of events are in events.test.ts. */
type CommonId = Exclude<BeforeCheckId, (typeof EVENT_CHECKS)[number]['id']>

const ROWS: Readonly<Record<CommonId, Row>> = {
  'server-ready': { fail: [[{ server: { state: 'Stopped' } }, 'Stopped']], unknown: { server: null } },
  'server-sku': {
    fail: [
      [{ server: { sku: { name: 'Standard_B2s', tier: 'Burstable' } } }, 'Standard_B2s (Burstable)'],
      [{ server: { vCores: 2 } }, 'Standard_E4ds_v5, 2 vCores, 32 GB'],
      [
        { server: { sku: { name: 'Standard_D4ds_v5', tier: 'GeneralPurpose' }, memoryGb: 16 } },
        'Standard_D4ds_v5, 4 vCores, 16 GB',
      ],
    ],
    unknown: { server: { vCores: null } },
  },
  'ha-mode': {
    fail: [
      [ha({ mode: 'Disabled' }), 'Disabled'],
      [{ server: { highAvailability: null } }, 'Disabled'],
    ],
    unknown: { server: null },
  },
  'ha-healthy': { fail: [[ha({ state: 'RecreatingStandby' }), 'RecreatingStandby']], unknown: ha({ state: null }) },
  'zones-differ': { fail: [[ha({ standbyZone: '1' }), 'primary 1, standby 1']], unknown: ha({ standbyZone: null }) },
  'pgbouncer-enabled': {
    fail: [[{ parameters: { 'pgbouncer.enabled': 'false' } }, 'false']],
    unknown: { parameters: null },
  },
  'pgbouncer-pool-mode': {
    fail: [[{ parameters: { 'pgbouncer.pool_mode': 'session' } }, 'session']],
    unknown: { parameters: { 'pgbouncer.pool_mode': null } },
  },
  'pgbouncer-clients': {
    fail: [[{ parameters: { 'pgbouncer.max_client_conn': '199' } }, '199 clients']],
    unknown: { parameters: { 'pgbouncer.max_client_conn': 'many' } },
  },
  'pgbouncer-pool-size': {
    fail: [
      [{ parameters: { 'pgbouncer.default_pool_size': '50' } }, '50'],
      [{ parameters: { 'pgbouncer.default_pool_size': '2000' } }, '2000'],
    ],
    unknown: { parameters: { 'pgbouncer.default_pool_size': null } },
  },
  'max-connections': {
    fail: [[{ parameters: { max_connections: '1999' } }, '1999 connections']],
    unknown: { parameters: null },
  },
  'replication-slots': {
    fail: [
      [{ parameters: { max_replication_slots: '3' } }, 'max_replication_slots 3, max_wal_senders 10'],
      [{ parameters: { max_replication_slots: null, max_wal_senders: '2' } }, 'max_wal_senders 2'],
    ],
    unknown: { parameters: { max_wal_senders: null } },
  },
  'commit-quorum': { fail: [], unknown: both({ synchronousStandbyNames: '' }) },
  maintenance: {
    // Thursday, noon: the drill takes some minutes.
    fail: [
      [maintenance(4, 12, 0), 'Thursdays, one hour from 12:00 UTC; the drill runs 12:00 to 12:02'],
      [maintenance(4, 11, 1), 'Thursdays, one hour from 11:01 UTC; the drill runs 12:00 to 12:02'],
      [maintenance(4, 12, 1), 'Thursdays, one hour from 12:01 UTC; the drill runs 12:00 to 12:02'],
    ],
    unknown: { server: { maintenanceWindow: { isCustom: false, dayOfWeek: 4, startHour: 12, startMinute: 0 } } },
  },
  'pending-restart': {
    fail: [[{ pendingRestart: true }, Object.keys(GOOD_PARAMETERS).join(', ')]],
    unknown: { pendingRestart: null },
  },
  'storage-iops': {
    fail: [
      [storage(500, 'P10'), '500 IOPS (P10), 128 GB'],
      [storage(null, 'P30'), '5000 IOPS (P30), 128 GB'],
    ],
    unknown: storage(null, null),
  },
  'disk-space': {
    fail: [[{ disk: { usedBytes: 1000 * 1024 ** 3 } }, '24.0 GiB of 1.0 TiB free (by the platform)']],
    unknown: { disk: { usedBytes: null } },
  },
  'sql-pgbouncer': {
    fail: [[{ pgbouncer: { reachable: false, error: 'ECONNREFUSED' } }, 'ECONNREFUSED']],
    unknown: null,
  },
  'sql-direct': { fail: [[{ direct: { reachable: false, error: '28P01' } }, '28P01']], unknown: null },
  'primary-writable': { fail: [[both({ inRecovery: true }), 'in recovery']], unknown: both({ reachable: false }) },
  'load-session': {
    fail: [
      [
        { load: { reachable: false, error: '28P01: password authentication failed' } },
        'through PgBouncer: 28P01: password authentication failed',
      ],
    ],
    unknown: null,
  },
  'synchronous-commit': {
    fail: [
      [setting('synchronous_commit', 'off'), 'synchronous_commit off, set for role drill_load (through PgBouncer)'],
      [
        setting('synchronous_commit', 'local', { origin: 'role in database' }),
        'synchronous_commit local, set for role drill_load in database drill (through PgBouncer)',
      ],
      [
        setting('synchronous_commit', 'off', { origin: 'database', holdsIn: 'the next session' }),
        'synchronous_commit off in the next session, set for database drill (through PgBouncer)',
      ],
    ],
    unknown: { load: { settings: null } },
  },
  'load-settings': {
    fail: [
      [
        setting('default_transaction_read_only', 'on', { origin: 'server' }),
        'default_transaction_read_only on, set for the server (through PgBouncer)',
      ],
      [setting('statement_timeout', '1'), 'statement_timeout 1 ms, set for role drill_load (through PgBouncer)'],
      [
        setting('session_replication_role', 'replica', { origin: 'session' }),
        'session_replication_role replica, set in the session (through PgBouncer)',
      ],
    ],
    unknown: { load: { settings: null } },
  },
  schema: {
    fail: [
      [{ schema: { auditedTable: null }, load: { hasTable: false, table: null } }, 'no table transactions'],
      [
        { load: { hasTable: false, table: null } },
        'no table transactions for drill_load; the audit reads public.transactions; search_path is "$user", public, the default of PostgreSQL',
      ],
      [table({ missingKeyColumns: ['worker', 'seq'] }), 'public.transactions without worker, seq'],
      [table({ hasKeyIndex: false }), 'public.transactions, a table without a unique index on drill_id, worker, seq'],
      [
        table({ kind: 'partitioned table', hasKeyIndex: false }),
        'public.transactions, a partitioned table without a unique index on drill_id, worker, seq',
      ],
    ],
    unknown: { load: { hasTable: null, table: null } },
  },
  'load-table': {
    fail: [
      [table({ unlogged: ['public.transactions'] }), 'unlogged: public.transactions'],
      [table({ temporary: ['pg_temp_3.transactions'] }), 'temporary: pg_temp_3.transactions'],
      [table({ kind: 'view' }), 'public.transactions is a view'],
      [table({ foreign: ['public.t_2026'] }), 'partitions on another server: public.t_2026'],
      [
        table({ name: 'other.transactions' }),
        'the load writes to other.transactions (search_path "$user", public, the default of PostgreSQL), and the audit reads public.transactions',
      ],
    ],
    unknown: { load: { table: null } },
  },
  'parent-rows': {
    fail: [
      [{ schema: { merchants: 0 } }, '5 customers, 0 merchants'],
      [{ schema: { customers: 4 } }, '4 customers, 5 merchants'],
    ],
    unknown: { schema: { customers: null } },
  },
  extensions: {
    fail: [[{ schema: { missingExtensions: ['uuid-ossp'] } }, 'missing: uuid-ossp']],
    unknown: { schema: { missingExtensions: null } },
  },
  canary: {
    fail: [
      [{ schema: { canary: 'failed', canaryError: '42501 permission denied' } }, 'failed: 42501 permission denied'],
    ],
    unknown: { schema: { canary: null } },
  },
  'load-role': {
    fail: [[{ load: { isSuperuser: true } }, 'drill_load is a superuser']],
    unknown: { load: { isSuperuser: null } },
  },
  image: {
    fail: [
      [
        { containers: { image: { reference: 'registry/loadgen:v1', exists: false, digest: null } } },
        'registry/loadgen:v1 not found',
      ],
    ],
    unknown: { containers: { image: null } },
  },
  'identity-token': {
    fail: [[{ containers: { identityTokenOk: false } }, 'no token could be got']],
    unknown: { containers: { identityTokenOk: null } },
  },
  'resource-group': {
    fail: [[{ containers: { resourceGroupExists: false } }, 'does not exist']],
    unknown: { containers: { resourceGroupExists: null } },
  },
  'container-quota': {
    fail: [
      [usages(1, 100), '1 groups free, 100 cores free'],
      [usages(100, 3), '100 groups free, 3 cores free'],
    ],
    unknown: { containers: { usages: null } },
  },
  'container-size': {
    fail: [[{ containers: { maxCpu: 1 } }, 'up to 1 vCPU and 16 GB']],
    unknown: { containers: { maxCpu: null } },
  },
  'blob-writable': {
    fail: [[{ containers: { blobWritable: false } }, 'not writable']],
    unknown: { containers: { blobWritable: null } },
  },
  'cool-down': {
    fail: [
      [{ lastPromotionAt: '2026-01-01T11:40:01.000Z' }, '19 min'],
      [{ lastPromotionAt: '2026-01-01T11:00:01.000Z', server: { storage: V2 } }, '59 min'],
      [{ lastPromotionAt: '2026-01-01T12:00:50.000Z' }, 'an event may still come until 2026-01-01T12:00:50.000Z'],
    ],
    unknown: { gaps: ['last promotion: the storage did not answer'] },
  },
}

test('no two checks of a drill have the same id', () => {
  const ids = [...BEFORE, ...AFTER].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('a server as it should be passes every row, and needs no advice', () => {
  const results = judge()
  expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
  expect(results.filter(({ advice }) => advice !== '')).toEqual([])
})

for (const [id, { fail, unknown }] of Object.entries(ROWS)) {
  for (const [changes, seen] of fail)
    test(`${id} fails on ${JSON.stringify(changes)}`, () => {
      const result = judge(changes).find((one) => one.id === id)
      expect(result).toMatchObject({ verdict: 'fail', seen, forced: false })
      expect(result?.advice).not.toBe('')
      expect(result?.why).not.toBe('')
    })
  if (unknown !== null)
    test(`${id} does not know without evidence`, () => {
      const results = judge(unknown)
      expect(results.find((one) => one.id === id)).toMatchObject({ verdict: 'unknown' })
      expect(obstacles(results).map((one) => one.id)).not.toContain(id)
    })
}

test('what could not be seen is called so', () => {
  expect(judge({ server: null }).find(({ id }) => id === 'server-ready')?.seen).toBe(NOT_SEEN)
})

test('a standby in the same zone is accepted and named', () => {
  const results = judge(ha({ mode: 'SameZone', standbyZone: '1' }))
  expect(results.filter(({ verdict }) => verdict === 'fail')).toEqual([])
  expect(results.find(({ id }) => id === 'zones-differ')).toMatchObject({
    seen: 'zone 1 for both',
    wanted: 'any: the mode is SameZone',
  })
})

test.each<readonly [string, number, number, number, string, string]>([
  ['2026-01-03T23:29:00.000Z', 6, 23, 30, 'fail', 'reaches into a window'],
  ['2026-01-04T00:10:00.000Z', 6, 23, 30, 'fail', 'begins in the last hour of the week before'],
  ['2026-01-04T00:30:00.000Z', 6, 23, 30, 'pass', 'begins when the window ends'],
  ['2026-01-03T23:59:30.000Z', 0, 0, 0, 'fail', 'reaches into the first hour of the next week'],
  ['2026-01-01T12:00:00.000Z', 4, 12, 30, 'pass', 'ends before the window'],
])('a drill at %s and a window on day %i at %i:%i: %s, because it %s', (at, day, hour, minute, verdict, _why) => {
  const seen = { ...facts(maintenance(day, hour, minute)), observedAt: at }
  const rows = judgeRows(BEFORE, 'before', { plan, facts: seen }, [])
  expect(rows.find(({ id }) => id === 'maintenance')?.verdict).toBe(verdict)
})

test.each([
  [1800, 'PremiumV2_LRS', 'fail'],
  [3600, 'PremiumV2_LRS', 'pass'],
  [1800, 'Premium_LRS', 'pass'],
])('two failovers of a drill %i s apart on %s: %s', (seconds, type, verdict) => {
  const events = [0, seconds].map(
    (atSeconds) => ({ atSeconds: 60 + atSeconds, kind: 'failover', mode: 'forced' }) as const,
  )
  const evidence = { plan: { ...plan, events }, facts: facts({ server: { storage: { ...V2, type } } }) }
  const row = judgeRows(BEFORE, 'before', evidence, []).find(({ id }) => id === 'cool-down')
  expect(row?.verdict).toBe(verdict)
})

test('the cool-down is over at the minute', () => {
  expect(judge({ lastPromotionAt: '2026-01-01T11:40:00.000Z' }).find(({ id }) => id === 'cool-down')?.verdict).toBe(
    'pass',
  )
})

test.each(['load-session', 'schema', 'parent-rows', 'canary'] as const)(
  '%s that fails for want of a migration names both ways to one',
  (id) => {
    const advice = judge({
      schema: { auditedTable: null, customers: 0, canary: 'failed', canaryError: '42P01: no such relation' },
      load:
        id === 'load-session' ? { reachable: false, error: '28000: no such role' } : { hasTable: false, table: null },
    }).find((row) => row.id === id)?.advice
    expect(advice).toContain('npm run migrate')
    expect(advice).toContain('"migrate": true')
  },
)

test('without a ledger the table needs neither key columns nor their index', () => {
  const compat = aPlan({ transactions: 'compat', targetTps: 8000, workers: 200 })
  const plain = table({ missingKeyColumns: ['drill_id'], hasKeyIndex: false, kind: 'partitioned table' })
  expect(judge(plain, [], compat).filter(({ verdict }) => verdict !== 'pass')).toEqual([])
})

test('forcing a row keeps its verdict, is recorded, and stops nothing', () => {
  const results = judge({ server: { state: 'Stopped', vCores: 2 } }, ['server-sku', 'ha-mode'])
  expect(results.filter(({ forced }) => forced).map(({ id, verdict }) => [id, verdict])).toEqual([
    ['server-sku', 'fail'],
  ])
  expect(obstacles(results).map(({ id }) => id)).toEqual(['server-ready'])
})
