/**
 * One run of the load in this container, wherever its plan came from: starts the threads, connects the workers, starts and stops
 * the load, and joins what the threads report to one record a second until every arrival has its outcome. The caller decides
 * what becomes of the records. A thread that ends before its load is done fails the run, because its part of the ledger is gone.
 */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ServerTarget } from '../connection/target.ts'
import { addCounts, noCounts } from '../contract/counts.ts'
import {
  CONTRACT_VERSION,
  type Counts,
  type LoadSummary,
  type SecondRecord,
  US_PER_SECOND,
} from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import { errorText } from '../contract/redact.ts'
import type { LoginToken } from '../identity/database-token.ts'
import { anchorClock, startClock, US_PER_MS } from '../record/clock.ts'
import { chooseThreads, workersOfContainer } from '../schedule/workers.ts'
import { type FromThread, type ThreadSettings, type ToThread, unreachable } from '../send/messages.ts'
import { Assembly } from './assembly.ts'
import type { ServerIdentity } from './preflight.ts'

export interface RunOptions {
  readonly plan: LoadPlan
  readonly container: number
  readonly incarnation: string
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  readonly onRecord: (record: SecondRecord, totals: Counts) => void
  /** Another entry file of the threads: tests let threads die in it. */
  readonly threadFile?: URL
}

export type Ended = LoadSummary['ended']

/** The generator's own version, which every summary names. Raised with every change of what it measures. */
const GENERATOR_VERSION = '1.0.0'

/** Compiled or not, the thread's file stands beside this one and has the same extension. */
const THREAD_FILE = new URL(`./thread-main${extname(import.meta.url)}`, import.meta.url)

interface RunningThread {
  readonly worker: Worker
  /** How many of its workers are connected. */
  open: number
  isDone: boolean
}

export class Run {
  readonly threads: number
  readonly workers: number
  readonly #options: RunOptions
  readonly #clock = anchorClock()
  readonly #nowUs = startClock(this.#clock)
  readonly #running: RunningThread[] = []
  readonly #connected = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<void>()
  #token: LoginToken | null = null
  #assembly: Assembly | null = null
  #lastError: string | null = null
  #failure: Error | null = null
  #startedAtUs = 0
  readonly #totals = noCounts()
  #firstSecond = 0
  #lastSecond = 0
  #records = 0
  #cpu = process.cpuUsage()
  #maxRssBytes = 0
  #end: { readonly ended: Ended; readonly reason: string | null } = { ended: 'completed', reason: null }

  constructor(options: RunOptions) {
    this.#options = options
    this.workers = workersOfContainer(options.plan, options.container)
    this.threads = chooseThreads(options.plan, this.workers, availableParallelism())
    this.#finished.promise.catch(() => {})
  }

  /** By the clock of the run, which a change of the system's clock does not move. */
  get nowUs(): number {
    return this.#nowUs()
  }

  get nowMs(): number {
    return this.#nowUs() / US_PER_MS
  }

  /** How many workers are connected, until the load starts. */
  get open(): number {
    return this.#running.reduce((sum, { open }) => sum + open, 0)
  }

  get lastError(): string | null {
    return this.#lastError
  }

  /** Stands in for the passwords of the targets, at every login from now on. */
  logInWith(token: LoginToken): void {
    this.#token = token
    this.#send({ kind: 'token', ...token })
  }

  /** Starts the threads. Resolves when every worker is connected; rejects when a thread dies before that. */
  async connect(): Promise<void> {
    for (let thread = 0; thread < this.threads; thread++) this.#running.push(this.#startThread(thread))
    await Promise.race([this.#connected.promise, this.#finished.promise])
  }

  /** Resolves when every arrival has its outcome. The summary reports a thread that died; this does not throw. */
  async load(startAtMs: number): Promise<void> {
    const { container, incarnation } = this.#options
    const { workers, threads } = this
    const startAtUs = startAtMs * US_PER_MS
    const takeUsage = () => this.#takeUsage()
    this.#startedAtUs = startAtUs
    this.#assembly = new Assembly({ container, incarnation, workers, threads, startAtUs, takeUsage })
    this.#send({ kind: 'go', startAtUs })
    await this.#finished.promise.catch((error: unknown) => {
      this.#end = { ended: 'failed', reason: errorText(error) }
    })
  }

