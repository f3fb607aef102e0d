/**
 * The flexible servers of the local stack: a PostgreSQL pair, PgBouncer, the proxy in front of them, on request a replica in another
 * region, and the platform that runs them.
 */
import { statfsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { holdFreePort } from '../process/ports.ts'
import type { Processes } from '../process/processes.ts'
import type { PostgresPrograms } from '../process/programs.ts'
import { databaseUser } from '../process/run-user.ts'
import type { StackFolder } from '../process/stack-folder.ts'
import type { Cluster, ClusterFacts, ScalingPath } from './cluster.ts'
import { startContainer } from './containers.ts'
import { readParameters } from './parameters.ts'
import { Platform } from './platform.ts'
import { startSampler } from './sampler.ts'
import { PgBouncer } from './servers/pgbouncer.ts'
import type { ServerTools } from './servers/postgres.ts'
import { type PostgresPair, type Replication, startPair } from './servers/postgres-pair.ts'
import { makeRegions, type Regions, type Site } from './servers/regions.ts'
import { TcpProxy } from './servers/tcp-proxy.ts'
import { skusOf } from './skus.ts'

export interface ReplicaOptions {
  /** So much later the replica receives its WAL: a forced promotion loses it. */
  readonly holdBackMs: number
  /** Its own setting, which the primary's does not change. */
  readonly hasPgBouncer: boolean
}

export interface ClusterOptions {
  readonly replication: Replication
  /** Null: there is none, and no other region. */
  readonly replica: ReplicaOptions | null
  readonly scalingPath: ScalingPath
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
   * and moves the server's name; in a restart the time of the machine. Without it the local outage is a few tenths of a second.
   */
  readonly platformPauseMs: number
  /** The entry file of the load generator's image. */
  readonly loadgenEntry: string
  /** Reports what the platform does without a request: a restart of PgBouncer, a new standby. */
  readonly onEvent: (text: string) => void
}

export interface LocalCluster extends Cluster {
  readonly pair: PostgresPair
  readonly regions: Regions | null
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
  const regions = await regionsOf(folder, tools, pair, options)
  const facts = factsOf(folder, options, pgbouncer.port, proxy.port)
  const hasPgBouncer = { home: true, remote: options.replica?.hasPgBouncer === true }
  const [{ name: sku }] = facts.skus
  const platform = new Platform({ pair, regions, pgbouncer, proxy }, { ...options, hasPgBouncer, sku })
  await platform.start()
  const serverOf = (site: Site) => regions?.serverOf(site) ?? pair.primary
  const samplerOf = (site: Site) =>
    startSampler({
      server: () => serverOf(site),
      pgbouncer: () => (platform.state(site).role === 'Primary' && hasPgBouncer[site] ? pgbouncer : null),
      storageGb: facts.storageGb,
    })
  const samplers = { home: samplerOf('home'), remote: regions && samplerOf('remote') }
  return {
    facts,
    pair,
    regions,
    pgbouncer,
    state: (site) => platform.state(site),
    failover: (mode) => platform.failover(mode),
    restart: (site) => platform.restart(site),
    scale: (sku, site) => platform.scale(sku, site),
    promote: (option) => platform.promote(option),
    kill: () => platform.kill(),
    splitBrain: () => platform.splitBrain(),
    parameters: (site = 'home') => readParameters(serverOf(site), hasPgBouncer[site] ? pgbouncer : null),
    samples: (site = 'home') => samplers[site]?.samples() ?? [],
    startContainer: async (spec) => startContainer(processes, options.loadgenEntry, spec),
    stop: async () => {
      await Promise.all([samplers.home.stop(), samplers.remote?.stop()])
      await platform.stop()
    },
  }
}

const regionsOf = async (
  folder: StackFolder,
  tools: ServerTools,
  pair: PostgresPair,
  { replica, platformPassword: superuserPassword }: ClusterOptions,
): Promise<Regions | null> =>
  replica && makeRegions(folder, tools, pair, { superuserPassword, holdBackMs: replica.holdBackMs })

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
    skus: skusOf(cpus().length, totalmem() / 1_073_741_824),
    storageGb: Math.max(1, Math.floor((disk.blocks * disk.bsize) / 1_073_741_824)),
    hasReplica: options.replica !== null,
  }
}
