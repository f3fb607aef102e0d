/**
 * The load of one container in a made-up world, event by event on a clock of its own. Arrivals, the line of idle workers,
 * outcomes, recorder and assembly are those of the load generator; only the wire and the server behind it are made up.
 *
 * A process that is frozen handles nothing: what would have happened meanwhile happens when it goes on, in the same order.
 */

import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { US_PER_SECOND } from '../../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../../loadgen-image/contract/load-plan.ts'
import { type Failure, judge, OWN_CODES } from '../../../loadgen-image/record/outcome.ts'
import { Recorder } from '../../../loadgen-image/record/recorder.ts'
import { Assembly } from '../../../loadgen-image/run/assembly.ts'
import { Arrivals } from '../../../loadgen-image/schedule/arrivals.ts'
import { seededRandom } from '../../../loadgen-image/schedule/random.ts'
import { workersOfThread } from '../../../loadgen-image/schedule/workers.ts'
import { IdleQueue } from '../../../loadgen-image/send/idle-queue.ts'
import { retryDelayMs } from '../../../loadgen-image/send/session.ts'
import type { Row, Rows } from './rows.ts'
import type { FakeServer } from './server.ts'

export interface Freeze {
  /** In seconds of the load, on the container's clock; negative: before it. */
  readonly fromSecond: number
  readonly toSecond: number
}

export interface LoadCourse {
  readonly latencyMs: number
  /** Every n-th acknowledgement is lost on its way, although the row is stored; 0: none. */
  readonly losesEveryNthReply: number
  /** Whether what was under way when its connection was lost had been committed. */
  readonly storesLostReplies: boolean
  /** The container's clock minus the true time. */
  readonly clockOffsetMs: number
  /** No two overlap: the process goes on at the end of each. */
  readonly freezes: readonly Freeze[]
  /** A pooler keeps idle clients connected while its server is gone, and refuses what they send. */
  readonly behindPooler: boolean
}

export interface LoadOptions {
  readonly plan: LoadPlan
  readonly container: number
  readonly incarnation: string
  readonly startAtUs: number
  /** The true time at which it learned of its start. */
  readonly seenAtMs: number
  readonly course: LoadCourse
  readonly server: FakeServer
  readonly rows: Rows
  /** With the true time at which the process handed it out. */
  readonly onRecord: (record: SecondRecord, atMs: number) => void
}

type LaneEvent = 'reply' | 'refusal' | 'lost reply' | 'timeout' | 'connect'

interface Lane {
  readonly index: number
  readonly worker: number
  seq: number
  row: Row | null
  isOpen: boolean
  isBusy: boolean
  /** An unknown that waits to be sent again under its own key. */
  isUnsettled: boolean
  failures: number
  dueAtUs: number
  sentAtUs: number
  next: LaneEvent | null
  nextAtUs: number
}

const NEVER = Number.POSITIVE_INFINITY
const WIRE_US = 500
const SHUT_DOWN: Failure = { code: '57P01', message: 'terminating connection due to administrator command' }
const NO_SERVER: Failure = { code: '08P01', message: 'server login has been failing, try again later' }
const REFUSED: Failure = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }
const RESET: Failure = { code: 'ECONNRESET', message: 'read ECONNRESET' }
const NO_REPLY: Failure = { code: OWN_CODES.replyTimeout, message: 'no reply in time' }
const END_OF_LOAD: Failure = { code: OWN_CODES.endOfLoad, message: 'the load ended before the reply came' }

export class FakeLoad {
  readonly #options: LoadOptions
  readonly #lanes: readonly Lane[]
  readonly #idle: IdleQueue
  readonly #arrivals: Arrivals
  readonly #assembly: Assembly
  readonly #recorder: Recorder
  readonly #random: () => number
  #nowUs: number
  #secondEndUs: number
  #lastArrivalUs: number
  #drainEndUs: number
  #lastDropMs: number
  #replies = 0
  /** Rows that a drop of all connections may keep from being committed. */
  #underWay: Row[] = []
  /** The longest time that something waited for a frozen process, since the last record. */
  #delayUs = 0
  isDone = false