  /** Sends no arrival after now, and waits for replies. The first reason stays. */
  stop(ended: Ended, reason: string): void {
    if (this.#end.ended === 'completed') this.#end = { ended, reason }
    this.#send({ kind: 'stop' })
  }

  /** Every arrival gets its outcome now. */
  finish(ended: Ended, reason: string): void {
    if (this.#end.ended === 'completed') this.#end = { ended, reason }
    this.#send({ kind: 'finish' })
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#running.map(({ worker }) => worker.terminate()))
  }

  summary(identity: Pick<ServerIdentity, 'clock'>, recordsDropped: number): LoadSummary {
    const { plan, container, incarnation } = this.#options
    const cpu = process.cpuUsage()
    return {
      version: CONTRACT_VERSION,
      drillId: plan.drillId,
      container,
      incarnation,
      ...this.#end,
      startedAtUs: this.#startedAtUs,
      endedAtUs: Math.round(this.#nowUs()),
      totals: this.#totals,
      firstSecond: this.#firstSecond,
      lastSecond: this.#lastSecond,
      records: this.#records,
      recordsDropped,
      threads: this.threads,
      workers: this.workers,
      clock: identity.clock,
      cpuSeconds: (cpu.user + cpu.system) / US_PER_SECOND,
      maxRssBytes: this.#maxRssBytes,
      generatorVersion: GENERATOR_VERSION,
      nodeVersion: process.version,
    }
  }

  // ---- Threads ---------------------------------------------------------------------------------------------------

  #startThread(thread: number): RunningThread {
    const { plan, container, pgbouncer, direct, threadFile = THREAD_FILE } = this.#options
    const { threads } = this
    const clock = this.#clock
    const token = this.#token
    const settings: ThreadSettings = { plan, container, thread, threads, pgbouncer, direct, clock, token }
    const worker = new Worker(threadFile, { workerData: settings, name: `load-${thread}` })
    const running: RunningThread = { worker, open: 0, isDone: false }
    worker.on('message', (message: FromThread) => this.#onMessage(running, thread, message))
    worker.on('error', (cause) => this.#onDeath(running, thread, cause))
    worker.on('exit', () => this.#onDeath(running, thread, null))
    return running
  }

  #send(message: ToThread): void {
    for (const { worker } of this.#running) worker.postMessage(message)
  }

  #onMessage(running: RunningThread, thread: number, message: FromThread): void {
    switch (message.kind) {
      case 'connected':
        running.open = message.open
        this.#lastError = message.error ?? this.#lastError
        if (this.open === this.workers) this.#connected.resolve()
        break
      case 'second':
        this.#emit(this.#assembly?.add(thread, message.part, message.loop) ?? [])
        break
      case 'done':
        this.#onDone(running, thread)
        break
      default:
        unreachable(message)
    }
  }

  #onDone(running: RunningThread, thread: number): void {
    if (running.isDone) return
    running.isDone = true
    this.#emit(this.#assembly?.done(thread) ?? [])
    if (!this.#running.every(({ isDone }) => isDone)) return
    if (this.#failure === null) this.#finished.resolve()
    else this.#finished.reject(this.#failure)
  }

  /** The run has failed. The other threads settle what they have, so that at least their part of the ledger is whole. */
  #onDeath(running: RunningThread, thread: number, cause: unknown): void {
    if (running.isDone) return
    this.#failure ??= new Error(`thread ${thread} ended before its load was done`, { cause })
    this.#send({ kind: 'finish' })
    this.#onDone(running, thread)
  }

  // ---- Records ---------------------------------------------------------------------------------------------------

  #emit(records: readonly SecondRecord[]): void {
    for (const record of records) {
      if (this.#records === 0) this.#firstSecond = record.second
      this.#lastSecond = record.second
      this.#records++
      addCounts(this.#totals, record.counts)
      this.#options.onRecord(record, this.#totals)
    }
  }

  #takeUsage(): { readonly cpuUs: number; readonly rssBytes: number } {
    const now = process.cpuUsage()
    const cpuUs = now.user + now.system - this.#cpu.user - this.#cpu.system
    this.#cpu = now
    const rssBytes = process.memoryUsage.rss()
    this.#maxRssBytes = Math.max(this.#maxRssBytes, rssBytes)
    return { cpuUs, rssBytes }
  }
}
