/** The schema and the load's role, brought up to date: by a drill that was allowed to, and by `npm run migrate`. */
import type { Target } from '../drill/plan.ts'
import { type ConnectionSettings, type Purpose, withConnection } from './database-connection.ts'
import { type LoadRole, migrateSchema, pendingSteps } from './schema-migration.ts'

const LOOK_MS = 15_000
const LONG_MS = 300_000

/** Returns what was done. */
export async function migrate(settings: ConnectionSettings, target: Target): Promise<string[]> {
  const role = await loadRoleOf(settings, target)
  try {
    return await withConnection(settings, target, asApp(settings, LONG_MS), (client) => migrateSchema(client, role))
  } catch (cause) {
    throw new Error(
      `preparing ${target.database} on ${target.server} failed, and nothing was changed; role ${settings.postgres.app.user} needs to own its tables and to create roles`,
      { cause },
    )
  }
}

/** Returns what `migrate` would do now. */
export async function pendingMigration(settings: ConnectionSettings, target: Target): Promise<string[]> {
  try {
    const role = await loadRoleOf(settings, target)
    return await withConnection(settings, target, asApp(settings, LOOK_MS), (client) => pendingSteps(client, role))
  } catch (cause) {
    throw new Error(
      `looking at ${target.database} on ${target.server} as ${settings.postgres.app.user} failed; check host, network or firewall, and password`,
      { cause },
    )
  }
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
