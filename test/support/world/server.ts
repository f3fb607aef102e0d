/**
 * A flexible server with a standby, as seen by the platform and by SQL. A failover takes as long as it is told to: writes
 * stop some time after it was accepted, a new primary takes over on the next timeline, and the standby is rebuilt later.
 */
import type { FlexibleServers } from '../../../functions/clients/clients.ts'
import type { ServerFacts, ServerParameter } from '../../../functions/drill/facts.ts'
import type { FailoverAnswer, OperationState } from '../../../functions/drill/failover.ts'
import type { FailoverMode, Target } from '../../../functions/drill/plan.ts'
import type { WorldClock } from './clock.ts'

export interface FailoverCourse {
  /** From the request to the last commit. */
  readonly detectMs: number
  /** Null: no new primary ever. */
  readonly outageMs: number | null
  /** From the new primary to Healthy; null: never. */
  readonly rebuildMs: number | null
  /** Acknowledged commits of this long before the outage are lost: replication was not synchronous. */
  readonly lostMs: number
}

/** What becomes of a POST: whether it reaches the platform, and what the sender learns. */
export type PostFate =
  | 'accepted'
  | 'reset after arrival'
  | 'reset before arrival'
  | 'unavailable after arrival'
  | 'timeout before arrival'
  | 'busy'
  | 'not ready'
  | 'forbidden'
  /** The host dies with the request on its way. */
  | 'host dies after arrival'
  | 'host dies before arrival'
  /** ... and the request arrives when nobody waits for it any more. */
  | 'host dies, arrives late'

/** A request that was sent, and what its sender learned: nothing when its host died. */
export interface SentRequest {
  readonly atMs: number
  readonly fate: PostFate
  readonly answer: FailoverAnswer | null
}

export interface Failover extends FailoverCourse {
  readonly mode: FailoverMode
  readonly acceptedAtMs: number
  readonly downAtMs: number
  readonly upAtMs: number
  readonly healthyAtMs: number
  readonly token: string
}

/** Not an error of the activity: the process that ran it is gone, and its message is delivered again. */
export class HostDied extends Error {}

export interface ServerOptions {
  readonly courses: readonly FailoverCourse[]
  /** By number of the POST; the last one repeats. */
  readonly posts: readonly PostFate[]
  /** From the sending of a late request to its arrival. */
  readonly lateArrivalMs?: number
  readonly facts?: Partial<ServerFacts>
  readonly parameters?: Readonly<Record<string, string>>
}

const NEVER = Number.POSITIVE_INFINITY

export class FakeServer implements FlexibleServers {
  readonly failovers: Failover[] = []
  readonly sent: SentRequest[] = []
  /** How often each call was made. */
  reads = 0
  isAway: () => boolean = () => false
  readonly #clock: WorldClock
  readonly #options: ServerOptions

  constructor(clock: WorldClock, options: ServerOptions) {
    this.#clock = clock
    this.#options = options
  }

  // ---- What is true ----------------------------------------------------------------------------------------------------

  /** Requests that were sent, whatever became of them. */
  get posts(): number {
    return this.sent.length
  }

  isUpAt(atMs: number): boolean {
    return this.failovers.every(({ downAtMs, upAtMs }) => atMs < downAtMs || atMs >= upAtMs)
  }

  timelineAt(atMs: number): number {
    return 1 + this.failovers.filter(({ upAtMs }) => atMs >= upAtMs).length
  }

  /** The end of the outage that covers this instant. */
  upAgainAt(atMs: number): number {
    return this.failovers.find(({ downAtMs, upAtMs }) => atMs >= downAtMs && atMs < upAtMs)?.upAtMs ?? atMs
  }

