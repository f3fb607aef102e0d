/** Migrates the schema and the load's role: for a drill that is allowed to, and for `npm run migrate`. */

import type { Client } from 'pg'
import { causeOnMigration } from '../../checklist/sql-advice.ts'
import type { Target } from '../../model/plan.ts'
import { type ConnectionSettings, type Purpose, sqlErrorText, withConnection } from './connection.ts'
import { type IdentityRole, makeIdentityRole, pendingIdentityRole } from './identity-role.ts'
import { type LoadRole, migrateSchema, pendingSteps } from './schema-migration.ts'

const LOOK_MS = 15_000
const LONG_MS = 300_000

/** Returns what was done. */
export async function migrate(settings: ConnectionSettings, target: Target): Promise<string[]> {
  const role = await loadRoleOf(settings, target)
  const made = await identityStep(settings, target, LONG_MS, makeIdentityRole)
  const kept = made.length === 0 ? 'nothing was changed' : `of all steps only this was done: ${made.join(', ')}`
  try {
    const purpose = asApp(settings, LONG_MS)
    return [...made, ...(await withConnection(settings, target, purpose, (client) => migrateSchema(client, role)))]
  } catch (cause) {
    throw failure(`preparing ${placeOf(settings, target)} failed, and ${kept}`, cause)
  }
}

const placeOf = ({ postgres }: ConnectionSettings, { database, server }: Target): string =>
  `${database} on ${server} as ${postgres.app.user}`

/** Returns what `migrate` would do now. */
export async function pendingMigration(settings: ConnectionSettings, target: Target): Promise<string[]> {
  try {
    const role = await loadRoleOf(settings, target)
    const missing = await identityStep(settings, target, LOOK_MS, pendingIdentityRole)
    const purpose = asApp(settings, LOOK_MS)
    return [...missing, ...(await withConnection(settings, target, purpose, (client) => pendingSteps(client, role)))]
  } catch (cause) {
    throw failure(`looking at ${placeOf(settings, target)} failed`, cause)
  }
}

/** Azure makes roles of identities in this database, which every server has, and in no other. */
const PRINCIPALS_DATABASE = 'postgres'

/** What `take` returns; nothing where the load's role has a password. */
async function identityStep(
  settings: ConnectionSettings,
  target: Target,
  queryTimeoutMs: number,
  take: (client: Client, role: IdentityRole) => Promise<string[]>,
): Promise<string[]> {
  const { load, loadObjectId: objectId } = settings.postgres
  if (load.password !== null || objectId === null) return []
  const there = { ...target, database: PRINCIPALS_DATABASE }
  try {
    return await withConnection(settings, there, asApp(settings, queryTimeoutMs), (client) =>
      take(client, { user: load.user, objectId }),
    )
  } catch (cause) {
    throw failure(`the role ${load.user} could not be made in ${placeOf(settings, there)}`, cause)
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
