/**
 * Every way in which a connection fails, on real servers, with the outcome that is provably right. A table lock holds the
 * transactions in flight when the failure strikes, so none of them has committed.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atPort, type ServerTarget } from '../../../loadgen-image/connection/target.ts'
import { addUp } from '../../../loadgen-image/contract/counts.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { Run } from '../../../loadgen-image/run/run.ts'
import { workersOfThread } from '../../../loadgen-image/schedule/workers.ts'
import { aCohort } from '../../support/builders.ts'
import { eventually } from '../../support/eventually.ts'
import { atConsole, openSql, placeOf, retryLoginsSoon, withSql } from '../../support/sql.ts'
import { runLoad } from '../../threads/support.ts'
import { audit } from './audit.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { allErrors, aPlan, during, hasRows, PATIENCE_MS, rowsOf, WORKERS } from './incident.ts'

let open: OpenDatabase
beforeAll(async () => {
  open = await openDatabase('async')
}, 120_000)
afterAll(() => open?.close())

const db = () => open.database

/** Holds every insert in flight: sent, running, and not committed. */
async function holdInserts(): Promise<Client & { readonly pid: number }> {
  const { client } = await openSql(db().direct)
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  await client.query('BEGIN')
  await client.query('LOCK TABLE transactions IN SHARE MODE')
  await eventually('both workers wait for the lock', PATIENCE_MS, async () => {
    const [row] = await db().query<{ waiting: string }>(
      "SELECT count(*) AS waiting FROM pg_locks WHERE relation = 'transactions'::regclass AND NOT granted",
    )
    return Number(row?.waiting) === WORKERS
  })
  return Object.assign(client, { pid: rows[0]?.pid ?? 0 })
}

