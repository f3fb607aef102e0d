/**
 * Acts as the Azure platform for the local servers: accepts or refuses an action, does one at a time, restarts what dies, and publishes
 * the states that cluster.ts lists.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { wordsOf } from '../process/problem.ts'
import {
  type ClusterState,
  type LocalFailoverMode,
  type PlatformActions,
  PlatformRefused,
  type PromoteOption,
} from './cluster.ts'
import { PlatformStates } from './platform-states.ts'
import { type PlatformParts, type ProcedureOptions, Procedures } from './procedures.ts'
import type { Regions, Site } from './servers/regions.ts'

export interface PlatformOptions extends ProcedureOptions {
  /** The size of every server at the start. */
  readonly sku: string
  readonly onEvent: (text: string) => void
}

const SUPERVISION_INTERVAL_MS = 250
/** A platform answers first and acts afterwards: the caller knows that its request was accepted before a server stops. */
const ACTION_DELAY_MS = 500
const LINK_CHECK_MS = 1_000
/** A replica that does not follow for so long has a history of its own: a server was promoted that had less WAL. */
const BROKEN_AFTER_MS = 8_000

export class Platform implements PlatformActions {
  readonly #parts: PlatformParts
  readonly #options: PlatformOptions
  readonly #states: PlatformStates
  readonly #procedures: Procedures
  /** An action or a repair: at most one at a time. */
  #work: Promise<void> | null = null
  #supervision: NodeJS.Timeout | undefined
  #checkedLinkAtMs = 0
  #followedAtMs = 0

  constructor(parts: PlatformParts, options: PlatformOptions) {
    this.#parts = parts
    this.#options = options
    this.#states = new PlatformStates(parts.pair, parts.regions, options.sku)
    this.#procedures = new Procedures(parts, this.#states, options)
  }

  state(site: Site = 'home'): ClusterState {
    return this.#states.of(site)
  }

  async start(): Promise<void> {
    await this.#procedures.openToClients()
    await this.#parts.regions?.rebuildReplica()
    this.#hasFollowed()
    this.#states.setServers('Ready')
    this.#supervision = setInterval(() => this.#supervise(), SUPERVISION_INTERVAL_MS)
  }

  async stop(): Promise<void> {
    const { pair, regions, pgbouncer, proxy } = this.#parts
    clearInterval(this.#supervision)
    this.#states.setServers('Stopped')
    const stopServers = async () => {
      await regions?.stop()
      await pair.stop()
    }
    await proxy.close()
    await pgbouncer.stop()
    await stopServers()
    // A repair under way may have started its server after that.
    await this.#work?.catch(() => {})
    await stopServers()
  }

  // ---- Actions ----------------------------------------------------------------------------------------------------------

  failover(mode: LocalFailoverMode): Promise<void> {
    this.#beginFailover()
    return this.#act(`the ${mode} failover of the local server`, () => this.#procedures.failOver(mode))
  }

  /** It goes on for seconds after the answer, so an event reports its failure. */
  splitBrain(): void {
    this.#beginFailover()
    const work = this.#act('the failover without fencing', () => this.#procedures.splitBrain())
    work.catch((error) => this.#options.onEvent(wordsOf(error)))
  }

  #beginFailover(): void {
    const { servers, highAvailability } = this.#states
    if (highAvailability === 'NotEnabled') throw new PlatformRefused('HANotEnabled', 'high availability is not enabled')
    if (servers.home !== 'Ready')
      throw new PlatformRefused('ServerIsNotReady', `the server is ${servers.home}, not Ready`)
    if (highAvailability !== 'Healthy' || this.#work !== null)
      throw new PlatformRefused('HighAvailabilityNotHealthy', `high availability is ${highAvailability}, not Healthy`)
    servers.home = 'Restarting'
    this.#states.highAvailability = 'FailingOver'
  }

  restart(site: Site = 'home'): Promise<void> {
    this.#requireReady(site)
    this.#states.servers[site] = 'Restarting'
    return this.#act(`the restart of the ${site} server`, () => this.#procedures.restart(site))
  }

  scale(sku: string, site: Site = 'home'): Promise<void> {
    const { servers, skus } = this.#states
    this.#requireReady(site)
    if (sku === skus[site]) return Promise.resolve()
    servers[site] = 'Updating'
    const onScaled = () => {
      skus[site] = sku
    }
    return this.#act(`the scaling of the ${site} server`, () => this.#procedures.scale(site, onScaled))
  }

  promote(option: PromoteOption): Promise<void> {
    const regions = this.#requirePromotable(option)
    this.#states.setServers('Updating')
    this.#states.replication = 'Updating'
    return this.#act(`the ${option} promotion`, () => this.#procedures.swapRegions(regions, option))
  }

  async kill(): Promise<void> {
    await this.#procedures.primary.kill()
  }

  #requireReady(site: Site): void {
    if (this.#work !== null) throw new PlatformRefused('ServerIsBusy', 'another operation is in progress')
    const server = this.#states.servers[site]
    if (server !== 'Ready') throw new PlatformRefused('ServerIsNotReady', `the server is ${server}, not Ready`)
  }

  /** A forced promotion is for the loss of a region: it looks neither at the primary nor at the symmetry of the servers. */
  #requirePromotable(option: PromoteOption): Regions {
    const { regions } = this.#parts
    const { replication, skus } = this.#states
    if (regions === null) throw new PlatformRefused('InvalidParameterValue', 'there is no replica')
    this.#requireReady(regions.replicaSite)
    if (replication !== 'Active')
      throw new PlatformRefused(
        'ServerIsNotReady',
        `the replication state of the replica is ${replication}, not Active`,
      )
    if (option === 'forced') return regions
    this.#requireReady(regions.primarySite)
    const [primary, replica] = [skus[regions.primarySite], skus[regions.replicaSite]]
    if (primary !== replica)
      throw new PlatformRefused('InvalidParameterValue', `the primary is ${primary}, and the replica is ${replica}`)
    return regions
  }

  /** Accepted now, done after the answer. At its end all servers are Ready, unless the primary does not run. */
  #act(what: string, work: () => Promise<void>): Promise<void> {
    return this.#busyWith(this.#afterAnswer(what, work))
  }

