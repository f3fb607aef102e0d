/** The database under test, by SQL: its sessions, its schema, its rows. Each call opens its own connection. */
import { urlOf } from '../../../loadgen-image/connection/url.ts'
import type { Login, PostgresConfig } from '../../config/config.ts'
import type { LoadSessionFacts, LoadWays, SchemaFacts, SessionFacts } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'
import type { Clock, Database, Deleted, StoredRange } from '../clients.ts'
import { removeCanary, sendCanary } from './canary.ts'
import {
  type ConnectionSettings,
  type Credentials,
  hostOf,
  openConnection,
  type Purpose,
  serverAt,
  sqlErrorText,
  type Via,
  withConnection,
} from './connection.ts'
import { readLoadSession, unreachableLoad } from './load-session.ts'
import { migrate } from './migration.ts'
import { readDiskUse } from './rows/disk-use.ts'
import { deleteInBatches, readDrills, readRuns, readWatchRuns } from './rows/stored-rows.ts'
import { readAudited } from './schema-facts.ts'
import { readSession, unreachable } from './session-facts.ts'
import { readWalPosition } from './wal-position.ts'

const READ_MS = 15_000
/** Of what a poll reads beside its work. */
const QUICK_MS = 2_000
const BATCH_MS = 60_000
const LONG_MS = 300_000

export function createDatabase(postgres: PostgresConfig, credentials: Credentials, clock: Clock): Database {
  const settings: ConnectionSettings = { postgres, credentials }
  const asApp = (via: Via, queryTimeoutMs: number): Purpose => ({ via, as: postgres.app, queryTimeoutMs })
  return {
    session: (target, via) => sessionFacts(settings, target, asApp(via, READ_MS), clock),
    loadSession: (target, via) => loadSessionFacts(settings, target, via),
    walPosition: (target) =>
      withConnection(settings, target, { ...asApp('direct', QUICK_MS), connectTimeoutMs: QUICK_MS }, (client) =>
        readWalPosition(client, clock),
      ),
    schema: (target, ways) => schemaFacts(settings, target, ways),
    migrate: (target) => migrate(settings, target),
    storedRuns: (target, drillId) => storedRuns(settings, target, drillId),
    storedWatchRuns: (target, drillId) =>
      withConnection(settings, target, asApp('direct', LONG_MS), (client) => readWatchRuns(client, drillId)),
    storedDrills: (target, withinMs) => withConnection(settings, target, asApp('direct', withinMs), readDrills),
    diskUse: (target) => withConnection(settings, target, asApp('direct', READ_MS), readDiskUse),
    deleteRows: (target, drillId, withinMs) => deleteRows(settings, target, drillId, deadline(clock, withinMs)),
    loadConnectionString: (target) => connectionStringOf(postgres, target),
    loadTokenScope: () => (postgres.load.password === null ? postgres.cloud.databaseScope : null),
    directPort: () => postgres.directPort,
    host: (target) => hostOf(postgres, target.server),
  }
}

async function sessionFacts(
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

/** As the load generator connects: its role, its port, no option of its own. */
async function loadSessionFacts(settings: ConnectionSettings, target: Target, via: Via): Promise<LoadSessionFacts> {
  const asLoad: Purpose = { via, as: settings.postgres.load, queryTimeoutMs: READ_MS }
  try {
    return await withConnection(settings, target, asLoad, (client) => readLoadSession(client, via))
  } catch (error) {
    return unreachableLoad(via, sqlErrorText(error))
  }
}

// ---- Schema ---------------------------------------------------------------------------------------------------------

async function schemaFacts(settings: ConnectionSettings, target: Target, ways: LoadWays): Promise<SchemaFacts> {
  const purpose: Purpose = { via: 'direct', as: settings.postgres.app, queryTimeoutMs: READ_MS }
  const audited = await withConnection(settings, target, purpose, readAudited).catch((cause: unknown) => {
    throw new Error(`reading the schema of ${target.database} on ${target.server} failed`, { cause })
  })
  const { auditedTable } = audited
  return { ...audited, ...(auditedTable === null ? NO_CANARY : await tryCanary(settings, target, ways, auditedTable)) }
}

const NO_CANARY = { canary: null, canaryError: null } as const

/** Inserted with the load's role through the load's ways in; deleted with the app's, because the load's must not delete. */
async function tryCanary(
  settings: ConnectionSettings,
  target: Target,
  { vias, transactions }: LoadWays,
  auditedTable: string,
): Promise<Pick<SchemaFacts, 'canary' | 'canaryError'>> {
  const { load, app } = settings.postgres
  const through = (as: Login, via: Via): Purpose => ({ via, as, queryTimeoutMs: READ_MS })
  try {
    for (const via of vias) {
      const key = await withConnection(settings, target, through(load, via), (client) =>
        sendCanary(client, transactions, auditedTable),
      )
      await withConnection(settings, target, through(app, 'direct'), (client) => removeCanary(client, key))
    }
    return { canary: 'ok', canaryError: null }
  } catch (error) {
    return { canary: 'failed', canaryError: sqlErrorText(error) }
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

/** Without a password where a token stands in for it: each container fetches its own. */
const connectionStringOf = (postgres: PostgresConfig, target: Target): string => {
  const { user, password } = postgres.load
  return urlOf(serverAt(postgres, target, 'pgbouncer', { user, password: password?.reveal() ?? '' }))
}
