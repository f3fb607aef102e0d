/**
 * A primary and its streaming standby. The servers keep their names, ports and zones; a failover swaps their roles.
 * With synchronous replication commits wait for the standby while it streams; without a standby they do not wait.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdFreePort } from '../../process/ports.ts'
import type { StackFolder } from '../../process/stack-folder.ts'
import { waitFor } from '../../process/wait.ts'
import { PostgresServer, type ServerTools } from './postgres.ts'
import { quoted } from './postgres-config.ts'

export type Replication = 'sync' | 'async'

export interface PairOptions {
  readonly replication: Replication
  readonly superuserPassword: string
}

/** What becomes the standby: a copy of the primary, the old primary as it stopped, or the old primary without what only it had. */
export type StandbyOrigin = 'copy' | 'as stopped' | 'rewound'

const CATCH_UP_TIMEOUT_MS = 60_000
/** An old primary that does not follow in this time is replaced by a copy. */
const REJOIN_TIMEOUT_MS = 15_000
/** From the name of the segment being written: the control file knows of a promotion only after the next checkpoint. */
const TIMELINE = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline"

export async function startPair(folder: StackFolder, tools: ServerTools, options: PairOptions): Promise<PostgresPair> {
  const [first, second] = await Promise.all([
    makeServer('1', folder, tools, options),
    makeServer('2', folder, tools, options),
  ])
  const pair = new PostgresPair(first, second, options.replication)
  await pair.primary.initialise()
  await pair.primary.start()
  await pair.rebuildStandby()
  return pair
}

async function makeServer(
  zone: string,
  folder: StackFolder,
  tools: ServerTools,
  { superuserPassword }: PairOptions,
): Promise<PostgresServer> {
  const name = `zone-${zone}`
  const port = await holdFreePort(folder)
  return new PostgresServer({ name, port, dataDirectory: join(folder.path, name), superuserPassword }, tools)
}

export class PostgresPair {
  readonly replication: Replication
  readonly #inZone1: PostgresServer
  #primary: PostgresServer
  #standby: PostgresServer

  constructor(primary: PostgresServer, standby: PostgresServer, replication: Replication) {
    this.#inZone1 = primary
    this.#primary = primary
    this.#standby = standby
    this.replication = replication
  }

  get primary(): PostgresServer {
    return this.#primary
  }

  get standby(): PostgresServer {
    return this.#standby
  }

  zoneOf(server: PostgresServer): '1' | '2' {
    return server === this.#inZone1 ? '1' : '2'
  }

  async timeline(): Promise<number> {
    const [row] = await this.#primary.query<{ timeline: number }>(TIMELINE)
    return row?.timeline ?? 0
  }

  /** The standby streams; with synchronous replication commits also wait for it. */
  isStandbyReady(): Promise<boolean> {
    return this.#isStreaming(this.replication === 'sync' ? 'sync' : 'any')
  }

  /** From now on the standby receives no WAL: later commits exist on the primary alone. */
  async holdStandbyBack(): Promise<void> {
    const standby = this.#standby
    await standby.query("ALTER SYSTEM SET primary_conninfo = ''")
    await standby.query('SELECT pg_reload_conf()')
    await waitFor('the standby stops receiving', { forMs: 10_000, everyMs: 10 }, async () => {
      const [row] = await standby.query<{ receivers: string }>('SELECT count(*) AS receivers FROM pg_stat_wal_receiver')
      return row?.receivers === '0'
    })
  }

  /** Bounded wait until the standby has replayed all WAL that the primary has written by now. */
  async catchUp(): Promise<void> {
    const [written] = await this.#primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')
    await this.#follows('the standby catches up', () => hasReplayed(this.#standby, written?.lsn ?? '0/0'))
  }

