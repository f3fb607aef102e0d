/**
 * The stale-primary watch of a container: sessions straight to the server that write a row of their own once a second, and that
 * are never opened again once they are lost. After a failover such a session still leads to the old primary, and only to it: a
 * write that the old primary acknowledges then shows that two servers took writes.
 *
 * From time to time, and whenever none is open, the watch looks who answers by the server's name. Another server, or another start
 * of the same one, gets a session of its own beside those that are left: the next event needs one that was open before it.
 */
import type { Socket } from 'node:net'
import type { ServerTarget } from '../connection/target.ts'
import type { WatchReading } from '../contract/step-probe.ts'
import { failureOf, OWN_CODES } from '../record/outcome.ts'
import type { WatchLog } from './watch-log.ts'
import { LiveSession } from './watch-session.ts'

interface StaleWatchOptions {
  readonly drillId: string
  readonly container: number
  readonly nowUs: () => number
  /** Null: there is no valid login at the moment. */
  readonly target: () => ServerTarget | null
  readonly resolve: (host: string) => Promise<readonly string[]>
}

const WRITE_EVERY_US = 1_000_000
/** Between two looks: while the newest session writes, and while it does not. */
const LOOK_EVERY_US = 30_000_000
const LOOK_AGAIN_US = 2_000_000
const LOOK_TIMEOUT_MS = 2_000
/** Sessions that wait for a server without an answer stay open. The oldest of more is given up. */
const MAX_SESSIONS = 4

export class StaleWatch {
  readonly #options: StaleWatchOptions
  readonly #log: WatchLog
  readonly #sockets = new Set<Socket>()
  #sessions: LiveSession[] = []
  #numbers = 0
  #writeUs = 0
  #lookedUs = Number.NEGATIVE_INFINITY
  #isLooking = false
  #isStopped = false

  constructor(options: StaleWatchOptions, log: WatchLog) {
    this.#options = options
    this.#log = log
  }

  /** Begins what is due now, and waits for nothing. */
  tick(): void {
    const now = this.#options.nowUs()
    if (now >= this.#writeUs) {
      this.#writeUs = Math.max(this.#writeUs + WRITE_EVERY_US, now)
      for (const session of this.#sessions) if (session.pending === null) void this.#write(session)
    }
    const everyUs = this.#isSteady(now) ? LOOK_EVERY_US : LOOK_AGAIN_US
    if (!this.#isLooking && now - this.#lookedUs >= everyUs) void this.#look(now)
  }

  /** What was seen since the last call. */
  take(): WatchReading {
    const atUs = Math.round(this.#options.nowUs())
    const open = this.#sessions.map(({ number, pending }) => {
      return { session: number, atUs, unansweredSinceUs: pending?.sentAtUs ?? null }
    })
    return this.#log.take(open)
  }

  /** Leaves nothing open. */
  stop(): void {
    this.#isStopped = true
    for (const session of this.#sessions) session.leave()
    this.#sessions = []
  }

  /** Also what hangs in a login. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  /** The newest session is open, and its server answers. */
  #isSteady(now: number): boolean {
    const newest = this.#sessions.at(-1)
    return newest !== undefined && (newest.pending === null || now - newest.pending.sentAtUs < LOOK_AGAIN_US)
  }

  async #look(now: number): Promise<void> {
    const target = this.#options.target()
    if (target === null) return
    this.#isLooking = true
    this.#lookedUs = now
    const { drillId, container, nowUs, resolve } = this.#options
    const own = { drillId, container, timeoutMs: LOOK_TIMEOUT_MS, nowUs, resolve, sockets: this.#sockets }
    try {
      const found = await LiveSession.open(target, own)
      if (found === null) this.#log.refusal({ atUs: Math.round(nowUs()), code: READ_ONLY })
      else if (this.#isStopped || this.#knows(found)) found.leave()
      else this.#keep(found)
    } catch (error) {
      const { code } = failureOf(error, OWN_CODES.connectionClosed)
      this.#log.refusal({ atUs: Math.round(nowUs()), code })
    } finally {
      this.#isLooking = false
    }
  }

  /** The newest session leads to the same start of the same server. */
  #knows({ identity }: LiveSession): boolean {
    const newest = this.#sessions.at(-1)?.identity
    return newest?.address === identity.address && newest.startedAt === identity.startedAt
  }

  #keep(session: LiveSession): void {
    session.number = ++this.#numbers
    const { openedAtUs, identity } = session
    this.#log.opened({ session: session.number, openedAtUs, ...identity })
    if (session.isEnded) {
      this.#ended(session, OWN_CODES.connectionClosed)
      return
    }
    this.#sessions.push(session)
    session.onEnd = (code) => this.#ended(session, code)
    if (this.#sessions.length <= MAX_SESSIONS) return
    const [oldest] = this.#sessions
    oldest?.leave()
    if (oldest !== undefined) this.#ended(oldest, GIVEN_UP)
  }

  #ended(session: LiveSession, code: string): void {
    this.#sessions = this.#sessions.filter((one) => one !== session)
    this.#log.end({ session: session.number, atUs: Math.round(this.#options.nowUs()), code })
    // The next one is looked for at once.
    this.#lookedUs = Math.min(this.#lookedUs, this.#options.nowUs() - LOOK_AGAIN_US)
  }

  async #write(session: LiveSession): Promise<void> {
    const { nowUs } = this.#options
    const write = session.write()
    const sentAtUs = session.pending?.sentAtUs ?? Math.round(nowUs())
    const seq = session.pending?.seq ?? 0
    try {
      const { timeline } = await write
      this.#log.acknowledged(session.number, { seq, timeline, sentAtUs, acknowledgedAtUs: Math.round(nowUs()) })
    } catch (error) {
      // What the end of the watch cut off says nothing.
      if (this.#isStopped) return
      const { code } = failureOf(error, OWN_CODES.connectionClosed)
      this.#log.failure({ session: session.number, seq, sentAtUs, endedAtUs: Math.round(nowUs()), code })
    }
  }
}

const READ_ONLY = '25006'
const GIVEN_UP = 'given-up'
