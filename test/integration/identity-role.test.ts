/**
 * Roles of identities on a real server. Stand-ins for what Azure adds to PostgreSQL: its function that makes a role for an object of
 * Microsoft Entra, in the one database that has it, and the server's check of a token, for which a password stands.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../functions/clients/clients.ts'
import { createDatabase } from '../../functions/clients/postgres/database.ts'
import { SCHEMA_STEPS } from '../../functions/clients/postgres/schema.ts'
import { systemClock } from '../../functions/connect.ts'
import type { LoadWays } from '../../functions/model/facts.ts'
import type { Target } from '../../functions/model/plan.ts'
import { type Cloud, cloudOf } from '../../functions/platform/cloud.ts'
import type { PgBouncer } from '../../infra/local/cluster/servers/pgbouncer.ts'
import { startCommand } from '../support/command.ts'
import { targetIn } from '../support/sql.ts'
import { timeouts } from '../support/timeouts.ts'
import { type OpenPair, openPair, startPgBouncer } from '../support/with-stack.ts'

const APP_TOKEN = 'eyJ-token-of-the-app'
const LOAD_TOKEN = 'eyJ-token-of-the-load'
const APP = 'id-drill-app'
const LOAD = 'id-drill-load'
const OBJECT_ID = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
const SCOPE = 'https://ossrdbms-aad.database.windows.net/.default'
const WAYS: LoadWays = { vias: ['pgbouncer', 'direct'], transactions: 'ledger' }
const TARGET: Target = { resourceGroup: 'rg', server: 'pg-one', database: 'drill' }
const ROLE_STEP = `role ${LOAD} of identity ${OBJECT_ID}`
const GRANTS = `grants of role ${LOAD}`
const STEPS = [ROLE_STEP, ...SCHEMA_STEPS.map(({ what }) => what), GRANTS]

/** As documented: it makes the role, and maps it by a security label. */
const CREATE_PRINCIPAL = `CREATE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(name text, oid text, type text, admin bool, mfa bool)
  RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET allow_system_table_mods = on AS $$
BEGIN
  EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', name, '${LOAD_TOKEN}');
  INSERT INTO pg_shseclabel (objoid, classoid, provider, label)
    SELECT r.oid, 'pg_authid'::regclass, 'pgaadauth', format('aadauth,oid=%s,type=%s', $2, type) FROM pg_roles r WHERE rolname = name;
  RETURN 'Created role for ' || name;
END $$`
const FUNCTION = 'pg_catalog.pgaadauth_create_principal_with_oid(text, text, text, bool, bool)'

let opened: OpenPair
let pgbouncer: PgBouncer
/** In the database \`postgres\`. */
const query = (sql: string) => opened.pair.primary.query(sql)

beforeAll(async () => {
  opened = await openPair('async')
  await query(`CREATE ROLE "${APP}" LOGIN CREATEROLE PASSWORD '${APP_TOKEN}' IN ROLE pg_monitor`)
  pgbouncer = await startPgBouncer(opened.pair, opened, [
    [APP, APP_TOKEN],
    [LOAD, LOAD_TOKEN],
  ])
}, timeouts.pairStartsMs)

afterAll(() => opened?.close(), timeouts.processEndsMs)

beforeEach(async () => {
  await query('DROP DATABASE IF EXISTS drill WITH (FORCE)')
  await query(`DROP ROLE IF EXISTS "${LOAD}"`)
  await query(`CREATE DATABASE drill OWNER "${APP}"`)
  await query(`DROP FUNCTION IF EXISTS ${FUNCTION}`)
  await query(CREATE_PRINCIPAL)
})

function identity(token: string) {
  const asked: string[] = []
  const getToken = async (scope: string | string[]) => {
    asked.push(String(scope))
    return { token, expiresOnTimestamp: Date.now() + 3_600_000 }
  }
  return { asked, getToken }
}

function withoutPasswords(): {
  database: Database
  app: ReturnType<typeof identity>
  load: ReturnType<typeof identity>
} {
  const credentials = { app: identity(APP_TOKEN), load: identity(LOAD_TOKEN) }
  const postgres = {
    target: TARGET,
    host: '127.0.0.1',
    app: { user: APP, password: null, identity: 'app' },
    load: { user: LOAD, password: null, identity: 'load' },
    loadObjectId: OBJECT_ID,
    directPort: opened.pair.primary.port,
    pgbouncerPort: pgbouncer.port,
    tls: 'disable',
    cloud: cloudOf('https://management.azure.com') as Cloud,
  } as const
  return { database: createDatabase(postgres, credentials, systemClock), ...credentials }
}

