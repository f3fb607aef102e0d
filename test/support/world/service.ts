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
}

const NEVER = Number.POSITIVE_INFINITY

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
