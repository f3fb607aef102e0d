/**
 * A flexible server with a standby, as seen by the platform and by SQL. A failover takes as long as its course says: writes
 * stop some time after it was accepted, a new primary takes over on the next timeline, and the standby is rebuilt later.
 * Beside the failovers that were asked for there is trouble of its own: crashes, the hand of someone else, storage.
 */

import { answerOfError } from '../../../functions/clients/azure/event-request.ts'
import type { FlexibleServers } from '../../../functions/clients/clients.ts'
import type { EventAnswer, OperationState } from '../../../functions/model/event-answer.ts'
import type { ServerFacts, ServerParameter, SizeFacts, VirtualEndpointFacts } from '../../../functions/model/facts.ts'
import type { Target } from '../../../functions/model/plan.ts'
import type { FailoverMode, PlatformRequest } from '../../../functions/model/planned-event.ts'
import { GOOD_PARAMETERS, goodServer, parametersOf } from '../good-facts.ts'
import type { WorldClock } from './clock.ts'
import { type Effect, type EffectOptions, Effects, type Site, USUAL_SKU } from './effects.ts'
import { restError } from './rest-error.ts'
import { interruptionOf, promotion, restart, Service, type Trouble } from './service.ts'

export interface FailoverCourse {
  /** From the request to the last commit. */
  readonly detectMs: number
  /** Null: no new primary ever. */
  readonly outageMs: number | null
  /** From the new primary to Healthy; null: never. */
  readonly rebuildMs: number | null
  /** Acknowledged commits of this long before the outage are lost: replication was not synchronous. */
  readonly lostMs: number
  /** From the last commit: the old primary still takes writes in sessions that were open. */
  readonly oldLivesMs?: number
  /** After the new primary has come up, it goes away again: so much later, for so long; null: for good. */
  readonly relapses?: ReadonlyArray<{ readonly afterMs: number; readonly ms: number | null }>
}

/** What becomes of a POST: whether it reaches the platform, and what the sender learns. */
export type PostFate =
  | 'accepted'
  /** ... and not carried out: its operation ends as failed. */
  | 'accepted and dropped'
  | 'reset after arrival'
  | 'reset before arrival'
  | 'unavailable after arrival'
  | 'timeout before arrival'
  | 'busy'
  | 'not ready'
  | 'forbidden'
  /** Too many requests: try again after minutes. */
  | 'throttled'
  /** The host dies with the request on its way. */
  | 'host dies after arrival'
  | 'host dies before arrival'
  /** ... and the request arrives when its sender does not wait for it any more. */
  | 'host dies, arrives late'
  | 'timeout, arrives late'

/** A request that was sent, and what its sender learned: nothing when its host died. */
export interface SentRequest {
  readonly request: PlatformRequest
  readonly atMs: number
  readonly fate: PostFate
  readonly answer: EventAnswer | null
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
  /** What a throttled request is asked to wait before the next one. */
  readonly throttledSeconds?: number
  readonly facts?: Partial<ServerFacts>
  readonly parameters?: Readonly<Record<string, string>>
  readonly troubles?: readonly Trouble[]
  readonly effects?: EffectOptions
  /** From a promotion to the new zones in the server's document. */
  readonly oldZonesMs?: number
  /** What others ask of the platform, in seconds of the load. */
  readonly hands?: readonly HandAct[]
}

export interface HandAct {
  readonly request: PlatformRequest
  readonly atSecond: number
}

const NEVER = Number.POSITIVE_INFINITY

const SERVER_STARTS_MS = 240_000
/** From the acceptance of a request that is not carried out to the end of its operation. */
const DROPPED_MS = 3_000

const SIZES: readonly SizeFacts[] = [
  { name: 'Standard_B2ms', tier: 'Burstable', vCores: 2, memoryGb: 8 },
  { name: USUAL_SKU, tier: 'MemoryOptimized', vCores: 4, memoryGb: 32 },
  { name: 'Standard_E8ds_v5', tier: 'MemoryOptimized', vCores: 8, memoryGb: 64 },
  { name: 'Standard_E16ds_v5', tier: 'MemoryOptimized', vCores: 16, memoryGb: 128 },
]

