/**
 * One container of a simulated world. It keeps the contract (ready, go, stop, lease, claim, chunks, summary); what it sends and
 * records is the business of its load. What really happened to each transaction is kept beside what the records say, so
 * that a test can compare the two.
 */

import { appProbeBlob, encodeAppRecord } from '../../../loadgen-image/contract/app-probe.ts'
import { encodeRecord } from '../../../loadgen-image/contract/chunk.ts'
import { addCounts, noCounts } from '../../../loadgen-image/contract/counts.ts'
import {
  blobNames,
  type GoSignal,
  type Lease,
  type LoadSummary,
  type ReadyRecord,
  type SecondRecord,
  type StopSignal,
} from '../../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../../loadgen-image/contract/load-plan.ts'
import { workersOfContainer } from '../../../loadgen-image/schedule/workers.ts'
import { appRecords } from '../app-records.ts'
import type { MemoryBlobs } from '../memory-blobs.ts'
import { FakeLoad, type LoadCourse } from './load.ts'
import type { Rows } from './rows.ts'
import type { FakeServer } from './server.ts'
import { FakeStepProbe } from './step-probe.ts'

export interface GeneratorCourse extends LoadCourse {
  /** From the creation of the container to its ready record; null: never. */
  readonly readyAfterMs: number | null
  /** Ends with this exit code before it is ready. */
  readonly failsToStart: boolean
  /** Is killed at this second of the load. */
  readonly diesAtSecond: number | null
  /** Records reach storage this much later. */
  readonly chunkDelayMs: number
  /** Every n-th block is written twice; 0: none. */
  readonly duplicatesEveryNthChunk: number
  /** A probed application stays away this much longer than the server. */
  readonly appLagMs: number
  readonly hasStepProbe: boolean
}

export const steadyCourse: GeneratorCourse = {
  readyAfterMs: 4_000,
  failsToStart: false,
  diesAtSecond: null,
  latencyMs: 5,
  losesEveryNthReply: 0,
  storesLostReplies: true,
  clockOffsetMs: 0,
  freezes: [],
  behindPooler: false,
  chunkDelayMs: 200,
  duplicatesEveryNthChunk: 0,
  appLagMs: 0,
  hasStepProbe: true,
}

const APP_STEP_MS = 50

type Ended = LoadSummary['ended'] | 'killed'

interface Ending {
  readonly how: LoadSummary['ended']
  readonly atMs: number
  readonly reason: string | null
}

export interface Sources {
  readonly drillId: string
  readonly container: number
  readonly incarnation: string
  readonly blobs: MemoryBlobs
  readonly server: FakeServer
  readonly rows: Rows
  /** The database's clock minus the true time. */
  readonly databaseOffsetMs: number
}

