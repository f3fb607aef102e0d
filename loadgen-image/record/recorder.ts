/**
 * Everything that one thread observes, second by second. Holds counters and histograms of one second only, so memory does not grow
 * with the length of the run. It has no clock: each event brings its moment, and an event after the end of the second first closes
 * that second, so no event is counted in a second in which it did not happen.
 */
import { noCounts } from '../contract/counts.ts'
import {
  type ErrorCount,
  type FirstAck,
  type OutageWindow,
  type Outcome,
  READ_LATE_US,
  type Stall,
  TENTHS,
  type TimelineAcks,
  US_PER_SECOND,
  US_PER_TENTH,
} from '../contract/glossary.ts'
import { Histogram } from '../contract/histogram.ts'
import type { WorkerIdentity } from '../schedule/workers.ts'
import { GapTracker, LONG_GAP_US } from './ack-gaps.ts'
import { secondOf } from './clock.ts'
import { ErrorTally } from './errors.ts'
import { WorkerLedger } from './ledger.ts'
import { type OutageSign, WorkerOutages } from './outage.ts'
import type { Failure } from './outcome.ts'
import type { SecondPart } from './second.ts'

/** The arrivals of the thread. Asked when a second closes: it first reports as missed what passed its deadline until then. */
export interface Backlog {
  /** Arrivals that became due since the last call, and those due until now that were neither sent nor missed. */
  settleUntil(atUs: number): { readonly intended: number; readonly waiting: number }
}

/** A commit that the server has confirmed to a worker. */
export interface Acknowledgement {
  readonly dueAtUs: number
  readonly sentAtUs: number
  readonly atUs: number
  /** Null: the reply held no timeline. */
  readonly timeline: number | null
  /** With the warning that synchronous replication was not awaited. */
  readonly isWeak: boolean
}

interface RecorderOptions {
  readonly workers: readonly WorkerIdentity[]
  /** Connections that are open already. */
  readonly open: number
  readonly startAtUs: number
  readonly keepsLedger: boolean
  readonly backlog: Backlog
  readonly emit: (part: SecondPart) => void
}