test('a migration makes the role for the identity with the rights of the load and no other, and does nothing the second time', async () => {
  const { database } = withoutPasswords()
  expect(await database.migrate(TARGET)).toEqual(STEPS)
  expect(await database.migrate(TARGET)).toEqual([])
  const label = await query(`SELECT label FROM pg_shseclabel WHERE provider = 'pgaadauth'`)
  expect(label).toEqual([{ label: `aadauth,oid=${OBJECT_ID},type=service` }])
  const roles = await query(
    `SELECT rolcreaterole OR rolcreatedb OR rolsuper AS privileged FROM pg_roles WHERE rolname = '${LOAD}'`,
  )
  expect(roles).toEqual([{ privileged: false }])
})

test('what the load meets is looked at with a token of its own identity, by both ways in', async () => {
  const { database, app, load } = withoutPasswords()
  await database.migrate(TARGET)
  app.asked.length = 0
  load.asked.length = 0
  for (const via of WAYS.vias)
    expect(await database.loadSession(TARGET, via)).toMatchObject({ reachable: true, user: LOAD })
  expect({ app: app.asked, load: load.asked }).toEqual({ app: [], load: [SCOPE, SCOPE] })
  expect(await database.schema(TARGET, WAYS)).toMatchObject({ canary: 'ok' })
})

test('a load generator gets no token and no password: the name of its role, and the scope to ask for', () => {
  const { database, app, load } = withoutPasswords()
  expect(targetIn(database.loadConnectionString(TARGET))).toMatchObject({ user: LOAD, password: '', database: 'drill' })
  expect(database.loadTokenScope(TARGET)).toBe(SCOPE)
  expect([app.asked, load.asked]).toEqual([[], []])
})

test.each([
  ['a role with a password', `CREATE ROLE "${LOAD}" LOGIN`, 'belongs to no identity'],
  [
    'a role of another identity',
    `SELECT pgaadauth_create_principal_with_oid('${LOAD}', '99999999-0000-0000-0000-000000000000', 'service', false, false)`,
    'belongs to the identity 99999999-0000-0000-0000-000000000000',
  ],
])('%s of the same name is not taken over, and nothing is changed', async (_, existing, why) => {
  await query(existing)
  const { database } = withoutPasswords()
  await expect(database.migrate(TARGET)).rejects.toMatchObject({
    cause: {
      message: expect.stringContaining(
        `${why}; choose another LOADGEN_POSTGRES_USER, or drop the role, or map it: SECURITY LABEL FOR pgaadauth ON ROLE "${LOAD}"`,
      ),
    },
  })
  expect(await database.schema(TARGET, WAYS)).toMatchObject({ auditedTable: null })
})

test.each([
  ['a server without Microsoft Entra', `DROP FUNCTION ${FUNCTION}`, /no Microsoft Entra authentication; enable it/],
  [
    'an app that is no administrator',
    `REVOKE EXECUTE ON FUNCTION ${FUNCTION} FROM PUBLIC`,
    /only a Microsoft Entra administrator may make/,
  ],
])('%s is reported with what to do', async (_, change, expected) => {
  await query(change)
  await expect(withoutPasswords().database.migrate(TARGET)).rejects.toMatchObject({
    message: expect.stringContaining(`the role ${LOAD} could not be made in postgres on pg-one as ${APP}`),
    cause: { message: expect.stringMatching(expected) },
  })
})

test('a migration that fails after the role was made reports that the role is there', async () => {
  await query(`ALTER DATABASE drill OWNER TO postgres`)
  await expect(withoutPasswords().database.migrate(TARGET)).rejects.toThrow(
    `preparing drill on pg-one as ${APP} failed, and of all steps only this was done: ${ROLE_STEP}`,
  )
})

test('npm run migrate lists the role among what it would do', async () => {
  const asked = await startCommand('infra/azure/migrate.ts', [], {
    POSTGRES_SERVER: 'pg-one',
    POSTGRES_DATABASE: 'drill',
    POSTGRES_USER: APP,
    POSTGRES_PASSWORD: APP_TOKEN,
    LOADGEN_POSTGRES_USER: LOAD,
    LOADGEN_IDENTITY_PRINCIPAL_ID: OBJECT_ID,
    POSTGRES_HOST: '127.0.0.1',
    POSTGRES_PORT_DIRECT: String(opened.pair.primary.port),
    POSTGRES_TLS: 'disable',
  }).ended
  expect(asked.code, asked.output).toBe(0)
  expect(asked.output).toContain(`Would be done:\n${STEPS.map((what) => `  ${what}`).join('\n')}\n`)
})
