/** What of a weather falls: it answers requests instead of their handlers, changes what documents show, and keeps a record. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterState } from '../../cluster/cluster.ts'
import { ArmError } from './arm.ts'
import { type Fallen, fairWeather, type Refusal, type Weather } from './weather.ts'

export type WeatherAnswer =
  /** Instead of the handling. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly code: string
      readonly message: string
      /** What the error wraps. */
      readonly inner?: { readonly code: string; readonly message: string }
      readonly retryAfterSeconds?: number
    }
  /** The request is handled, and then answered with this error. */
  | { readonly kind: 'answerAfter'; readonly status: number; readonly code: string; readonly message: string }
  /** The request is handled, and the connection is reset instead of an answer. */
  | { readonly kind: 'resetAfter' }

type Refused = 'create' | 'event' | 'operation' | 'metrics' | 'delete'

/** Two words of an operation are this long apart. */
const WORD_MS = 1_500
/** A dropped event ends as late as one that is refused by the server itself. */
const DROPPED_MS = 3_000

export class WeatherFall {
  readonly weather: Weather
  readonly #fallen = new Map<string, Fallen>()
  readonly #createdAtMs = new Map<string, number>()
  readonly #startedAtMs = new Map<string, number>()
  readonly #pending: Record<Refused, Refusal[]>
  #reads = 0
  #isLinked = false
  #zones: Pick<ClusterState, 'primaryZone' | 'standbyZone'> | null = null
  #zonesChangedAtMs: number | null = null

