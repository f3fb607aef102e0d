/**
 * Runs the threads of one container: starts them, starts and stops the load, and joins what they report to one record a
 * second. A thread that ends without saying so ends the run as failed, because its part of the ledger is gone.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ServerTarget } from '../connection/target.ts'
import type { SecondRecord } from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import type { ClockAnchor } from '../record/clock.ts'
import { workersOfContainer } from '../schedule/workers.ts'
import { type FromThread, type ThreadSettings, type ToThread, unreachable } from '../send/messages.ts'
import { Assembly } from './assembly.ts'

export interface CoordinatorOptions {
  readonly plan: LoadPlan
  readonly container: number
  readonly incarnation: string
  readonly threads: number
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  readonly clock: ClockAnchor
  readonly onRecord: (record: SecondRecord) => void
  /** Another entry file: only tests of dying threads have one. */
  readonly threadFile?: URL
}

/** Compiled or not, the thread's file stands beside this one and ends like it. */
const THREAD_FILE = new URL(`./thread-main${extname(import.meta.url)}`, import.meta.url)

export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #workers: number
  readonly #threads: Worker[] = []
  readonly #open: number[]
  readonly #done: boolean[]
  readonly #finished = Promise.withResolvers<void>()
  #assembly: Assembly | null = null
  #connectedWaiters: (() => void)[] = []
  #lastTrouble: string | null = null
  #failure: Error | null = null
  #cpu = process.cpuUsage()
  #maxRssBytes = 0

  constructor(options: CoordinatorOptions) {
    this.#options = options
    this.#workers = workersOfContainer(options.plan, options.container)
    this.#open = Array.from({ length: options.threads }, () => 0)
    this.#done = Array.from({ length: options.threads }, () => false)
    this.#finished.promise.catch(() => {})
  }

  get open(): number {
    return this.#open.reduce((sum, open) => sum + open, 0)
  }

  get workers(): number {
    return this.#workers
  }

  get lastTrouble(): string | null {
    return this.#lastTrouble
  }

  get maxRssBytes(): number {
    return this.#maxRssBytes
  }

  /** Starts the threads, which begin to connect at once. */
  start(): void {
    for (let thread = 0; thread < this.#options.threads; thread++) this.#threads.push(this.#startThread(thread))
  }

  /** Resolves when every worker is connected; rejects when a thread dies before. */
  connected(): Promise<void> {
    if (this.open === this.#workers) return Promise.resolve()
    const connected = new Promise<void>((resolve) => this.#connectedWaiters.push(resolve))
    return Promise.race([connected, this.#finished.promise])
  }

  go(startAtUs: number): void {
    const { container, incarnation, threads } = this.#options
    const takeUsage = () => this.#takeUsage()
    this.#assembly = new Assembly({ container, incarnation, workers: this.#workers, threads, startAtUs, takeUsage })
    this.#tell({ kind: 'go', startAtUs })
  }

  stop(): void {
    this.#tell({ kind: 'stop' })
  }

  finish(): void {
    this.#tell({ kind: 'finish' })
  }

  /** Resolves when every thread has told everything; rejects when one died. */
  finished(): Promise<void> {
    return this.#finished.promise
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #startThread(thread: number): Worker {
    const { plan, container, threads, pgbouncer, direct, clock, threadFile = THREAD_FILE } = this.#options
    const settings: ThreadSettings = { plan, container, thread, threads, pgbouncer, direct, clock }
    const worker = new Worker(threadFile, { workerData: settings, name: `load-${thread}` })
    worker.on('message', (message: FromThread) => this.#hear(thread, message))
    worker.on('error', (cause) => this.#died(thread, cause))
    worker.on('exit', () => this.#died(thread, null))
    return worker
  }

  #hear(thread: number, message: FromThread): void {
    switch (message.kind) {
      case 'connected':
        this.#onConnected(thread, message.open, message.trouble)
        break
      case 'second':
        this.#emit(this.#assembly?.add(thread, message.part, message.loop) ?? [])
        break
      case 'done':
        this.#onDone(thread)
        break
      default:
        unreachable(message)
    }
  }

  #onConnected(thread: number, open: number, trouble: string | null): void {
    this.#open[thread] = open
    if (trouble !== null) this.#lastTrouble = trouble
    if (this.open < this.#workers) return
    for (const resolve of this.#connectedWaiters) resolve()
    this.#connectedWaiters = []
  }

  #onDone(thread: number): void {
    if (this.#done[thread] === true) return
    this.#done[thread] = true
    this.#emit(this.#assembly?.done(thread) ?? [])
    if (!this.#done.every((done) => done)) return
    if (this.#failure === null) this.#finished.resolve()
    else this.#finished.reject(this.#failure)
  }

  /** The others settle what they have, so that at least their part of the ledger is whole; the run has failed all the same. */
  #died(thread: number, cause: unknown): void {
    if (this.#done[thread] === true) return
    this.#failure ??= new Error(`thread ${thread} ended before its load was done`, { cause })
    this.finish()
    this.#onDone(thread)
  }

  #emit(records: readonly SecondRecord[]): void {
    for (const record of records) this.#options.onRecord(record)
  }

  #tell(message: ToThread): void {
    for (const thread of this.#threads) thread.postMessage(message)
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
