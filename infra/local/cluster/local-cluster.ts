/**
 * The flexible server of the local stack: a PostgreSQL pair, PgBouncer and the server's name in front of it, and the hand of
 * the platform that fails it over, mends what dies, and says so in its states. See cluster.ts for the walk.
 */
import { statfsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdFreePort } from '../process/ports.ts'
import { wordsOf } from '../process/problem.ts'
import type { Processes } from '../process/processes.ts'
import type { PostgresPrograms } from '../process/programs.ts'
import { databaseUser } from '../process/run-user.ts'
import type { StackFolder } from '../process/stack-folder.ts'
import {
  type Cluster,
  type ClusterFacts,
  type ClusterState,
  FailoverRefused,
  type HighAvailabilityState,
  type LocalFailoverMode,
  type Replication,
  type ServerState,
} from './cluster.ts'
import { startContainer } from './containers.ts'
import { readParameters } from './parameters.ts'
import { createPgBouncer, type PgBouncer } from './pgbouncer.ts'
import { type PostgresPair, startPair } from './postgres-pair.ts'
import { startSampler } from './sampler.ts'
import { createFrontDoor, type FrontDoor } from './tcp-proxy.ts'

export interface ClusterOptions {
  readonly replication: Replication
  readonly postgres: PostgresPrograms
  readonly pgbouncer: string
  readonly database: string
  /** Not a superuser, as on the real service. */
  readonly user: string
  readonly password: string
  /** Made later, by the migration, as on the real service; PgBouncer must know its password from the start. */
  readonly loadRole: { readonly user: string; readonly password: string }
  /** Of the superuser and of PgBouncer's console: the platform's own. */
  readonly platformPassword: string
  /**
   * Between the end of the old primary and the promotion: the time in which a real platform notices, fences and moves the
   * server's name. Without it the local outage is a few tenths of a second.
   */
  readonly platformPauseMs: number
  /** What the image of the load generator runs. */
  readonly loadgenEntry: string
  /** What the platform did on its own account: a restart of PgBouncer, a new standby. */
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
  const pgbouncer = createPgBouncer(folder, processes, {
    program: options.pgbouncer,
    port: await holdFreePort(folder),
    database: options.database,
    roles: [options, options.loadRole].map(({ user, password }) => [user, password] as const),
    adminPassword: options.platformPassword,
    user,
  })
  const frontDoor = createFrontDoor(await holdFreePort(folder))
  const facts = factsOf(folder, options, pgbouncer, frontDoor)
  const platform = createPlatform(pair, pgbouncer, frontDoor, options)
  await platform.start()
  const sampler = startSampler(pair, pgbouncer, facts.storageGb)
  return {
    facts,
    pair,
    pgbouncer,
    state: platform.state,
    failover: platform.failover,
    parameters: () => readParameters(pair, pgbouncer),
    samples: sampler.samples,
    startContainer: async (spec) => startContainer(processes, options.loadgenEntry, spec),
    stop: async () => {
      await sampler.stop()
      await platform.stop()
    },
  }
}

/** The administrator has what flexible server's has: no superuser, but roles, databases and all statistics. */
async function createDatabase(pair: PostgresPair, { database, user, password }: ClusterOptions): Promise<void> {
  await pair.primary.query(
    `CREATE ROLE ${user} LOGIN CREATEDB CREATEROLE PASSWORD '${password}' IN ROLE pg_monitor, pg_signal_backend, pg_checkpoint`,
  )
  await pair.primary.query(`CREATE DATABASE ${database} OWNER ${user}`)
}