  constructor(weather: Weather = fairWeather()) {
    this.weather = weather
    this.#pending = {
      create: [...weather.createRefusals],
      event: [...weather.eventRefusals],
      operation: [...weather.operationRefusals],
      metrics: [...weather.metricsRefusals],
      delete: [...weather.deleteRefusals],
    }
  }

  get fallen(): readonly Fallen[] {
    return [...this.#fallen.values()]
  }

  // ---- Answers --------------------------------------------------------------------------------------------------------

  /** Null: the request is handled as in fair weather. */
  async answerTo(method: string, path: string): Promise<WeatherAnswer | null> {
    const { answerMs } = this.weather
    if (answerMs > 0) {
      this.#note(`an answer took ${answerMs} ms longer`)
      await sleep(answerMs)
    }
    const name = path.split('/').at(-1) ?? ''
    if (GROUP.test(path)) return this.#answerToGroup(method, name)
    if (method === 'POST' && RESTART.test(path)) return this.#answerToEvent(path.split('/').at(-2) ?? '')
    if (method === 'PATCH' && SERVER.test(path)) return this.#answerToEvent(name)
    if (method !== 'GET') return null
    if (OPERATION.test(path)) return this.#refusal('operation', 'a read of an operation', name)
    if (METRICS.test(path)) return this.#refusal('metrics', 'a read of metrics', name)
    return SERVER.test(path) ? this.#shakyRead(name) : null
  }

  #answerToGroup(method: string, name: string): WeatherAnswer | null {
    if (method === 'PUT') return this.#refusal('create', 'a creation', name)
    if (method === 'DELETE') return this.#refusal('delete', 'a deletion', name)
    if (method !== 'GET') return null
    return this.isShown(name) ? this.#shakyRead(name) : notFound(name)
  }

  #answerToEvent(server: string): WeatherAnswer | null {
    const refusal = this.#refusal('event', 'an event request', server)
    if (refusal !== null) return refusal
    const { eventAnswer } = this.weather
    if (eventAnswer === 'accepted') return null
    this.#note(`the answer of the event request was lost (${eventAnswer})`)
    if (eventAnswer === 'reset') return { kind: 'resetAfter' }
    return {
      kind: 'answerAfter',
      status: 504,
      code: 'GatewayTimeout',
      message: 'The gateway did not receive a response.',
    }
  }

  #refusal(of: Refused, what: string, name: string): WeatherAnswer | null {
    const refusal = this.#pending[of].shift()
    if (refusal === undefined) return null
    this.#noteRefusal(what, refusal)
    return answerOf(refusal, name)
  }

  #shakyRead(name: string): WeatherAnswer | null {
    const { readRefusalEvery: every, readRefusal } = this.weather
    if (every === 0 || ++this.#reads % every !== 0) return null
    this.#noteRefusal('a read', readRefusal)
    return answerOf(readRefusal, name)
  }

  // ---- Container groups -------------------------------------------------------------------------------------------------

  /** Throws while another group makes the link of their subnet. */
  admit(name: string, subnetIds: unknown): void {
    const { hasFreshSubnet } = this.weather
    if (hasFreshSubnet && subnetIds !== undefined && !this.#isLinked && this.#createdAtMs.size > 0) {
      this.#note('a creation was answered with 409 ServiceAssociationLinkNotReady')
      const message = `Network is not ready for container group ${name}. Please try again.`
      throw new ArmError(409, 'ServiceAssociationLinkNotReady', message)
    }
    this.#createdAtMs.set(name, Date.now())
  }

  async startDelay(): Promise<void> {
    const { startDelayMs } = this.weather
    if (startDelayMs === 0) return
    this.#note(`a container started ${startDelayMs / 1000} s late`)
    await sleep(startDelayMs)
  }

  started(name: string): void {
    this.#isLinked = true
    this.#startedAtMs.set(name, Date.now())
  }

  /** In reads and in lists. */
  isShown(name: string): boolean {
    const { newGroupHiddenMs, groupHidden } = this.weather
    const ageMs = Date.now() - (this.#createdAtMs.get(name) ?? Number.NEGATIVE_INFINITY)
    const isNew = ageMs < newGroupHiddenMs
    if (isNew) this.#note('a container group that had just been created was not found')
    const runsMs = Date.now() - (this.#startedAtMs.get(name) ?? Number.POSITIVE_INFINITY)
    const isHidden = groupHidden !== null && runsMs >= groupHidden.fromMs && runsMs < groupHidden.toMs
    if (isHidden && !isNew) this.#note('a container group that ran was not found')
    return !isNew && !isHidden
  }

  async deletionDelay(): Promise<void> {
    const { deletionMs } = this.weather
    if (deletionMs === 0) return
    this.#note(`a deletion took ${deletionMs / 1000} s longer`)
    await sleep(deletionMs)
  }

  // ---- Server and operations --------------------------------------------------------------------------------------------

  /** The operation of an event that does not happen; null: it happens. */
  droppedEvent(server: string): Promise<never> | null {
    const { eventFate } = this.weather
    if (eventFate.kind === 'done') return null
    const { word, code, message } = eventFate
    this.#note(`an event request was accepted and the event did not happen (${word})`)
    return sleep(DROPPED_MS).then(() => {
      throw new ArmError(409, code, message.replaceAll('NAME', server))
    })
  }

  /** Newer samples than these are late in fair weather too. */
  readMetrics(samples: readonly { readonly atMs: number }[]): void {
    const { metricsDelayMs } = this.weather
    const usualMs = fairWeather().metricsDelayMs
    const nowMs = Date.now()
    if (samples.some(({ atMs }) => nowMs >= atMs + usualMs && nowMs < atMs + metricsDelayMs))
      this.#note(`metrics of the last ${metricsDelayMs / 1000} s were not published yet`)
  }

  /** The status of an operation in the platform's words. */
  operationWord(status: 'InProgress' | 'Succeeded' | 'Failed', startedAt: Date): string {
    const { operationWords, eventFate } = this.weather
    if (status === 'Failed') return eventFate.kind === 'dropped' ? eventFate.word : status
    if (status === 'Succeeded') return status
    const word = operationWords[Math.floor((Date.now() - startedAt.getTime()) / WORD_MS) % operationWords.length]
    if (word !== undefined && word !== 'InProgress') this.#note(`an operation reported ${word}`)
    return word ?? status
  }

  /** Zones of before, and states of high availability in other words. */
  view(state: ClusterState): ClusterState {
    return { ...state, ...this.#zonesOf(state) }
  }

  haWord(state: string): string {
    const word = this.weather.haWords[state]
    if (word !== undefined) this.#note(`high availability reported ${word}`)
    return word ?? state
  }

  #zonesOf({ primaryZone, standbyZone }: ClusterState): Pick<ClusterState, 'primaryZone' | 'standbyZone'> {
    const shown = this.#zones ?? { primaryZone, standbyZone }
    this.#zones = shown
    if (shown.primaryZone === primaryZone) {
      this.#zonesChangedAtMs = null
      return shown
    }
    this.#zonesChangedAtMs ??= Date.now()
    if (Date.now() - this.#zonesChangedAtMs < this.weather.oldZonesMs) {
      this.#note('the server showed its old zones')
      return shown
    }
    this.#zones = { primaryZone, standbyZone }
    return this.#zones
  }

  // ---- The record -------------------------------------------------------------------------------------------------------

  #noteRefusal(what: string, { status, code, inner, retryAfterSeconds }: Refusal): void {
    const pause = retryAfterSeconds === undefined ? '' : ` and Retry-After ${retryAfterSeconds}`
    this.#note(`${what} was answered with ${status} ${inner?.code ?? code}${pause}`)
  }

  #note(what: string): void {
    const at = new Date().toISOString()
    const known = this.#fallen.get(what)
    this.#fallen.set(what, { what, times: (known?.times ?? 0) + 1, firstAt: known?.firstAt ?? at, lastAt: at })
  }
}

const GROUP = /\/containerGroups\/[^/]+$/i
const RESTART = /\/flexibleServers\/[^/]+\/restart$/i
const SERVER = /\/flexibleServers\/[^/]+$/i
const OPERATION = /\/azureAsyncOperation\/[^/]+$/i
const METRICS = /\/Microsoft\.Insights\/metrics$/i

const answerOf = ({ status, code, message, inner, retryAfterSeconds }: Refusal, name: string): WeatherAnswer => ({
  kind: 'answer',
  status,
  code,
  message: message.replaceAll('NAME', name),
  ...(inner !== undefined && { inner }),
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
})

const notFound = (name: string): WeatherAnswer => ({
  kind: 'answer',
  status: 404,
  code: 'ResourceNotFound',
  message: `The Resource 'Microsoft.ContainerInstance/containerGroups/${name}' was not found.`,
})
