/** Real services for a test, on free ports, gone when the test ends: a PostgreSQL pair, PgBouncer, Azurite. */

import type { Replication } from '../../infra/local/cluster/cluster.ts'
import { createPgBouncer, type PgBouncer } from '../../infra/local/cluster/pgbouncer.ts'
import { type PostgresPair, startPair } from '../../infra/local/cluster/postgres-pair.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { createProcesses, type Processes } from '../../infra/local/process/processes.ts'
import { findPgBouncer, findPostgres } from '../../infra/local/process/programs.ts'
import { databaseUser } from '../../infra/local/process/run-user.ts'
import { clearDeadStacks, createStackFolder, type StackFolder } from '../../infra/local/process/stack-folder.ts'
import { type Azurite, startAzurite } from '../../infra/local/stack/azurite.ts'

export interface Bench {
  readonly folder: StackFolder
  readonly processes: Processes
}

/** A folder and its processes. Closed, everything that was started in it is stopped, and the folder removed. */
export function openBench(): Bench & { close(): Promise<void> } {
  clearDeadStacks()
  const folder = createStackFolder()
  const processes = createProcesses(folder)
  const close = async () => {
    await processes.stopAll()
    folder.close({ keep: false })
  }
  return { folder, processes, close }
}

export async function withProcesses<T>(use: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = openBench()
  try {
    return await use(bench)
  } finally {
    await bench.close()
  }
}

export const PASSWORD = 'a-password-of-the-tests'
export const DATABASE = 'drill'

/** With an empty database `drill` that belongs to the role `drill`, whose password is PASSWORD. */
export function withPair<T>(
  use: (pair: PostgresPair, bench: Bench) => Promise<T>,
  replication: Replication = 'sync',
): Promise<T> {
  return withProcesses(async (bench) => {
    const programs = findPostgres()
    if (programs === null) throw new Error('PostgreSQL is not installed; npm test installs it')
    const tools = { processes: bench.processes, programs, user: databaseUser() }
    const pair = await startPair(bench.folder, tools, { replication, superuserPassword: PASSWORD })
    await pair.primary.query(`CREATE ROLE ${DATABASE} LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`)
    await pair.primary.query(`CREATE DATABASE ${DATABASE} OWNER ${DATABASE}`)
    return await use(pair, bench)
  })
}

/** PgBouncer in front of the pair's primary, for the role and database of withPair. */
export async function startPgBouncer(pair: PostgresPair, { folder, processes }: Bench): Promise<PgBouncer> {
  const program = findPgBouncer()
  if (program === null) throw new Error('PgBouncer is not installed; npm test installs it')
  const pgbouncer = createPgBouncer(folder, processes, {
    program,
    port: await holdFreePort(folder),
    database: DATABASE,
    roles: [[DATABASE, PASSWORD]],
    adminPassword: PASSWORD,
    user: databaseUser(),
  })
  await pgbouncer.start(pair.primary.port)
  return pgbouncer
}

export function withAzurite<T>(use: (azurite: Azurite) => Promise<T>, container = 'drills'): Promise<T> {
  return withProcesses(async ({ folder, processes }) =>
    use(await startAzurite(processes, { blob: await holdFreePort(folder) }, container)),
  )
}