  /** Clean hand-over: the primary stops after the standby has received all WAL; after the pause the standby is promoted. */
  async handOver(pauseMs = 0): Promise<void> {
    await this.#primary.stopFast()
    const lsn = await this.#primary.shutdownLsn()
    const limits = { forMs: CATCH_UP_TIMEOUT_MS, everyMs: 5 }
    await waitFor('the standby has replayed all WAL', limits, () => hasReplayed(this.#standby, lsn))
    await this.#promote(pauseMs)
  }

  /** Kills the primary; after the pause promotes the standby with the WAL that it has. */
  async takeOver(pauseMs = 0): Promise<void> {
    await this.#primary.kill()
    await this.#promote(pauseMs)
  }

  /** Promotes the standby while the primary lives on, as where fencing fails. Returns the old primary. */
  async splitBrain(): Promise<PostgresServer> {
    const old = this.#primary
    await this.#promote(0)
    return old
  }

  /** Both machines at once, as the real service does: the same primary, on the same timeline. Returns when the primary answers. */
  async restart(pauseMs = 0, onStopped = () => {}): Promise<void> {
    await this.#primary.stopFast()
    await this.#standby.process?.stop()
    onStopped()
    await sleep(pauseMs)
    const standby = this.#standby.start()
    // The caller waits for the standby by isStandbyReady, and clients must not.
    standby.catch(() => {})
    await this.#primary.start()
  }

  async restartStandby(): Promise<void> {
    await this.#standby.process?.stop()
    await this.#standby.start()
    await this.#follows('the standby is ready', () => this.isStandbyReady())
  }

  /** Without high availability there is no standby. */
  async dissolve(): Promise<void> {
    await this.#standby.kill()
  }

  async standbyIsReady(): Promise<void> {
    await this.#follows(`${this.#standby.name} is a ready standby`, () => this.isStandbyReady())
  }

  /** Makes the server that is not the primary its standby. Returns when it streams. */
  async rebuildStandby(onCopied = () => {}, origin: StandbyOrigin = 'copy'): Promise<void> {
    const isSynchronous = this.replication === 'sync'
    const standby = this.#standby
    if (isSynchronous) await this.#commitsWaitFor(null)
    await standby.kill()
    if (!(await this.#rejoins(origin, onCopied))) {
      await standby.kill()
      await standby.cloneFrom(this.#primary)
      onCopied()
      await standby.start()
      await this.#follows(`${standby.name} streams`, () => this.#isStreaming('any'))
    }
    if (isSynchronous) await this.#commitsWaitFor(standby.name)
    await this.standbyIsReady()
  }

  /** False when it must be a copy, which works in whichever state the old primary died; the database is small. */
  async #rejoins(origin: StandbyOrigin, onStarted: () => void): Promise<boolean> {
    if (origin === 'copy') return false
    const standby = this.#standby
    try {
      if (origin === 'rewound') await standby.rewindTo(this.#primary)
      standby.follow(this.#primary)
      onStarted()
      await standby.start()
      await this.#follows(`${standby.name} streams`, () => this.#isStreaming('any'), REJOIN_TIMEOUT_MS)
      return true
    } catch {
      return false
    }
  }

  async stop(): Promise<void> {
    // The standby first: the primary's fast shutdown would otherwise wait until the standby has all WAL.
    await this.#standby.process?.stop()
    await this.#primary.process?.stop()
  }

  async #promote(pauseMs: number): Promise<void> {
    await sleep(pauseMs)
    await this.#standby.promote()
    ;[this.#primary, this.#standby] = [this.#standby, this.#primary]
  }

  /** Waits for the standby, and fails at once when a server of the pair is down. */
  #follows(what: string, probe: () => Promise<boolean>, forMs = CATCH_UP_TIMEOUT_MS): Promise<true> {
    const giveUpIf = () => {
      if (this.#primary.process === null || this.#standby.process === null)
        throw new Error('a server of the pair is down')
    }
    return waitFor(what, { forMs, everyMs: 10, giveUpIf }, probe)
  }

  async #commitsWaitFor(standby: string | null): Promise<void> {
    const names = standby === null ? '' : `FIRST 1 (${JSON.stringify(standby)})`
    await this.#primary.query(`ALTER SYSTEM SET synchronous_standby_names = ${quoted(names)}`)
    await this.#primary.query('SELECT pg_reload_conf()')
  }

  async #isStreaming(state: 'sync' | 'any'): Promise<boolean> {
    const rows = await this.#primary.query<{ sync_state: string }>(
      "SELECT sync_state FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'",
      [this.#standby.name],
    )
    return rows.some((row) => state === 'any' || row.sync_state === 'sync')
  }
}

export async function hasReplayed(standby: PostgresServer, lsn: string): Promise<boolean> {
  const [row] = await standby.query<{ done: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done', [lsn])
  return row?.done === true
}
