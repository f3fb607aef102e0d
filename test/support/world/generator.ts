/**
 * One load generator of a made-up world. It keeps the contract (ready, go, stop, lease, claim, chunks, summary) and offers
 * transactions second by second to the fake server, which knows when it is up. What really happened to each of them is
 * kept beside what the records tell, so that a test can compare the two.
 */
import {
  blobNames,
  type ErrorCount,
  type FirstAck,
  type GoSignal,
  type Lease,
  type LedgerException,
  type LoadPlan,
  type LoadSummary,
  type OutageWindow,
  type ReadyRecord,
  type SecondRecord,
  type StopSignal,
  type TimelineAcks,
} from '../../../loadgen-image/contract.ts'
import { encodeRecord } from '../../../loadgen-image/contract-chunk.ts'
import { cohortOf } from '../../../loadgen-image/contract-cohort.ts'
import { bucketOf } from '../../../loadgen-image/contract-histogram.ts'
import { share, shareStart } from '../../../loadgen-image/schedule.ts'
import type { MemoryBlobs } from '../memory-blobs.ts'
import type { Row, Rows } from './rows.ts'
import type { FakeServer } from './server.ts'

export interface GeneratorCourse {
  /** From the creation of the container to its ready record; null: never. */
  readonly readyAfterMs: number | null
  /** Ends with this exit code before it is ready. */
  readonly failsToStart: boolean
  /** Is killed at this second of the load. */
  readonly diesAtSecond: number | null
  /** Started again by the platform after it died or ended: sees its claim, and does nothing. */
  readonly restarts: boolean
  readonly latencyMs: number
  /** Every n-th acknowledgement is lost on its way, although the row is stored; 0: none. */
  readonly losesEveryNthReply: number
  /** Whether the rows of lost replies were committed. */
  readonly storesLostReplies: boolean
  /** Records reach storage this much later. */
  readonly chunkDelayMs: number
  /** Every n-th block is written twice; 0: none. */
  readonly duplicatesEveryNthChunk: number
}

export const steadyCourse: GeneratorCourse = {
  readyAfterMs: 4_000,
  failsToStart: false,
  diesAtSecond: null,
  restarts: false,
  latencyMs: 5,
  losesEveryNthReply: 0,
  storesLostReplies: true,
  chunkDelayMs: 200,
  duplicatesEveryNthChunk: 0,
}

type Ended = LoadSummary['ended'] | 'killed'

interface Draft {
  intended: number
  acknowledged: number
  refused: number
  unknown: number
  missed: number
  readonly tenths: number[]
  /** Transactions by bucket of the contract's histogram. */
  readonly latency: Map<number, number>
  readonly acks: Array<{ worker: number; atMs: number; timeline: number }>
  readonly ledger: Map<number, { firstSeq: number; count: number; exceptions: LedgerException[] }>
  readonly errors: Map<string, ErrorCount>
  readonly firstAcks: FirstAck[]
  readonly outages: OutageWindow[]
  readonly ackGaps: Array<{ fromUs: number; toUs: number }>
}

interface Lane {
  readonly worker: number
  seq: number
  lastGoodAtMs: number | null
  readonly timelines: Set<number>
  open: { lastGoodAtMs: number | null; refused: number; unknown: number; connectFailures: number; code: string } | null
  /** Busy until its reply or its next attempt. */
  freeAtMs: number
}

export interface Sources {
  readonly drillId: string
  readonly container: number
  readonly incarnation: string
  readonly blobs: MemoryBlobs
  readonly server: FakeServer
  readonly rows: Rows
}

const RETRY_MS = 250

export class FakeGenerator {
  readonly #sources: Sources
  readonly #course: GeneratorCourse
  readonly #createdAtMs: number
  readonly #lanes: Lane[] = []
  readonly #drafts = new Map<number, Draft>()
  readonly #pending: Array<{ atMs: number; bytes: Buffer }> = []
  #plan: LoadPlan | null = null
  #nextSecond: number | null = null
  #records = 0
  #sent = 0
  #blocks = 0
  #lastAckMs: number | null = null
  #totals = { intended: 0, acknowledged: 0, refused: 0, unknown: 0, missed: 0, weakAcks: 0 }
  #ended: { how: Ended; atMs: number; reason: string | null } | null = null

  constructor(sources: Sources, course: GeneratorCourse, createdAtMs: number) {
    this.#sources = sources
    this.#course = course
    this.#createdAtMs = createdAtMs
  }

