/**
 * The load of one thread: arrivals on one side, workers on the other. Any connected worker without work takes the next arrival.
 * No code here waits for a single transaction: one timer wakes the thread for the next arrival, and each reply makes it look at the
 * schedule again, so at high rates arrivals are sent within microseconds and without spinning.
 */
import { type ServerTarget, withPassword } from '../connection/target.ts'
import { behaviourOf } from '../contract/clients/behaviour.ts'
import type { Cohort, LoadPlan } from '../contract/load-plan.ts'
import type { LoginToken } from '../identity/database-token.ts'
import { US_PER_MS } from '../record/clock.ts'
import { OWN_CODES } from '../record/outcome.ts'
import { Recorder } from '../record/recorder.ts'
import type { SecondPart } from '../record/second.ts'
import { Arrivals } from '../schedule/arrivals.ts'
import { type Random, seededRandom } from '../schedule/random.ts'
import { type WorkerIdentity, workersOfThread } from '../schedule/workers.ts'
import { Connector, type Wire } from './connector.ts'
import { IdleQueue } from './idle-queue.ts'
import type { ThreadSettings } from './messages.ts'
import { Session, type SessionHost } from './session.ts'
import { insertText, retryText } from './transaction.ts'

/** How often reply deadlines and the ends of seconds are checked. */
const SWEEP_MS = 20
/** A sweep that comes this late shows that the event loop stood still. */
const MIN_STALL_US = 100 * US_PER_MS
const VALUES_STREAM = 1

interface LoadThreadEvents {
  connected(open: number, error: string | null): void
  second(part: SecondPart): void
  done(): void
}

export class LoadThread implements SessionHost {
  readonly random: Random
  readonly nowUs: () => number
  recorder: Recorder | null = null
  readonly #settings: ThreadSettings
  readonly #plan: LoadPlan
  readonly #events: LoadThreadEvents
  readonly #workers: readonly WorkerIdentity[]
  readonly #sessions: readonly Session[]
  readonly #idle: IdleQueue
  readonly #connector = new Connector()
  /** By way in, with the token of now where one stands in for the password. */
  #targets: Readonly<Record<Cohort['via'], ServerTarget>>
  #isTokenStale = false
  readonly #sweep: NodeJS.Timeout
  #open = 0
  #arrivals: Arrivals | null = null
  #closedLoopSent = 0
  #startAtUs = Number.POSITIVE_INFINITY
  #wakeAtUs = Number.POSITIVE_INFINITY
  #wake: NodeJS.Timeout | null = null
  #sweptAtUs = Number.POSITIVE_INFINITY
  #lastArrivalAtUs = Number.POSITIVE_INFINITY
  #drainEndsAtUs = Number.POSITIVE_INFINITY
  #isDone = false

  constructor(settings: ThreadSettings, nowUs: () => number, events: LoadThreadEvents) {
    const { plan, container, thread, threads } = settings
    this.#settings = settings
    this.#targets = { pgbouncer: settings.pgbouncer, direct: settings.direct }
    if (settings.token !== null) this.logInWith(settings.token)
    this.#plan = plan
    this.#events = events
    this.nowUs = nowUs
    this.random = seededRandom(plan.seed, container, thread, VALUES_STREAM)
    this.#workers = workersOfThread(plan, container, threads, thread)
    this.#sessions = this.#workers.map((worker, index) => this.#session(worker, index))
    this.#idle = new IdleQueue(this.#workers.length)
    this.#sweep = setInterval(() => this.#onSweep(), SWEEP_MS)
  }

