/** A real pair behind PgBouncer with the drill's schema, and the two ways in as connection strings. */
import { SCHEMA_STATEMENTS } from '../../../functions/clients/postgres/schema.ts'
import type { PgBouncer } from '../../../infra/local/cluster/pgbouncer.ts'
import type { PostgresPair } from '../../../infra/local/cluster/postgres-pair.ts'
import { oneServer, type ServerTarget } from '../../../loadgen-image/connection/target.ts'
import { withSql } from '../../support/sql.ts'
import { type Bench, DATABASE, PASSWORD, startPgBouncer, withPair } from '../../support/with-stack.ts'

export interface TestDatabase {
  readonly pair: PostgresPair
  readonly pgbouncer: PgBouncer
  readonly bench: Bench
  /** Through PgBouncer, and straight to the primary. */
  readonly pooled: ServerTarget
  readonly direct: ServerTarget
  /** One connection to the primary, for a test's own questions. */
  query<Row extends object>(sql: string): Promise<Row[]>
}

const targetAt = (port: number): ServerTarget =>
  oneServer({ host: '127.0.0.1', port, database: DATABASE, user: DATABASE, password: PASSWORD })

export function withDatabase<T>(
  use: (database: TestDatabase) => Promise<T>,
  replication: 'sync' | 'async' = 'async',
): Promise<T> {
  return withPair(async (pair, bench) => {
    const pgbouncer = await startPgBouncer(pair, bench)
    const database: TestDatabase = {
      pair,
      pgbouncer,
      bench,
      pooled: targetAt(pgbouncer.port),
      get direct() {
        return targetAt(pair.primary.port)
      },
      query: (sql) => ask(targetAt(pair.primary.port), sql),
    }
    for (const statement of SCHEMA_STATEMENTS) await database.query(statement)
    return await use(database)
  }, replication)
}

export interface OpenDatabase {
  readonly database: TestDatabase
  close(): Promise<void>
}

/** For several tests in a file. */
export async function openDatabase(replication: 'sync' | 'async'): Promise<OpenDatabase> {
  const opened = Promise.withResolvers<TestDatabase>()
  const closing = Promise.withResolvers<void>()
  const closed = withDatabase(async (database) => {
    opened.resolve(database)
    await closing.promise
  }, replication)
  closed.catch(opened.reject)
  const close = () => {
    closing.resolve()
    return closed
  }
  return { database: await opened.promise, close }
}

const ask = <Row extends object>(target: ServerTarget, sql: string): Promise<Row[]> =>
  withSql(target, async (client) => (await client.query<Row>(sql)).rows)
