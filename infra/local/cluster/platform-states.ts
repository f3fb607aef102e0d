/** What the platform publishes of its servers, as the procedures set it. */
import type { ClusterState, HighAvailabilityState, ReplicationState, ServerState } from './cluster.ts'
import type { PostgresPair } from './servers/postgres-pair.ts'
import type { Regions, Site } from './servers/regions.ts'

/** The remote server has one zone, and never a standby. */
const REMOTE_ZONES = { primaryZone: '1', standbyZone: '' } as const

export class PlatformStates {
  readonly servers: Record<Site, ServerState> = { home: 'Starting', remote: 'Starting' }
  readonly skus: Record<Site, string>
  /** Of the server at home. */
  highAvailability: HighAvailabilityState = 'Healthy'
  /** Of whichever server is the replica. */
  replication: ReplicationState = 'Reconfiguring'
  readonly #pair: PostgresPair
  readonly #regions: Regions | null

  constructor(pair: PostgresPair, regions: Regions | null, sku: string) {
    this.#pair = pair
    this.#regions = regions
    this.skus = { home: sku, remote: sku }
  }

  get primarySite(): Site {
    return this.#regions?.primarySite ?? 'home'
  }

  /** The server has a standby that could take over, or is building one. */
  isPair(site: Site): boolean {
    return site === 'home' && this.highAvailability !== 'NotEnabled'
  }

  setServers(state: ServerState): void {
    this.servers.home = state
    this.servers.remote = state
  }

  of(site: Site): ClusterState {
    const isReplica = site !== this.primarySite
    return {
      server: this.servers[site],
      highAvailability: site === 'home' ? this.highAvailability : 'NotEnabled',
      ...(site === 'home' ? this.#zonesAtHome() : REMOTE_ZONES),
      role: isReplica ? 'AsyncReplica' : 'Primary',
      replication: isReplica ? this.replication : null,
      sku: this.skus[site],
    }
  }

  #zonesAtHome(): Pick<ClusterState, 'primaryZone' | 'standbyZone'> {
    const { primary, standby } = this.#pair
    return { primaryZone: this.#pair.zoneOf(primary), standbyZone: this.#pair.zoneOf(standby) }
  }
}
