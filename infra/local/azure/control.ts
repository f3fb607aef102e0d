/**
 * The side of the endpoint that is not Azure: a test breaks the platform with it. Faults strike requests on their way;
 * the world's switches change what the platform can and does do.
 */

export interface RequestMatch {
  readonly method: string
  /** Of the path without its query. */
  readonly path: RegExp
}

export type Fault =
  /** Answered with this instead of being handled. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly code: string
      readonly message: string
      readonly retryAfterSeconds?: number
    }
  /** The connection is cut before the request is looked at. */
  | { readonly kind: 'reset' }
  /** Handled; then the connection is cut instead of an answer. */
  | { readonly kind: 'resetAfter' }
  /** Handled; the answer never comes. */
  | { readonly kind: 'hang' }

export interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Null while unanswered, and for ever when the connection was cut. */
  readonly status: number | null
}

/**
 * What becomes of a failover that is accepted. `real`: the cluster fails over. `endless`: it does, but the new standby is
 * never said to be established, so the operation never ends. `lost`: nothing happens at all.
 */
export type FailoverFate = 'real' | 'endless' | 'lost'

export interface World {
  failovers: FailoverFate
  isHighlyAvailable: boolean
  /** High availability is never said to be Healthy. An `endless` failover leaves it so. */
  isStandbyMissing: boolean
  /** Says that another operation is under way: every restart is refused. */
  isBusy: boolean
  hasCapacity: boolean
  hasImage: boolean
  /** Groups are accepted, and their containers wait for ever. */
  areContainersStuck: boolean
  quota: { readonly StandardCores: number; readonly ContainerGroups: number }
  /** How long after it was taken a sample shows in the metrics; null: never. */
  metricsDelayMs: number | null
}

export interface EndpointControl {
  readonly world: World
  /** Everything that was asked, oldest first. */
  readonly requests: readonly SeenRequest[]
  failNext(match: RequestMatch, fault: Fault, times?: number): void
  /** As the platform does now and then with a container that ended badly: the same container, started again. */
  restartContainer(group: string): Promise<void>
}

export interface Faults {
  add(match: RequestMatch, fault: Fault, times: number): void
  /** The fault that strikes this request, if any; each strikes as often as it was asked to. */
  take(method: string, path: string): Fault | null
}

export function createWorld(metricsDelayMs: number): World {
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

export function createFaults(): Faults {
  const waiting: Array<{ match: RequestMatch; fault: Fault; times: number }> = []
  return {
    add: (match, fault, times) => {
      waiting.push({ match, fault, times })
    },
    take: (method, path) => {
      const found = waiting.find(({ match, times }) => times > 0 && match.method === method && match.path.test(path))
      if (found === undefined) return null
      found.times--
      return found.fault
    },
  }
}
