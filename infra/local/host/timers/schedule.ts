/**
 * Timer schedules: NCRONTAB with six fields (the first is seconds), in UTC. The expression is read by croner, told to
 * follow NCRONTAB where cron dialects differ; what croner knows beyond NCRONTAB is refused, because Azure refuses it.
 */
import { Cron } from 'croner'

export interface Schedule {
  readonly text: string
  /** The first occurrence strictly after that instant; undefined when there will be none. */
  nextAfterMs(ms: number): number | undefined
}

const DAY_NAMES = 'sun|mon|tue|wed|thu|fri|sat|sunday|monday|tuesday|wednesday|thursday|friday|saturday'
const MONTH_NAMES =
  'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december'
/** Name, lowest, highest, names. */
const FIELDS: readonly [string, number, number, string][] = [
  ['second', 0, 59, ''],
  ['minute', 0, 59, ''],
  ['hour', 0, 23, ''],
  ['day', 1, 31, ''],
  ['month', 1, 12, MONTH_NAMES],
  ['day of week', 0, 6, DAY_NAMES],
]

/** `text` may be `%SETTING%`, which stands for that setting's value. */
export function parseSchedule(text: string, settings: Readonly<Record<string, string | undefined>>): Schedule {
  const expression = substitute(text, settings).trim()
  const fields = expression.split(/\s+/)
  if (fields.length !== FIELDS.length) throw new Error(notSixFields(text, expression))
  for (const [index, field] of fields.entries()) checkField(field, FIELDS[index] as (typeof FIELDS)[number], expression)
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

const notSixFields = (text: string, expression: string): string =>
  `the schedule "${expression}"${text === expression ? '' : ` (from ${text})`} must have six fields: ` +
  'second, minute, hour, day, month, day of week'

function checkField(field: string, [name, low, high, names]: (typeof FIELDS)[number], expression: string): void {
  const value = names === '' ? '\\d{1,2}' : `\\d{1,2}|${names}`
  const item = new RegExp(`^(?:\\*|(?:${value})(?:-(?:${value}))?)(?:/\\d{1,2})?$`, 'i')
  const numbers = field
    .split(/[^0-9]+/)
    .filter((digits) => digits !== '')
    .map(Number)
  const outside = field
    .replace(/\/\d+/g, '')
    .match(/\d+/g)
    ?.some((digits) => Number(digits) < low || Number(digits) > high)
  const zeroStep = /\/0+(?:,|$)/.test(field)
  if (!field.split(',').every((part) => item.test(part)) || outside === true || zeroStep || numbers.some((n) => n > 99))
    throw new Error(`the ${name} field "${field}" of the schedule "${expression}" is not NCRONTAB (${low} to ${high})`)
}

const shortNames = (field: string): string => field.replace(/[a-z]+/gi, (name) => name.slice(0, 3))