  connect(): void {
    for (const session of this.#sessions) session.connect()
  }

  /** Open connections stay: a server checks a token at the login only. */
  logInWith({ token, isStale }: LoginToken): void {
    const { pgbouncer, direct } = this.#settings
    this.#targets = { pgbouncer: withPassword(pgbouncer, token), direct: withPassword(direct, token) }
    this.#isTokenStale = isStale
  }

  /** Called ahead of time: the clock starts the load, not the message. */
  go(startAtUs: number): void {
    const { plan, container, thread, threads } = this.#settings
    this.recorder = new Recorder({
      workers: this.#workers,
      open: this.#open,
      startAtUs,
      keepsLedger: plan.transactions === 'ledger',
      backlog: { settleUntil: (atUs) => this.#settleUntil(atUs) },
      emit: (part) => this.#events.second(part),
    })
    if (plan.targetTps > 0)
      this.#arrivals = new Arrivals(plan, { container, containers: plan.containers, thread, threads }, startAtUs)
    this.#lastArrivalAtUs = startAtUs + plan.durationSeconds * 1000 * US_PER_MS
    this.#drainEndsAtUs = this.#lastArrivalAtUs + plan.drainSeconds * 1000 * US_PER_MS
    this.#startAtUs = startAtUs
    this.#wakeAt(startAtUs)
  }

  /** Stops sending, and waits for replies. */
  stop(): void {
    if (this.recorder === null) this.finish()
    else this.#stopLoad(this.recorder, this.nowUs())
  }

  #stopLoad(recorder: Recorder, nowUs: number): void {
    recorder.roll(nowUs)
    this.#arrivals?.giveUp(nowUs, (atUs) => recorder.missed(atUs))
    this.#lastArrivalAtUs = Math.min(this.#lastArrivalAtUs, nowUs)
    this.#drainEndsAtUs = Math.min(this.#drainEndsAtUs, nowUs + this.#plan.drainSeconds * 1000 * US_PER_MS)
    this.#endWhenDrained(nowUs)
  }

  /** Every arrival gets its outcome now. */
  finish(): void {
    if (this.#isDone) return
    this.#isDone = true
    clearInterval(this.#sweep)
    if (this.#wake !== null) clearTimeout(this.#wake)
    const nowUs = this.nowUs()
    this.#noteStall(nowUs)
    this.recorder?.roll(nowUs)
    this.#arrivals?.giveUp(nowUs, (atUs) => this.recorder?.missed(atUs))
    for (const session of this.#sessions) session.end(nowUs)
    this.recorder?.finish(nowUs, Math.min(nowUs, this.#lastArrivalAtUs))
    this.#events.done()
  }

  // ---- Sending ---------------------------------------------------------------------------------------------------

  #dispatch(): void {
    if (this.#isDone || this.#idle.size === 0) return
    const nowUs = this.nowUs()
    if (nowUs < this.#startAtUs) this.#wakeAt(this.#startAtUs)
    else if (this.#arrivals === null) this.#dispatchClosedLoop(nowUs)
    else this.#dispatchDue(this.#arrivals, nowUs)
  }

  #dispatchDue(arrivals: Arrivals, fromUs: number): void {
    for (let nowUs = fromUs; ; nowUs = this.nowUs()) {
      // Before each arrival: one of the next second must not be taken from this one, and sends take time.
      this.#shed(arrivals, nowUs)
      if (arrivals.nextDueAtUs > nowUs) break
      const session = this.#takeIdle()
      if (session === null) return
      const dueAtUs = arrivals.take()
      session.send(dueAtUs, nowUs)
      this.recorder?.sent(dueAtUs, nowUs)
    }
    if (this.#idle.size > 0) this.#wakeAt(arrivals.nextDueAtUs)
  }

  /** Each worker sends as soon as it can; an arrival is due when it is sent. */
  #dispatchClosedLoop(fromUs: number): void {
    for (let nowUs = fromUs; nowUs < this.#lastArrivalAtUs; nowUs = this.nowUs()) {
      const session = this.#takeIdle()
      if (session === null) return
      this.recorder?.roll(nowUs)
      this.#closedLoopSent++
      session.send(nowUs, nowUs)
      this.recorder?.sent(nowUs, nowUs)
    }
  }

  #takeIdle(): Session | null {
    for (let index = this.#idle.shift(); index >= 0; index = this.#idle.shift()) {
      const session = this.#sessions[index] as Session
      if (session.isIdle) return session
    }
    return null
  }

  /** One timer at a time, for the earliest moment asked for. Node's timers count whole milliseconds. */
  #wakeAt(atUs: number): void {
    if (atUs >= this.#wakeAtUs) return
    if (this.#wake !== null) clearTimeout(this.#wake)
    this.#wakeAtUs = atUs
    this.#wake = setTimeout(() => this.#onWake(), Math.max(0, (atUs - this.nowUs()) / US_PER_MS))
  }

  #onWake(): void {
    this.#wakeAtUs = Number.POSITIVE_INFINITY
    this.#wake = null
    this.#dispatch()
  }

  // ---- Time ------------------------------------------------------------------------------------------------------

  #onSweep(): void {
    const nowUs = this.nowUs()
    this.#noteStall(nowUs)
    this.#sweptAtUs = nowUs
    for (const session of this.#sessions) session.checkDeadline(nowUs)
    if (this.recorder === null) return
    this.recorder.roll(nowUs)
    if (nowUs >= this.#lastArrivalAtUs) this.#endWhenDrained(nowUs)
  }

  /**
   * The sweep is the heartbeat: it must come every 20 ms, even when the server does not answer. After a standstill the
   * thread may read replies before it sweeps, so each reply looks at the heartbeat too.
   */
  #noteStall(nowUs: number): void {
    if (nowUs - this.#sweptAtUs < MIN_STALL_US) return
    this.recorder?.stalled(this.#sweptAtUs, nowUs)
    this.#sweptAtUs = nowUs
  }

  #endWhenDrained(nowUs: number): void {
    if (this.#arrivals !== null) this.#shed(this.#arrivals, nowUs)
    const isDrained =
      (this.#arrivals?.nextDueAtUs ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY &&
      !this.#sessions.some((session) => session.isUnfinished)
    if (isDrained || nowUs >= this.#drainEndsAtUs) this.finish()
  }

  #shed(arrivals: Arrivals, nowUs: number): void {
    this.recorder?.roll(nowUs)
    arrivals.shed(nowUs, (atUs) => this.recorder?.missed(atUs))
  }

  /** A second ends: what was due in it, and what of it is still waiting. */
  #settleUntil(atUs: number): { intended: number; waiting: number } {
    if (this.#arrivals === null) {
      const intended = this.#closedLoopSent
      this.#closedLoopSent = 0
      return { intended, waiting: 0 }
    }
    this.#arrivals.shed(atUs, (missedAtUs) => this.recorder?.missed(Math.min(missedAtUs, atUs - 1)))
    const intended = this.#arrivals.becameDue(atUs)
    return { intended, waiting: this.#arrivals.waiting }
  }

  // ---- Sessions ----------------------------------------------------------------------------------------------------

  #session({ worker, cohort }: WorkerIdentity, index: number): Session {
    const { drillId, transactions, retryUnknown } = this.#plan
    const key = { drillId, worker }
    return new Session(this, {
      index,
      behaviour: behaviourOf(cohort, this.#plan),
      insert: insertText(transactions, key),
      retryInsert: retryUnknown && transactions === 'ledger' ? retryText(key) : null,
    })
  }

  async open(index: number): Promise<Wire> {
    const { cohort } = this.#workers[index] as WorkerIdentity
    try {
      return await this.#connector.open(() => this.#targets[cohort.via], behaviourOf(cohort, this.#plan))
    } catch (error) {
      throw this.#isTokenStale && isRefusedLogin(error) ? staleToken(error) : error
    }
  }

  onConnection(change: -1 | 0 | 1, error: string | null): void {
    this.#open += change
    if (this.recorder === null) this.#events.connected(this.#open, error)
  }

  onReply(atUs: number): void {
    this.#noteStall(atUs)
  }

  onIdle(index: number): void {
    this.#idle.push(index)
    this.#dispatch()
  }
}

/** By the server (class 28), or by PgBouncer, which has one code for all. */
const isRefusedLogin = (error: unknown): boolean =>
  /^(28...|08P01)$/.test(String((error as { readonly code?: unknown } | null)?.code))

const staleToken = (cause: unknown): Error =>
  Object.assign(
    new Error('the login was refused, and the identity endpoint gave no token since the last one expired', { cause }),
    {
      code: OWN_CODES.noToken,
    },
  )
