/** The database under test, by SQL: who answers, is it ready, what is stored. Each call opens its own connection. */
import type { TokenCredential } from '@azure/identity'
import type { Login, PostgresConfig } from '../config.ts'
import type { SchemaFacts, SessionFacts } from '../drill/facts.ts'
import type { Target } from '../drill/plan.ts'
import type { Clock, Database, Deleted, StoredRange } from './clients.ts'
import {
  type ConnectionSettings,
  hostOf,
  openConnection,
  type Purpose,
  passwordOf,
  type Via,
  withConnection,
  wordsOf,
} from './database-connection.ts'
import { migrate } from './migration.ts'
import { canary, readTables } from './schema-facts.ts'
import { readSession, unreachable } from './session-facts.ts'
import { deleteInBatches, readDrills, readRuns } from './stored-rows.ts'

const LOOK_MS = 15_000
const BATCH_MS = 60_000
const LONG_MS = 300_000

export function createDatabase(postgres: PostgresConfig, credential: TokenCredential, clock: Clock): Database {
  const settings: ConnectionSettings = { postgres, credential }
  const asApp = (via: Via, queryTimeoutMs: number): Purpose => ({ via, as: postgres.app, queryTimeoutMs })
  return {
    session: (target, via) => seeSession(settings, target, asApp(via, LOOK_MS), clock),
    schema: (target) => seeSchema(settings, target),
    migrate: (target) => migrate(settings, target),
    storedRuns: (target, drillId) => storedRuns(settings, target, drillId),
    storedDrills: (target) => withConnection(settings, target, asApp('direct', LONG_MS), readDrills),
    deleteRows: (target, drillId, withinMs) => deleteRows(settings, target, drillId, deadline(clock, withinMs)),
    loadConnectionString: (target) => connectionStringOf(settings, target),
    directPort: () => postgres.directPort,
  }
}

async function seeSession(
  settings: ConnectionSettings,
  target: Target,
  purpose: Purpose,
  clock: Clock,
): Promise<SessionFacts> {
  try {
    return await withConnection(settings, target, purpose, (client) => readSession(client, purpose.via, clock))
  } catch (error) {
    return unreachable(purpose.via, error)
  }
}

// ---- Schema ---------------------------------------------------------------------------------------------------------

async function seeSchema(settings: ConnectionSettings, target: Target): Promise<SchemaFacts> {
  const purpose: Purpose = { via: 'direct', as: settings.postgres.app, queryTimeoutMs: LOOK_MS }
  const tables = await withConnection(settings, target, purpose, readTables).catch((cause: unknown) => {
    throw new Error(`reading the schema of ${target.database} on ${target.server} failed`, { cause })
  })
  return { ...tables, ...(tables.hasKeyColumns === true ? await sendCanary(settings, target) : NO_CANARY) }
}

const NO_CANARY = { canary: null, canaryError: null } as const

/** Inserted with the load's role through the load's way in; deleted with the app's, because the load's must not delete. */
async function sendCanary(
  settings: ConnectionSettings,
  target: Target,
): Promise<Pick<SchemaFacts, 'canary' | 'canaryError'>> {
  const through = (as: Login): Purpose => ({ via: 'pgbouncer', as, queryTimeoutMs: LOOK_MS })
  const { load, app } = settings.postgres
  try {
    const id = await withConnection(settings, target, through(load), canary.insert)
    await withConnection(settings, target, through(app), (client) => canary.remove(client, id))
    return { canary: 'ok', canaryError: null }
  } catch (error) {
    return { canary: 'failed', canaryError: wordsOf(error) }
  }
}

// ---- Rows -----------------------------------------------------------------------------------------------------------

async function* storedRuns(settings: ConnectionSettings, target: Target, drillId: string): AsyncGenerator<StoredRange> {
  const purpose: Purpose = { via: 'direct', as: settings.postgres.app, queryTimeoutMs: LONG_MS }
  const { client, close } = await openConnection(settings, target, purpose)
  try {
    yield* readRuns(client, drillId)
  } finally {
    await close()
  }
}

const deadline = (clock: Clock, withinMs: number): (() => boolean) => {
  const endMs = clock.now().getTime() + withinMs
  return () => clock.now().getTime() >= endMs
}

const deleteRows = (
  settings: ConnectionSettings,
  target: Target,
  drillId: string,
  isTimeUp: () => boolean,
): Promise<Deleted> =>
  withConnection(settings, target, { via: 'direct', as: settings.postgres.app, queryTimeoutMs: BATCH_MS }, (client) =>
    deleteInBatches(client, drillId, isTimeUp),
  )

// ---- The load's way in ----------------------------------------------------------------------------------------------

async function connectionStringOf(settings: ConnectionSettings, target: Target): Promise<string> {
  const { postgres } = settings
  const { load, pgbouncerPort, tls } = postgres
  const secret = encodeURIComponent(await passwordOf(settings, load))
  const place = `${hostOf(postgres, target.server)}:${pgbouncerPort}/${encodeURIComponent(target.database)}`
  return `postgresql://${encodeURIComponent(load.user)}:${secret}@${place}?sslmode=${tls}`
}