  /** A request that is still on its way changes nothing. */
  #lastAt(atMs: number): Failover | undefined {
    return this.failovers.findLast(({ acceptedAtMs }) => atMs >= acceptedAtMs)
  }

  haStateAt(atMs: number): string {
    const last = this.#lastAt(atMs)
    if (last === undefined || atMs >= last.healthyAtMs) return 'Healthy'
    return atMs < last.upAtMs ? 'FailingOver' : 'ReplicatingData'
  }

  // ---- What the platform says ------------------------------------------------------------------------------------------

  async get(target: Target): Promise<ServerFacts> {
    this.reads++
    if (this.isAway()) throw new Error('reading the server failed: 503 ServiceUnavailable')
    const now = this.#clock.nowMs
    const isSwapped = this.timelineAt(now) % 2 === 0
    const last = this.#lastAt(now)
    return {
      name: target.server,
      id: `/subscriptions/s/resourceGroups/${target.resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${target.server}`,
      location: 'swedencentral',
      state: last !== undefined && now < last.upAtMs ? 'Updating' : 'Ready',
      version: '16',
      fqdn: `${target.server}.postgres.database.azure.com`,
      sku: { name: 'Standard_E4ds_v5', tier: 'MemoryOptimized' },
      vCores: 4,
      memoryGb: 32,
      availabilityZone: isSwapped ? '2' : '1',
      highAvailability: { mode: 'ZoneRedundant', state: this.haStateAt(now), standbyZone: isSwapped ? '1' : '2' },
      storage: { sizeGb: 1024, tier: 'P40', iops: 7_500, type: 'Premium_LRS' },
      ...this.#options.facts,
    }
  }

  async parameters(): Promise<readonly ServerParameter[]> {
    if (this.isAway()) throw new Error('reading the parameters failed: 503 ServiceUnavailable')
    const values = {
      max_connections: '2000',
      'pgbouncer.enabled': 'true',
      'pgbouncer.pool_mode': 'transaction',
      'pgbouncer.max_client_conn': '5000',
      'pgbouncer.default_pool_size': '100',
      ...this.#options.parameters,
    }
    return Object.entries(values).map(([name, value]) => ({
      name,
      value,
      isDynamic: null,
      isPendingRestart: false,
      unit: null,
    }))
  }

  async beginFailover(_target: Target, mode: FailoverMode): Promise<FailoverAnswer> {
    const { posts } = this.#options
    const fate = posts[Math.min(this.posts, posts.length - 1)] ?? 'accepted'
    const atMs = this.#clock.nowMs
    const answer = this.#answerTo(fate, mode)
    this.sent.push({ atMs, fate, answer })
    if (answer === null) throw new HostDied()
    return answer
  }

  /** Null: the sender did not live to hear it. */
  #answerTo(fate: PostFate, mode: FailoverMode): FailoverAnswer | null {
    const refusal = this.#refusalOf(fate)
    if (refusal !== null) return refusal
    if (fate === 'host dies before arrival') return null
    const sentAt = this.#clock.now().toISOString()
    const ambiguous = { kind: 'ambiguous', why: `the connection ended before an answer (${fate})`, sentAt } as const
    if (fate.endsWith('before arrival')) return ambiguous
    const lateMs = fate === 'host dies, arrives late' ? (this.#options.lateArrivalMs ?? 0) : 0
    if (fate.startsWith('host dies')) {
      if (!this.#isBusyAt(this.#clock.nowMs + lateMs)) this.#failOver(mode, lateMs)
      return null
    }
    const token = this.#failOver(mode, 0)
    if (fate !== 'accepted') return ambiguous
    return {
      kind: 'accepted',
      pollerToken: token,
      requestId: `request-${this.posts + 1}`,
      sentAt,
      acceptedAt: sentAt,
    }
  }

  #refusalOf(fate: PostFate): FailoverAnswer | null {
    const refused = (status: number, code: string) =>
      ({
        kind: 'refused',
        status,
        code,
        message: `the platform said ${code}`,
        sentAt: this.#clock.now().toISOString(),
      }) as const
    if (fate === 'busy') return refused(409, 'ServerIsBusy')
    if (fate === 'not ready') return refused(400, 'ServerIsNotReady')
    if (fate === 'forbidden') return refused(403, 'AuthorizationFailed')
    return this.#isBusyAt(this.#clock.nowMs) && !fate.startsWith('host') ? refused(409, 'ServerIsBusy') : null
  }

  /** The real one refuses as well while it is failing over, whether or not somebody is left to hear it. */
  #isBusyAt(atMs: number): boolean {
    const last = this.#lastAt(atMs)
    return last !== undefined && atMs < last.upAtMs
  }

  #failOver(mode: FailoverMode, lateMs: number): string {
    const { courses } = this.#options
    const course = courses[Math.min(this.failovers.length, courses.length - 1)] as FailoverCourse
    const acceptedAtMs = this.#clock.nowMs + lateMs
    const downAtMs = acceptedAtMs + course.detectMs
    const upAtMs = course.outageMs === null ? NEVER : downAtMs + course.outageMs
    const healthyAtMs = course.rebuildMs === null ? NEVER : upAtMs + course.rebuildMs
    const token = `operation-${this.failovers.length}`
    this.failovers.push({ ...course, mode, acceptedAtMs, downAtMs, upAtMs, healthyAtMs, token })
    return token
  }

  /** What another than the drill does to this server: it leaves no operation that the drill could follow. */
  failOverByHand(mode: FailoverMode): void {
    this.#failOver(mode, 0)
  }

  async failoverState(_target: Target, token: string): Promise<OperationState> {
    if (this.isAway()) throw new Error('reading the operation failed: 503 ServiceUnavailable')
    const failover = this.failovers.find((one) => one.token === token)
    if (failover === undefined) return { kind: 'failed', code: 'NotFound', message: 'there is no such operation' }
    if (this.#clock.nowMs < failover.healthyAtMs) return { kind: 'running' }
    return { kind: 'succeeded', endedAt: new Date(failover.healthyAtMs).toISOString() }
  }
}
