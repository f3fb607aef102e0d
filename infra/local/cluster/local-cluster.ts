/** The flexible server of the local stack: a PostgreSQL pair, PgBouncer, the proxy in front of them, and the platform that runs them. */
import { statfsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { holdFreePort } from '../process/ports.ts'
import type { Processes } from '../process/processes.ts'
import type { PostgresPrograms } from '../process/programs.ts'
import { databaseUser } from '../process/run-user.ts'
import type { StackFolder } from '../process/stack-folder.ts'
import type { Cluster, ClusterFacts, Replication } from './cluster.ts'
import { startContainer } from './containers.ts'
import { readParameters } from './parameters.ts'
import { PgBouncer } from './pgbouncer.ts'
import { Platform } from './platform.ts'
import { type PostgresPair, startPair } from './postgres-pair.ts'
import { startSampler } from './sampler.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface ClusterOptions {
  readonly replication: Replication
  readonly postgres: PostgresPrograms
  readonly pgbouncer: string
  readonly database: string
  /** Not a superuser, as on the real service. */
  readonly user: string
  readonly password: string
  /** The migration makes it later, as on the real service; PgBouncer needs its password from the start. */
  readonly loadRole: { readonly user: string; readonly password: string }
  /** The platform's own: of the superuser and of PgBouncer's console. */
  readonly platformPassword: string
  /**
   * Between the end of the old primary and the promotion: the time in which Azure detects the failure, fences the old primary
   * and moves the server's name. Without it the local outage is a few tenths of a second.
   */
  readonly platformPauseMs: number
  /** The entry file of the load generator's image. */
  readonly loadgenEntry: string
  /** Reports what the platform does without a request: a restart of PgBouncer, a new standby. */
  readonly onEvent: (text: string) => void
}

export interface LocalCluster extends Cluster {
  readonly pair: PostgresPair
  readonly pgbouncer: PgBouncer
  stop(): Promise<void>
}

export async function startCluster(
  folder: StackFolder,
  processes: Processes,
  options: ClusterOptions,
): Promise<LocalCluster> {
  const user = databaseUser()
  const tools = { processes, programs: options.postgres, user }
  const pair = await startPair(folder, tools, {
    replication: options.replication,
    superuserPassword: options.platformPassword,
  })
  await createDatabase(pair, options)
  const pgbouncer = new PgBouncer(folder, processes, {
    program: options.pgbouncer,
    port: await holdFreePort(folder),
    database: options.database,
    roles: [options, options.loadRole].map(({ user, password }) => [user, password] as const),
    adminPassword: options.platformPassword,
    user,
  })
  const proxy = new TcpProxy(await holdFreePort(folder))
  const facts = factsOf(folder, options, pgbouncer.port, proxy.port)
  const platform = new Platform(pair, pgbouncer, proxy, options)
  await platform.start()
  const sampler = startSampler(pair, pgbouncer, facts.storageGb)
  return {
    facts,
    pair,
    pgbouncer,
    state: () => platform.state,
    failover: (mode) => platform.failover(mode),
    parameters: () => readParameters(pair, pgbouncer),
    samples: sampler.samples,
    startContainer: async (spec) => startContainer(processes, options.loadgenEntry, spec),
    stop: async () => {
      await sampler.stop()
      await platform.stop()
    },
  }
}

/** The administrator has the rights of flexible server's: not superuser, but roles, databases and all statistics. */
async function createDatabase(pair: PostgresPair, { database, user, password }: ClusterOptions): Promise<void> {
  await pair.primary.query(
    `CREATE ROLE ${user} LOGIN CREATEDB CREATEROLE PASSWORD '${password}' IN ROLE pg_monitor, pg_signal_backend, pg_checkpoint`,
  )
  await pair.primary.query(`CREATE DATABASE ${database} OWNER ${user}`)
}

function factsOf(
  folder: StackFolder,
  options: ClusterOptions,
  pgbouncerPort: number,
  directPort: number,
): ClusterFacts {
  const disk = statfsSync(folder.path)
  return {
    host: '127.0.0.1',
    pgbouncerPort,
    directPort,
    database: options.database,
    user: options.user,
    password: options.password,
    replication: options.replication,
    version: options.postgres.version,
    vCores: cpus().length,
    memoryGb: totalmem() / 1_073_741_824,
    storageGb: Math.max(1, Math.floor((disk.blocks * disk.bsize) / 1_073_741_824)),
  }
}