function factsOf(
  folder: StackFolder,
  options: ClusterOptions,
  pgbouncer: PgBouncer,
  frontDoor: FrontDoor,
): ClusterFacts {
  const disk = statfsSync(folder.path)
  return {
    host: '127.0.0.1',
    pgbouncerPort: pgbouncer.port,
    directPort: frontDoor.port,
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

// ---- The platform -----------------------------------------------------------------------------------------------------

interface Platform {
  start(): Promise<void>
  state(): ClusterState
  failover(mode: LocalFailoverMode): Promise<void>
  stop(): Promise<void>
}

const SUPERVISED_EVERY_MS = 250
/** A platform answers first and acts then: whoever asked knows that it was accepted before anything stops. */
const ACTS_AFTER_MS = 500
/** The service comes first: copying the database for a new standby would compete with clients that are coming back. */
const REBUILDS_AFTER_MS = 3_000

function createPlatform(
  pair: PostgresPair,
  pgbouncer: PgBouncer,
  frontDoor: FrontDoor,
  { onEvent, platformPauseMs }: Pick<ClusterOptions, 'onEvent' | 'platformPauseMs'>,
): Platform {
  let server: ServerState = 'Starting'
  let highAvailability: HighAvailabilityState = 'Healthy'
  /** The one thing at a time that the platform does: a failover or a repair. */
  let work: Promise<void> | null = null
  let supervision: NodeJS.Timeout | null = null

  const doing = (task: () => Promise<void>): Promise<void> => {
    const done = task().finally(() => {
      work = null
    })
    work = done
    return done
  }

  const openDoors = async () => {
    await Promise.all([pgbouncer.start(pair.primary.port), frontDoor.open(pair.primary.port)])
    server = 'Ready'
  }

  const rebuild = async () => {
    highAvailability = 'CreatingStandby'
    await pair.rebuildStandby(() => {
      highAvailability = 'ReplicatingData'
    })
    highAvailability = 'Healthy'
  }

  const walk = async (mode: LocalFailoverMode) => {
    await sleep(ACTS_AFTER_MS)
    try {
      if (mode === 'planned') await planned(pair, pgbouncer, frontDoor, platformPauseMs)
      else await forced(pair, pgbouncer, frontDoor, platformPauseMs)
      highAvailability = 'CreatingStandby'
      await openDoors()
    } catch (cause) {
      server = 'Stopped'
      throw new Error(`the ${mode} failover of the local server broke`, { cause })
    }
    await sleep(REBUILDS_AFTER_MS)
    await rebuild()
  }

  const failover = (mode: LocalFailoverMode) => {
    if (server !== 'Ready') throw new FailoverRefused('ServerIsNotReady', `the server is ${server}, not Ready`)
    if (highAvailability !== 'Healthy' || work !== null)
      throw new FailoverRefused('HighAvailabilityNotHealthy', `high availability is ${highAvailability}, not Healthy`)
    server = 'Restarting'
    highAvailability = 'FailingOver'
    return doing(() => walk(mode))
  }

  const failOverUnasked = (): Promise<void> | null => {
    if (highAvailability === 'Healthy') {
      onEvent('the primary died: failing over')
      return failover('forced')
    }
    server = 'Stopped'
    onEvent('the primary died, and there is no standby that could take over')
    return null
  }

  /** What the platform does about a process that died on its own, or was killed by somebody. */
  const mend = (): Promise<void> | null => {
    if (pair.primary.process === null) return failOverUnasked()
    if (pgbouncer.process === null) {
      onEvent('PgBouncer died: starting it again')
      return doing(() => pgbouncer.start(pair.primary.port))
    }
    if (pair.standby.process === null) {
      onEvent('the standby died: building a new one')
      return doing(rebuild)
    }
    return null
  }

  const supervise = () => {
    if (work !== null || server !== 'Ready') return
    mend()?.catch((error: unknown) => onEvent(wordsOf(error)))
  }

  return {
    start: async () => {
      await openDoors()
      supervision = setInterval(supervise, SUPERVISED_EVERY_MS)
    },
    state: () => ({
      server,
      highAvailability,
      primaryZone: pair.zoneOf(pair.primary),
      standbyZone: pair.zoneOf(pair.standby),
    }),
    failover,
    stop: async () => {
      if (supervision !== null) clearInterval(supervision)
      server = 'Stopped'
      await frontDoor.close()
      await pgbouncer.stop()
      await pair.stop()
      // A repair that was under way may have started its server after that.
      await work?.catch(() => {})
      await pair.stop()
    },
  }
}

/** Catches up while clients still write, so that the gap in which nobody can is short. */
async function planned(pair: PostgresPair, pgbouncer: PgBouncer, frontDoor: FrontDoor, pauseMs: number): Promise<void> {
  await pair.catchUp()
  await Promise.all([pgbouncer.stop(), frontDoor.close()])
  await pair.handOver(pauseMs)
}

/** PgBouncer runs on the primary's machine: it is gone in the same moment. */
async function forced(pair: PostgresPair, pgbouncer: PgBouncer, frontDoor: FrontDoor, pauseMs: number): Promise<void> {
  await Promise.all([pgbouncer.kill(), frontDoor.close(), pair.takeOver(pauseMs)])
}
