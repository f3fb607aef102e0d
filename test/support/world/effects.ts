/** What the platform does to a made-up server beside failovers: it restarts it, gives it another size, promotes its replica. */
import type { ServerFacts } from '../../../functions/model/facts.ts'
import type { PlatformRequest } from '../../../functions/model/planned-event.ts'
import { type Cause, promotion, restart, type Service, stall } from './service.ts'

export interface EffectOptions {
  /** Of each restart, scaling and promotion. */
  readonly outageMs?: number
  /** near zero: a server of the new size takes over, so its timeline rises. in place: the same one starts again. */
  readonly scalePath?: 'near zero' | 'in place'
  /** From the acceptance of a new size to the outage; null: it never ends. */
  readonly scaleMs?: number | null
  /** Commits hang for so long before another server takes over, because its standby joins. */
  readonly joinMs?: number
  readonly replica?: ReplicaOptions
}

/** A read replica in another region, behind the name of the server. */
interface ReplicaOptions {
  readonly name: string
  /** Commits of this long are lost by a forced promotion, and delay a planned one. */
  readonly lagMs?: number
  /** From a promotion until the old primary follows the new one; null: never. */
  readonly readyMs?: number | null
  readonly facts?: Partial<ServerFacts>
  readonly parameters?: Readonly<Record<string, string>>
  /** False: there is no virtual endpoint. */
  readonly hasEndpoint?: boolean
}

export type Site = 'home' | 'remote'

export interface Effect {
  readonly request: PlatformRequest
  readonly cause: Cause
  readonly acceptedAtMs: number
  readonly downAtMs: number
  readonly upAtMs: number
  /** The operation ends. */
  readonly endsAtMs: number
}

const NEVER = Number.POSITIVE_INFINITY
export const USUAL_SKU = 'Standard_E4ds_v5'
const DETECT_MS = 800
const OUTAGE_MS = 4_000
const SCALE_MS = 8_000
const REBUILD_MS = 12_000
const READY_MS = 15_000

export class Effects {
  readonly all: Effect[] = []
  readonly #service: Service
  readonly #options: EffectOptions
  readonly #sizes: Array<{ readonly atMs: number; readonly site: Site; readonly sku: string }> = []
  readonly #primaries: Array<{ readonly atMs: number; readonly site: Site; readonly readyAtMs: number }> = []

  constructor(service: Service, options: EffectOptions) {
    this.#service = service
    this.#options = options
  }

  get #outageMs(): number {
    return this.#options.outageMs ?? OUTAGE_MS
  }

  skuAt(site: Site, atMs: number): string {
    return this.#sizes.findLast((one) => one.site === site && atMs >= one.atMs)?.sku ?? USUAL_SKU
  }

  /** Where the primary is. */
  siteAt(atMs: number): Site {
    return this.#primaries.findLast((one) => atMs >= one.atMs)?.site ?? 'home'
  }

  isReplicaReadyAt(atMs: number): boolean {
    return this.#primaries.every((one) => atMs < one.atMs || atMs >= one.readyAtMs)
  }

  isUnderWayAt(atMs: number): boolean {
    return this.all.some(({ acceptedAtMs, endsAtMs }) => atMs >= acceptedAtMs && atMs < endsAtMs)
  }

  carryOut(request: PlatformRequest, acceptedAtMs: number, cause: Cause): Effect {
    const times =
      request.call === 'scale'
        ? this.#scale(request.sku, acceptedAtMs, cause)
        : request.call === 'promote'
          ? this.#promote(request, acceptedAtMs, cause)
          : this.#restart(acceptedAtMs, cause)
    const effect = { request, cause, acceptedAtMs, ...times }
    this.all.push(effect)
    return effect
  }

  #restart(acceptedAtMs: number, cause: Cause) {
    const downAtMs = acceptedAtMs + DETECT_MS
    const upAtMs = downAtMs + this.#outageMs
    this.#service.add(restart(cause, downAtMs, upAtMs))
    return { downAtMs, upAtMs, endsAtMs: upAtMs + 1_000 }
  }

  #scale(sku: string, acceptedAtMs: number, cause: Cause) {
    const { scaleMs = SCALE_MS, scalePath = 'near zero', joinMs = 0 } = this.#options
    if (scaleMs === null) return { downAtMs: NEVER, upAtMs: NEVER, endsAtMs: NEVER }
    const downAtMs = acceptedAtMs + scaleMs
    const upAtMs = downAtMs + this.#outageMs
    const healthyAtMs = upAtMs + REBUILD_MS
    if (scalePath === 'near zero' && joinMs > 0 && joinMs < scaleMs)
      this.#service.add(stall(cause, acceptedAtMs, acceptedAtMs + joinMs))
    this.#service.add(
      scalePath === 'near zero'
        ? promotion({ cause, fromMs: downAtMs, toMs: upAtMs, healthyAtMs, lostMs: 0 })
        : restart(cause, downAtMs, upAtMs),
    )
    this.#sizes.push({ atMs: upAtMs, site: this.siteAt(acceptedAtMs), sku })
    return { downAtMs, upAtMs, endsAtMs: upAtMs + 1_000 }
  }

  /** A planned one first waits until the replica has everything. */
  #promote({ replica, option }: Extract<PlatformRequest, { call: 'promote' }>, acceptedAtMs: number, cause: Cause) {
    const { name, lagMs = 0, readyMs = READY_MS } = this.#options.replica ?? { name: '' }
    const downAtMs = acceptedAtMs + DETECT_MS
    const isForced = option === 'forced'
    const upAtMs = downAtMs + this.#outageMs + (isForced ? 0 : lagMs)
    this.#service.add(
      promotion({ cause, fromMs: downAtMs, toMs: upAtMs, healthyAtMs: upAtMs, lostMs: isForced ? lagMs : 0 }),
    )
    const readyAtMs = readyMs === null ? NEVER : upAtMs + readyMs
    this.#primaries.push({ atMs: upAtMs, site: replica === name ? 'remote' : 'home', readyAtMs })
    return { downAtMs, upAtMs, endsAtMs: upAtMs + 1_000 }
  }
}
