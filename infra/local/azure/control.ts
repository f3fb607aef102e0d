/**
 * The control of the endpoint by a test, which real Azure does not have. Faults change the answers of single requests; switches
 * change what the platform can do.
 */

interface RequestMatch {
  readonly method: string
  /** Of the path without its query. */
  readonly path: RegExp
}

export type Fault =
  /** This answer replaces the handling. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly code: string
      readonly message: string
      readonly retryAfterSeconds?: number
    }
  /** The connection is reset before the handling. */
  | { readonly kind: 'reset' }
  /** The connection is reset after the handling, instead of an answer. */
  | { readonly kind: 'resetAfter' }
  /** The request is handled, and the answer is never sent. */
  | { readonly kind: 'hang' }

export interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Null while unanswered, and indefinitely after a reset or a hang. */
  readonly status: number | null
}

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
  /** All requests, oldest first. */
  readonly requests: readonly SeenRequest[]
  failNext(match: RequestMatch, fault: Fault, times?: number): void
  /** Restarts the container of a group, as the platform sometimes does after a failure. */
  restartContainer(group: string): Promise<void>
}

export function createSwitches(metricsDelayMs: number): Switches {
  return {
    failovers: 'real',
    isHighlyAvailable: true,
    isStandbyMissing: false,
    isBusy: false,
    hasCapacity: true,
    hasImage: true,
    areContainersStuck: false,
    quota: { StandardCores: 100, ContainerGroups: 100 },
    metricsDelayMs,
  }
}

export class Faults {
  readonly #waiting: Array<{ match: RequestMatch; fault: Fault; times: number }> = []

  add(match: RequestMatch, fault: Fault, times: number): void {
    this.#waiting.push({ match, fault, times })
  }

  /** The fault for this request, if any. */
  take(method: string, path: string): Fault | null {
    const found = this.#waiting.find(
      ({ match, times }) => times > 0 && match.method === method && match.path.test(path),
    )
    if (found === undefined) return null
    found.times--
    return found.fault
  }
}