async function stopFast(soFar: readonly SecondRecord[]): Promise<void> {
  const { pid } = await holdInserts()
  // The session with the lock must not end first: its end would let the inserts commit.
  process.kill(pid, 'SIGSTOP')
  const stopped = db().pair.primary.stopFast()
  try {
    await eventually('each worker has lost its reply', PATIENCE_MS, () => countsOf(soFar).unknown >= WORKERS)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await stopped
  await db().pair.primary.start()
}

async function stopImmediately(): Promise<void> {
  await holdInserts()
  const server = db().pair.primary.process
  server?.signal('SIGQUIT')
  await server?.exited
  await db().pair.primary.start()
}

async function killServer(): Promise<void> {
  await holdInserts()
  await db().pair.primary.kill()
  await db().pair.primary.start()
}

/** PostgreSQL ends the other backends too; until it has noticed, it still answers as if nothing had happened. */
async function killOneBackend(soFar: readonly SecondRecord[]): Promise<void> {
  await holdInserts()
  const [backend] = await db().query<{ pid: number }>(
    "SELECT pid FROM pg_locks WHERE relation = 'transactions'::regclass AND NOT granted LIMIT 1",
  )
  process.kill(backend?.pid ?? 0, 'SIGKILL')
  await eventually('each worker has lost its reply', PATIENCE_MS, () => countsOf(soFar).unknown >= WORKERS)
  await eventually('the server is back', PATIENCE_MS, () => db().query('SELECT 1'))
}

const countsOf = (records: readonly SecondRecord[]) => addUp(records.map(({ counts }) => counts))

const NOTHING_WRONG = { lost: 0, misjudged: 0, recovered: 0, unexpected: 0 }

test.each([
  ['a fast stop', 'direct', stopFast, /^transaction 57P01 unknown$/],
  ['a fast stop', 'pooled', stopFast, /^transaction (57P01|08P01) unknown$/],
  ['an immediate stop', 'direct', stopImmediately, /^transaction \S+ unknown$/],
  ['an immediate stop', 'pooled', stopImmediately, /^transaction \S+ unknown$/],
  ['a killed server', 'direct', killServer, /^transaction (connection-closed|ECONNRESET) unknown$/],
  ['a killed backend', 'direct', killOneBackend, /^transaction \S+ unknown$/],
] as const)(
  '%s while transactions are in flight, %s: each is unknown, and the workers come back',
  async (_, way, incident, expected) => {
    const { audit, errors, summary } = await during(db(), db()[way], aPlan(), async (soFar) => {
      await retryLoginsSoon(db().pooled)
      await incident(soFar)
    })
    const inFlight = [...errors].filter((error) => error.startsWith('transaction') && !error.endsWith('refused'))
    expect(inFlight.length).toBeGreaterThan(0)
    for (const error of inFlight) expect(error).toMatch(expected)
    // Through PgBouncer one more can be unknown: sent on a connection that was dead already.
    expect(summary.totals.unknown).toBeGreaterThanOrEqual(WORKERS)
    if (way === 'direct') expect(summary.totals.unknown).toBe(WORKERS)
    expect(audit).toMatchObject({ ...NOTHING_WRONG, unknownAbsent: summary.totals.unknown })
  },
)

test('a fast stop while nothing is in flight costs a connection and no transaction', async () => {
  const { audit, summary, records } = await during(db(), db().direct, aPlan({ targetTps: 1, workers: 1 }), async () => {
    await db().pair.primary.stopFast()
    await db().pair.primary.start()
  })
  expect(summary.totals).toMatchObject({ refused: 0, unknown: 0 })
  expect(audit).toMatchObject({ ...NOTHING_WRONG, unknownAbsent: 0 })
  expect(records.reduce((sum, { connections }) => sum + connections.lost, 0)).toBe(1)
  expect(records.flatMap(({ outages }) => outages)).toMatchObject([{ code: '57P01', refused: 0, unknown: 0 }])
})

test('through PgBouncer a killed server is "server conn crashed?": unknown; while it is down nothing is: refused', async () => {
  const { audit, errors, records, summary } = await during(db(), db().pooled, aPlan(), async (soFar) => {
    await retryLoginsSoon(db().pooled)
    await holdInserts()
    await db().pair.primary.kill()
    await eventually('PgBouncer reports that no server lets it in', PATIENCE_MS, () =>
      allErrors(soFar).some(({ example }) => example.includes('server login has been failing')),
    )
    await db().pair.primary.start()
  })
  const crashed = allErrors(records).filter(({ example }) => example.includes('server conn crashed'))
  expect(crashed).toMatchObject([{ code: '08P01', phase: 'transaction', outcome: 'unknown', count: WORKERS }])
  const loginsFailing = allErrors(records).filter(({ example }) => example.includes('server login has been failing'))
  expect(loginsFailing.every(({ code, outcome }) => code === '08P01' && outcome !== 'unknown')).toBe(true)
  for (const error of errors) expect(error).toMatch(/^transaction 08P01 (unknown|refused)$|^connect /)
  expect(summary.totals.unknown).toBe(WORKERS)
  expect(audit).toMatchObject({ ...NOTHING_WRONG, unknownAbsent: WORKERS })
})

test('a closed port refuses connections: no arrival is sent, none is lost', async () => {
  const { audit, errors, summary } = await during(db(), db().pooled, aPlan(), async () => {
    await db().pgbouncer.kill()
    await eventually('arrivals wait long enough to be missed', PATIENCE_MS, () => sleepOneSecond())
    await db().pgbouncer.start(placeOf(db().direct).port)
  })
  expect(errors).toContain('connect ECONNREFUSED null')
  expect(summary.totals.missed).toBeGreaterThan(0)
  expect(audit).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0 })
})

/** Long enough for the deadline of the plan: time itself is what this waits for. */
const sleepOneSecond = async (): Promise<true> => {
  const fromMs = performance.now()
  await eventually('a second passes', PATIENCE_MS, () => performance.now() - fromMs > 1100)
  return true
}

test('a server that is starting up refuses connections with 57P03', async () => {
  const { standby } = db().pair
  await standby.stopFast()
  // A standby without hot standby stays in the state in which a server starts up.
  appendFileSync(join(standby.dataDirectory, 'postgresql.conf'), '\nhot_standby = off\n')
  const starting = standby.start().catch(() => {})
  try {
    const target = atPort(db().direct, standby.port)
    await eventually('the server says that it is starting up', PATIENCE_MS, () => answers(target, '57P03'))
    const records = await loadWithoutConnections(target)
    expect(
      records.flatMap(({ errors }) => errors).map(({ code, phase, outcome }) => [code, phase, outcome]),
    ).toContainEqual(['57P03', 'connect', null])
  } finally {
    appendFileSync(join(standby.dataDirectory, 'postgresql.conf'), '\nhot_standby = on\n')
    await standby.kill()
    await starting
    await standby.start()
  }
})

