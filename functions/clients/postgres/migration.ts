/** Migrates the schema and the load's role: for a drill that is allowed to, and for `npm run migrate`. */

import { causeOnMigration } from '../../checklist/sql-advice.ts'
import type { Target } from '../../model/plan.ts'
import { type ConnectionSettings, type Purpose, sqlErrorText, withConnection } from './connection.ts'
import { type LoadRole, migrateSchema, pendingSteps } from './schema-migration.ts'

const LOOK_MS = 15_000
const LONG_MS = 300_000

/** Returns what was done. */
export async function migrate(settings: ConnectionSettings, target: Target): Promise<string[]> {
  const role = await loadRoleOf(settings, target)
  try {
    return await withConnection(settings, target, asApp(settings, LONG_MS), (client) => migrateSchema(client, role))
  } catch (cause) {
    throw failure(
      `preparing ${target.database} on ${target.server} as ${settings.postgres.app.user} failed, and nothing was changed`,
      cause,
    )
  }
}

/** Returns what `migrate` would do now. */
export async function pendingMigration(settings: ConnectionSettings, target: Target): Promise<string[]> {
  try {
    const role = await loadRoleOf(settings, target)
    return await withConnection(settings, target, asApp(settings, LOOK_MS), (client) => pendingSteps(client, role))
  } catch (cause) {
    throw failure(`looking at ${target.database} on ${target.server} as ${settings.postgres.app.user} failed`, cause)
  }
}

/** Names the cause that the code proves, and its fix; the server's own message follows as the cause. */
function failure(what: string, error: unknown): Error {
  const known = causeOnMigration(sqlErrorText(error))
  return new Error(known === null ? what : `${what}: ${known.cause}; ${known.advice}`, { cause: error })
}

const asApp = ({ postgres }: ConnectionSettings, queryTimeoutMs: number): Purpose => ({
  via: 'direct',
  as: postgres.app,
  queryTimeoutMs,
})

/** Null: the load uses the app's role. */
async function loadRoleOf(settings: ConnectionSettings, target: Target): Promise<LoadRole | null> {
  const { app, load } = settings.postgres
  if (load.user === app.user) return null
  if (load.password === null) return { user: load.user, password: null, canLogIn: false }
  const purpose: Purpose = { via: 'direct', as: load, queryTimeoutMs: LOOK_MS }
  const canLogIn = await withConnection(settings, target, purpose, async () => true).catch(() => false)
  return { user: load.user, password: load.password.reveal(), canLogIn }
}
