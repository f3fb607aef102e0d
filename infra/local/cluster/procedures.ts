/** What the platform does with its servers, step by step: failover, restart, scaling, and the promotion of the other region. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalFailoverMode, PromoteOption, ScalingPath } from './cluster.ts'
import type { PlatformStates } from './platform-states.ts'
import type { PgBouncer } from './servers/pgbouncer.ts'
import type { PostgresServer } from './servers/postgres.ts'
import type { PostgresPair, StandbyOrigin } from './servers/postgres-pair.ts'
import type { Regions, Site } from './servers/regions.ts'
import type { TcpProxy } from './servers/tcp-proxy.ts'

export interface ProcedureOptions {
  readonly platformPauseMs: number
  readonly scalingPath: ScalingPath
  /** Each server has its own setting: a promotion does not carry it over. */
  readonly hasPgBouncer: Readonly<Record<Site, boolean>>
}

export interface PlatformParts {
  readonly pair: PostgresPair
  /** Null: there is no other region. */
  readonly regions: Regions | null
  readonly pgbouncer: PgBouncer
  readonly proxy: TcpProxy
}

/** Copying the database for a new standby would compete with clients that reconnect. */
const REBUILD_DELAY_MS = 3_000

/** So long an old primary that is not fenced lives beside the new one. */
const UNFENCED_MS = 8_000

const IS_PLANNED: Readonly<Record<LocalFailoverMode, boolean>> = {
  planned: true,
  plannedSwitchover: true,
  forced: false,
  forcedSwitchover: false,
}
const ORIGINS: Readonly<Record<LocalFailoverMode, StandbyOrigin>> = {
  planned: 'copy',
  forced: 'copy',
  plannedSwitchover: 'as stopped',
  forcedSwitchover: 'rewound',
}

export class Procedures {
  readonly #pair: PostgresPair
  readonly #regions: Regions | null
  readonly #pgbouncer: PgBouncer
  readonly #proxy: TcpProxy
  readonly #states: PlatformStates
  readonly #options: ProcedureOptions

  constructor(parts: PlatformParts, states: PlatformStates, options: ProcedureOptions) {
    this.#pair = parts.pair
    this.#regions = parts.regions
    this.#pgbouncer = parts.pgbouncer
    this.#proxy = parts.proxy
    this.#states = states
    this.#options = options
  }

  get primary(): PostgresServer {
    return this.#regions?.primary ?? this.#pair.primary
  }

  // ---- Clients ----------------------------------------------------------------------------------------------------------

