/**
 * Acts as the Azure platform for the local server: fails it over, restarts what dies, and publishes its states. cluster.ts lists
 * the states of a failover.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { wordsOf } from '../process/problem.ts'
import {
  type ClusterState,
  FailoverRefused,
  type HighAvailabilityState,
  type LocalFailoverMode,
  type ServerState,
} from './cluster.ts'
import type { PgBouncer } from './pgbouncer.ts'
import type { PostgresPair } from './postgres-pair.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export interface PlatformOptions {
  readonly platformPauseMs: number
  readonly onEvent: (text: string) => void
}

const SUPERVISION_INTERVAL_MS = 250
/** A platform answers first and acts afterwards: the caller knows that its request was accepted before a server stops. */
const ACTION_DELAY_MS = 500
/** Copying the database for a new standby would compete with clients that reconnect. */
const REBUILD_DELAY_MS = 3_000

export class Platform {
  readonly #pair: PostgresPair
  readonly #pgbouncer: PgBouncer
  readonly #proxy: TcpProxy
  readonly #options: PlatformOptions
  #server: ServerState = 'Starting'
  #highAvailability: HighAvailabilityState = 'Healthy'
  /** A failover or a repair: at most one at a time. */
  #work: Promise<void> | null = null
  #supervision: NodeJS.Timeout | undefined

  constructor(pair: PostgresPair, pgbouncer: PgBouncer, proxy: TcpProxy, options: PlatformOptions) {
    this.#pair = pair
    this.#pgbouncer = pgbouncer
    this.#proxy = proxy
    this.#options = options
  }

  get state(): ClusterState {
    return {
      server: this.#server,
      highAvailability: this.#highAvailability,
      primaryZone: this.#pair.zoneOf(this.#pair.primary),
      standbyZone: this.#pair.zoneOf(this.#pair.standby),
    }
  }

  async start(): Promise<void> {
    await this.#openToClients()
    this.#supervision = setInterval(() => this.#supervise(), SUPERVISION_INTERVAL_MS)
  }

  /** See Cluster: a refusal is thrown, the failover itself is the promise. */
  failover(mode: LocalFailoverMode): Promise<void> {
    const [server, highAvailability] = [this.#server, this.#highAvailability]
    if (server !== 'Ready') throw new FailoverRefused('ServerIsNotReady', `the server is ${server}, not Ready`)
    if (highAvailability !== 'Healthy' || this.#work !== null)
      throw new FailoverRefused('HighAvailabilityNotHealthy', `high availability is ${highAvailability}, not Healthy`)
    this.#server = 'Restarting'
    this.#highAvailability = 'FailingOver'
    return this.#busyWith(this.#failOver(mode))
  }

  async stop(): Promise<void> {
    clearInterval(this.#supervision)
    this.#server = 'Stopped'
    await this.#proxy.close()
    await this.#pgbouncer.stop()
    await this.#pair.stop()
    // A repair under way may have started its server after that.
    await this.#work?.catch(() => {})
    await this.#pair.stop()
  }

  #busyWith(work: Promise<void>): Promise<void> {
    this.#work = work.finally(() => {
      this.#work = null
    })
    return this.#work
  }

  async #failOver(mode: LocalFailoverMode): Promise<void> {
    await sleep(ACTION_DELAY_MS)
    try {
      await (mode === 'planned' ? this.#handOver() : this.#takeOver())
      this.#highAvailability = 'CreatingStandby'
      await this.#openToClients()
    } catch (cause) {
      this.#server = 'Stopped'
      throw new Error(`the ${mode} failover of the local server failed`, { cause })
    }
    await sleep(REBUILD_DELAY_MS)
    await this.#rebuildStandby()
  }

  /** The standby catches up while clients still write, which shortens the gap without writes. */
  async #handOver(): Promise<void> {
    await this.#pair.catchUp()
    await Promise.all([this.#pgbouncer.stop(), this.#proxy.close()])
    await this.#pair.handOver(this.#options.platformPauseMs)
  }

  /** PgBouncer runs on the primary's machine and dies at the same moment. */
  async #takeOver(): Promise<void> {
    const { platformPauseMs } = this.#options
    await Promise.all([this.#pgbouncer.kill(), this.#proxy.close(), this.#pair.takeOver(platformPauseMs)])
  }

  async #openToClients(): Promise<void> {
    const { port } = this.#pair.primary
    await Promise.all([this.#pgbouncer.start(port), this.#proxy.open(port)])
    this.#server = 'Ready'
  }

  async #rebuildStandby(): Promise<void> {
    this.#highAvailability = 'CreatingStandby'
    await this.#pair.rebuildStandby(() => {
      this.#highAvailability = 'ReplicatingData'
    })
    this.#highAvailability = 'Healthy'
  }

  #supervise(): void {
    if (this.#work !== null || this.#server !== 'Ready') return
    this.#repair()?.catch((error: unknown) => this.#options.onEvent(wordsOf(error)))
  }

  /** Restarts or replaces one process that died or was killed. Null: none did, or none can be replaced. */
  #repair(): Promise<void> | null {
    const { onEvent } = this.#options
    if (this.#pair.primary.process === null) return this.#replacePrimary()
    if (this.#pgbouncer.process === null) {
      onEvent('PgBouncer died: starting it again')
      return this.#busyWith(this.#pgbouncer.start(this.#pair.primary.port))
    }
    if (this.#pair.standby.process === null) {
      onEvent('the standby died: building a new one')
      return this.#busyWith(this.#rebuildStandby())
    }
    return null
  }

  #replacePrimary(): Promise<void> | null {
    const { onEvent } = this.#options
    if (this.#highAvailability === 'Healthy') {
      onEvent('the primary died: failing over')
      return this.failover('forced')
    }
    this.#server = 'Stopped'
    onEvent('the primary died, and there is no standby that could take over')
    return null
  }
}