  constructor(options: LoadOptions) {
    const { plan, container, incarnation, startAtUs } = options
    this.#options = options
    const workers = workersOfThread(plan, container, 1, 0)
    this.#lanes = workers.map(({ worker }, index) => newLane(index, worker))
    this.#idle = new IdleQueue(workers.length)
    for (const { index } of this.#lanes) this.#idle.push(index)
    this.#arrivals = new Arrivals(plan, { container, containers: plan.containers, thread: 0, threads: 1 }, startAtUs)
    const takeUsage = () => ({ cpuUs: 100_000, rssBytes: 90_000_000 })
    this.#assembly = new Assembly({ container, incarnation, workers: workers.length, threads: 1, startAtUs, takeUsage })
    this.#recorder = new Recorder({
      workers,
      open: workers.length,
      startAtUs,
      keepsLedger: true,
      backlog: { settleUntil: (atUs) => this.#settleUntil(atUs) },
      emit: (part) => this.#hand(this.#assembly.add(0, part, this.#takeDelay())),
    })
    this.#random = seededRandom(plan.seed, container)
    this.#nowUs = Math.max(startAtUs, this.#ownUs(options.seenAtMs))
    this.#lastDropMs = this.#trueMs(startAtUs)
    this.#secondEndUs = (Math.floor(startAtUs / US_PER_SECOND) + 1) * US_PER_SECOND
    this.#lastArrivalUs = startAtUs + plan.durationSeconds * US_PER_SECOND
    this.#drainEndUs = this.#lastArrivalUs + plan.drainSeconds * US_PER_SECOND
  }

  /** When the process can do what is due at that true time. */
  thawedMs(atMs: number): number {
    return this.#trueMs(this.#thawed(this.#ownUs(atMs)))
  }

  /** Lives up to that true time. */
  advance(untilMs: number): void {
    const untilUs = this.#ownUs(untilMs)
    while (!this.isDone) {
      const { atUs, act } = this.#nextEvent()
      const doneUs = this.#thawed(atUs)
      if (doneUs > untilUs) return
      if (doneUs > atUs) this.#goOn(atUs, doneUs)
      this.#nowUs = Math.max(this.#nowUs, doneUs)
      act()
      if (this.#nowUs >= this.#lastArrivalUs) this.#endWhenDrained()
    }
  }

  /** Nothing becomes due any more; replies are waited for. */
  stop(atMs: number): void {
    const askedUs = this.#ownUs(atMs)
    const handledUs = this.#thawed(askedUs)
    if (handledUs > askedUs) this.#goOn(askedUs, handledUs)
    this.#nowUs = Math.max(this.#nowUs, handledUs)
    this.#recorder.roll(this.#nowUs)
    this.#arrivals.giveUp(this.#nowUs, (missedAtUs) => this.#recorder.missed(missedAtUs))
    this.#lastArrivalUs = Math.min(this.#lastArrivalUs, this.#nowUs)
    this.#drainEndUs = Math.min(this.#drainEndUs, this.#nowUs + this.#options.plan.drainSeconds * US_PER_SECOND)
    this.#endWhenDrained()
  }

  /** Every arrival gets its outcome now. */
  finish(): void {
    if (this.isDone) return
    this.isDone = true
    this.#recorder.roll(this.#nowUs)
    this.#arrivals.giveUp(this.#nowUs, (atUs) => this.#recorder.missed(atUs))
    for (const lane of this.#lanes) if (lane.isBusy || lane.isUnsettled) this.#settle(lane, 'unknown', END_OF_LOAD)
    this.#recorder.finish(this.#nowUs, Math.min(this.#nowUs, this.#lastArrivalUs))
    this.#hand(this.#assembly.done(0))
  }

  get endedMs(): number {
    return this.#trueMs(this.#nowUs)
  }

  // ---- Time --------------------------------------------------------------------------------------------------------------

  #trueMs(ownUs: number): number {
    return ownUs / 1000 - this.#options.course.clockOffsetMs
  }

  #ownUs(trueMs: number): number {
    return Math.round((trueMs + this.#options.course.clockOffsetMs) * 1000)
  }

  /** Records hold whole microseconds; a trouble begins and ends at any fraction of a second. */
  #atSecond(second: number): number {
    return this.#options.startAtUs + Math.round(second * US_PER_SECOND)
  }

  #freezeAt(atUs: number): Freeze | undefined {
    const { startAtUs, course } = this.#options
    const second = (atUs - startAtUs) / US_PER_SECOND
    return course.freezes.find(({ fromSecond, toSecond }) => second >= fromSecond && second < toSecond)
  }

