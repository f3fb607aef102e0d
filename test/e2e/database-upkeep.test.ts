/** A database that lost a part of its schema and holds the rows of an old drill, and the deployed app that corrects both. */

import type { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { createDrillApi, type DrillApi } from '../../infra/local/cli/drill-client.ts'
import type { Stack } from '../../infra/local/stack/stack.ts'
import { oneServer } from '../../loadgen-image/connection/target.ts'
import { eventually } from '../support/eventually.ts'
import { withSql } from '../support/sql.ts'
import { timeouts } from '../support/timeouts.ts'
import { openStack } from '../support/with-stack.ts'

const REQUEST = {
  targetTps: 50,
  workers: 4,
  durationSeconds: 15,
  failovers: [],
  timing: { warmupSeconds: 3, minBaselineSeconds: 3, auditPauseSeconds: 1, lateMetricsSeconds: 8, cooldownMinutes: 0 },
  force: ['server-sku', 'storage-iops'],
}

test(
  'a drill without consent stops at a broken schema; one with consent repairs it, runs, and deletes old rows',
  async () => {
    const stack = await aStack()
    const api = createDrillApi(stack.apiUrl, stack.functionKey)
    await inDatabase(stack, async (client) => {
      for (const [drillId, age] of Object.entries({ ancient: '30 days', recent: '2 days' }))
        await client.query(
          `INSERT INTO transactions (customer_id, merchant_id, amount, drill_id, worker, seq, transaction_date)
           SELECT 1, 1, 1, $1, 0, n, LOCALTIMESTAMP - $2::interval FROM generate_series(1, 20000) AS n`,
          [drillId, age],
        )
      await client.query('INSERT INTO transactions (customer_id, merchant_id, amount) VALUES (1, 1, 1)')
      await client.query('ALTER TABLE transactions DROP COLUMN timeline')
      // Customer 5 is referred to by no row of these.
      await client.query('DELETE FROM customers WHERE customer_id = 5')
    })

    const refused = await drilled(api, REQUEST)
    expect(failedRows(refused)).toEqual(['schema', 'parent-rows', 'canary'])
    expect(refused.throughput.meanTps).toBeNull()

    const writers = new Set<string>()
    const report = await drilled(api, { ...REQUEST, migrate: true }, async () => {
      for (const role of await writingRoles(stack)) writers.add(role)
    })
    expect([...writers]).toEqual(['drill_load'])
    expect(await inDatabase(stack, rightsOfLoadRole)).toEqual([
      'customers SELECT',
      'merchants SELECT',
      'transactions INSERT',
      'transactions SELECT',
    ])
    expect(failedRows(report)).toEqual([])
    expect(report.ledger.intended).toBe(REQUEST.targetTps * REQUEST.durationSeconds)
    expect(detailOf(report, 'check')).toMatch(
      /^migrated as the request allows: key columns of the ledger, default of the timeline column, customers 1 to 5; /,
    )
    expect(detailOf(report, 'deleteOldRows')).toBe('deleted 20000 rows of drills older than 7 days')
    expect(report.metrics.complete).toBe(true)
    expect(await inDatabase(stack, storedDrills)).toEqual([report.drillId, 'recent', null].sort())
  },
  timeouts.drillMs,
)

async function aStack(): Promise<Stack> {
  const stack = await openStack({ host: 'local', platformPauseMs: 0 })
  onTestFinished(() => stack.stop())
  return stack
}

async function drilled(api: DrillApi, body: object, onLook = async () => {}): Promise<Report> {
  const drillId = await api.start(body)
  await eventually(`drill ${drillId} ends`, timeouts.drillMs, async () => {
    await onLook()
    const { state } = await api.status(drillId)
    return state === 'finished' || state === 'failed'
  })
  const file = await api.file(drillId, 'report.json')
  if (file === null) throw new Error(`drill ${drillId} left no report`)
  return JSON.parse(new TextDecoder().decode(file)) as Report
}

const inDatabase = <T>({ cluster }: Stack, use: (client: Client) => Promise<T>): Promise<T> =>
  withSql(oneServer({ ...cluster.facts, port: cluster.facts.directPort }), use)

const storedDrills = async (client: Client): Promise<Array<string | null>> =>
  (await client.query<{ id: string | null }>('SELECT DISTINCT drill_id AS id FROM transactions')).rows
    .map(({ id }) => id)
    .sort()

/** Roles with a connection that is inserting, or has just done so; PgBouncer leaves connections open. */
const writingRoles = async ({ cluster }: Stack): Promise<string[]> =>
  (
    await cluster.pair.primary.query<{ role: string }>(
      `SELECT DISTINCT usename AS role FROM pg_stat_activity
       WHERE query LIKE 'INSERT INTO transactions%'`,
    )
  ).map(({ role }) => role)

const rightsOfLoadRole = async (client: Client): Promise<string[]> =>
  (
    await client.query<{ granted: string }>(
      `SELECT table_name || ' ' || privilege_type AS granted FROM information_schema.role_table_grants
       WHERE grantee = 'drill_load' ORDER BY 1`,
    )
  ).rows.map(({ granted }) => granted)

const failedRows = ({ checklist }: Report): string[] =>
  checklist.filter((row) => row.when === 'before' && row.verdict === 'fail' && !row.forced).map(({ id }) => id)

const detailOf = ({ journal }: Report, step: string): string | undefined =>
  journal.find((entry) => entry.step === step)?.detail
