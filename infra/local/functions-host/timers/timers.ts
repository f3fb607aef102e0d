/**
 * Timer triggers: each fires on its NCRONTAB schedule in UTC and never overlaps itself. The due time is kept across restarts, so that
 * an occurrence without a running host fires at the next start and is marked as late.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cron } from 'croner'
import { problemOfSchedule, valuesOfSchedule } from '../../../../functions/platform/ncrontab.ts'
import type { Cancel, Clock } from '../engine/clock.ts'
import { replaceFile } from '../state/disk-journal.ts'

interface Schedule {
  /** The first occurrence strictly after that instant; undefined when there will be none. */
  nextAfterMs(ms: number): number | undefined
}

/** Throws on a schedule that Azure would not fire. croner gets the values themselves, because its own forms of a field are others. */
export function parseSchedule(expression: string): Schedule {
  const problem = problemOfSchedule(expression)
  if (problem !== null) throw new Error(`the schedule "${expression}" is not NCRONTAB: ${problem}`)
  const fields = valuesOfSchedule(expression).map((values) => values.join(','))
  // Both day fields must fit.
  const cron = new Cron(fields.join(' '), { timezone: 'UTC', domAndDow: true, paused: true })
  return { nextAfterMs: (ms) => cron.nextRun(new Date(ms))?.getTime() }
}

/** The trigger's data; the worker turns the names into camelCase. */
export interface TimerInfo {
  readonly IsPastDue: boolean
}

export interface Timer {
  readonly name: string
  readonly schedule: Schedule
  readonly fire: (info: TimerInfo) => Promise<void>
}

export class Timers {
  readonly #clock: Clock
  readonly #folder: string
  readonly #cancels = new Map<string, Cancel>()
  #stopped = false

  constructor(clock: Clock, folder: string) {
    this.#clock = clock
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  start(timer: Timer): void {
    if (this.#wasMissed(timer)) void this.#fire(timer, true)
    else this.#await(timer)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#cancels.values()) cancel()
  }

  #await(timer: Timer): void {
    const dueAtMs = timer.schedule.nextAfterMs(this.#clock.nowMs())
    if (this.#stopped || dueAtMs === undefined) return
    replaceFile(this.#fileOf(timer), JSON.stringify({ dueAt: new Date(dueAtMs).toISOString() }))
    this.#cancels.set(
      timer.name,
      this.#clock.at(dueAtMs, () => void this.#fire(timer, false)),
    )
  }

  async #fire(timer: Timer, isPastDue: boolean): Promise<void> {
    await timer.fire({ IsPastDue: isPastDue })
    this.#await(timer)
  }

  /** The due time passed while no host ran, and the schedule is still the one that it was computed from. */
  #wasMissed(timer: Timer): boolean {
    const file = this.#fileOf(timer)
    if (!existsSync(file)) return false
    const dueAtMs = Date.parse((JSON.parse(readFileSync(file, 'utf8')) as { readonly dueAt: string }).dueAt)
    return dueAtMs <= this.#clock.nowMs() && timer.schedule.nextAfterMs(dueAtMs - 1) === dueAtMs
  }

  #fileOf(timer: Timer): string {
    return join(this.#folder, `${timer.name}.json`)
  }
}
