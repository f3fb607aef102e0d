/**
 * Timer triggers: each fires on its schedule, never twice at once, says when it is late, and remembers across
 * restarts when it was due (as the host does for schedules of a minute and more).
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cancel, Clock } from '../engine/clock.ts'
import type { Schedule } from './schedule.ts'
import { replaceFile } from './state-folder.ts'

export interface Timer {
  readonly name: string
  readonly schedule: Schedule
  readonly runOnStartup: boolean
  readonly useMonitor: boolean
}

export interface ScheduleStatus {
  readonly Last: string
  readonly Next: string
  readonly LastUpdated: string
}

/** What a timer function is given; the worker turns the names into camelCase. */
export interface TimerInfo {
  readonly Schedule: { readonly AdjustForDST: boolean }
  readonly ScheduleStatus: ScheduleStatus | null
  readonly IsPastDue: boolean
}

export interface TimersOptions {
  readonly clock: Clock
  readonly folder: string
  readonly fire: (name: string, info: TimerInfo) => Promise<void>
}

/** A time that was due while nobody was there, unless the schedule has been changed since it was written down. */
const wasMissed = (schedule: Schedule, dueAtMs: number, nowMs: number): boolean =>
  dueAtMs <= nowMs && schedule.nextAfterMs(dueAtMs - 1) === dueAtMs

const NEVER = '0001-01-01T00:00:00+00:00'
const SHORTEST_MONITORED_MS = 60_000

export class Timers {
  readonly #options: TimersOptions
  readonly #cancels = new Map<string, Cancel>()
  #stopped = false

  constructor(options: TimersOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true })
  }

  start(timer: Timer): void {
    const status = this.#readStatus(timer)
    const nowMs = this.#options.clock.nowMs()
    const isPastDue = status !== null && wasMissed(timer.schedule, Date.parse(status.Next), nowMs)
    if (isPastDue || timer.runOnStartup) void this.#fire(timer, isPastDue, status).then(() => this.#await(timer))
    else this.#await(timer)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#cancels.values()) cancel()
  }

  #await(timer: Timer): void {
    const { clock } = this.#options
    const dueAtMs = timer.schedule.nextAfterMs(clock.nowMs())
    if (this.#stopped || dueAtMs === undefined) return
    this.#writeStatus(timer, dueAtMs)
    const cancel = clock.at(dueAtMs, () => {
      void this.#fire(timer, false, this.#readStatus(timer)).then(() => this.#await(timer))
    })
    this.#cancels.set(timer.name, cancel)
  }

  async #fire(timer: Timer, isPastDue: boolean, status: ScheduleStatus | null): Promise<void> {
    const { clock, fire } = this.#options
    const firedAtMs = clock.nowMs()
    await fire(timer.name, { Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: isPastDue })
    this.#writeStatus(timer, timer.schedule.nextAfterMs(firedAtMs), firedAtMs)
  }

  #fileOf(timer: Timer): string {
    return join(this.#options.folder, `${encodeURIComponent(timer.name)}.json`)
  }

  #readStatus(timer: Timer): ScheduleStatus | null {
    const file = this.#fileOf(timer)
    if (!this.#isMonitored(timer) || !existsSync(file)) return null
    return JSON.parse(readFileSync(file, 'utf8')) as ScheduleStatus
  }

  #writeStatus(timer: Timer, nextMs: number | undefined, lastMs?: number): void {
    if (!this.#isMonitored(timer) || nextMs === undefined) return
    const before = this.#readStatus(timer)
    const status: ScheduleStatus = {
      Last: lastMs === undefined ? (before?.Last ?? NEVER) : new Date(lastMs).toISOString(),
      Next: new Date(nextMs).toISOString(),
      LastUpdated: new Date(this.#options.clock.nowMs()).toISOString(),
    }
    replaceFile(this.#fileOf(timer), JSON.stringify(status))
  }

  /** The host keeps no status for schedules that come round within a minute. */
  #isMonitored({ useMonitor, schedule }: Timer): boolean {
    const first = schedule.nextAfterMs(this.#options.clock.nowMs())
    const second = first === undefined ? undefined : schedule.nextAfterMs(first)
    return useMonitor && (first === undefined || second === undefined || second - first >= SHORTEST_MONITORED_MS)
  }
}
