/** What is true of the service of a made-up server: when it takes commits, on which timeline, and who took it away. */

/** `drill`: the platform did it because this drill asked. All others happen by themselves, or at the hand of someone else. */
export type Cause = 'drill' | 'crash' | 'hand' | 'flap' | 'storage'

export interface Interruption {
  readonly cause: Cause
  /** promotion: connections drop, and the next timeline follows. restart: they drop. stall: commits hang, and go on. */
  readonly kind: 'promotion' | 'restart' | 'stall'
  readonly fromMs: number
  /** Infinity: the service does not come back. */
  readonly toMs: number
  /** The standby is back. */
  readonly healthyAtMs: number
  /** Acknowledged commits of this long before a promotion are lost: replication was not synchronous. */
  readonly lostMs: number
  /** Until then the platform shows a server that is well, and accepts requests. */
  readonly noticedAtMs: number
  /** What becomes of a failover that is accepted meanwhile: nothing beyond this promotion, or another one after it. */
  readonly absorbs: boolean
  /** Of a promotion: so long after its beginning the old primary still takes writes in sessions that were open. */
  readonly oldLivesMs?: number
}

/** Trouble that no one asked this drill for, in seconds of the load. */
export interface Trouble {
  /** crash, hand: another promotion. flap: a restart. storage: commits hang. death: no service from then on. */
  readonly kind: 'crash' | 'hand' | 'flap' | 'storage' | 'death'
  readonly atSecond: number
  readonly seconds: number
  readonly lostMs?: number
  readonly rebuildMs?: number
  readonly unnoticedSeconds?: number
  readonly absorbs?: boolean
}

const NEVER = Number.POSITIVE_INFINITY
const USUAL_REBUILD_MS = 20_000

const noticedAtOnce = (one: Omit<Interruption, 'noticedAtMs' | 'absorbs'>): Interruption => ({
  ...one,
  noticedAtMs: one.fromMs,
  absorbs: false,
})

export const promotion = (one: Omit<Interruption, 'kind' | 'noticedAtMs' | 'absorbs'>): Interruption =>
  noticedAtOnce({ ...one, kind: 'promotion' })

export const restart = (cause: Cause, fromMs: number, toMs: number): Interruption =>
  noticedAtOnce({ cause, kind: 'restart', fromMs, toMs, healthyAtMs: toMs, lostMs: 0 })

export const stall = (cause: Cause, fromMs: number, toMs: number): Interruption => ({
  ...restart(cause, fromMs, toMs),
  kind: 'stall',
})

export function interruptionOf(trouble: Trouble, startMs: number): Interruption {
  const { kind, atSecond, seconds, lostMs = 0, rebuildMs = USUAL_REBUILD_MS } = trouble
  const { unnoticedSeconds = 0, absorbs = false } = trouble
  const fromMs = startMs + atSecond * 1000
  const toMs = fromMs + seconds * 1000
  if (kind === 'death') return restart('crash', fromMs, NEVER)
  if (kind === 'flap') return restart('flap', fromMs, toMs)
  if (kind === 'storage') return stall('storage', fromMs, toMs)
  const promoted = promotion({ cause: kind, fromMs, toMs, healthyAtMs: toMs + rebuildMs, lostMs })
  return { ...promoted, noticedAtMs: fromMs + unnoticedSeconds * 1000, absorbs }
}

export class Service {
  readonly #interruptions: Interruption[] = []

  /** In the order of their beginnings. */
  get interruptions(): readonly Interruption[] {
    return this.#interruptions
  }

  add(interruption: Interruption): void {
    const after = this.#interruptions.findIndex(({ fromMs }) => fromMs > interruption.fromMs)
    this.#interruptions.splice(after < 0 ? this.#interruptions.length : after, 0, interruption)
  }

  /** Takes back what was only going to happen. */
  remove(interruption: Interruption): void {
    const index = this.#interruptions.indexOf(interruption)
    if (index >= 0) this.#interruptions.splice(index, 1)
  }

  get promotions(): readonly Interruption[] {
    return this.#interruptions.filter(({ kind }) => kind === 'promotion')
  }

  /** Connections are accepted, and transactions begin. */
  isUpAt(atMs: number): boolean {
    return !this.#interruptions.some(({ kind, fromMs, toMs }) => kind !== 'stall' && atMs >= fromMs && atMs < toMs)
  }

  /** The platform itself knows that it is down. */
  isKnownDownAt(atMs: number): boolean {
    return this.#interruptions.some(
      ({ kind, noticedAtMs, toMs }) => kind !== 'stall' && atMs >= noticedAtMs && atMs < toMs,
    )
  }

  /** When every connection that is open at `afterMs` is dropped; Infinity when that is not known to happen. */
  nextDropAfter(afterMs: number): number {
    for (const { kind, fromMs } of this.#interruptions) if (kind !== 'stall' && fromMs > afterMs) return fromMs
    return NEVER
  }

  /** When a commit goes on that is under way from `fromMs` to `toMs`: at `toMs`, unless storage stands still. */
  commitEnd(fromMs: number, toMs: number): number {
    let endMs = toMs
    for (const one of this.#interruptions)
      if (one.kind === 'stall' && one.fromMs <= endMs && one.toMs > fromMs)
        endMs = Math.max(endMs, one.toMs + toMs - fromMs)
    return endMs
  }

  timelineAt(atMs: number): number {
    let timeline = 1
    for (const { kind, toMs } of this.#interruptions) if (kind === 'promotion' && atMs >= toMs) timeline++
    return timeline
  }

  /** When the server that answers was started. */
  startedAt(atMs: number, otherwiseMs: number): number {
    const ends = this.#interruptions
      .filter(({ kind, toMs }) => kind !== 'stall' && toMs <= atMs)
      .map(({ toMs }) => toMs)
    return Math.max(otherwiseMs, ...ends)
  }

  /** The promotion up to now that a commit of this instant did not survive. */
  forgottenBy(atMs: number, nowMs: number): Interruption | undefined {
    return this.#interruptions.find(
      ({ kind, fromMs, toMs, lostMs }) =>
        kind === 'promotion' && toMs <= nowMs && atMs < fromMs && atMs >= fromMs - lostMs,
    )
  }
}