  async openToClients(): Promise<void> {
    await Promise.all([this.startPgBouncer(), this.#proxy.open(this.primary.port)])
  }

  /** It runs on the primary's machine, where it is enabled. */
  async startPgBouncer(): Promise<void> {
    if (this.#options.hasPgBouncer[this.#states.primarySite]) await this.#pgbouncer.start(this.primary.port)
  }

  /** The replica's link too: the primary would not stop before the other region has all WAL. */
  async #closeToClients(): Promise<void> {
    await Promise.all([this.#pgbouncer.stop(), this.#proxy.close(), this.#regions?.detach()])
  }

  // ---- Failover ---------------------------------------------------------------------------------------------------------

  async failOver(mode: LocalFailoverMode): Promise<void> {
    await (IS_PLANNED[mode] ? this.#handOver() : this.#takeOver())
    this.#states.highAvailability = 'CreatingStandby'
    await this.openToClients()
    this.#states.servers.home = 'Ready'
    await this.#regions?.attach()
    // For a copy only: a server that swaps its role is ready within a moment.
    if (ORIGINS[mode] === 'copy') await sleep(REBUILD_DELAY_MS)
    await this.rebuildStandby(ORIGINS[mode])
  }

  /** New clients reach the new primary, and those that are connected straight to the old one stay there, until it is fenced. */
  async splitBrain(): Promise<void> {
    const old = await this.#pair.splitBrain()
    this.#states.highAvailability = 'CreatingStandby'
    this.#proxy.moveTo(this.primary.port)
    await Promise.all([this.#pgbouncer.kill(), this.#regions?.detach()])
    await this.startPgBouncer()
    this.#states.servers.home = 'Ready'
    await this.#regions?.attach()
    await sleep(UNFENCED_MS)
    await old.kill()
    old.setDataAside()
    await this.rebuildStandby()
  }

  async rebuildStandby(origin: StandbyOrigin = 'copy'): Promise<void> {
    this.#states.highAvailability = 'CreatingStandby'
    await this.#pair.rebuildStandby(() => {
      this.#states.highAvailability = 'ReplicatingData'
    }, origin)
    this.#states.highAvailability = 'Healthy'
  }

  /** The standby catches up while clients still write, which shortens the gap without writes. */
  async #handOver(): Promise<void> {
    await this.#pair.catchUp()
    await this.#closeToClients()
    await this.#pair.handOver(this.#options.platformPauseMs)
  }

  /** PgBouncer runs on the primary's machine and dies at the same moment. */
  async #takeOver(): Promise<void> {
    const takeOver = this.#pair.takeOver(this.#options.platformPauseMs)
    await Promise.all([this.#pgbouncer.kill(), this.#proxy.close(), this.#regions?.detach(), takeOver])
  }

  // ---- Restart and scaling ----------------------------------------------------------------------------------------------

  /** In place, on the same timeline. `onStopped` is when the machine may change its size. */
  async restart(site: Site, onStopped = () => {}): Promise<void> {
    if (site !== this.#states.primarySite) return this.#restartReplica(onStopped)
    await this.#closeToClients()
    const isPair = this.#states.isPair(site)
    await (isPair ? this.#pair.restart(this.#options.platformPauseMs, onStopped) : this.#restartPrimary(onStopped))
    await this.openToClients()
    await this.#regions?.attach()
    if (this.#states.servers[site] === 'Restarting') this.#states.servers[site] = 'Ready'
    if (!isPair) return
    this.#states.highAvailability = 'ReplicatingData'
    await this.#pair.standbyIsReady()
    this.#states.highAvailability = 'Healthy'
  }

  /** The platform's default is near zero downtime; only a pair has it here. */
  async scale(site: Site, onScaled: () => void): Promise<void> {
    if (!this.#states.isPair(site) || this.#options.scalingPath === 'in place') return this.restart(site, onScaled)
    // The standby is scaled while the primary serves, and takes over.
    this.#states.highAvailability = 'ReplicatingData'
    await this.#pair.restartStandby()
    this.#states.highAvailability = 'FailingOver'
    await this.#handOver()
    onScaled()
    await this.openToClients()
    await this.#regions?.attach()
    await this.rebuildStandby('as stopped')
  }

  /** Without a standby the platform starts a server that died again; it recovers from its own WAL. */
  async startAgain(): Promise<void> {
    await this.#closeToClients()
    await this.primary.start()
    await this.openToClients()
    await this.#regions?.attach()
  }

  async #restartPrimary(onStopped: () => void): Promise<void> {
    await this.primary.stopFast()
    onStopped()
    await sleep(this.#options.platformPauseMs)
    await this.primary.start()
  }

  async #restartReplica(onStopped: () => void): Promise<void> {
    const replica = this.#regions?.replica
    this.#states.replication = 'Reconfiguring'
    await replica?.stopFast()
    onStopped()
    await replica?.start()
    await this.#regions?.follows()
    this.#states.replication = 'Active'
  }

  // ---- Promotion of the other region ------------------------------------------------------------------------------------

  async swapRegions(regions: Regions, option: PromoteOption): Promise<void> {
    await (option === 'planned' ? this.#promotePlanned(regions) : this.#promoteForced(regions))
    // A replica has no high availability, and the platform does not give it back.
    this.#states.highAvailability = 'NotEnabled'
    this.#states.replication = 'Reconfiguring'
    await this.openToClients()
    if (option === 'forced') await sleep(REBUILD_DELAY_MS)
    await regions.rejoin(option, () => {
      this.#states.replication = 'Catchup'
    })
    this.#states.replication = 'Active'
  }

  /** When it cannot be completed, the old primary keeps its role. */
  async #promotePlanned(regions: Regions): Promise<void> {
    const old = regions.primary
    this.#states.replication = 'Catchup'
    await regions.catchUp()
    await Promise.all([this.#pgbouncer.stop(), this.#proxy.close()])
    try {
      await regions.promotePlanned(this.#options.platformPauseMs)
    } catch (cause) {
      if (regions.primary === old) await this.startAgain()
      throw cause
    }
  }

  async #promoteForced(regions: Regions): Promise<void> {
    const promotion = regions.promoteForced(this.#options.platformPauseMs)
    await Promise.all([this.#pgbouncer.kill(), this.#proxy.close(), promotion])
  }
}