  get ended(): { readonly how: Ended; readonly atMs: number } | null {
    return this.#ended
  }

  /** A deleted container stops where it stands. */
  kill(atMs: number): void {
    this.#ended ??= { how: 'killed', atMs, reason: null }
  }

  /** Lives up to now. */
  advance(nowMs: number): void {
    this.#upload(nowMs)
    if (this.#ended !== null) return
    if (this.#course.failsToStart) this.#failToStart(nowMs)
    else if (this.#plan !== null || this.#becomeReady(nowMs)) this.#offer(this.#plan as unknown as LoadPlan, nowMs)
    this.#upload(nowMs)
  }

  #failToStart(nowMs: number): void {
    const atMs = this.#createdAtMs + 2_000
    if (nowMs >= atMs) this.#ended = { how: 'failed', atMs, reason: 'it could not connect' }
  }

  #becomeReady(nowMs: number): boolean {
    const { blobs, drillId, container, incarnation, server } = this.#sources
    const { readyAfterMs } = this.#course
    if (readyAfterMs === null || nowMs < this.#createdAtMs + readyAfterMs) return this.#watchdog(nowMs)
    const plan = blobs.peek<LoadPlan>(blobNames.plan(drillId))
    if (plan === null || !blobs.has(blobNames.lease(drillId))) return false
    if (blobs.has(blobNames.claim(drillId, container))) {
      this.#ended = { how: 'stopped', atMs: nowMs, reason: 'claimed by an earlier incarnation' }
      return false
    }
    blobs.put(blobNames.claim(drillId, container), JSON.stringify({ incarnation }))
    this.#plan = plan
    const first = shareStart(plan.workers, plan.containers, container)
    for (let i = 0; i < share(plan.workers, plan.containers, container); i++)
      this.#lanes.push({ worker: first + i, seq: 0, lastGoodAtMs: null, timelines: new Set(), open: null, freeAtMs: 0 })
    const ready: ReadyRecord = {
      version: plan.version,
      container,
      incarnation,
      workers: this.#lanes.length,
      readyAtMs: this.#createdAtMs + readyAfterMs,
      clock: { offsetMs: 0, errorMs: 0.5 },
      serverVersion: '16.4',
      serverAddress: '10.0.0.1',
      timeline: server.timelineAt(nowMs),
    }
    blobs.put(blobNames.ready(drillId, container), JSON.stringify(ready))
    return true
  }

  /** Before it knows a plan, only its own patience ends it. */
  #watchdog(nowMs: number): false {
    const plan = this.#sources.blobs.peek<LoadPlan>(blobNames.plan(this.#sources.drillId))
    if (plan !== null && nowMs > this.#createdAtMs + plan.hardDeadlineSeconds * 1000)
      this.#ended = { how: 'hard-deadline', atMs: nowMs, reason: null }
    return false
  }

  #offer(plan: LoadPlan, nowMs: number): void {
    while (this.#ended === null && this.#step(plan, nowMs)) {}
  }

  /** One second, or the end. False: nothing more is to be done until now. */
  #step(plan: LoadPlan, nowMs: number): boolean {
    const { blobs, drillId } = this.#sources
    const go = blobs.peek<GoSignal>(blobNames.go(drillId))
    const startSecond = go === null ? null : Math.floor(go.startAtMs / 1000)
    this.#nextSecond ??= startSecond
    const until = this.#nextSecond === null ? nowMs : (this.#nextSecond + 1) * 1000
    const stop = this.#stopAt(plan, Math.min(until, nowMs))
    if (stop !== null) this.#end(stop.how, Math.max(stop.atMs, this.#createdAtMs), stop.reason)
    if (stop !== null || this.#nextSecond === null || startSecond === null || until > nowMs) return false
    const second = this.#nextSecond - startSecond
    if (this.#course.diesAtSecond !== null && second >= this.#course.diesAtSecond) this.kill(this.#nextSecond * 1000)
    else if (second >= plan.durationSeconds) this.#end('completed', until, null)
    else this.#runSecond(plan, this.#nextSecond)
    this.#nextSecond++
    return true
  }

  #stopAt(plan: LoadPlan, nowMs: number): { how: LoadSummary['ended']; atMs: number; reason: string | null } | null {
    const { blobs, drillId } = this.#sources
    const stoppedAtMs = blobs.lastModifiedMs(blobNames.stop(drillId))
    if (stoppedAtMs !== null && stoppedAtMs <= nowMs)
      return {
        how: 'stopped',
        atMs: stoppedAtMs,
        reason: blobs.peek<StopSignal>(blobNames.stop(drillId))?.reason ?? null,
      }
    const lease = blobs.peek<Lease>(blobNames.lease(drillId))
    const staleAtMs = (lease?.renewedAtMs ?? this.#createdAtMs) + plan.staleLeaseSeconds * 1000
    if (plan.staleLeaseSeconds > 0 && staleAtMs < nowMs) return { how: 'stale-lease', atMs: staleAtMs, reason: null }
    const deadlineMs = this.#createdAtMs + plan.hardDeadlineSeconds * 1000
    return deadlineMs < nowMs ? { how: 'hard-deadline', atMs: deadlineMs, reason: null } : null
  }

  // ---- One second of load ------------------------------------------------------------------------------------------------

  #runSecond(plan: LoadPlan, second: number): void {
    const rate = share(plan.targetTps, plan.containers, this.#sources.container)
    for (let i = 0; i < rate; i++) {
      const dueAtMs = second * 1000 + (i * 1000) / rate
      const lane = this.#lanes[(i + second) % this.#lanes.length] as Lane
      this.#draft(second).intended++
      this.#arrive(plan, lane, dueAtMs)
    }
    this.#emit(second)
  }

  #arrive(plan: LoadPlan, lane: Lane, dueAtMs: number): void {
    const { server } = this.#sources
    const { latencyMs, losesEveryNthReply, storesLostReplies } = this.#course
    const isUp = server.isUpAt(dueAtMs)
    const replyAtMs = dueAtMs + latencyMs
    if (lane.freeAtMs > dueAtMs + plan.deadlineMs || (!isUp && lane.freeAtMs > dueAtMs)) this.#miss(plan, dueAtMs)
    else if (!isUp) this.#refuse(lane, dueAtMs)
    else if (!server.isUpAt(replyAtMs)) this.#loseReply(lane, dueAtMs, storesLostReplies)
    else if (losesEveryNthReply > 0 && ++this.#sent % losesEveryNthReply === 0)
      this.#loseReply(lane, dueAtMs, storesLostReplies)
    else this.#acknowledge(lane, dueAtMs, replyAtMs)
  }

  #miss(plan: LoadPlan, dueAtMs: number): void {
    this.#draft(Math.floor((dueAtMs + plan.deadlineMs) / 1000)).missed++
  }

  #refuse(lane: Lane, atMs: number): void {
    const draft = this.#draft(Math.floor(atMs / 1000))
    const seq = this.#next(draft, lane)
    draft.ledger.get(lane.worker)?.exceptions.push({ seq, outcome: 'refused' })
    draft.refused++
    lane.freeAtMs = atMs + RETRY_MS
    this.#error(draft, 'ECONNREFUSED', 'refused', atMs)
    this.#fail(lane, 'refused', 'ECONNREFUSED')
  }

  #loseReply(lane: Lane, atMs: number, isStored: boolean): void {
    const draft = this.#draft(Math.floor(atMs / 1000))
    const seq = this.#next(draft, lane)
    draft.ledger.get(lane.worker)?.exceptions.push({ seq, outcome: 'unknown' })
    draft.unknown++
    lane.freeAtMs = atMs + RETRY_MS
    if (isStored) this.#store(lane.worker, seq, atMs, false)
    this.#error(draft, '57P01', 'unknown', atMs)
    this.#fail(lane, 'unknown', '57P01')
  }

