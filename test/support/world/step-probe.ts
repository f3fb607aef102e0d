/** The step probe of a made-up container: every 100 ms by both ways, as the server behind them stands at that moment. */
import {
  encodeProbeRecord,
  PROBE_EVERY_US,
  type ProbeAttempt,
  WAYS,
  type Way,
} from '../../../loadgen-image/contract/step-probe.ts'
import { ProbeLog } from '../../../loadgen-image/probe/step-probe-log.ts'
import type { Freeze } from './load.ts'
import type { WatchRow } from './rows.ts'
import type { FakeServer } from './server.ts'
import { FakeStaleWatch } from './stale-watch.ts'

interface FakeProbeOptions {
  readonly container: number
  readonly incarnation: string
  readonly startAtUs: number
  /** The container's clock minus the true time. */
  readonly clockOffsetMs: number
  readonly freezes: readonly Freeze[]
  readonly server: FakeServer
  readonly onBytes: (bytes: Buffer) => void
  /** A row of the stale-primary watch. */
  readonly onRow: (row: Omit<WatchRow, 'drillId'>) => void
}

const RECORD_EVERY_US = 5_000_000
const WRITE_US = 3_000
const REFUSED_US = 400
/** The watch writes at every tenth tick. */
const WATCH_TICKS = 10

export class FakeStepProbe {
  readonly #options: FakeProbeOptions
  readonly #log = new ProbeLog()
  readonly #watch: FakeStaleWatch
  #ticks = 0
  #dueUs: number
  #recordedUs: number
  #wasUp = false

  constructor(options: FakeProbeOptions) {
    this.#options = options
    this.#dueUs = options.startAtUs
    this.#recordedUs = options.startAtUs
    const { container, clockOffsetMs, server, onRow } = options
    const readMs = (atMs: number) => this.#thawed((atMs + clockOffsetMs) * 1000) / 1000 - clockOffsetMs
    this.#watch = new FakeStaleWatch({ container, clockOffsetMs, server, readMs, onRow })
  }

  /** Lives up to that true time. */
  advance(untilMs: number): void {
    const untilUs = (untilMs + this.#options.clockOffsetMs) * 1000
    while (this.#dueUs <= untilUs) {
      const thawedUs = this.#thawed(this.#dueUs)
      if (thawedUs > untilUs) return
      if (thawedUs > this.#dueUs) this.#goOn(thawedUs)
      this.#tick()
      this.#dueUs += PROBE_EVERY_US
      if (this.#dueUs - this.#recordedUs >= RECORD_EVERY_US) this.record()
    }
  }

  record(): void {
    const { container, incarnation, onBytes } = this.#options
    const second = Math.floor(this.#recordedUs / 1_000_000)
    this.#recordedUs = this.#dueUs
    const nowMs = this.#dueUs / 1000 - this.#options.clockOffsetMs
    this.#watch.settle(nowMs)
    const watch = this.#watch.log.take(this.#watch.open(nowMs))
    const common = { second, container, incarnation, ways: WAYS, problem: '' }
    onBytes(encodeProbeRecord({ ...common, ...this.#log.take(), watch }))
  }

  #tick(): void {
    const { server, clockOffsetMs } = this.#options
    const isUp = server.isUpAt(this.#dueUs / 1000 - clockOffsetMs)
    for (const way of WAYS) this.#log.attempt(isUp ? this.#wrote(way) : this.#failed(way))
    this.#wasUp = isUp
    if (this.#ticks++ % WATCH_TICKS === 0) this.#watch.tick(this.#dueUs / 1000 - clockOffsetMs)
  }

  #wrote(way: Way): ProbeAttempt {
    return { ...this.#attempt(way, !this.#wasUp, WRITE_US), reached: 'wrote', code: '' }
  }

  /** PgBouncer stays, and has no server. */
  #failed(way: Way): ProbeAttempt {
    const attempt = this.#attempt(way, true, REFUSED_US)
    return way === 'direct'
      ? { ...attempt, acceptedAtUs: null, loggedInAtUs: null, reached: 'resolved', code: 'ECONNREFUSED' }
      : { ...attempt, reached: 'logged in', code: 'server-login-retry' }
  }

  #attempt(way: Way, isNew: boolean, lengthUs: number): Omit<ProbeAttempt, 'reached' | 'code'> {
    const begunAtUs = this.#dueUs
    const step = isNew ? begunAtUs : null
    const steps = { resolvedAtUs: step, acceptedAtUs: step, encryptedAtUs: null, loggedInAtUs: step }
    return { way, isNew, begunAtUs, ...steps, endedAtUs: begunAtUs + lengthUs }
  }

  #goOn(thawedUs: number): void {
    this.#log.stall({ fromUs: this.#dueUs, toUs: thawedUs })
    while (this.#dueUs < thawedUs) this.#dueUs += PROBE_EVERY_US
  }

  #thawed(atUs: number): number {
    const { startAtUs, freezes } = this.#options
    const second = (atUs - startAtUs) / 1_000_000
    const freeze = freezes.find(({ fromSecond, toSecond }) => second >= fromSecond && second < toSecond)
    return freeze === undefined ? atUs : startAtUs + Math.round(freeze.toSecond * 1_000_000)
  }
}