  #thawed(atUs: number): number {
    const freeze = this.#freezeAt(atUs)
    return freeze === undefined ? atUs : this.#atSecond(freeze.toSecond)
  }

  /** A process that goes on after it was frozen finds that its event loop stood still. */
  #goOn(atUs: number, doneUs: number): void {
    if (doneUs <= this.#nowUs) return
    const { fromSecond } = this.#freezeAt(atUs) as Freeze
    const fromUs = this.#atSecond(fromSecond)
    this.#delayUs = Math.max(this.#delayUs, doneUs - fromUs)
    this.#recorder.stalled(fromUs, doneUs)
  }

  #takeDelay() {
    const delay = { eventLoopDelayP99Us: 900, eventLoopDelayMaxUs: Math.max(1_500, this.#delayUs) }
    this.#delayUs = 0
    return delay
  }

  #hand(records: readonly SecondRecord[]): void {
    for (const record of records) this.#options.onRecord(record, this.#trueMs(this.#nowUs))
  }

  // ---- What happens next -------------------------------------------------------------------------------------------------

  #nextEvent(): { atUs: number; act: () => void } {
    let atUs = this.#secondEndUs
    let act = () => this.#endSecond()
    const consider = (otherUs: number, other: () => void) => {
      if (otherUs >= atUs) return
      atUs = otherUs
      act = other
    }
    const dropMs = this.#options.server.service.nextDropAfter(this.#lastDropMs)
    const dropUs = this.#ownUs(dropMs)
    consider(dropUs, () => this.#drop(dropMs))
    for (const lane of this.#lanes) if (lane.next !== null) consider(lane.nextAtUs, () => this.#happen(lane))
    if (this.#nowUs >= this.#lastArrivalUs) consider(this.#drainEndUs, () => this.finish())
    const dueUs = this.#idle.size > 0 ? Math.max(this.#nowUs, this.#arrivals.nextDueAtUs) : NEVER
    // A connection that was lost while the process was frozen is found lost before anything is sent over it.
    if (this.#thawed(dueUs) < dropUs) consider(dueUs, () => this.#dispatch())
    return { atUs, act }
  }

  #endSecond(): void {
    this.#recorder.roll(this.#nowUs)
    this.#secondEndUs = (Math.floor(this.#nowUs / US_PER_SECOND) + 1) * US_PER_SECOND
  }

  #settleUntil(atUs: number): { intended: number; waiting: number } {
    this.#arrivals.shed(atUs, (missedAtUs) => this.#recorder.missed(Math.min(missedAtUs, atUs - 1)))
    const intended = this.#arrivals.becameDue(atUs)
    return { intended, waiting: this.#arrivals.waiting }
  }

  #endWhenDrained(): void {
    this.#arrivals.shed(this.#nowUs, (atUs) => this.#recorder.missed(atUs))
    const isDrained =
      this.#arrivals.nextDueAtUs === NEVER && !this.#lanes.some(({ isBusy, isUnsettled }) => isBusy || isUnsettled)
    if (isDrained || this.#nowUs >= this.#drainEndUs) this.finish()
  }

  // ---- One worker --------------------------------------------------------------------------------------------------------

  #dispatch(): void {
    this.#recorder.roll(this.#nowUs)
    this.#arrivals.shed(this.#nowUs, (atUs) => this.#recorder.missed(atUs))
    while (this.#arrivals.nextDueAtUs <= this.#nowUs) {
      const lane = this.#takeIdle()
      if (lane === null) return
      lane.dueAtUs = this.#arrivals.take()
      lane.seq++
      const { container, plan } = this.#options
      const key = { drillId: plan.drillId, container, worker: lane.worker, seq: lane.seq }
      lane.row = { ...key, sentMs: 0, atMs: NEVER, outcome: null, knownMs: 0 }
      this.#options.rows.add(lane.row)
      this.#write(lane)
      this.#recorder.sent(lane.dueAtUs, this.#nowUs)
    }
  }

  #takeIdle(): Lane | null {
    for (let index = this.#idle.shift(); index >= 0; index = this.#idle.shift()) {
      const lane = this.#lanes[index] as Lane
      if (lane.isOpen && !lane.isBusy && !lane.isUnsettled) return lane
    }
    return null
  }

  /** What becomes of it is known to the server at once, and to the worker when its event comes. */
  #write(lane: Lane): void {
    const { server, course, plan, rows } = this.#options
    const row = lane.row as Row
    lane.isBusy = true
    lane.sentAtUs = this.#nowUs
    const sentMs = this.#trueMs(this.#nowUs)
    if (!server.isUpAt(sentMs)) {
      this.#expect(lane, 'refusal', this.#nowUs + WIRE_US)
      return
    }
    const commitMs = server.service.commitEnd(sentMs, sentMs + course.latencyMs)
    // A second try finds the row of the first one, and leaves it as it is.
    if (!rows.isStoredAt(row, sentMs)) Object.assign(row, { sentMs, atMs: commitMs })
    this.#underWay = this.#underWay.filter((one) => one !== row && one.atMs > sentMs)
    this.#underWay.push(row)
    const repliedUs = this.#ownUs(commitMs)
    const timeoutUs = this.#nowUs + plan.replyTimeoutMs * 1000
    if (repliedUs > timeoutUs) this.#expect(lane, 'timeout', timeoutUs)
    else this.#expect(lane, this.#isReplyLost() ? 'lost reply' : 'reply', repliedUs)
  }

  #isReplyLost(): boolean {
    const { losesEveryNthReply } = this.#options.course
    return losesEveryNthReply > 0 && ++this.#replies % losesEveryNthReply === 0
  }

  #expect(lane: Lane, next: LaneEvent, atUs: number): void {
    lane.next = next
    lane.nextAtUs = atUs
  }

  #happen(lane: Lane): void {
    const event = lane.next as LaneEvent
    lane.next = null
    if (event === 'reply') this.#acknowledge(lane)
    else if (event === 'refusal') this.#refused(lane)
    else if (event === 'lost reply') this.#lose(lane, RESET)
    else if (event === 'timeout') this.#lose(lane, NO_REPLY)
    else this.#connect(lane)
  }

  #acknowledge(lane: Lane): void {
    const row = lane.row as Row
    const timeline = lane.isUnsettled && row.sentMs < this.#trueMs(lane.sentAtUs) ? null : this.#timelineOf(row)
    lane.isBusy = lane.isUnsettled = false
    lane.failures = 0
    Object.assign(row, { outcome: 'acknowledged', knownMs: this.#trueMs(this.#nowUs) })
    const { dueAtUs, sentAtUs } = lane
    this.#recorder.acknowledged(lane.index, { dueAtUs, sentAtUs, atUs: this.#nowUs, timeline, isWeak: false })
    this.#idle.push(lane.index)
  }

  #timelineOf({ atMs }: Row): number {
    return this.#options.server.timelineAt(atMs)
  }

  #refused(lane: Lane): void {
    const { outcome, reconnect } = judge(NO_SERVER, true)
    if (lane.isUnsettled || reconnect) this.#lose(lane, NO_SERVER)
    else {
      this.#settle(lane, outcome, NO_SERVER)
      this.#idle.push(lane.index)
    }
  }

  /** All connections at once; a pooler keeps those that have nothing under way. */
  #drop(atMs: number): void {
    this.#lastDropMs = atMs
    const { behindPooler, storesLostReplies } = this.#options.course
    // Under way: committed with its reply lost, or never committed.
    for (const row of this.#underWay) if (row.atMs >= atMs) row.atMs = storesLostReplies ? row.sentMs : NEVER
    this.#underWay = []
    for (const lane of this.#lanes) if (lane.isOpen && !(behindPooler && !lane.isBusy)) this.#lose(lane, SHUT_DOWN)
  }

  #lose(lane: Lane, failure: Failure): void {
    lane.isOpen = false
    this.#recorder.lost(lane.index, failure.code, this.#nowUs)
    if (lane.isBusy) this.#fail(lane, failure)
    this.#reconnectLater(lane)
  }

  #fail(lane: Lane, failure: Failure): void {
    const { outcome } = judge(failure, true)
    lane.isBusy = false
    if (this.#options.plan.retryUnknown && (outcome === 'unknown' || lane.isUnsettled)) {
      lane.isUnsettled = true
      this.#recorder.willRetry(lane.index, failure, this.#nowUs)
    } else this.#settle(lane, outcome, failure)
  }

  #settle(lane: Lane, outcome: 'refused' | 'unknown', failure: Failure): void {
    lane.isBusy = lane.isUnsettled = false
    Object.assign(lane.row as Row, { outcome, knownMs: this.#trueMs(this.#nowUs) })
    this.#recorder.failed(lane.index, outcome, failure, this.#nowUs)
  }

  #reconnectLater(lane: Lane): void {
    lane.failures++
    const { plan } = this.#options
    const [cohort] = plan.cohorts
    const delayMs = cohort === undefined ? 250 : retryDelayMs(cohort.retry, lane.failures, this.#random)
    this.#expect(lane, 'connect', this.#nowUs + Math.max(WIRE_US, delayMs * 1000))
  }

  #connect(lane: Lane): void {
    const { server, course } = this.#options
    if (!course.behindPooler && !server.isUpAt(this.#trueMs(this.#nowUs))) {
      this.#recorder.connectFailed(lane.index, REFUSED, this.#nowUs)
      this.#reconnectLater(lane)
      return
    }
    lane.isOpen = true
    this.#recorder.opened(this.#nowUs)
    if (lane.isUnsettled) this.#write(lane)
    else this.#idle.push(lane.index)
  }
}

const newLane = (index: number, worker: number): Lane => ({
  index,
  worker,
  seq: 0,
  row: null,
  isOpen: true,
  isBusy: false,
  isUnsettled: false,
  failures: 0,
  dueAtUs: 0,
  sentAtUs: 0,
  next: null,
  nextAtUs: NEVER,
})