  #acknowledge(lane: Lane, dueAtMs: number, replyAtMs: number): void {
    const draft = this.#draft(Math.floor(replyAtMs / 1000))
    const seq = this.#next(draft, lane)
    const timeline = this.#sources.server.timelineAt(replyAtMs)
    draft.acknowledged++
    const tenth = Math.floor((replyAtMs % 1000) / 100)
    draft.tenths[tenth] = (draft.tenths[tenth] ?? 0) + 1
    const bucket = bucketOf((replyAtMs - dueAtMs) * 1000)
    draft.latency.set(bucket, (draft.latency.get(bucket) ?? 0) + 1)
    draft.acks.push({ worker: lane.worker, atMs: replyAtMs, timeline })
    this.#store(lane.worker, seq, replyAtMs, true)
    this.#noteGap(draft, replyAtMs)
    if (!lane.timelines.has(timeline)) {
      lane.timelines.add(timeline)
      draft.firstAcks.push({
        worker: lane.worker,
        timeline,
        atUs: us(replyAtMs),
        previousAtUs: usOrNull(lane.lastGoodAtMs),
      })
    }
    if (lane.open !== null) draft.outages.push(this.#window(lane, replyAtMs, timeline))
    lane.open = null
    lane.lastGoodAtMs = replyAtMs
    lane.freeAtMs = replyAtMs
  }

