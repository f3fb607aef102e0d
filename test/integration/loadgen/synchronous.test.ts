/** Commits that wait for a standby: what a cancel, a termination and a frozen standby do to them, and what they prove. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { aPlan, during, PATIENCE_MS, WORKERS } from './incident.ts'

let open: OpenDatabase
beforeAll(async () => {
  open = await openDatabase('sync')
}, 120_000)
afterAll(() => open?.close())

/** Freezes the standby, so that commits wait for it, runs the incident, and thaws the standby. */
const whileCommitsWait = (incident: () => Promise<unknown>) =>
  during(open.database, open.database.direct, aPlan({ drainSeconds: 5 }), async () => {
    const { standby } = open.database.pair
    standby.pause()
    try {
      const areBoth = async () => (await waiting()).length === WORKERS
      await eventually('both workers wait for the standby', PATIENCE_MS, areBoth)
      await incident()
    } finally {
      standby.resume()
    }
  })

const waiting = () =>
  open.database.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'drill'",
  )

const onWaiting = (what: 'pg_cancel_backend' | 'pg_terminate_backend') =>
  open.database.query(`SELECT ${what}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'drill'`)

test('a cancelled wait for the standby is acknowledged with a warning: a weak acknowledgement', async () => {
  const { summary, audit } = await whileCommitsWait(() => onWaiting('pg_cancel_backend'))
  expect(summary.totals).toMatchObject({ refused: 0, unknown: 0 })
  expect(summary.totals.weakAcks).toBeGreaterThanOrEqual(WORKERS)
  expect(summary.totals.weakAcks).toBeLessThan(summary.totals.acknowledged)
  expect(audit).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0 })
})

test('a wait for the standby that is terminated has committed here: 57P01 is unknown, and the row is found', async () => {
  const { summary, audit } = await whileCommitsWait(() => onWaiting('pg_terminate_backend'))
  expect(summary.totals).toMatchObject({ refused: 0, weakAcks: 0 })
  expect(summary.totals.unknown).toBeGreaterThanOrEqual(WORKERS)
  expect(audit).toMatchObject({
    lost: 0,
    misjudged: 0,
    unexpected: 0,
    recovered: summary.totals.unknown,
  })
})
