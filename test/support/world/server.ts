/**
 * A flexible server with a standby, as seen by the platform and by SQL. A failover takes as long as its course says: writes
 * stop some time after it was accepted, a new primary takes over on the next timeline, and the standby is rebuilt later.
 * Beside the failovers that were asked for there is trouble of its own: crashes, the hand of someone else, storage.
 */

import type { FlexibleServers } from '../../../functions/clients/clients.ts'
import type { EventAnswer, OperationState } from '../../../functions/model/event-answer.ts'
import type { ServerFacts, ServerParameter, SizeFacts, VirtualEndpointFacts } from '../../../functions/model/facts.ts'
import type { Target } from '../../../functions/model/plan.ts'
import type { PlatformRequest } from '../../../functions/model/planned-event.ts'
import { GOOD_PARAMETERS, goodServer, parametersOf } from '../good-facts.ts'
import type { WorldClock } from './clock.ts'
import { type Effect, type EffectOptions, Effects, type Site, USUAL_SKU } from './effects.ts'
import { type Failover, type FailoverCourse, Failovers } from './failovers.ts'
import { type RequestOptions, Requests, type SentRequest } from './requests.ts'
import { interruptionOf, Service, type Trouble } from './service.ts'

export interface ServerOptions extends RequestOptions {
  readonly courses: readonly FailoverCourse[]
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

const SERVER_STARTS_MS = 240_000

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
  readonly #requests: Requests
  readonly #failovers: Failovers
  #home = { resourceGroup: 'rg', server: 'pg-under-test' }
  #isScheduled = false

  constructor(clock: WorldClock, options: ServerOptions) {
    this.#clock = clock
    this.#options = options
    this.effects = new Effects(this.service, options.effects ?? {})
    this.#failovers = new Failovers(this.service, options.courses)
    this.#requests = new Requests(clock, options, {
      isBusyAt: (atMs) => this.#isBusyAt(atMs),
      isReplicaReadyAt: (atMs) => this.effects.isReplicaReadyAt(atMs),
      carryOut: (request, atMs) => this.#carryOut(request, atMs),
    })
  }

  get nowMs(): number {
    return this.#clock.nowMs
  }

  // ---- What is true ----------------------------------------------------------------------------------------------------

  get failovers(): readonly Failover[] {
    return this.#failovers.all
  }

  get sent(): readonly SentRequest[] {
    return this.#requests.sent
  }

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

  /** High availability does not go with the primary to another region. */
  haStateAt(atMs: number): string {
    if (this.effects.siteAt(atMs) === 'remote') return 'NotEnabled'
    if (this.#failovers.isUnderWayAt(atMs)) return 'FailingOver'
    const isRebuilding = this.service.promotions.some(
      ({ noticedAtMs, healthyAtMs }) => atMs >= noticedAtMs && atMs < healthyAtMs,
    )
    return isRebuilding ? 'ReplicatingData' : 'Healthy'
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
    return this.#failovers.isUnderWayAt(atMs) || this.effects.isUnderWayAt(atMs) ? 'Updating' : 'Ready'
  }

  async begin(target: Target, request: PlatformRequest): Promise<EventAnswer> {
    this.schedule()
    if (this.#siteOf(target.server) === 'home') this.#home = target
    return this.#requests.send(request)
  }

  /** The real one refuses as well while it is failing over or gone, whether or not its sender is left to hear it. */
  #isBusyAt(atMs: number): boolean {
    return this.#failovers.isUnderWayAt(atMs) || this.effects.isUnderWayAt(atMs) || this.service.isKnownDownAt(atMs)
  }

  /** The token of its operation. */
  #carryOut(request: PlatformRequest, atMs: number): string {
    if (request.call === 'restart' && request.failoverMode !== null)
      return this.#failovers.carryOut(request.failoverMode, atMs)
    this.effects.carryOut(request, atMs, 'drill')
    return `effect-${this.effects.all.length - 1}`
  }

  /** Also of another than the drill: it leaves no operation that the drill could follow. */
  doByHand(request: PlatformRequest): Effect {
    return this.effects.carryOut(request, this.#clock.nowMs, 'hand')
  }

  failOverByHand(): void {
    this.#failovers.byHand(this.#clock.nowMs)
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
    const droppedAtMs = this.#requests.droppedUntil(token)
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
