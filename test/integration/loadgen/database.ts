/** A real pair behind PgBouncer with the drill's schema, and the two ways in as connection strings. */
import { join } from 'node:path'
import { SCHEMA_STEPS } from '../../../functions/clients/postgres/schema.ts'
import type { PgBouncer } from '../../../infra/local/cluster/servers/pgbouncer.ts'
import { writeOwned } from '../../../infra/local/cluster/servers/postgres.ts'
import type { PostgresPair, Replication } from '../../../infra/local/cluster/servers/postgres-pair.ts'
import { databaseUser } from '../../../infra/local/process/run-user.ts'
import { createServerCertificate } from '../../../infra/local/stack/certificates.ts'
import { oneServer, type ServerTarget } from '../../../loadgen-image/connection/target.ts'
import { withSql } from '../../support/sql.ts'
import {
  type Bench,
  DATABASE,
  type OpenPair,
  openPair,
  PASSWORD,
  startPgBouncer,
  withPair,
} from '../../support/with-stack.ts'

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

export interface OpenDatabase {
  readonly database: TestDatabase
  close(): Promise<void>
}

/** For all tests of a file. */
export async function openDatabase(replication: Replication): Promise<OpenDatabase> {
  const opened = await openPair(replication)
  try {
    return { database: await databaseOf(opened), close: opened.close }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** For one use. */
export const withDatabase = <T>(use: (database: TestDatabase) => Promise<T>): Promise<T> =>
  withPair(async (pair, bench) => use(await databaseOf({ ...bench, pair })), 'async')

async function databaseOf({ pair, ...bench }: Bench & Pick<OpenPair, 'pair'>): Promise<TestDatabase> {
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
  for (const { sql } of SCHEMA_STEPS) await database.query(sql)
  return database
}

const ask = <Row extends object>(target: ServerTarget, sql: string): Promise<Row[]> =>
  withSql(target, async (client) => (await client.query<Row>(sql)).rows)

/** The server's certificate is its own, and no client asks who signed it. */
export const TLS = {
  mode: 'require',
  ca: null,
  verifiesAuthority: false,
  isDirect: false,
  minVersion: null,
  maxVersion: null,
} as const

export async function switchTlsOn({ pair: { primary } }: TestDatabase): Promise<void> {
  const certificate = await createServerCertificate()
  writeOwned(join(primary.dataDirectory, 'server.crt'), certificate.certificatePem, databaseUser())
  writeOwned(join(primary.dataDirectory, 'server.key'), certificate.privateKeyPem, databaseUser())
  await primary.query('ALTER SYSTEM SET ssl = on')
  await primary.query('SELECT pg_reload_conf()')
}