/** The replica lies in a resource group of its own. */
const REPLICA_GROUP = 'rg-replica'

const idOf = ({ resourceGroup, server }: Target): string =>
  goodServer.id.replace('rg-drills', resourceGroup).replace(goodServer.name, server)

export class FakeServer implements FlexibleServers {
  /** Those that the platform carried out for a request of the drill. */
  readonly failovers: Failover[] = []
  readonly sent: SentRequest[] = []
  readonly service = new Service()
  readonly effects: Effects
  /** How often each call was made. */
  reads = 0
  isAway: () => boolean = () => false
  /** Requests to start and to stop it, in order. */
  readonly power: Array<{ readonly action: 'start' | 'stop'; readonly atMs: number }> = []
  /** Stopped since before the drill. */
  isStopped = false
  /** What the SDK throws for such a request; null: it is accepted. */
  powerRefusal: () => Error | null = () => null
  #readyAtMs = 0
  /** What the SDK throws instead of an answer about an operation; null: it answers. */
  operationRefusal: () => Error | null = () => null
  /** Null until the load has a start: then its trouble has times. */
  loadStartMs: () => number | null = () => null
  readonly #clock: WorldClock
  readonly #options: ServerOptions
  /** By token: when the operations of requests end that are not carried out. */
  readonly #dropped = new Map<string, number>()
  #home = { resourceGroup: 'rg', server: 'pg-under-test' }
  #isScheduled = false

  constructor(clock: WorldClock, options: ServerOptions) {
    this.#clock = clock
    this.#options = options
    this.effects = new Effects(this.service, options.effects ?? {})
  }

  get nowMs(): number {
    return this.#clock.nowMs
  }

  // ---- What is true ----------------------------------------------------------------------------------------------------

  /** Requests that were sent, whether they arrived or not. */
  get posts(): number {
    return this.sent.length
  }

  isUpAt(atMs: number): boolean {
    return this.service.isUpAt(atMs)
  }

  timelineAt(atMs: number): number {
    return this.service.timelineAt(atMs)
  }