  async #afterAnswer(what: string, work: () => Promise<void>): Promise<void> {
    await sleep(ACTION_DELAY_MS)
    try {
      await work()
      this.#followedAtMs = performance.now()
    } catch (cause) {
      throw new Error(`${what} failed`, { cause })
    } finally {
      const isUp = this.#procedures.primary.process !== null
      this.#states.setServers('Ready')
      if (!isUp) this.#states.servers[this.#states.primarySite] = 'Stopped'
    }
  }

  #busyWith(work: Promise<void>): Promise<void> {
    this.#work = work.finally(() => {
      this.#work = null
    })
    return this.#work
  }

  // ---- Supervision ------------------------------------------------------------------------------------------------------

  #supervise(): void {
    if (!this.#isQuiet()) return
    const report = (error: unknown) => this.#options.onEvent(wordsOf(error))
    this.#repair()?.catch(report)
    if (this.#isQuiet()) this.#checkLink().catch(report)
  }

  #isQuiet(): boolean {
    return this.#work === null && this.#states.servers[this.#states.primarySite] === 'Ready'
  }

  /** Restarts or replaces one process that died or was killed. Null: none did, or none can be replaced. */
  #repair(): Promise<void> | null {
    const { onEvent, hasPgBouncer } = this.#options
    const { primarySite } = this.#states
    if (this.#procedures.primary.process === null) return this.#replacePrimary(primarySite)
    if (this.#parts.pgbouncer.process === null && hasPgBouncer[primarySite]) {
      onEvent('PgBouncer died: starting it again')
      return this.#busyWith(this.#procedures.startPgBouncer())
    }
    if (this.#states.isPair(primarySite) && this.#parts.pair.standby.process === null) {
      onEvent('the standby died: building a new one')
      return this.#busyWith(this.#procedures.rebuildStandby())
    }
    return null
  }

  #replacePrimary(site: Site): Promise<void> | null {
    const { onEvent } = this.#options
    if (!this.#states.isPair(site)) {
      onEvent('the primary died: starting it again')
      this.#states.servers[site] = 'Starting'
      return this.#act('the start of the primary', () => this.#procedures.startAgain())
    }
    if (this.#states.highAvailability === 'Healthy') {
      onEvent('the primary died: failing over')
      return this.failover('forced')
    }
    this.#states.servers.home = 'Stopped'
    onEvent('the primary died, and there is no standby that could take over')
    return null
  }

  async #checkLink(): Promise<void> {
    const { regions } = this.#parts
    if (regions === null || performance.now() - this.#checkedLinkAtMs < LINK_CHECK_MS) return
    this.#checkedLinkAtMs = performance.now()
    const isFollowing = await regions.isFollowing().catch(() => false)
    // An action may have begun meanwhile.
    if (!this.#isQuiet()) return
    if (isFollowing) return this.#hasFollowed()
    this.#states.replication = 'Reconfiguring'
    if (performance.now() - this.#followedAtMs < BROKEN_AFTER_MS) return
    this.#options.onEvent('the replica in the other region does not follow: building a new one')
    this.#states.replication = 'Broken'
    await this.#busyWith(regions.rebuildReplica().then(() => this.#hasFollowed()))
  }

  #hasFollowed(): void {
    this.#states.replication = 'Active'
    this.#followedAtMs = performance.now()
  }
}