async function answers(target: ServerTarget, code: string): Promise<boolean> {
  try {
    await withSql(target, async () => {})
    return false
  } catch (error) {
    return (error as { code?: string }).code === code
  }
}

/** A load on a server that lets no worker in: it starts although no worker is connected. */
async function loadWithoutConnections(target: ServerTarget): Promise<readonly SecondRecord[]> {
  const records: SecondRecord[] = []
  const plan = aPlan()
  const onRecord = (record: SecondRecord) => records.push(record)
  const run = new Run({ plan, container: 0, incarnation: 'test', pgbouncer: target, direct: target, onRecord })
  void run.connect().catch(() => {})
  const loaded = run.load(Date.now() + 50)
  await eventually('failed attempts are recorded', PATIENCE_MS, () => records.some(({ errors }) => errors.length > 0))
  run.stop('stopped', 'seen')
  await loaded
  await run.terminate()
  return records
}

test('a read-only standby refuses with 25006, and the worker looks for another server', async () => {
  const standby = atPort(db().direct, db().pair.standby.port)
  const { errors, summary, audit, records } = await during(
    db(),
    standby,
    aPlan(),
    async () => {
      await eventually('the standby refuses', PATIENCE_MS, () => sleepOneSecond())
    },
    { startsWell: false, comesBack: false },
  )
  expect(errors).toEqual(new Set(['transaction 25006 refused']))
  expect(summary.totals).toMatchObject({ acknowledged: 0, unknown: 0 })
  expect(summary.totals.refused).toBeGreaterThan(0)
  expect(audit).toMatchObject({ ...NOTHING_WRONG, acknowledged: 0 })
  expect(records.reduce((sum, { connections }) => sum + connections.lost, 0)).toBe(summary.totals.refused)
})

test('too many connections: 53300 while connecting, and the workers that are in carry the load', async () => {
  await db().pair.primary.query("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 1 IN ROLE drill")
  const records = await loadWithoutConnections({ ...db().direct, user: 'few', password: 'few' })
  const errors = records.flatMap((record) => record.errors)
  expect(new Set(errors.map(({ code, phase, outcome }) => `${phase} ${code} ${outcome}`))).toEqual(
    new Set(['connect 53300 null']),
  )
  expect(records.at(-1)?.connections).toMatchObject({ wanted: WORKERS, open: 1 })
  expect(records.reduce((sum, { counts }) => sum + counts.acknowledged, 0)).toBeGreaterThan(0)
})

test('PgBouncer that cannot log in at the server says so: refused, and nothing is stored', async () => {
  const { audit, errors, records, summary } = await during(db(), db().pooled, aPlan(), async (soFar) => {
    await retryLoginsSoon(db().pooled)
    const { primary } = db().pair
    const [role] = await primary.query<{ rolpassword: string }>(
      "SELECT rolpassword FROM pg_authid WHERE rolname = 'drill'",
    )
    await primary.query("ALTER ROLE drill PASSWORD 'another'")
    await primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'drill'")
    try {
      await eventually('PgBouncer gives up logging in', PATIENCE_MS, () => refusalsIn(soFar).length > 0)
    } finally {
      await primary.query(`ALTER ROLE drill PASSWORD '${role?.rolpassword}'`)
    }
  })
  // Since 1.24 PgBouncer hands the server's own code on once, and says 08P01 afterwards.
  for (const { code } of refusalsIn(records)) expect(['08P01', '28P01']).toContain(code)
  for (const error of errors)
    expect(error).toMatch(/^transaction (57P01 unknown|08P01 (unknown|refused)|28P01 refused)$|^connect /)
  expect(audit).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0 })
  expect(summary.totals.acknowledged).toBe(audit.acknowledged)
})

const refusalsIn = (records: readonly SecondRecord[]) =>
  allErrors(records).filter(({ outcome, phase }) => outcome === 'refused' || phase === 'connect')

