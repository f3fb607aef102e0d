/** What a test may change of the platform, which real Azure does not offer. */

/**
 * The outcome of an accepted failover. `real`: the cluster fails over. `endless`: it does, but the endpoint never reports the
 * new standby, so the operation never ends. `lost`: no failover happens.
 */
type FailoverOutcome = 'real' | 'endless' | 'lost'

export interface Switches {
  failovers: FailoverOutcome
  isHighlyAvailable: boolean
  /** The endpoint never reports high availability as Healthy. An `endless` failover sets this. */
  isStandbyMissing: boolean
  /** Every restart is refused, because another operation is under way. */
  isBusy: boolean
  /** The server's state alone: its processes run on. */
  isStopped: boolean
  hasCapacity: boolean
  hasImage: boolean
  /** Groups are accepted, and their containers never start. */
  areContainersStuck: boolean
  quota: { readonly StandardCores: number; readonly ContainerGroups: number }
  /** From a sample to its publication as a metric; null: never published. */
  metricsDelayMs: number | null
}

export interface EndpointControl {
  readonly switches: Switches
  /** Restarts the container of a group, as the platform sometimes does after a failure. */
  restartContainer(group: string): Promise<void>
}

export function createSwitches(metricsDelayMs: number): Switches {
  return {
    failovers: 'real',
    isHighlyAvailable: true,
    isStandbyMissing: false,
    isBusy: false,
    isStopped: false,
    hasCapacity: true,
    hasImage: true,
    areContainersStuck: false,
    quota: { StandardCores: 100, ContainerGroups: 100 },
    metricsDelayMs,
  }
}
