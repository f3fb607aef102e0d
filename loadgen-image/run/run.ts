/**
 * One run of the load in this container, wherever its plan came from: connect, go, and one record a second until all
 * arrivals have their outcome. What is done with the records is the caller's affair.
 */
import { availableParallelism } from 'node:os'
import type { ServerTarget } from '../connection/target.ts'
import {
  CONTRACT_VERSION,
  type Counts,
  type LoadSummary,
  type SecondRecord,
  US_PER_SECOND,
} from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import { anchorClock, startClock, US_PER_MS } from '../record/clock.ts'
import { addCounts, NO_COUNTS } from '../record/second.ts'
import { chooseThreads, workersOfContainer } from '../schedule/workers.ts'
import { Coordinator } from './coordinator.ts'
import type { ServerIdentity } from './preflight.ts'

export interface RunOptions {
  readonly plan: LoadPlan
  readonly container: number
  readonly incarnation: string
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  readonly onRecord: (record: SecondRecord, totals: Counts) => void
}

export type Ended = LoadSummary['ended']

export class Run {
  readonly #options: RunOptions
  readonly #coordinator: Coordinator
  readonly #nowUs: () => number
  readonly threads: number
  readonly workers: number
  #startedAtUs = 0
  #totals = NO_COUNTS
  #firstSecond = 0
  #lastSecond = 0
  #records = 0
  #end: { readonly ended: Ended; readonly reason: string | null } = { ended: 'completed', reason: null }

  constructor(options: RunOptions) {
    this.#options = options
    this.workers = workersOfContainer(options.plan, options.container)
    this.threads = chooseThreads(options.plan, this.workers, availableParallelism())
    const onRecord = (record: SecondRecord) => this.#onRecord(record)
    const clock = anchorClock()
    this.#nowUs = startClock(clock)
    this.#coordinator = new Coordinator({ ...options, threads: this.threads, clock, onRecord })
  }

  /** Resolves when every worker is connected. */
  async connect(): Promise<void> {
    this.#coordinator.start()
    await this.#coordinator.connected()
  }

  /** By the clock of the run, which the system's clock cannot move. */
  get nowMs(): number {
    return this.#nowUs() / US_PER_MS
  }

  get open(): number {
    return this.#coordinator.open
  }

  get lastTrouble(): string | null {
    return this.#coordinator.lastTrouble
  }

  /** Resolves when every arrival has its outcome. A thread that died is told in the summary, not thrown. */
  async load(startAtMs: number): Promise<void> {
    this.#startedAtUs = startAtMs * US_PER_MS
    this.#coordinator.go(this.#startedAtUs)
    try {
      await this.#coordinator.finished()
    } catch (error) {
      this.#end = { ended: 'failed', reason: error instanceof Error ? withCause(error) : String(error) }
    }
  }

  /** Stop sending, wait for replies. The first reason stays. */
  stop(ended: Ended, reason: string): void {
    if (this.#end.ended === 'completed') this.#end = { ended, reason }
    this.#coordinator.stop()
  }

  /** Every arrival gets its outcome now. */
  finish(ended: Ended, reason: string): void {
    if (this.#end.ended === 'completed') this.#end = { ended, reason }
    this.#coordinator.finish()
  }

  terminate(): Promise<void> {
    return this.#coordinator.terminate()
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
      maxRssBytes: this.#coordinator.maxRssBytes,
      generatorVersion: GENERATOR_VERSION,
      nodeVersion: process.version,
    }
  }

  #onRecord(record: SecondRecord): void {
    if (this.#records === 0) this.#firstSecond = record.second
    this.#lastSecond = record.second
    this.#records++
    this.#totals = addCounts(this.#totals, record.counts)
    this.#options.onRecord(record, this.#totals)
  }
}

const withCause = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message

/** The generator's own version, which every summary names. Raised with every change of what it measures. */
export const GENERATOR_VERSION = '1.0.0'