  #noteGap(draft: Draft, atMs: number): void {
    if (this.#lastAckMs !== null && atMs - this.#lastAckMs >= 20)
      draft.ackGaps.push({ fromUs: us(this.#lastAckMs), toUs: us(atMs) })
    this.#lastAckMs = Math.max(atMs, this.#lastAckMs ?? 0)
  }

  #store(worker: number, seq: number, atMs: number, acknowledged: boolean): void {
    const row: Row = { worker, seq, atMs, acknowledged }
    this.#sources.rows.add(row)
  }

  /** A worker's keys rise by one, and each becomes known in the second of its outcome. */
  #next(draft: Draft, lane: Lane): number {
    lane.seq++
    const range = draft.ledger.get(lane.worker)
    if (range === undefined) draft.ledger.set(lane.worker, { firstSeq: lane.seq, count: 1, exceptions: [] })
    else range.count++
    return lane.seq
  }

  #fail(lane: Lane, outcome: 'refused' | 'unknown', code: string): void {
    lane.open ??= { lastGoodAtMs: lane.lastGoodAtMs, refused: 0, unknown: 0, connectFailures: 0, code }
    lane.open[outcome]++
  }

  #window(lane: Lane, atMs: number | null, timeline: number | null): OutageWindow {
    const open = lane.open as NonNullable<Lane['open']>
    return {
      worker: lane.worker,
      cohort: cohortOf((this.#plan as LoadPlan).cohorts, lane.worker).name,
      lastGoodAtUs: usOrNull(open.lastGoodAtMs),
      firstGoodAtUs: usOrNull(atMs),
      timelineBefore: open.lastGoodAtMs === null ? null : this.#sources.server.timelineAt(open.lastGoodAtMs),
      timelineAfter: timeline,
      refused: open.refused,
      unknown: open.unknown,
      connectFailures: open.connectFailures,
      code: open.code,
    }
  }

  #error(draft: Draft, code: string, outcome: 'refused' | 'unknown', atMs: number): void {
    const known = draft.errors.get(code)
    draft.errors.set(code, {
      code,
      phase: 'transaction',
      outcome,
      count: (known?.count ?? 0) + 1,
      firstAtUs: known?.firstAtUs ?? us(atMs),
      lastAtUs: us(atMs),
      workers: 1,
      example: 'the server said so',
    })
  }

  // ---- What it tells -----------------------------------------------------------------------------------------------------

