/**
 * A primary and its streaming standby. The servers keep their names, ports and zones; the roles move between them.
 * Commits wait for the standby (synchronous) or not (asynchronous), and only while there is a standby that streams.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdFreePort } from '../process/ports.ts'
import type { StackFolder } from '../process/stack-folder.ts'
import { waitFor } from '../process/wait.ts'
import type { Replication } from './cluster.ts'
import { createServer, type PostgresServer, type ServerTools } from './postgres.ts'
import { quoted } from './postgres-config.ts'

export interface PairOptions {
  readonly replication: Replication
  readonly superuserPassword: string
}

export interface PostgresPair {
  readonly replication: Replication
  readonly primary: PostgresServer
  readonly standby: PostgresServer
  /** '1' or '2'. */
  zoneOf(server: PostgresServer): string
  timeline(): Promise<number>
  /** The standby is connected and follows; with synchronous replication it is also the one that commits wait for. */
  isStandbyReady(): Promise<boolean>
  /** From now on the standby receives no WAL: what is committed after this is on the primary alone. */
  holdStandbyBack(): Promise<void>
  /** Bounded wait until the standby has replayed what the primary had written when asked. */
  catchUp(): Promise<void>
  /** Clean hand-over: the primary stops after the standby has received everything; after the pause the roles are swapped. */
  handOver(pauseMs?: number): Promise<void>
  /** The primary is killed, and after the pause the standby is promoted as it is: the roles are swapped. */
  takeOver(pauseMs?: number): Promise<void>
  /** The server that is not the primary becomes its standby again, from a fresh copy. Returns when it streams. */
  rebuildStandby(onCopied?: () => void): Promise<void>
  stop(): Promise<void>
}

const CATCH_UP_MS = 60_000
/** From the name of the segment being written: the control file knows of a promotion only after the next checkpoint. */
const TIMELINE = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline"

export async function startPair(folder: StackFolder, tools: ServerTools, options: PairOptions): Promise<PostgresPair> {
  const servers = await Promise.all(['1', '2'].map((zone) => makeServer(zone, folder, tools, options)))
  const pair = createPair(servers as [PostgresServer, PostgresServer], options)
  await pair.primary.initialise()
  await pair.primary.start()
  await pair.rebuildStandby()
  return pair
}

async function makeServer(
  zone: string,
  folder: StackFolder,
  tools: ServerTools,
  options: PairOptions,
): Promise<PostgresServer> {
  const name = `zone-${zone}`
  const port = await holdFreePort(folder)
  const { superuserPassword } = options
  return createServer({ name, port, dataDirectory: join(folder.path, name), superuserPassword }, tools)
}

function createPair(servers: readonly [PostgresServer, PostgresServer], options: PairOptions): PostgresPair {
  let primary = servers[0]
  let standby = servers[1]
  const swapRoles = () => {
    ;[primary, standby] = [standby, primary]
  }
  const isSynchronous = options.replication === 'sync'

  const awaitStandby = async (name: string | null) => {
    const names = name === null ? '' : `FIRST 1 (${JSON.stringify(name)})`
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = ${quoted(names)}`)
    await primary.query('SELECT pg_reload_conf()')
  }

  const isStreaming = async (state: 'sync' | 'any') => {
    const rows = await primary.query<{ sync_state: string }>(
      "SELECT sync_state FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'",
      [standby.name],
    )
    return rows.some((row) => state === 'any' || row.sync_state === 'sync')
  }
  const requireRunning = () => {
    if (primary.process === null || standby.process === null) throw new Error('a server of the pair is down')
  }
  const following = { forMs: CATCH_UP_MS, everyMs: 10, giveUpIf: requireRunning }
  const isStandbyReady = () => isStreaming(isSynchronous ? 'sync' : 'any')

  const catchUp = async () => {
    const [written] = await primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')
    await waitFor('the standby catches up', following, () => hasReplayed(standby, written?.lsn ?? '0/0'))
  }

  const handOver = async (pauseMs = 0) => {
    await primary.stopFast()
    const lsn = await primary.shutdownLsn()
    await waitFor('the standby has all of it', { forMs: CATCH_UP_MS, everyMs: 5 }, () => hasReplayed(standby, lsn))
    await sleep(pauseMs)
    await standby.promote()
    swapRoles()
  }

  const takeOver = async (pauseMs = 0) => {
    await primary.kill()
    await sleep(pauseMs)
    await standby.promote()
    swapRoles()
  }

  const rebuildStandby = async (onCopied = () => {}) => {
    if (isSynchronous) await awaitStandby(null)
    await standby.kill()
    // A copy and not pg_rewind: it works whatever state the old primary died in, and the database is small.
    await standby.cloneFrom(primary)
    onCopied()
    await standby.start()
    await waitFor(`${standby.name} streams`, following, () => isStreaming('any'))
    if (isSynchronous) await awaitStandby(standby.name)
    await waitFor(`${standby.name} is a ready standby`, following, isStandbyReady)
  }

  return {
    replication: options.replication,
    get primary() {
      return primary
    },
    get standby() {
      return standby
    },
    zoneOf: (server) => (server.name === servers[0].name ? '1' : '2'),
    timeline: async () => {
      const [row] = await primary.query<{ timeline: number }>(TIMELINE)
      return row?.timeline ?? 0
    },
    isStandbyReady,
    holdStandbyBack: async () => {
      await standby.query("ALTER SYSTEM SET primary_conninfo = ''")
      await standby.query('SELECT pg_reload_conf()')
      await waitFor('the standby stops receiving', { forMs: 10_000, everyMs: 10 }, async () => {
        const [row] = await standby.query<{ receivers: string }>(
          'SELECT count(*) AS receivers FROM pg_stat_wal_receiver',
        )
        return row?.receivers === '0'
      })
    },
    catchUp,
    handOver,
    takeOver,
    rebuildStandby,
    stop: async () => {
      // The standby first: the primary's fast shutdown would otherwise wait until it has everything.
      await standby.process?.stop()
      await primary.process?.stop()
    },
  }
}

async function hasReplayed(standby: PostgresServer, lsn: string): Promise<boolean> {
  const [row] = await standby.query<{ done: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done', [lsn])
  return row?.done === true
}
