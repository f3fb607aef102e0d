/** For the tests of a file: a pair behind PgBouncer with the role of the app, and the app's database client to it. */
import { afterAll, beforeAll } from 'vitest'
import type { Clock, Database } from '../../functions/clients/clients.ts'
import { createDatabase } from '../../functions/clients/postgres/database.ts'
import type { PostgresConfig } from '../../functions/config/config.ts'
import { Secret } from '../../functions/config/secret.ts'
import { systemClock } from '../../functions/connect.ts'
import type { Target } from '../../functions/model/plan.ts'
import { type Cloud, cloudOf } from '../../functions/platform/cloud.ts'
import type { PgBouncer } from '../../infra/local/cluster/servers/pgbouncer.ts'
import type { PostgresPair } from '../../infra/local/cluster/servers/postgres-pair.ts'
import type { StackFolder } from '../../infra/local/process/stack-folder.ts'
import { oneServer, type ServerTarget } from '../../loadgen-image/connection/target.ts'
import { retryLoginsSoon } from './sql.ts'
import { timeouts } from './timeouts.ts'
import { type OpenPair, openPair, PASSWORD, startPgBouncer } from './with-stack.ts'

interface Login {
  readonly user: string
  readonly password: string
}

const asApp = ({ user, password }: Login) => ({ user, password: new Secret(password), identity: 'app' as const })
const noToken = { getToken: async () => null }

/** Databases and the role of the load are made by the tests. */
export function clientDatabase(target: Target, app: Login, load: Login) {
  let opened: OpenPair
  let pgbouncer: PgBouncer
  beforeAll(async () => {
    opened = await openPair()
    await opened.pair.primary.query(
      `CREATE ROLE ${app.user} LOGIN CREATEROLE PASSWORD '${app.password}' IN ROLE pg_monitor`,
    )
    const roles = [app, load].map(({ user, password }) => [user, password] as const)
    pgbouncer = await startPgBouncer(opened.pair, opened, roles)
    await retryLoginsSoon(
      oneServer({
        host: '127.0.0.1',
        port: pgbouncer.port,
        user: app.user,
        password: PASSWORD,
        database: target.database,
      }),
    )
  }, timeouts.pairStartsMs)
  afterAll(() => opened?.close(), timeouts.processEndsMs)

  const configOf = (change: Partial<PostgresConfig>): PostgresConfig => ({
    target,
    host: '127.0.0.1',
    app: asApp(app),
    load: asApp(app),
    loadObjectId: null,
    directPort: opened.pair.primary.port,
    pgbouncerPort: pgbouncer.port,
    tls: 'disable',
    cloud: cloudOf('https://management.azure.com') as Cloud,
    ...change,
  })
  return {
    get pair(): PostgresPair {
      return opened.pair
    },
    get folder(): StackFolder {
      return opened.folder
    },
    get pgbouncer(): PgBouncer {
      return pgbouncer
    },
    databaseOf: (change: Partial<PostgresConfig> = {}, clock: Clock = systemClock): Database =>
      createDatabase(configOf(change), { app: noToken, load: noToken }, clock),
    /** Straight to the primary. */
    direct: (login: Login): ServerTarget =>
      oneServer({ host: '127.0.0.1', port: opened.pair.primary.port, ...login, database: target.database }),
  }
}
