/** Commits that wait for a standby: what a cancel, a termination and a frozen standby do to them, and what they prove. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { aPlan as aThreadsPlan, type Outcome, runLoad } from '../../threads/support.ts'
import { audit } from './audit.ts'
import { type OpenDatabase, openDatabase } from './database.ts'

const PATIENCE_MS = 30_000
const WORKERS = 2

let open: OpenDatabase
beforeAll(async () => {
  open = await openDatabase('sync')
}, 120_000)
afterAll(() => open?.close())

let drills = 0

/** Freezes the standby, so that commits wait for it, runs the incident, and thaws the standby. */
async function whileCommitsWait(incident: () => Promise<void>): Promise<Outcome & { readonly drillId: string }> {
  const { database } = open
  const plan = aThreadsPlan({
    drillId: `sync-${++drills}`,
    targetTps: 40,
    workers: WORKERS,
    threads: 1,
    durationSeconds: 600,
    deadlineMs: 1000,
    drainSeconds: 5,
  })
  const rows = `SELECT count(*) AS rows FROM transactions WHERE drill_id = '${plan.drillId}'`
  const stored = async () => Number((await database.query<{ rows: string }>(rows))[0]?.rows)
  const outcome = await runLoad(plan, database.direct, async (run) => {
    await eventually('the load writes', PATIENCE_MS, async () => (await stored()) > 0)
    database.pair.standby.pause()
    try {
      await eventually(
        'both workers wait for the standby',
        PATIENCE_MS,
        async () => (await waiting()).length === WORKERS,
      )
      await incident()
    } finally {
      database.pair.standby.resume()
    }
    const before = await stored()
    await eventually('the load writes again', PATIENCE_MS, async () => (await stored()) > before + 2 * WORKERS)
    run.stop('stopped', 'the test has seen enough')
  })
  return { ...outcome, drillId: plan.drillId }
}

const waiting = () =>
  open.database.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'drill'",
  )

const onWaiting = (what: 'pg_cancel_backend' | 'pg_terminate_backend') =>
  open.database.query(`SELECT ${what}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'drill'`)

test('a cancelled wait for the standby is acknowledged with a warning: a weak acknowledgement', async () => {
  const { summary, records, drillId } = await whileCommitsWait(async () => {
    await onWaiting('pg_cancel_backend')
  })
  expect(summary.totals).toMatchObject({ refused: 0, unknown: 0 })
  expect(summary.totals.weakAcks).toBeGreaterThanOrEqual(WORKERS)
  expect(summary.totals.weakAcks).toBeLessThan(summary.totals.acknowledged)
  expect(await audit(open.database, drillId, records)).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0 })
})

test('a wait for the standby that is terminated has committed here: 57P01 is unknown, and the row is found', async () => {
  const { summary, records, drillId } = await whileCommitsWait(async () => {
    await onWaiting('pg_terminate_backend')
  })
  expect(summary.totals).toMatchObject({ refused: 0, weakAcks: 0 })
  expect(summary.totals.unknown).toBeGreaterThanOrEqual(WORKERS)
  expect(await audit(open.database, drillId, records)).toMatchObject({
    lost: 0,
    misjudged: 0,
    unexpected: 0,
    recovered: summary.totals.unknown,
  })
})
