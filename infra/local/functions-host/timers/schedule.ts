/** Timer schedules: NCRONTAB in UTC, computed by croner, which is set to follow NCRONTAB where cron dialects differ. */
import { Cron } from 'croner'

export interface Schedule {
  /** The first occurrence strictly after that instant; undefined when there will be none. */
  nextAfterMs(ms: number): number | undefined
}

export function parseSchedule(expression: string): Schedule {
  const fields = expression.trim().split(/\s+/)
  // Both day fields must fit, and names are cut to the three letters that croner knows.
  const cron = new Cron(fields.map(shortNames).join(' '), { timezone: 'UTC', domAndDow: true, paused: true })
  return { nextAfterMs: (ms) => cron.nextRun(new Date(ms))?.getTime() }
}

const shortNames = (field: string): string => field.replace(/[a-z]+/gi, (name) => name.slice(0, 3))