export class FakeGenerator {
  readonly #sources: Sources
  readonly #course: GeneratorCourse
  readonly #createdAtMs: number
  readonly #pending: Array<{ atMs: number; bytes: Buffer }> = []
  #plan: LoadPlan | null = null
  #startAtMs: number | null = null
  #load: FakeLoad | null = null
  #probe: FakeStepProbe | null = null
  #stopping: Ending | null = null
  #records = 0
  #firstSecond = 0
  #lastSecond = 0
  #blocks = 0
  readonly #totals = noCounts()
  #ended: { how: Ended; atMs: number } | null = null
  #hasAppRecords = false

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
    this.#ended ??= { how: 'killed', atMs }
  }

  /** Lives up to now. */
  advance(nowMs: number): void {
    if (this.#ended !== null) {
      this.#writeAppRecords(this.#ended.atMs)
      this.#upload(nowMs)
      return
    }
    if (this.#course.failsToStart) this.#failToStart(nowMs)
    else if (this.#plan !== null || this.#becomeReady(nowMs)) this.#live(this.#plan as unknown as LoadPlan, nowMs)
    this.#upload(nowMs)
  }

  #failToStart(nowMs: number): void {
    const atMs = this.#createdAtMs + 2_000
    if (nowMs >= atMs) this.#ended = { how: 'failed', atMs }
  }

  #becomeReady(nowMs: number): boolean {
    const { blobs, drillId, container, incarnation, server, databaseOffsetMs } = this.#sources
    const { readyAfterMs, clockOffsetMs } = this.#course
    if (readyAfterMs === null || nowMs < this.#createdAtMs + readyAfterMs) return this.#watchdog(nowMs)
    const plan = blobs.peek<LoadPlan>(blobNames.plan(drillId))
    if (plan === null || !blobs.has(blobNames.lease(drillId))) return false
    if (blobs.has(blobNames.claim(drillId, container))) {
      this.#ended = { how: 'stopped', atMs: nowMs }
      return false
    }
    blobs.put(blobNames.claim(drillId, container), JSON.stringify({ incarnation }))
    this.#plan = plan
    const ready: ReadyRecord = {
      version: plan.version,
      container,
      incarnation,
      workers: workersOfContainer(plan, container),
      readyAtMs: this.#createdAtMs + readyAfterMs + clockOffsetMs,
      clock: { offsetMs: clockOffsetMs - databaseOffsetMs, errorMs: 0.5 },
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
      this.#ended = { how: 'hard-deadline', atMs: nowMs }
    return false
  }

  // ---- The load ----------------------------------------------------------------------------------------------------------

  #live(plan: LoadPlan, nowMs: number): void {
    const load = this.#load ?? this.#begin(plan, nowMs)
    const deathMs = this.#deathMs()
    const stopping = this.#stopping ?? this.#whyStop(plan, Math.min(nowMs, deathMs))
    const stopMs = stopping === null ? Number.POSITIVE_INFINITY : (load?.thawedMs(stopping.atMs) ?? stopping.atMs)
    load?.advance(Math.min(nowMs, deathMs, stopMs))
    if (load?.isDone !== true && deathMs <= Math.min(nowMs, stopMs)) {
      this.kill(deathMs)
      return
    }
    this.#probe?.advance(Math.min(nowMs, deathMs, stopMs))
    // A load that had come to its end before was not stopped.
    if (load?.isDone !== true) this.#stopping = stopping
    if (load !== null && !load.isDone && stopMs <= nowMs) {
      load.stop(stopping?.atMs ?? stopMs)
      load.advance(Math.min(nowMs, deathMs))
    }
    // It may also die while it waits for what a stop left under way.
    if (load !== null && !load.isDone && deathMs <= nowMs) {
      this.kill(deathMs)
      return
    }
    if (load === null ? stopMs <= nowMs : load.isDone) this.#end(plan, load?.endedMs ?? nowMs)
  }

  #begin(plan: LoadPlan, nowMs: number): FakeLoad | null {
    const { blobs, drillId, container, incarnation, server, rows } = this.#sources
    const go = blobs.peek<GoSignal>(blobNames.go(drillId))
    if (go === null) return null
    this.#startAtMs = go.startAtMs
    this.#load = new FakeLoad({
      plan,
      container,
      incarnation,
      startAtUs: go.startAtMs * 1000,
      seenAtMs: Math.min(nowMs, blobs.lastModifiedMs(blobNames.go(drillId)) ?? nowMs),
      course: this.#course,
      server,
      rows,
      onRecord: (record, atMs) => this.#write(record, atMs),
    })
    if (this.#course.hasStepProbe) this.#probe = this.#beginProbe(go.startAtMs)
    return this.#load
  }

  #beginProbe(startAtMs: number): FakeStepProbe {
    const { blobs, drillId, container, incarnation, server, rows } = this.#sources
    return new FakeStepProbe({
      container,
      incarnation,
      startAtUs: startAtMs * 1000,
      clockOffsetMs: this.#course.clockOffsetMs,
      freezes: this.#course.freezes,
      server,
      onRow: (row) => rows.watch.push({ drillId, ...row }),
      onBytes: (bytes) => blobs.append(blobNames.stepProbe(drillId, container, incarnation, 0), bytes),
    })
  }

  #deathMs(): number {
    const { diesAtSecond, clockOffsetMs } = this.#course
    if (this.#startAtMs === null || diesAtSecond === null) return Number.POSITIVE_INFINITY
    return this.#startAtMs + diesAtSecond * 1000 - clockOffsetMs
  }

  #whyStop(plan: LoadPlan, nowMs: number): Ending | null {
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

  // ---- What it writes ----------------------------------------------------------------------------------------------------

  #write(record: SecondRecord, atMs: number): void {
    if (this.#records === 0) this.#firstSecond = record.second
    this.#lastSecond = record.second
    this.#records++
    addCounts(this.#totals, record.counts)
    const bytes = encodeRecord(record)
    const uploadedMs = atMs + this.#course.chunkDelayMs
    this.#pending.push({ atMs: uploadedMs, bytes })
    const { duplicatesEveryNthChunk } = this.#course
    if (duplicatesEveryNthChunk > 0 && this.#records % duplicatesEveryNthChunk === 0)
      this.#pending.push({ atMs: uploadedMs + 1_500, bytes })
  }

  #upload(nowMs: number): void {
    const { blobs, drillId, container, incarnation } = this.#sources
    const untilMs = this.#ended?.how === 'killed' ? Math.min(nowMs, this.#ended.atMs) : nowMs
    for (let i = 0; i < this.#pending.length; ) {
      const { atMs, bytes } = this.#pending[i] as { atMs: number; bytes: Buffer }
      if (atMs > untilMs) {
        i++
        continue
      }
      blobs.append(blobNames.chunks(drillId, container, incarnation, Math.floor(this.#blocks++ / 1_000)), bytes)
      this.#pending.splice(i, 1)
    }
  }

  /** At the end of its life, from what was true: a killed container leaves the records that it had closed. */
  #writeAppRecords(endedMs: number): void {
    const { blobs, drillId, container, incarnation, server } = this.#sources
    const { clockOffsetMs: offsetMs, freezes, appLagMs } = this.#course
    const [plan, goMs] = [this.#plan, this.#startAtMs]
    if (this.#hasAppRecords || plan === null || goMs === null) return
    this.#hasAppRecords = true
    const startMs = goMs - offsetMs
    const endMs = Math.min(startMs + plan.durationSeconds * 1000, endedMs)
    const second = (atUs: number) => (atUs / 1000 - startMs) / 1000
    const isAway = (atMs: number) => !server.isUpAt(atMs)
    const truth = {
      isFrozen: (atUs: number) =>
        freezes.some(({ fromSecond, toSecond }) => second(atUs) >= fromSecond && second(atUs) < toSecond),
      errorAt: (atUs: number) => {
        for (let backMs = 0; backMs <= appLagMs; backMs += APP_STEP_MS)
          if (isAway(atUs / 1000 - backMs)) return 'status-503'
        return null
      },
    }
    const course = { container, containers: plan.containers, incarnation, offsetUs: offsetMs * 1000 }
    const times = { startUs: startMs * 1000, endUs: Math.max(startMs, endMs) * 1000 }
    const isKilled = this.#ended?.how === 'killed'
    for (const probe of plan.probes)
      for (const record of appRecords(probe, { ...course, ...times }, truth))
        if (!isKilled || !record.isLast)
          blobs.append(appProbeBlob(drillId, container, incarnation, 0), encodeAppRecord(record))
  }

  /** Everything that waited is written before the summary. */
  #end(plan: LoadPlan, atMs: number): void {
    const { blobs, drillId, container, incarnation, databaseOffsetMs } = this.#sources
    const { how, reason } = this.#stopping ?? { how: 'completed', reason: null }
    this.#upload(Number.POSITIVE_INFINITY)
    this.#probe?.record()
    const summary: LoadSummary = {
      version: plan.version,
      drillId,
      container,
      incarnation,
      ended: how,
      reason,
      startedAtUs: Math.round((this.#startAtMs ?? 0) * 1000),
      endedAtUs: Math.round((atMs + this.#course.clockOffsetMs) * 1000),
      totals: this.#totals,
      firstSecond: this.#firstSecond,
      lastSecond: this.#lastSecond,
      records: this.#records,
      recordsDropped: 0,
      threads: 1,
      workers: workersOfContainer(plan, container),
      clock: { offsetMs: this.#course.clockOffsetMs - databaseOffsetMs, errorMs: 0.5 },
      cpuSeconds: 1,
      maxRssBytes: 90_000_000,
      generatorVersion: '0.1.0',
      nodeVersion: '24.0.0',
    }
    this.#writeAppRecords(atMs)
    blobs.put(blobNames.summary(drillId, container), JSON.stringify(summary))
    this.#ended = { how, atMs }
  }
}