  /** Gives the trouble of the load its times, once its start is known. */
  schedule(): void {
    const startMs = this.#isScheduled ? null : this.loadStartMs()
    if (startMs === null) return
    this.#isScheduled = true
    for (const trouble of this.#options.troubles ?? []) this.service.add(interruptionOf(trouble, startMs))
    for (const { request, atSecond } of this.#options.hands ?? [])
      this.effects.carryOut(request, startMs + atSecond * 1000, 'hand')
  }

  /** A request that is still on its way changes nothing. */
  #lastAt(atMs: number): Failover | undefined {
    return this.failovers.findLast(({ acceptedAtMs }) => atMs >= acceptedAtMs)
  }

  /** High availability does not go with the primary to another region. */
  haStateAt(atMs: number): string {
    if (this.effects.siteAt(atMs) === 'remote') return 'NotEnabled'
    if (this.#isFailingOverAt(atMs)) return 'FailingOver'
    const isRebuilding = this.service.promotions.some(
      ({ noticedAtMs, healthyAtMs }) => atMs >= noticedAtMs && atMs < healthyAtMs,
    )
    return isRebuilding ? 'ReplicatingData' : 'Healthy'
  }

  #isFailingOverAt(atMs: number): boolean {
    const last = this.#lastAt(atMs)
    if (last !== undefined && atMs < last.upAtMs) return true
    return this.service.promotions.some(({ noticedAtMs, toMs }) => atMs >= noticedAtMs && atMs < toMs)
  }

  // ---- What the platform says ------------------------------------------------------------------------------------------

  async get(target: Target): Promise<ServerFacts> {
    this.reads++
    this.schedule()
    if (this.isAway()) throw new Error('reading the server failed: 503 ServiceUnavailable')
    this.#requirePlace(target)
    return this.#factsOf(target)
  }

  #factsOf(target: Target): ServerFacts {
    const now = this.#clock.nowMs
    const site = this.#siteOf(target.server)
    const isSwapped = this.timelineAt(now - (this.#options.oldZonesMs ?? 0)) % 2 === 0
    const haState = site === 'home' ? this.haStateAt(now) : 'NotEnabled'
    return {
      ...goodServer,
      name: target.server,
      id: idOf(target),
      state: this.#stateAt(now),
      fqdn: `${target.server}.postgres.database.azure.com`,
      sku: { name: this.effects.skuAt(site, now), tier: 'MemoryOptimized' },
      availabilityZone: isSwapped ? '2' : '1',
      highAvailability:
        haState === 'NotEnabled'
          ? { mode: 'Disabled', state: haState, standbyZone: null }
          : { mode: 'ZoneRedundant', state: haState, standbyZone: isSwapped ? '1' : '2' },
      replication: this.#replicationOf(target, site),
      ...(site === 'home' ? this.#options.facts : this.#options.effects?.replica?.facts),
    }
  }

  /** Each server is known in its own resource group alone. */
  #requirePlace({ server, resourceGroup }: Target): void {
    if ((this.#siteOf(server) === 'remote') !== (resourceGroup === REPLICA_GROUP))
      throw new Error(`the server ${server} was not found in resource group ${resourceGroup}: 404 ResourceNotFound`)
  }

  #siteOf(server: string): Site {
    return server === this.#options.effects?.replica?.name ? 'remote' : 'home'
  }

  #replicationOf(target: Target, site: Site): ServerFacts['replication'] {
    const now = this.#clock.nowMs
    if (this.effects.siteAt(now) === site) return { role: 'Primary', state: null, sourceId: null }
    const source = site === 'home' ? this.#remote : this.#home
    const state = this.effects.isReplicaReadyAt(now) ? 'Active' : 'Reconfiguring'
    return { role: 'GeoAsyncReplica', state, sourceId: idOf({ ...target, ...source }) }
  }

  /** Of the replication set that the target is in. */
  #primaryOf(target: Target): Target {
    const replica = this.#options.effects?.replica
    if (replica === undefined) return target
    const isAtHome = this.effects.siteAt(this.#clock.nowMs) === 'home'
    return { ...target, ...(isAtHome ? this.#home : this.#remote) }
  }

  get #remote() {
    return { resourceGroup: REPLICA_GROUP, server: this.#options.effects?.replica?.name ?? '' }
  }

  async parameters(target: Target): Promise<readonly ServerParameter[]> {
    if (this.isAway()) throw new Error('reading the parameters failed: 503 ServiceUnavailable')
    this.#requirePlace(target)
    const own = this.#siteOf(target.server) === 'home' ? {} : this.#options.effects?.replica?.parameters
    return parametersOf({ ...GOOD_PARAMETERS, ...this.#options.parameters, ...own })
  }

  async replicas(target: Target): Promise<readonly ServerFacts[]> {
    const { replica } = this.#options.effects ?? {}
    if (replica === undefined) return []
    const other = this.#primaryOf(target).server === replica.name ? this.#home : this.#remote
    return [this.#factsOf({ ...target, ...other })]
  }

  async virtualEndpoints(): Promise<readonly VirtualEndpointFacts[]> {
    const { replica } = this.#options.effects ?? {}
    if (replica === undefined || replica.hasEndpoint === false) return []
    const hosts = ['orders.reader.postgres.database.azure.com', 'orders.writer.postgres.database.azure.com']
    return [{ name: 'orders', type: 'ReadWrite', members: [replica.name], hosts }]
  }

  async sizes(): Promise<readonly SizeFacts[]> {
    return SIZES
  }

  async start(): Promise<void> {
    this.#switch('start')
    this.isStopped = false
    this.#readyAtMs = this.#clock.nowMs + SERVER_STARTS_MS
  }

  async stop(): Promise<void> {
    this.#switch('stop')
    this.isStopped = true
  }

  #switch(action: 'start' | 'stop'): void {
    const cause = this.powerRefusal()
    if (cause !== null) throw new Error(`the ${action} of the server was not accepted`, { cause })
    this.power.push({ action, atMs: this.#clock.nowMs })
  }

  #stateAt(atMs: number): string {
    if (this.isStopped) return 'Stopped'
    if (atMs < this.#readyAtMs) return 'Starting'
    return this.#isFailingOverAt(atMs) || this.effects.isUnderWayAt(atMs) ? 'Updating' : 'Ready'
  }

  async begin(target: Target, request: PlatformRequest): Promise<EventAnswer> {
    this.schedule()
    if (this.#siteOf(target.server) === 'home') this.#home = target
    const { posts } = this.#options
    const fate = posts[Math.min(this.posts, posts.length - 1)] ?? 'accepted'
    const atMs = this.#clock.nowMs
    const answer = this.#answerTo(fate, request)
    this.sent.push({ request, atMs, fate, answer })
    if (answer === null) throw new HostDied()
    return answer
  }

  /** Null: the sender did not live to hear it. */
  #answerTo(fate: PostFate, request: PlatformRequest): EventAnswer | null {
    const refusal = this.#refusalOf(fate, request)
    if (refusal !== null) return refusal
    if (fate === 'host dies before arrival') return null
    const sentAt = this.#clock.now().toISOString()
    const ambiguous = { kind: 'ambiguous', why: `the connection ended before an answer (${fate})`, sentAt } as const
    if (fate.endsWith('before arrival')) return ambiguous
    const isLate = fate.endsWith('arrives late')
    const lateMs = isLate ? (this.#options.lateArrivalMs ?? 0) : 0
    if (isLate || fate.startsWith('host dies')) {
      if (!this.#isBusyAt(this.#clock.nowMs + lateMs)) this.#carryOut(request, lateMs)
      return fate.startsWith('host dies') ? null : ambiguous
    }
    const token = fate === 'accepted and dropped' ? this.#drop() : this.#carryOut(request, 0)
    if (!fate.startsWith('accepted')) return ambiguous
    return {
      kind: 'accepted',
      pollerToken: token,
      requestId: `request-${this.posts + 1}`,
      sentAt,
      acceptedAt: sentAt,
    }
  }

  #refusalOf(fate: PostFate, request: PlatformRequest): EventAnswer | null {
    const refused = (status: number, code: string, afterSeconds: number | null = null): EventAnswer =>
      answerOfError(restError(status, code, afterSeconds), this.#clock.now().toISOString())
    if (fate === 'busy') return refused(409, 'ServerIsBusy')
    if (fate === 'not ready') return refused(400, 'ServerIsNotReady')
    if (fate === 'forbidden') return refused(403, 'AuthorizationFailed')
    if (fate === 'throttled') return refused(429, 'TooManyRequests', this.#options.throttledSeconds)
    const isHeard = !fate.startsWith('host') && !fate.endsWith('arrives late')
    if (isHeard && request.call === 'promote' && !this.effects.isReplicaReadyAt(this.#clock.nowMs))
      return refused(409, 'ServerIsBusy')
    return this.#isBusyAt(this.#clock.nowMs) && isHeard ? refused(409, 'ServerIsBusy') : null
  }

  /** The real one refuses as well while it is failing over or gone, whether or not its sender is left to hear it. */
  #isBusyAt(atMs: number): boolean {
    return this.#isFailingOverAt(atMs) || this.effects.isUnderWayAt(atMs) || this.service.isKnownDownAt(atMs)
  }

  #drop(): string {
    const token = `dropped-${this.#dropped.size}`
    this.#dropped.set(token, this.#clock.nowMs + DROPPED_MS)
    return token
  }

  /** The token of its operation. */
  #carryOut(request: PlatformRequest, lateMs: number): string {
    if (request.call === 'restart' && request.failoverMode !== null) return this.#failOver(request.failoverMode, lateMs)
    this.effects.carryOut(request, this.#clock.nowMs + lateMs, 'drill')
    return `effect-${this.effects.all.length - 1}`
  }

  #failOver(mode: FailoverMode, lateMs: number): string {
    const { courses } = this.#options
    const course = courses[Math.min(this.failovers.length, courses.length - 1)] as FailoverCourse
    const acceptedAtMs = this.#clock.nowMs + lateMs
    const underWay = this.service.promotions.find(({ fromMs, toMs }) => fromMs <= acceptedAtMs && acceptedAtMs < toMs)
    const times = underWay?.absorbs
      ? { downAtMs: underWay.fromMs, upAtMs: underWay.toMs, healthyAtMs: underWay.healthyAtMs }
      : this.#promote(course, acceptedAtMs, underWay?.toMs ?? acceptedAtMs)
    const token = `operation-${this.failovers.length}`
    this.failovers.push({ ...course, mode, acceptedAtMs, ...times, token })
    return token
  }

  /** A primary that dies meanwhile by itself only makes the failover begin sooner. */
  #promote(course: FailoverCourse, acceptedAtMs: number, begunAtMs: number) {
    const { lostMs, oldLivesMs = 0 } = course
    const plannedMs = begunAtMs + course.detectMs
    const earlier = this.service.promotions.find(({ fromMs }) => fromMs >= acceptedAtMs && fromMs < plannedMs)
    const downAtMs = earlier?.fromMs ?? plannedMs
    const upAtMs = course.outageMs === null ? NEVER : downAtMs + course.outageMs
    const healthyAtMs = course.rebuildMs === null ? NEVER : upAtMs + course.rebuildMs
    for (const other of this.service.promotions)
      if (other.fromMs >= acceptedAtMs && other.fromMs < upAtMs) this.service.remove(other)
    this.service.add(promotion({ cause: 'drill', fromMs: downAtMs, toMs: upAtMs, healthyAtMs, lostMs, oldLivesMs }))
    for (const { afterMs, ms } of course.relapses ?? []) {
      const fromMs = upAtMs + afterMs
      this.service.add(restart('flap', fromMs, ms === null ? NEVER : fromMs + ms))
    }
    return { downAtMs, upAtMs, healthyAtMs }
  }

  /** Also of another than the drill: it leaves no operation that the drill could follow. */
  doByHand(request: PlatformRequest): Effect {
    return this.effects.carryOut(request, this.#clock.nowMs, 'hand')
  }

  failOverByHand(): void {
    const { detectMs, outageMs, rebuildMs, lostMs, oldLivesMs = 0 } = this.#options.courses[0] as FailoverCourse
    const fromMs = this.#clock.nowMs + detectMs
    const toMs = fromMs + (outageMs ?? NEVER)
    this.service.add(
      promotion({ cause: 'hand', fromMs, toMs, healthyAtMs: toMs + (rebuildMs ?? NEVER), lostMs, oldLivesMs }),
    )
  }

  async operationState(target: Target, token: string): Promise<OperationState> {
    if (this.isAway()) throw new Error('reading the operation failed: 503 ServiceUnavailable')
    const cause = this.operationRefusal()
    if (cause !== null)
      throw new Error(`reading the operation of server ${target.server} failed; the operation itself goes on`, {
        cause,
      })
    const effect = token.startsWith('effect-') ? this.effects.all[Number(token.slice(7))] : undefined
    if (effect !== undefined)
      return this.#clock.nowMs < effect.endsAtMs
        ? { kind: 'running' }
        : { kind: 'succeeded', endedAt: new Date(effect.endsAtMs).toISOString() }
    const droppedAtMs = this.#dropped.get(token)
    if (droppedAtMs !== undefined)
      return this.#clock.nowMs < droppedAtMs
        ? { kind: 'running' }
        : { kind: 'failed', code: 'OperationCanceled', message: 'the operation was canceled' }
    const failover = this.failovers.find((one) => one.token === token)
    if (failover === undefined) return { kind: 'failed', code: 'NotFound', message: 'there is no such operation' }
    if (this.#clock.nowMs < failover.healthyAtMs) return { kind: 'running' }
    return { kind: 'succeeded', endedAt: new Date(failover.healthyAtMs).toISOString() }
  }
}
