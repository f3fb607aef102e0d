/**
 * Timer schedules: NCRONTAB in UTC, by the rule that the app's own settings follow. The expression is read by croner, set to
 * follow NCRONTAB where cron dialects differ; what croner knows beyond NCRONTAB is refused, because Azure refuses it.
 */
import { Cron } from 'croner'
import { problemOfSchedule, SCHEDULE_FORM } from '../../../../functions/platform/ncrontab.ts'

export interface Schedule {
  readonly text: string
  /** The first occurrence strictly after that instant; undefined when there will be none. */
  nextAfterMs(ms: number): number | undefined
}

/** `text` may be `%SETTING%`, which stands for that setting's value. */
export function parseSchedule(text: string, settings: Readonly<Record<string, string | undefined>>): Schedule {
  const expression = substitute(text, settings).trim()
  const problem = problemOfSchedule(expression)
  if (problem !== null)
    throw new Error(
      `the schedule "${expression}"${text === expression ? '' : ` (from ${text})`} must have ${SCHEDULE_FORM}: ${problem}`,
    )
  const fields = expression.split(/\s+/)
  // Both day fields must fit, and names are cut to the three letters that croner knows.
  const cron = new Cron(fields.map(shortNames).join(' '), { timezone: 'UTC', domAndDow: true, paused: true })
  return {
    text: expression,
    nextAfterMs: (ms) => cron.nextRun(new Date(ms))?.getTime(),
  }
}

export function substitute(text: string, settings: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/%([^%]+)%/g, (_whole, name: string) => {
    const value = settings[name]
    if (value === undefined || value === '')
      throw new Error(`'%${name}%' does not resolve to a value; set the application setting ${name}`)
    return value
  })
}

const shortNames = (field: string): string => field.replace(/[a-z]+/gi, (name) => name.slice(0, 3))
