/**
 * Two regions: the pair at home, and one server in the other region that follows asynchronously. A promotion swaps their roles. As
 * on the real service it ends high availability at home, and each server keeps its own parameters.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdFreePort } from '../../process/ports.ts'
import type { StackFolder } from '../../process/stack-folder.ts'
import { waitFor } from '../../process/wait.ts'
import { PostgresServer, type ServerTools, type WalSource } from './postgres.ts'
import { hasReplayed, type PostgresPair } from './postgres-pair.ts'
import { ReplicationLink } from './replication-link.ts'

export type Site = 'home' | 'remote'

export interface RegionsOptions {
  readonly superuserPassword: string
  /** See ReplicationLink. */
  readonly holdBackMs: number
}

/** On the source, so that it keeps the WAL that the replica still needs. */
const SLOT = 'other_region'
const SENT = `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
  FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'`
const RECEIVED = "SELECT received_tli AS timeline FROM pg_stat_wal_receiver WHERE status = 'streaming'"
/** Also of a replica that is held back by a minute. */
const CATCH_UP_TIMEOUT_MS = 120_000
const REJOIN_TIMEOUT_MS = 15_000

export async function makeRegions(
  folder: StackFolder,
  tools: ServerTools,
  pair: PostgresPair,
  { superuserPassword, holdBackMs }: RegionsOptions,
): Promise<Regions> {
  const name = 'region-2'
  const place = { name, port: await holdFreePort(folder), dataDirectory: join(folder.path, name), superuserPassword }
  const link = new ReplicationLink(await holdFreePort(folder), holdBackMs)
  return new Regions(pair, new PostgresServer(place, tools), link)
}

export class Regions {
  readonly remote: PostgresServer
  readonly #pair: PostgresPair
  readonly #link: ReplicationLink
  #primarySite: Site = 'home'

  constructor(pair: PostgresPair, remote: PostgresServer, link: ReplicationLink) {
    this.#pair = pair
    this.remote = remote
    this.#link = link
  }

  get primarySite(): Site {
    return this.#primarySite
  }

  get replicaSite(): Site {
    return this.#primarySite === 'home' ? 'remote' : 'home'
  }

  /** At home the pair's primary, which without high availability is the only server there. */
  serverOf(site: Site): PostgresServer {
    return site === 'home' ? this.#pair.primary : this.remote
  }

  get primary(): PostgresServer {
    return this.serverOf(this.#primarySite)
  }

  get replica(): PostgresServer {
    return this.serverOf(this.replicaSite)
  }

  // ---- Following --------------------------------------------------------------------------------------------------------

  /** The replica may connect to the primary, wherever in its region that is now. */
  async attach(): Promise<void> {
    await this.primary.query(
      `SELECT pg_create_physical_replication_slot($1, true)
        WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)`,
      [SLOT],
    )
    await this.#link.open(this.primary.port)
  }

  /** Before the primary stops: a clean stop would otherwise wait until the other region has all WAL. */
  detach(): Promise<void> {
    return this.#link.cut()
  }

  /** Waits until the replica streams. */
  async follows(forMs = CATCH_UP_TIMEOUT_MS): Promise<void> {
    const giveUpIf = () => {
      if (this.primary.process === null || this.replica.process === null) throw new Error('a server is down')
    }
    await waitFor('the replica streams', { forMs, everyMs: 25, giveUpIf }, () => this.isFollowing())
  }

  /** On the primary's own timeline: a replica first takes the rest of an older one. */
  async isFollowing(): Promise<boolean> {
    if (this.replica.process === null) return false
    const [[sent], [received]] = await Promise.all([
      this.primary.query<{ timeline: number }>(SENT, [this.replica.name]),
      this.replica.query<{ timeline: number }>(RECEIVED),
    ])
    return sent !== undefined && sent.timeline === received?.timeline
  }

  /** A new replica from a copy of the primary. Returns when it streams. */
  async rebuildReplica(onCopied = () => {}): Promise<void> {
    await this.replica.kill()
    await this.attach()
    await this.replica.cloneFrom(this.primary, this.#source)
    onCopied()
    await this.replica.start()
    await this.follows()
  }

  // ---- Promotion --------------------------------------------------------------------------------------------------------

  /** While clients still write, which shortens the gap without writes. From now on nothing is held back. */
  async catchUp(): Promise<void> {
    this.#link.release()
    const [written] = await this.primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')
    await this.#replays(written?.lsn ?? '0/0')
  }

  /** Clean: the old primary stops after the replica has received all WAL. */
  async promotePlanned(pauseMs = 0): Promise<void> {
    const old = this.primary
    await old.stopFast()
    await this.#replays(await old.shutdownLsn())
    await this.#pair.dissolve()
    await this.#promote(pauseMs)
  }

  /** Fences the old primary, and promotes the replica with the WAL that it has received. */
  async promoteForced(pauseMs = 0): Promise<void> {
    // First: what the old primary still writes is lost, and what was held back too.
    await this.#link.cut()
    await this.primary.kill()
    await this.#pair.dissolve()
    await this.#promote(pauseMs)
  }

  /**
   * After a promotion the old primary becomes the replica: as it stopped, when its history is the new primary's; otherwise as a
   * copy, and what only the old one had is set aside.
   */
  async rejoin(option: 'planned' | 'forced', onCopied = () => {}): Promise<void> {
    if (option === 'planned' && (await this.#follows(onCopied))) return
    const { replica } = this
    await replica.kill()
    if (option === 'forced') replica.setDataAside()
    await this.rebuildReplica(onCopied)
  }

  async stop(): Promise<void> {
    await this.#link.cut()
    await this.remote.process?.stop()
  }

  async #promote(pauseMs: number): Promise<void> {
    await sleep(pauseMs)
    await this.replica.promote()
    this.#primarySite = this.replicaSite
  }

  async #follows(onStarted: () => void): Promise<boolean> {
    const { replica } = this
    try {
      await this.attach()
      replica.follow(this.#source)
      onStarted()
      await replica.start()
      await this.follows(REJOIN_TIMEOUT_MS)
      // The slot of its time as the primary would keep WAL without end.
      await replica.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
      return true
    } catch {
      return false
    }
  }

  get #source(): WalSource {
    const { port, holdBackMs } = this.#link
    return { port, slot: SLOT, receiverTimeoutMs: 30_000 + 2 * holdBackMs }
  }

  #replays(lsn: string): Promise<true> {
    const { replica } = this
    const giveUpIf = () => {
      if (replica.process === null) throw new Error('the replica is down')
    }
    const limits = { forMs: CATCH_UP_TIMEOUT_MS, everyMs: 5, giveUpIf }
    return waitFor('the replica has replayed all WAL', limits, () => hasReplayed(replica, lsn))
  }
}
