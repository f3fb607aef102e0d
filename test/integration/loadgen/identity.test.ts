/**
 * A container that logs in by its identity: the real SDK against an identity endpoint on loopback, and a real server on which each new
 * token replaces the password of the load's role. A token is valid here until the next one is issued.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadRoleGrants } from '../../../functions/clients/postgres/schema.ts'
import { holdFreePort } from '../../../infra/local/process/ports.ts'
import { startAzurite } from '../../../infra/local/stack/azurite.ts'
import { withPassword } from '../../../loadgen-image/connection/target.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { eventually } from '../../support/eventually.ts'
import { type IdentityEndpoint, type Issued, startIdentityEndpoint } from '../../support/identity-endpoint.ts'
import { aPlan, BLOB_CONTAINER, DrillBlobs, ended, startLoad } from './container.ts'
import { type OpenDatabase, openDatabase } from './database.ts'

const PATIENCE_MS = 60_000
const ROLE = 'drill_identity'
const CLIENT_ID = '11111111-2222-3333-4444-555555555555'
const RESOURCE = 'https://ossrdbms-aad.database.windows.net'
/** So short that the generator renews it every 5 seconds. */
const VALID_FOR_SECONDS = 10
const WORKERS = 6

let open: OpenDatabase
let blobs: DrillBlobs
beforeAll(async () => {
  open = await openDatabase('async')
  const { folder, processes } = open.database.bench
  blobs = new DrillBlobs(await startAzurite(processes, { blob: await holdFreePort(folder) }, BLOB_CONTAINER))
  await open.database.pair.primary.query(`CREATE ROLE ${ROLE} LOGIN`)
  await open.database.query(loadRoleGrants(ROLE, `'${ROLE}'`).sql)
}, 120_000)
afterAll(() => open?.close())

const query = (sql: string) => open.database.pair.primary.query(sql)

/** A token as Microsoft Entra makes it, and the server takes it and no earlier one. */
async function newToken(): Promise<Issued> {
  const token = `eyJ${randomBytes(48).toString('base64url')}.${randomBytes(900).toString('base64url')}`
  await query(`ALTER ROLE ${ROLE} PASSWORD '${token}'`)
  return { token, validForSeconds: VALID_FOR_SECONDS }
}

async function startIdentityLoad(endpoint: IdentityEndpoint, drillId: string) {
  const target = { ...withPassword(open.database.direct, ''), user: ROLE }
  const plan = aPlan({ drillId, workers: WORKERS, targetTps: 60, durationSeconds: 600, drainSeconds: 3 })
  const child = await startLoad(open.database.bench, { pooled: target, direct: target }, blobs, plan, {
    ...endpoint.environment,
    AZURE_CLIENT_ID: CLIENT_ID,
    POSTGRES_TOKEN_SCOPE: `${RESOURCE}/.default`,
  })
  const rows = async () => {
    const [row] = await open.database.query<{ rows: string }>(
      `SELECT count(*) AS rows FROM transactions WHERE drill_id = '${drillId}'`,
    )
    return Number(row?.rows)
  }
  const writesAgain = async () => {
    const before = await rows()
    await eventually(`the load writes; it says:\n${child.log()}`, PATIENCE_MS, async () => (await rows()) > before + 60)
  }
  const stop = async () => {
    await blobs.write(`drills/${drillId}/stop.json`, { reason: 'the test has seen enough' })
    expect(await ended(child), child.log()).toBe(0)
    return await blobs.records(drillId)
  }
  return { child, writesAgain, stop }
}

/** As a failover does: every session of the load ends at once. */
const endSessions = () => query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`)

const errorsOf = (records: readonly SecondRecord[], phase: string) =>
  records.flatMap(({ errors }) => errors).filter((error) => error.phase === phase)

test('a load whose tokens expire again and again reconnects with the newest one, every worker of it', async () => {
  let asked = 0
  const issued: Issued[] = []
  // The identity of a new container comes late.
  const endpoint = await startIdentityEndpoint(async () => {
    if (++asked <= 2) return null
    issued.push(await newToken())
    return issued.at(-1) ?? null
  })
  try {
    const load = await startIdentityLoad(endpoint, 'identity-renewal')
    await load.writesAgain()
    for (let renewals = 1; renewals <= 2; renewals++) {
      const before = issued.length
      await eventually('the token was renewed', PATIENCE_MS, () => issued.length > before)
      await eventually(
        'the generator has it',
        PATIENCE_MS,
        () => (load.child.log(100_000).match(/a new database token/g)?.length ?? 0) >= issued.length - 1,
      )
      await endSessions()
      await load.writesAgain()
    }
    const records = await load.stop()
    expect(records.at(-1)?.connections).toMatchObject({ wanted: WORKERS, open: WORKERS })
    expect(records.reduce((sum, { connections }) => sum + connections.opened, 0)).toBeGreaterThanOrEqual(2 * WORKERS)
    expect(errorsOf(records, 'connect').filter(({ code }) => code === 'no-token')).toEqual([])
    expect(new Set(endpoint.asked)).toEqual(new Set([`${RESOURCE} ${CLIENT_ID}`]))
    for (const { token } of issued) expect(load.child.log(100_000)).not.toContain(token)
  } finally {
    await endpoint.close()
  }
})

test('logins that are refused after the last token expired are the fault of the identity endpoint, by name', async () => {
  const endpoint = await startIdentityEndpoint(newToken)
  try {
    const load = await startIdentityLoad(endpoint, 'identity-gone')
    await load.writesAgain()
    await endpoint.close()
    await query(`ALTER ROLE ${ROLE} PASSWORD 'expired'`)
    await endSessions()
    const refusedBy = async (code: string) =>
      errorsOf(await blobs.records('identity-gone'), 'connect').some((error) => error.code === code)
    // While the token is not past its end, the server alone knows why it refuses it.
    await eventually('the server refuses', PATIENCE_MS, () => refusedBy('28P01'), 200)
    await eventually('the generator names its token', PATIENCE_MS, () => refusedBy('no-token'), 200)
    await load.stop()
  } finally {
    await endpoint.close().catch(() => {})
  }
})
