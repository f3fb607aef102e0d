/**
 * The settings and the table of the load's own session. Roles and databases have settings of their own (ALTER ROLE ... SET): in another
 * role's session, a load whose commits wait for no standby would look durable.
 */
import type { Client } from 'pg'
import type { LoadSessionFacts, SessionSetting, SettingOrigin } from '../../model/facts.ts'
import { sqlErrorText, type Via } from './connection.ts'
import { readTable, tableNameOf } from './load-table.ts'

/**
 * Not idle_in_transaction_session_timeout: each transaction of the load is one statement, so its sessions are never idle in
 * one. Not row_security: only with a policy it has an effect, and then the canary meets it.
 */
const LOAD_SETTINGS = [
  'synchronous_commit',
  'default_transaction_read_only',
  'statement_timeout',
  'transaction_timeout',
  'lock_timeout',
  'idle_session_timeout',
  'session_replication_role',
  'search_path',
] as const

export const unreachableLoad = (via: Via, error: string): LoadSessionFacts => ({
  via,
  reachable: false,
  error,
  user: null,
  database: null,
  isSuperuser: null,
  settings: null,
  hasTable: null,
  table: null,
  nextTable: null,
})

export async function readLoadSession(client: Client, via: Via): Promise<LoadSessionFacts> {
  try {
    const inForce = await settingsInForce(client)
    return await unhurried(client, async () => {
      const who = await whoIsThere(client)
      const stored = await storedSettings(client)
      const table = await readTable(client)
      const settings = allSettings(inForce, stored)
      const next = settings.find(({ name, holdsIn }) => name === 'search_path' && holdsIn === 'the next session')
      const nextTable = next === undefined ? null : await tableNameOf(client, next.value)
      return {
        via,
        reachable: true,
        error: null,
        ...who,
        settings,
        hasTable: table !== null,
        table,
        nextTable: nextTable === table?.name ? null : nextTable,
      }
    })
  } catch (error) {
    return unreachableLoad(via, sqlErrorText(error))
  }
}

async function whoIsThere(client: Client): Promise<Pick<LoadSessionFacts, 'user' | 'database' | 'isSuperuser'>> {
  const { rows } = await client.query<{ user: string; database: string; isSuperuser: boolean }>(
    `SELECT session_user::text AS user, current_database()::text AS database,
            current_setting('is_superuser') = 'on' AS "isSuperuser"`,
  )
  return rows[0] ?? { user: null, database: null, isSuperuser: null }
}

// ---- Time-outs that would also end this read--------------------------------------------------------------------------

const QUERY_CANCELED = '57014'
const TRIES = 5

const isCanceled = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === QUERY_CANCELED

/** In a transaction that reads only, is rolled back, and in which the session's time-outs do not count. */
async function unhurried<T>(client: Client, use: () => Promise<T>): Promise<T> {
  await beginUnhurried(client)
  try {
    return await use()
  } finally {
    await client.query('ROLLBACK').catch(() => {})
  }
}

/** One message, so that no time-out for an idle transaction applies. A time-out of 1 ms may hit these, too. */
async function beginUnhurried(client: Client): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.query(
        'BEGIN READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0',
      )
      return
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      if (!isCanceled(error) || tries === TRIES) throw error
    }
  }
}

// ---- Settings ---------------------------------------------------------------------------------------------------------

interface InForce {
  readonly name: string
  readonly value: string
  readonly source: string
}

/** If a time-out ends even this, the session's defaults are read where the time-out does not apply. */
async function settingsInForce(client: Client): Promise<readonly InForce[]> {
  const read = async (value: string): Promise<readonly InForce[]> => {
    const text = `SELECT name, ${value} AS value, source FROM pg_settings WHERE name = ANY($1)`
    return (await client.query<InForce>(text, [LOAD_SETTINGS])).rows
  }
  try {
    return await read('setting')
  } catch (error) {
    if (!isCanceled(error)) throw error
    return await unhurried(client, () => read('reset_val'))
  }
}

interface Stored {
  readonly name: string
  readonly value: string
  readonly origin: SettingOrigin
}

/** The first that applies wins, as it does in the server. */
const STORED = `SELECT DISTINCT ON (name) name, value, origin FROM (
  SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value,
         CASE WHEN setrole <> 0 AND setdatabase <> 0 THEN 'role in database' WHEN setrole <> 0 THEN 'role'
              WHEN setdatabase <> 0 THEN 'database' ELSE 'all roles' END AS origin,
         CASE WHEN setrole <> 0 AND setdatabase <> 0 THEN 1 WHEN setrole <> 0 THEN 2
              WHEN setdatabase <> 0 THEN 3 ELSE 4 END AS place
    FROM pg_db_role_setting, unnest(setconfig) AS entry
   WHERE setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
     AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
) AS settings WHERE name = ANY($1) ORDER BY name, place`

/** What a session that begins now gets, written as the server writes it: only the server knows that 'false' is off, '1s' 1000. */
async function storedSettings(client: Client): Promise<readonly Stored[]> {
  const { rows } = await client.query<Stored>(STORED, [LOAD_SETTINGS])
  const stored: Stored[] = []
  for (const row of rows) stored.push({ ...row, value: await asServerWrites(client, row) })
  return stored
}

async function asServerWrites(client: Client, { name, value }: Stored): Promise<string> {
  await client.query('SAVEPOINT reading')
  try {
    await client.query('SELECT set_config($1, $2, true)', [name, value])
    const { rows } = await client.query<{ value: string }>('SELECT setting AS value FROM pg_settings WHERE name = $1', [
      name,
    ])
    return rows[0]?.value ?? value
  } catch {
    return value
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT reading')
  }
}

const ORIGINS: Readonly<Record<string, SettingOrigin>> = {
  default: 'default',
  'configuration file': 'server',
  'environment variable': 'server',
  'command line': 'server',
  override: 'server',
  global: 'all roles',
  database: 'database',
  user: 'role',
  'database user': 'role in database',
}
const KEPT: readonly SettingOrigin[] = ['role in database', 'role', 'database', 'all roles']

function allSettings(inForce: readonly InForce[], stored: readonly Stored[]): SessionSetting[] {
  return inForce.flatMap(({ name, value, source }) => {
    const coming = stored.find((one) => one.name === name)
    const now = { name, value, origin: originOf(value, source, coming), holdsIn: 'this session' } as const
    if (coming === undefined || coming.value === value) return [now]
    return [now, { ...coming, holdsIn: 'the next session' } as const]
  })
}

function originOf(value: string, source: string, coming: Stored | undefined): SettingOrigin {
  // This read replaces a time-out, so the server reports it as set in the session; the stored settings show its origin.
  if (coming !== undefined && coming.value === value) return coming.origin
  const origin = ORIGINS[source] ?? 'session'
  return KEPT.includes(origin) ? 'earlier setting' : origin
}
