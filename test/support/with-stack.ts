/** Real services for a test, on free ports, gone when the test ends: a PostgreSQL pair, PgBouncer. */

import { type ClusterOptions, type LocalCluster, startCluster } from '../../infra/local/cluster/local-cluster.ts'
import { PgBouncer } from '../../infra/local/cluster/servers/pgbouncer.ts'
import type { ServerTools } from '../../infra/local/cluster/servers/postgres.ts'
import { type PostgresPair, type Replication, startPair } from '../../infra/local/cluster/servers/postgres-pair.ts'
import { requirePrograms } from '../../infra/local/install.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { Processes } from '../../infra/local/process/processes.ts'
import { findPgBouncer, findPostgres } from '../../infra/local/process/programs.ts'
import { databaseUser } from '../../infra/local/process/run-user.ts'
import { clearDeadStacks, createStackFolder, type StackFolder } from '../../infra/local/process/stack-folder.ts'
import type { HostKind } from '../../infra/local/stack/functions-host.ts'
import { type Stack, startStack } from '../../infra/local/stack/stack.ts'
import { AzureFaults } from './azure-faults.ts'

export interface Bench {
  readonly folder: StackFolder
  readonly processes: Processes
}

/** A folder and its processes. Closed, everything that was started in it is stopped, and the folder removed. */
export function openBench(): Bench & { close(): Promise<void> } {
  clearDeadStacks()
  const folder = createStackFolder()
  const processes = new Processes(folder)
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

/** Names the data directory that template-cluster.ts has made, if it has. */
export const TEMPLATE = 'DRILL_TEST_TEMPLATE'

export function serverTools({ processes }: Bench): ServerTools {
  const programs = findPostgres()
  if (programs === null) throw new Error('PostgreSQL is not installed; npm test installs it')
  return { processes, programs, user: databaseUser(), template: process.env[TEMPLATE] }
}

export interface OpenPair extends Bench {
  readonly pair: PostgresPair
  close(): Promise<void>
}

/** For all tests of a file: a pair with an empty database `drill` that belongs to the role `drill`; every password is PASSWORD. */
export async function openPair(replication: Replication = 'sync'): Promise<OpenPair> {
  const bench = openBench()
  try {
    const pair = await startPair(bench.folder, serverTools(bench), { replication, superuserPassword: PASSWORD })
    await pair.primary.query(`CREATE ROLE ${DATABASE} LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`)
    await pair.primary.query(`CREATE DATABASE ${DATABASE} OWNER ${DATABASE}`)
    return { ...bench, pair }
  } catch (error) {
    await bench.close()
    throw error
  }
}

/** The same for one test. */
export async function withPair<T>(
  use: (pair: PostgresPair, bench: Bench) => Promise<T>,
  replication: Replication = 'sync',
): Promise<T> {
  const opened = await openPair(replication)
  try {
    return await use(opened.pair, opened)
  } finally {
    await opened.close()
  }
}

export interface OpenCluster extends Bench {
  readonly cluster: LocalCluster
  /** What the platform reported that it did by itself. */
  readonly events: readonly string[]
  close(): Promise<void>
}

/** The platform and its servers, for all tests of a file: without a replica, and without pauses. */
export async function openCluster(options: Partial<ClusterOptions> = {}): Promise<OpenCluster> {
  const [postgres, pgbouncer] = [findPostgres(), findPgBouncer()]
  if (postgres === null || pgbouncer === null)
    throw new Error('PostgreSQL or PgBouncer is missing; npm test installs them')
  const bench = openBench()
  const events: string[] = []
  try {
    const cluster = await startCluster(bench.folder, bench.processes, {
      replication: 'sync',
      replica: null,
      scalingPath: 'switch',
      postgres,
      pgbouncer,
      database: 'saifdb',
      user: 'saifadmin',
      password: 'its-password',
      loadRole: { user: 'drill_load', password: 'the-loads-password' },
      platformPassword: 'the-platforms-password',
      platformPauseMs: 50,
      loadgenEntry: '/nowhere',
      onEvent: (text) => events.push(text),
      ...options,
    })
    const close = async () => {
      await cluster.stop()
      await bench.close()
    }
    return { ...bench, cluster, events, close }
  } catch (error) {
    await bench.close()
    throw error
  }
}

type Role = readonly [name: string, password: string]

/** PgBouncer in front of the pair's primary, for the database `drill`. */
export async function startPgBouncer(
  pair: PostgresPair,
  { folder, processes }: Bench,
  roles: readonly Role[] = [[DATABASE, PASSWORD]],
): Promise<PgBouncer> {
  const program = findPgBouncer()
  if (program === null) throw new Error('PgBouncer is not installed; npm test installs it')
  const port = await holdFreePort(folder)
  const options = { program, port, database: DATABASE, roles, adminPassword: PASSWORD, user: databaseUser() }
  const pgbouncer = new PgBouncer(folder, processes, options)
  await pgbouncer.start(pair.primary.port)
  return pgbouncer
}

interface StackKind {
  readonly host: HostKind
  readonly platformPauseMs: number
}

export interface StackInTest extends Stack {
  readonly azure: AzureFaults
}

/** All services of a drill, with synchronous replication and the app's sources. */
export async function openStack(kind: StackKind): Promise<StackInTest> {
  const programs = requirePrograms({ forTests: true, say: () => {} })
  const usual = {
    replication: 'sync',
    replica: null,
    scalingPath: 'switch',
    apiPort: null,
    weather: null,
    app: null,
    loadgen: null,
    keep: false,
    say: () => {},
  } as const
  const azure = new AzureFaults()
  const options = { ...usual, ...kind, programs, addAzureHooks: azure.addHooks }
  const onDeath = (kill: () => void) => void process.once('exit', kill)
  return { ...(await startStack(options, { signal: new AbortController().signal, onDeath })), azure }
}