interface WorkerBooks {
  readonly ledger: WorkerLedger
  readonly outages: WorkerOutages
  timeline: number | null
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What starts empty in each second. */
const emptySecond = () => ({
  counts: noCounts(),
  acksPerTenth: Array.from({ length: TENTHS }, () => 0),
  lastMissedAtUs: null as number | null,
  timelines: [] as Writable<TimelineAcks>[],
  firstAcks: [] as FirstAck[],
  outages: [] as OutageWindow[],
  stalls: [] as Omit<Stall, 'thread'>[],
  opened: 0,
  lost: 0,
})

export class Recorder {
  readonly #options: RecorderOptions
  readonly #books: readonly WorkerBooks[]
  readonly #gaps: GapTracker
  readonly #response = new Histogram()
  readonly #service = new Histogram()
  readonly #sendLag = new Histogram()
  readonly #errors = new ErrorTally()
  #second: number
  #secondEndUs: number
  #now = emptySecond()
  #lastStall: Omit<Stall, 'thread'> | null = null
  #open: number

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#books = options.workers.map(({ worker, cohort }) => ({
      ledger: new WorkerLedger(worker),
      outages: new WorkerOutages(worker, cohort.name),
      timeline: null,
    }))
    this.#open = options.open
    this.#gaps = new GapTracker(options.startAtUs)
    this.#second = secondOf(options.startAtUs)
    this.#secondEndUs = (this.#second + 1) * US_PER_SECOND
  }

  /** Closes the seconds that have ended by this moment. Called by every event, and by a timer when nothing happens. */
  roll(nowUs: number): void {
    while (nowUs >= this.#secondEndUs) this.#closeSecond(this.#secondEndUs)
  }

  sent(dueAtUs: number, atUs: number): void {
    this.roll(atUs)
    this.#sendLag.record(atUs - dueAtUs)
  }

  acknowledged(index: number, { dueAtUs, sentAtUs, atUs, timeline, isWeak }: Acknowledgement): void {
    this.roll(atUs)
    const { counts, acksPerTenth, outages } = this.#now
    counts.acknowledged++
    if (isWeak) counts.weakAcks++
    this.#response.record(atUs - dueAtUs)
    this.#service.record(atUs - sentAtUs)
    const tenth = Math.min(TENTHS - 1, Math.floor((atUs - this.#secondEndUs + US_PER_SECOND) / US_PER_TENTH))
    acksPerTenth[tenth] = (acksPerTenth[tenth] as number) + 1
    const at = Math.floor(atUs)
    const cameSinceUs = this.#cameSince(sentAtUs, at)
    if (cameSinceUs === at) this.#gaps.ack(at)
    const books = this.#books[index] as WorkerBooks
    if (this.#options.keepsLedger) books.ledger.settle('acknowledged')
    if (timeline !== null) this.#onTimeline(books, timeline, at)
    const closed = books.outages.good(at, timeline, this.#hasWaited(sentAtUs, at), cameSinceUs)
    if (closed !== null) outages.push(closed)
  }

  /** The earliest moment at which this reply can have come: the moment at which it was read, unless it was read late. */
  #cameSince(sentAtUs: number, atUs: number): number {
    const stall = this.#lastStall
    const isLate = stall !== null && sentAtUs < stall.toUs && atUs - stall.toUs < READ_LATE_US
    return isLate ? Math.max(stall.fromUs, Math.floor(sentAtUs)) : atUs
  }

  /**
   * Sent before the end of a long gap of the whole thread, and answered after a long wait: this client waited through it.
   * Without a wait of its own the gap may be the spacing of a low rate.
   */
  #hasWaited(sentAtUs: number, atUs: number): boolean {
    const gap = this.#gaps.lastLong
    return gap !== null && sentAtUs < gap.toUs && atUs - sentAtUs >= LONG_GAP_US
  }

  failed(index: number, outcome: Exclude<Outcome, 'acknowledged'>, failure: Failure, atUs: number): void {
    this.roll(atUs)
    this.#now.counts[outcome]++
    if (this.#options.keepsLedger) (this.#books[index] as WorkerBooks).ledger.settle(outcome)
    this.#noteFailure(index, failure, { phase: 'transaction', outcome }, outcome, atUs)
  }

  /** An attempt failed and will be made again under its own key: no outcome yet. */
  willRetry(index: number, failure: Failure, atUs: number): void {
    this.roll(atUs)
    this.#noteFailure(index, failure, { phase: 'transaction', outcome: null }, 'lost', atUs)
  }

  missed(atUs: number): void {
    this.roll(atUs)
    this.#now.counts.missed++
    this.#now.lastMissedAtUs = Math.floor(atUs)
  }

  opened(atUs: number): void {
    this.roll(atUs)
    this.#open++
    this.#now.opened++
  }

  lost(index: number, code: string, atUs: number): void {
    this.roll(atUs)
    this.#open--
    this.#now.lost++
    ;(this.#books[index] as WorkerBooks).outages.bad('lost', code)
  }

  connectFailed(index: number, failure: Failure, atUs: number): void {
    this.roll(atUs)
    this.#noteFailure(index, failure, { phase: 'connect', outcome: null }, 'connect', atUs)
  }

  /** Called before the replies that the thread reads when it goes on. */
  stalled(fromUs: number, toUs: number): void {
    this.#lastStall = { fromUs: Math.floor(fromUs), toUs: Math.floor(toUs) }
    this.#now.stalls.push(this.#lastStall)
  }

  /** The last, partial second, with the windows that never closed. */
  finish(atUs: number, loadEndUs: number): void {
    this.roll(atUs)
    for (const { outages } of this.#books) {
      const window = outages.unclosed()
      if (window !== null) this.#now.outages.push(window)
    }
    this.#closeSecond(atUs, loadEndUs)
  }

  #noteFailure(
    index: number,
    failure: Failure,
    kind: Pick<ErrorCount, 'phase' | 'outcome'>,
    sign: OutageSign,
    atUs: number,
  ): void {
    const books = this.#books[index] as WorkerBooks
    this.#errors.add(failure, kind, books.ledger.worker, atUs)
    books.outages.bad(sign, failure.code)
  }

  #onTimeline(books: WorkerBooks, timeline: number, atUs: number): void {
    let acks = this.#now.timelines.find((known) => known.timeline === timeline)
    if (acks === undefined) {
      acks = { timeline, acknowledged: 0, firstAtUs: atUs, lastAtUs: atUs }
      this.#now.timelines.push(acks)
    }
    acks.acknowledged++
    acks.lastAtUs = atUs
    if (books.timeline === timeline) return
    books.timeline = timeline
    this.#now.firstAcks.push({ worker: books.ledger.worker, timeline, atUs, previousAtUs: books.outages.lastGoodAtUs })
  }

  #closeSecond(endUs: number, loadEndUs: number | null = null): void {
    const { intended, waiting } = this.#options.backlog.settleUntil(endUs)
    // Only now, because the backlog may have reported more as missed.
    const { counts, opened, lost, ...rest } = this.#now
    this.#options.emit({
      ...rest,
      second: this.#second,
      counts: { ...counts, intended },
      response: this.#response.toSparse(),
      service: this.#service.toSparse(),
      sendLag: this.#sendLag.toSparse(),
      errors: this.#errors.take(),
      gaps: this.#gaps.take(),
      ledger: this.#books.flatMap(({ ledger }) => ledger.take() ?? []),
      connections: { open: this.#open, opened, lost },
      waiting,
      loadEndUs: loadEndUs === null ? null : Math.floor(loadEndUs),
    })
    this.#second++
    this.#secondEndUs += US_PER_SECOND
    this.#now = emptySecond()
    for (const histogram of [this.#response, this.#service, this.#sendLag]) histogram.clear()
  }
}
