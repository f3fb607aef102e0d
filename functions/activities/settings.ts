/** The part of the app's configuration that activities need and the clients do not hold. */
import type { ProbeConfig } from '../config/app-probes.ts'
import { type BlobConfig, type Config, targetConfigOf } from '../config/config.ts'
import type { Prices } from '../model/evidence.ts'
import type { Target } from '../model/plan.ts'

export interface ActivitySettings {
  readonly blobs: BlobConfig
  readonly generatorClientId: string | null
  /** Availability zones of the containers, in turn; none: the platform chooses. */
  readonly zones: readonly string[]
  /** Of the load generators; null: they are in no network. */
  readonly subnetId: string | null
  /** Secrets of application probes, and whether they may reach this machine. */
  readonly probes: Pick<ProbeConfig, 'secrets' | 'allowLoopback'>
  readonly prices: Prices | null
  readonly upkeepOf: (target: Target) => Upkeep
  /** From writing `go` to the start of the load: every container must have read it by then. */
  readonly startLeadSeconds: number
  /**
   * A failover request whose answer was lost may still arrive this long after its claim. Until then nothing else is requested, and
   * only after as much silence on the server is it taken as lost.
   */
  readonly eventSilenceSeconds: number
}

/** Of one server. */
interface Upkeep {
  /** Rows of older drills are deleted; 0: never. */
  readonly rowsRetentionDays: number
  /** A scheduled drill starts a stopped server, and stops it after. */
  readonly stopServerBetweenDrills: boolean
}

export const activitySettings = (config: Config): ActivitySettings => ({
  blobs: config.blobs,
  generatorClientId: config.loadGenerator.identityClientId,
  zones: config.loadGenerator.zones,
  subnetId: config.loadGenerator.subnetId,
  probes: config.probes,
  prices: config.prices,
  upkeepOf(target) {
    const { rowsRetentionDays, daily } = targetConfigOf(config.targets, target)
    return { rowsRetentionDays, stopServerBetweenDrills: daily.stopServerBetweenDrills }
  },
  startLeadSeconds: 5,
  eventSilenceSeconds: 90,
})
