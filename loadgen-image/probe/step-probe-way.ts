/**
 * The step probe's attempts by one way, straight or through PgBouncer.
 *
 * While all is well, it writes every 100 ms in one session that it keeps, and opens a new one now and then: a TLS handshake and a
 * login cost milliseconds of a core on both sides, a write costs a tenth of one. From the first failure on, each attempt is a new
 * connection, until one has written; that one is kept.
 *
 * A server keeps the session of a write that waits for the standby, also when its client has gone. So while a write is unanswered,
 * no other is sent to the same start of the same server, and the probe gives one up after seconds only: it never fills the
 * server's connections.
 */
import type { Socket } from 'node:net'
import { escapeLiteral } from '../connection/client.ts'
import type { ServerTarget } from '../connection/target.ts'
import { PROBE_CODES, PROBE_EVERY_US, type ProbeAttempt, type Way } from '../contract/step-probe.ts'
import { codeOf, ProbeSession, queryBytes, Trace } from './step-probe-session.ts'

/** From its beginning to its answer by the server; a write has longer. */
const DEADLINE_US = 1_000_000
const WRITE_DEADLINE_US = 5_000_000
/** As many as begin within the deadline. */
const MAX_UNDER_WAY = DEADLINE_US / PROBE_EVERY_US
/** A kept session is replaced by a new one after this. */
const RENEW_US = 30_000_000
const READ_ONLY = '25006'

interface WayOptions {
  readonly way: Way
  readonly drillId: string
  readonly container: number
  readonly nowUs: () => number
  /** Null: there is no valid login at the moment. */
  readonly target: () => ServerTarget | null
  readonly resolve: (host: string) => Promise<readonly string[]>
  readonly onAttempt: (attempt: ProbeAttempt) => void
}

interface Unanswered {
  readonly session: ProbeSession
  readonly sinceUs: number
}

export class WayProbe {
  readonly #options: WayOptions
  readonly #insert: Buffer
  readonly #sockets = new Set<Socket>()
  readonly #unanswered = new Set<Unanswered>()
  #kept: ProbeSession | null = null
  #underWay = 0
  #isStopped = false

  constructor(options: WayOptions) {
    this.#options = options
    const { drillId, container, way } = options
    const values = `${escapeLiteral(drillId)}, ${container}, ${escapeLiteral(way)}`
    this.#insert = queryBytes(`INSERT INTO drill_probe (drill_id, container, way) VALUES (${values})`)
  }

  /** Its newest write in the kept session was answered, or is on its way. */
  get isSteady(): boolean {
    return this.#kept !== null && !this.#kept.isBusy
  }

  /** Begins what is due now, and waits for nothing. */
  tick(): void {
    const now = this.#options.nowUs()
    for (const { session, sinceUs } of this.#unanswered) if (now - sinceUs > WRITE_DEADLINE_US) session.giveUp()
    const kept = this.#kept
    if (kept === null || kept.isBusy) {
      if (this.#underWay < MAX_UNDER_WAY) void this.#attempt(now)
      return
    }
    void this.#write(kept, new Trace(this.#options.way, false, now))
    if (now - kept.openedAtUs > RENEW_US && this.#underWay === 0) void this.#attempt(now)
  }

  /** Leaves nothing open. */
  stop(): void {
    this.#isStopped = true
    this.#kept?.leave()
    this.#kept = null
    for (const { session } of this.#unanswered) session.destroy()
  }

  /** Also what hangs in a login. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  async #attempt(begunAtUs: number): Promise<void> {
    const { way, nowUs, resolve } = this.#options
    const target = this.#options.target()
    if (target === null) return
    const trace = new Trace(way, true, begunAtUs)
    const leftMs = () => (begunAtUs + DEADLINE_US - nowUs()) / 1000
    this.#underWay++
    let session: ProbeSession | null = null
    let isReadOnly = false
    try {
      session = await ProbeSession.open(target, trace, { timeoutMs: leftMs(), nowUs, resolve, sockets: this.#sockets })
      isReadOnly = await session.isReadOnly(leftMs())
    } catch (error) {
      const ownEnd = session?.ownEnd ?? null
      session?.destroy()
      this.#failed(trace.end(null, codeOf(error, ownEnd), nowUs()))
      return
    } finally {
      this.#underWay--
    }
    if (this.#isStopped) session.destroy()
    else await this.#use(session, trace, isReadOnly)
  }

  async #use(session: ProbeSession, trace: Trace, isReadOnly: boolean): Promise<void> {
    const { nowUs } = this.#options
    const waits = !isReadOnly && this.#waitsFor(session.server)
    if (!isReadOnly && !waits) {
      session.takeOver()
      if (await this.#write(session, trace)) this.#adopt(session)
      return
    }
    session.leave()
    this.#failed(
      isReadOnly ? trace.end('read-only', READ_ONLY, nowUs()) : trace.end(null, PROBE_CODES.writeWaits, nowUs()),
    )
  }

  /** An earlier write to this server has been unanswered for longer than a write takes. */
  #waitsFor(server: string): boolean {
    return [...this.#unanswered].some((one) => one.session.server === server && this.#hangs(one))
  }

  #hangs({ sinceUs }: Unanswered): boolean {
    return this.#options.nowUs() - sinceUs > PROBE_EVERY_US
  }

  /** False: it was not acknowledged, and the session is closed. */
  async #write(session: ProbeSession, trace: Trace): Promise<boolean> {
    const { nowUs } = this.#options
    const unanswered: Unanswered = { session, sinceUs: nowUs() }
    this.#unanswered.add(unanswered)
    try {
      await session.write(this.#insert)
      this.#report(trace.end('wrote', '', nowUs()))
      return true
    } catch (error) {
      session.destroy()
      const code = codeOf(error, session.ownEnd)
      if (this.#kept === session) this.#kept = null
      this.#failed(trace.end(code === READ_ONLY ? 'read-only' : null, code, nowUs()))
      return false
    } finally {
      this.#unanswered.delete(unanswered)
    }
  }

  #adopt(session: ProbeSession): void {
    const old = this.#kept
    const hangs = [...this.#unanswered].some((one) => one.session === old && this.#hangs(one))
    const isOldGood = old !== null && !hangs && session.openedAtUs - old.openedAtUs < RENEW_US
    if (this.#isStopped || isOldGood) {
      session.leave()
      return
    }
    this.#kept = session
    session.onClosed = () => {
      if (this.#kept === session) this.#kept = null
    }
    if (hangs) old?.giveUp(PROBE_CODES.givenUp)
    else old?.leave()
  }

  /** What a new client meets counts: the kept session ends with the first failure. */
  #failed(attempt: ProbeAttempt): void {
    this.#report(attempt)
    if (!attempt.isNew || this.#kept === null || this.#kept.isBusy) return
    this.#kept.leave()
    this.#kept = null
  }

  /** What the end of the probe cut off says nothing. */
  #report(attempt: ProbeAttempt): void {
    if (!this.#isStopped) this.#options.onAttempt(attempt)
  }
}
