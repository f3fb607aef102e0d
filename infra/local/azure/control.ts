/** What a test may change of the platform, which real Azure does not offer. */

/**
 * The outcome of an accepted event. `real`: the cluster does it. `endless`: it does, but the endpoint never reports the new standby,
 * so the operation never ends. `lost`: nothing happens.
 */
type EventOutcome = 'real' | 'endless' | 'lost'

export interface Switches {
  events: EventOutcome
  isHighlyAvailable: boolean
  /** The endpoint never reports high availability as Healthy. An `endless` event sets this. */
  isStandbyMissing: boolean
  /** Every event is refused, because another operation is in progress. */
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
    events: 'real',
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