  #draft(second: number): Draft {
    let draft = this.#drafts.get(second)
    if (draft === undefined) {
      draft = {
        intended: 0,
        acknowledged: 0,
        refused: 0,
        unknown: 0,
        missed: 0,
        tenths: new Array(10).fill(0),
        latency: new Map(),
        acks: [],
        ledger: new Map(),
        errors: new Map(),
        firstAcks: [],
        outages: [],
        ackGaps: [],
      }
      this.#drafts.set(second, draft)
    }
    return draft
  }

  #emit(second: number): void {
    const draft = this.#drafts.get(second) ?? this.#draft(second)
    this.#drafts.delete(second)
    const { intended, acknowledged, refused, unknown, missed } = draft
    const { container, incarnation } = this.#sources
    const histogram = [...draft.latency].sort(([a], [b]) => a - b).flat()
    const record: SecondRecord = {
      container,
      incarnation,
      second,
      counts: { intended, acknowledged, refused, unknown, missed, weakAcks: 0 },
      acksPerTenth: draft.tenths,
      response: histogram,
      service: histogram,
      sendLag: acknowledged + refused + unknown > 0 ? [0, acknowledged + refused + unknown] : [],
      errors: [...draft.errors.values()],
      ackGaps: draft.ackGaps,
      timelines: timelinesOf(draft.acks),
      firstAcks: draft.firstAcks,
      outages: draft.outages,
      ledger: [...draft.ledger].map(([worker, range]) => ({ worker, ...range })),
      connections: { wanted: this.#lanes.length, open: this.#lanes.length, opened: 0, lost: 0 },
      waiting: 0,
      lastMissedAtUs: missed > 0 ? us(second * 1000 + 999) : null,
      health: {
        threads: 1,
        stalls: [],
        eventLoopDelayP99Us: 900,
        eventLoopDelayMaxUs: 1_500,
        cpuUs: 100_000,
        rssBytes: 90_000_000,
      },
    }
    this.#totals = {
      intended: this.#totals.intended + intended,
      acknowledged: this.#totals.acknowledged + acknowledged,
      refused: this.#totals.refused + refused,
      unknown: this.#totals.unknown + unknown,
      missed: this.#totals.missed + missed,
      weakAcks: 0,
    }
    this.#records++
    const bytes = encodeRecord(record)
    const atMs = (second + 1) * 1000 + this.#course.chunkDelayMs
    this.#pending.push({ atMs, bytes })
    const { duplicatesEveryNthChunk } = this.#course
    if (duplicatesEveryNthChunk > 0 && this.#records % duplicatesEveryNthChunk === 0)
      this.#pending.push({ atMs: atMs + 1_500, bytes })
  }

  #upload(nowMs: number): void {
    const { blobs, drillId, container, incarnation } = this.#sources
    const isKilled = this.#ended?.how === 'killed'
    for (let i = 0; i < this.#pending.length; ) {
      const { atMs, bytes } = this.#pending[i] as { atMs: number; bytes: Buffer }
      if (atMs > nowMs || (isKilled && atMs > (this.#ended?.atMs ?? 0))) {
        i++
        continue
      }
      blobs.append(blobNames.chunks(drillId, container, incarnation, Math.floor(this.#blocks++ / 1_000)), bytes)
      this.#pending.splice(i, 1)
    }
  }

  /** What is still open is told with the last second, and everything that waited is written before the summary. */
  #end(how: LoadSummary['ended'], atMs: number, reason: string | null): void {
    const plan = this.#plan as LoadPlan
    const { blobs, drillId, container, incarnation } = this.#sources
    const started = this.#nextSecond !== null && this.#records > 0
    if (started) {
      const last = Math.max(...this.#drafts.keys(), this.#nextSecond ?? 0)
      const open = this.#lanes.filter((lane) => lane.open !== null)
      if (open.length > 0) this.#draft(last).outages.push(...open.map((lane) => this.#window(lane, null, null)))
      for (const second of [...this.#drafts.keys()].sort((a, b) => a - b)) this.#emit(second)
    }
    this.#upload(Number.POSITIVE_INFINITY)
    const summary: LoadSummary = {
      version: plan.version,
      drillId,
      container,
      incarnation,
      ended: how,
      reason,
      startedAtUs: us(this.#firstSecond * 1000),
      endedAtUs: us(atMs),
      totals: this.#totals,
      firstSecond: this.#firstSecond,
      lastSecond: this.#firstSecond + this.#records - 1,
      records: this.#records,
      recordsDropped: 0,
      threads: 1,
      workers: this.#lanes.length,
      clock: { offsetMs: 0, errorMs: 0.5 },
      cpuSeconds: 1,
      maxRssBytes: 90_000_000,
      generatorVersion: '0.1.0',
      nodeVersion: '24.0.0',
    }
    blobs.put(blobNames.summary(drillId, container), JSON.stringify(summary))
    this.#ended = { how, atMs, reason }
  }

  get #firstSecond(): number {
    const go = this.#sources.blobs.peek<GoSignal>(blobNames.go(this.#sources.drillId))
    return Math.floor((go?.startAtMs ?? 0) / 1000)
  }
}

const us = (ms: number): number => Math.round(ms * 1000)
const usOrNull = (ms: number | null): number | null => (ms === null ? null : us(ms))

function timelinesOf(acks: Draft['acks']): TimelineAcks[] {
  const spans = new Map<number, { timeline: number; acknowledged: number; firstAtUs: number; lastAtUs: number }>()
  for (const { atMs, timeline } of acks) {
    const span = spans.get(timeline)
    if (span === undefined) spans.set(timeline, { timeline, acknowledged: 1, firstAtUs: us(atMs), lastAtUs: us(atMs) })
    else {
      span.acknowledged++
      span.firstAtUs = Math.min(span.firstAtUs, us(atMs))
      span.lastAtUs = Math.max(span.lastAtUs, us(atMs))
    }
  }
  return [...spans.values()]
}