test('a wait for a server that PgBouncer ends by query_wait_timeout: refused', async () => {
  const { audit, errors, summary } = await during(db(), db().pooled, aPlan(), async () => {
    await console_("SET query_wait_timeout = '1'")
    await console_('PAUSE drill')
    try {
      await eventually('PgBouncer ends the waits', PATIENCE_MS, async () => {
        await sleepOneSecond()
        return sleepOneSecond()
      })
    } finally {
      await console_('RESUME drill')
      await console_("SET query_wait_timeout = '120'")
    }
  })
  expect(errors).toContain('transaction 08P01 refused')
  expect(summary.totals.refused).toBeGreaterThan(0)
  expect(audit).toMatchObject({ ...NOTHING_WRONG, unknownAbsent: 0 })
})

/** PgBouncer's admin console. */
const console_ = (sql: string): Promise<unknown> => atConsole(db().pooled, (client) => client.query(sql))

test('a half-open connection: only the reply deadline notices, and what comes later is still found', async () => {
  const { audit, errors, summary } = await during(db(), db().direct, aPlan({ replyTimeoutMs: 400 }), async () => {
    db().pair.primary.pause()
    try {
      await eventually('the deadline passes', PATIENCE_MS, () => sleepOneSecond())
    } finally {
      db().pair.primary.resume()
    }
  })
  expect(errors).toContain('transaction reply-timeout unknown')
  expect(summary.totals.unknown).toBeGreaterThanOrEqual(WORKERS)
  // The server got the statements and carried them out after it woke up: present, and never a loss.
  expect(audit).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0 })
  expect(audit.recovered).toBeGreaterThan(0)
})

test('a statement that the server cancels was rolled back: refused, on the same connection', async () => {
  const { audit, errors, summary, records } = await during(db(), db().direct, aPlan(), async () => {
    const lock = await holdInserts()
    await db().query(
      `SELECT pg_cancel_backend(pid) FROM pg_locks WHERE relation = 'transactions'::regclass AND NOT granted`,
    )
    await lock.end()
  })
  expect(errors).toEqual(new Set(['transaction 57014 refused']))
  expect(summary.totals).toMatchObject({ refused: WORKERS, unknown: 0 })
  expect(audit).toMatchObject({ ...NOTHING_WRONG, unknownAbsent: 0 })
  expect(records.reduce((sum, { connections }) => sum + connections.lost, 0)).toBe(0)
})

test('an unknown that is sent again under its own key ends as acknowledged, once', async () => {
  const plan = aPlan({ retryUnknown: true })
  const { audit, errors, summary } = await during(db(), db().direct, plan, killServer)
  expect([...errors].some((error) => /^transaction (connection-closed|ECONNRESET) null$/.test(error))).toBe(true)
  expect(summary.totals).toMatchObject({ refused: 0, unknown: 0 })
  expect(audit).toEqual({ ...NOTHING_WRONG, unknownAbsent: 0, acknowledged: summary.totals.acknowledged })
})

test('cohorts follow their own ways: without PgBouncer the direct one goes on, and each window names its cohort', async () => {
  const cohorts = (['pgbouncer', 'direct'] as const).map((via) =>
    aCohort({ firstDelayMs: 10, maxDelayMs: 50 }, { name: via, share: 0.5, via }),
  )
  const plan = aPlan({ workers: 6, cohorts })
  const pooled = workersOfThread(plan, 0, 1, 0).filter(({ cohort }) => cohort.via === 'pgbouncer')
  const meanwhile = async (run: Run, _: number, soFar: readonly SecondRecord[]) => {
    await eventually('the load writes', PATIENCE_MS, () => hasRows(db(), plan, 12))
    await db().pgbouncer.kill()
    const rows = await rowsOf(db(), plan)
    await eventually('the direct cohort writes on', PATIENCE_MS, () => hasRows(db(), plan, rows + 12))
    await db().pgbouncer.start(placeOf(db().direct).port)
    const windowsSoFar = () => soFar.flatMap(({ outages }) => outages).length
    await eventually('each of the others has written again', PATIENCE_MS, () => windowsSoFar() === pooled.length)
    run.stop('stopped', 'the test has seen enough')
  }
  const { records } = await runLoad(plan, db().pooled, meanwhile, { direct: db().direct })
  const windows = records.flatMap(({ outages }) => outages)
  expect(windows.map(({ worker }) => worker).sort()).toEqual(pooled.map(({ worker }) => worker))
  expect(windows.every(({ cohort, firstGoodAtUs }) => cohort === 'pgbouncer' && firstGoodAtUs !== null)).toBe(true)
  expect(await audit(db(), plan.drillId, records)).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0 })
})
