/** The stale-primary watch of a made-up container: a write a second in sessions that stay with the server they were opened to. */
import type { WatchOpen } from '../../../loadgen-image/contract/step-probe.ts'
import { WatchLog } from '../../../loadgen-image/probe/watch-log.ts'
import type { WatchRow } from './rows.ts'
import type { FakeServer } from './server.ts'
import type { Interruption } from './service.ts'

interface FakeWatchOptions {
  readonly container: number
  /** The container's clock minus the true time. */
  readonly clockOffsetMs: number
  readonly server: FakeServer
  /** When a process that is frozen at this true time reads what has come. */
  readonly readMs: (atMs: number) => number
  readonly onRow: (row: Omit<WatchRow, 'drillId'>) => void
}

interface Session {
  readonly number: number
  readonly openedMs: number
  readonly timeline: number
  readonly startedMs: number
  seq: number
  pending: { readonly seq: number; readonly sentMs: number } | null
}

const WRITE_MS = 3
const LOOK_EVERY_MS = 30_000
const LOOK_AGAIN_MS = 2_000

export class FakeStaleWatch {
  readonly log = new WatchLog()
  readonly #options: FakeWatchOptions
  #sessions: Session[] = []
  #numbers = 0
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(options: FakeWatchOptions) {
    this.#options = options
  }

  /** At a true time. */
  tick(nowMs: number): void {
    this.settle(nowMs)
    if (nowMs - this.#lookedMs >= (this.#sessions.length > 0 ? LOOK_EVERY_MS : LOOK_AGAIN_MS)) this.#look(nowMs)
    for (const session of this.#sessions)
      if (session.pending === null) session.pending = { seq: ++session.seq, sentMs: nowMs }
  }

  /** What has been answered, and what has ended, up to now. */
  settle(nowMs: number): void {
    for (const session of this.#sessions) this.#settle(session, nowMs)
  }

  open(nowMs: number): WatchOpen[] {
    return this.#sessions.map(({ number, pending }) => {
      return { session: number, atUs: this.#us(nowMs), unansweredSinceUs: pending && this.#us(pending.sentMs) }
    })
  }

  #us(atMs: number): number {
    return Math.round((atMs + this.#options.clockOffsetMs) * 1000)
  }

  #look(nowMs: number): void {
    const { server } = this.#options
    this.#lookedMs = nowMs
    if (!server.isUpAt(nowMs)) {
      this.log.refusal({ atUs: this.#us(nowMs), code: 'ECONNREFUSED' })
      return
    }
    const startedMs = server.service.startedAt(nowMs, Number.NEGATIVE_INFINITY)
    if (this.#sessions.at(-1)?.startedMs === startedMs) return
    const timeline = server.timelineAt(nowMs)
    const number = ++this.#numbers
    this.#sessions.push({ number, openedMs: nowMs, timeline, startedMs, seq: 0, pending: null })
    const address = timeline % 2 === 0 ? '10.0.0.2' : '10.0.0.1'
    this.log.opened({ session: number, openedAtUs: this.#us(nowMs), timeline, address, startedAt: String(startedMs) })
  }

  /** What took its server away. */
  #lossOf({ openedMs }: Session): Interruption | undefined {
    return this.#options.server.service.interruptions.find(({ kind, fromMs }) => kind !== 'stall' && fromMs > openedMs)
  }

  #settle(session: Session, nowMs: number): void {
    const loss = this.#lossOf(session)
    const diesMs = loss === undefined ? Number.POSITIVE_INFINITY : loss.fromMs + (loss.oldLivesMs ?? 0)
    const { pending } = session
    if (pending !== null) {
      const endMs = this.#commitMs(pending.sentMs, loss)
      const readMs = this.#options.readMs(endMs)
      if (endMs < diesMs && readMs <= nowMs) this.#acknowledged(session, pending, endMs, readMs, loss)
    }
    if (diesMs <= nowMs && this.#options.readMs(diesMs) <= nowMs) this.#ended(session, this.#options.readMs(diesMs))
  }

  /** Storage that stands still belongs to the primary that was there before. */
  #commitMs(sentMs: number, loss: Interruption | undefined): number {
    const endMs = sentMs + WRITE_MS
    return loss !== undefined && sentMs >= loss.fromMs ? endMs : this.#options.server.service.commitEnd(sentMs, endMs)
  }

  #acknowledged(
    session: Session,
    { seq, sentMs }: NonNullable<Session['pending']>,
    atMs: number,
    readMs: number,
    loss: Interruption | undefined,
  ): void {
    const { number, timeline } = session
    session.pending = null
    const stale = loss !== undefined && atMs >= loss.fromMs ? loss : null
    this.#options.onRow({ container: this.#options.container, session: number, seq, sentMs, atMs, stale })
    this.log.acknowledged(number, {
      seq,
      timeline,
      sentAtUs: this.#us(sentMs),
      acknowledgedAtUs: this.#us(readMs),
    })
  }

  #ended(session: Session, atMs: number): void {
    const { number, pending } = session
    const code = '57P01'
    if (pending !== null)
      this.log.failure({
        session: number,
        seq: pending.seq,
        sentAtUs: this.#us(pending.sentMs),
        endedAtUs: this.#us(atMs),
        code,
      })
    this.log.end({ session: number, atUs: this.#us(atMs), code })
    this.#sessions = this.#sessions.filter((one) => one !== session)
  }
}
