/**
 * The schedules that a timer in Azure fires: NCRONTAB with six fields (the first is seconds), in UTC. Azure's scale controller
 * reads nothing else: an app with a five-field expression starts, runs locally, and is not woken when it is due. Time spans such
 * as 24:00:00 work on an App Service plan only, and @daily on none.
 */

const DAY_NAMES = 'sun|mon|tue|wed|thu|fri|sat|sunday|monday|tuesday|wednesday|thursday|friday|saturday'
const MONTH_NAMES =
  'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december'

interface FieldForm {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names: string
}

const MONTH: FieldForm = { name: 'month', min: 1, max: 12, names: MONTH_NAMES }

const FIELDS: readonly FieldForm[] = [
  { name: 'second', min: 0, max: 59, names: '' },
  { name: 'minute', min: 0, max: 59, names: '' },
  { name: 'hour', min: 0, max: 23, names: '' },
  { name: 'day', min: 1, max: 31, names: '' },
  MONTH,
  { name: 'day of week', min: 0, max: 6, names: DAY_NAMES },
]

const FIELD_NAMES = FIELDS.map(({ name }) => name).join(', ')

export const SCHEDULE_FORM = `six NCRONTAB fields in UTC (${FIELD_NAMES}), such as "0 0 2 * * *" for 02:00 every day`

/** Why Azure would not fire the schedule, without a piece of the text; null when it would. */
export function problemOfSchedule(text: string): string | null {
  const fields = text.trim().split(/\s+/)
  if (text.trim().startsWith('@')) return 'names such as @daily are not NCRONTAB'
  if (/^\d+(\.\d+)?(:\d+){1,2}(\.\d+)?$/.test(text.trim()))
    return 'a time span fires on an App Service plan only, and this app runs on another plan'
  if (fields.length === 5) return 'it has five fields: put the seconds first, such as "0" for the full minute'
  if (fields.length !== FIELDS.length) return `it has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`
  const bad = FIELDS.find((form, index) => !isField(fields[index] as string, form))
  if (bad !== undefined) return `its field "${bad.name}" is not NCRONTAB (${bad.min} to ${bad.max})`
  return hasADay(fields[3] as string, fields[4] as string) ? null : 'no month that it names has a day that it names'
}

/** Per field the values at which it fires, ascending, of a schedule that has no problem. */
export const valuesOfSchedule = (text: string): ReadonlyArray<readonly number[]> =>
  text
    .trim()
    .split(/\s+/)
    .map((field, index) => {
      const values = field.split(',').flatMap((part) => valuesIn(part, FIELDS[index] as FieldForm))
      return [...new Set(values)].sort((a, b) => a - b)
    })

/** Behind a single value a step goes on to the end of the field: "5/10" is 5, 15, 25 and so on, but "5/1" is 5 alone. */
function valuesIn(part: string, { min, max, names }: FieldForm): readonly number[] {
  const [range = '', step] = part.split('/')
  const [from = '', to] = range.split('-')
  const first = from === '*' ? min : numberOf(from, names)
  const isOpen = from === '*' || (to === undefined && Number(step ?? 1) > 1)
  const last = isOpen ? max : numberOf(to ?? from, names)
  const values: number[] = []
  for (let value = first; value <= last; value += Number(step ?? 1)) values.push(value)
  return values
}

function isField(field: string, { min, max, names }: FieldForm): boolean {
  const value = names === '' ? '\\d{1,2}' : `\\d{1,2}|${names}`
  const item = new RegExp(`^(?:\\*|(?<from>${value})(?:-(?<to>${value}))?)(?:/(?<step>\\d{1,2}))?$`, 'i')
  return field.split(',').every((part) => {
    const { from, to, step } = item.exec(part)?.groups ?? {}
    if (!item.test(part) || Number(step ?? 1) === 0) return false
    const [first, last] = [from ?? String(min), to ?? from ?? String(max)].map((word) => numberOf(word, names))
    return first !== undefined && last !== undefined && first >= min && last <= max && first <= last
  })
}

/** Full names are cut to three letters; `names` lists the short ones first, from January or from Sunday on. */
function numberOf(word: string, names: string): number {
  if (/^\d/.test(word)) return Number(word)
  const at = names.split('|').indexOf(word.slice(0, 3).toLowerCase())
  return names === MONTH_NAMES ? at + 1 : at
}

const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** 31 February never comes. */
function hasADay(days: string, months: string): boolean {
  const firstDay = Math.min(...days.split(',').map((part) => Number(/^\d+/.exec(part)?.[0] ?? 1)))
  const named = months.split(',').flatMap((part) => monthsIn(part))
  return named.some((month) => firstDay <= (LONGEST_MONTHS[month - 1] ?? 0))
}

const monthsIn = (part: string): readonly number[] => valuesIn(part, MONTH)
