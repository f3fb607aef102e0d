/**
 * What the app says of a request, by the names of the options that make its fields. A field without an option keeps its name, and
 * so does one that stands in the file of --request.
 */
import type { Problem } from '../../../functions/request/request.ts'
import { DRILL_COMMAND, type DrillOptions } from './drill-options.ts'
import { REQUEST_OPTIONS } from './request-options.ts'

type OptionName = keyof typeof DRILL_COMMAND.options

const isOption = (name: string): name is OptionName => Object.hasOwn(DRILL_COMMAND.options, name)
const flagOf = (name: OptionName): string => `--${DRILL_COMMAND.options[name].flag}`

/** Fields of a campaign have other names than its options, and the criteria of its drills the same. */
const OF_CAMPAIGNS: Readonly<Record<string, OptionName>> = {
  drills: 'repeat',
  gapMinutes: 'gapSeconds',
  criteria: 'campaignCriteria',
}

/** "--warmup-seconds: got ..." */
export function problemInOptions(options: DrillOptions, { field, problem, expected }: Problem): string {
  const own = field.replace(/^request\./, '')
  const path = own.split('[', 1)[0] ?? ''
  const root = path.split('.', 1)[0] ?? ''
  const name = nameOf(options, field, path)
  if (Object.hasOwn(options.request ?? {}, root) && !isTyped(options, name))
    return `--request, ${field}: ${problem}; expected ${expected}`
  if (name === undefined) return `${field}: ${problem}; expected ${expected}`
  // One option holds a whole list: the place in it has no option.
  const place = name !== 'failoverAtSeconds' && /\]\./.test(own) ? `, ${own}` : ''
  return `${flagOf(name)}${place}: ${inOptions(`${problem}; expected ${expected}`)}`
}

function nameOf(options: DrillOptions, field: string, path: string): OptionName | undefined {
  const ofCampaign = options.repeat > 1 ? OF_CAMPAIGNS[path] : undefined
  if (ofCampaign !== undefined && !field.startsWith('request.')) return ofCampaign
  const name = [path, path.split('.', 1)[0] ?? ''].find(isOption)
  return name === 'events' && options.events.length === 0 ? 'failoverAtSeconds' : name
}

function isTyped(options: DrillOptions, name: OptionName | undefined): boolean {
  if (name === undefined) return false
  const value = options[name]
  return !(value === null || value === false || (Array.isArray(value) && value.length === 0))
}

// ---- Fields in a text ---------------------------------------------------------------------------------------------------

const FIELDS = Object.keys(REQUEST_OPTIONS) as ReadonlyArray<keyof typeof REQUEST_OPTIONS>
const anyOf = (names: readonly string[]): string => names.map((name) => name.replace('.', '\\.')).join('|')
/** No word of the language is written so: "timing.warmupSeconds", "targetTps". */
const UNMISTAKABLE = new RegExp(
  `(?<![\\w."])(?:request\\.)?(${anyOf(FIELDS.filter((name) => /[A-Z.]/.test(name)))})(?![\\w."])`,
  'g',
)
/** As JSON, "migrate": true, or with a value, transactions "ledger": a word alone may be one of the language. */
const AS_JSON = new RegExp(`"(${anyOf(FIELDS)})": ?("?)([\\w.]+)\\2`, 'g')
const WITH_VALUE = new RegExp(`(?<![\\w."-])(${anyOf(FIELDS)}) "([\\w.]+)"`, 'g')

/** "a smaller timing.minBaselineSeconds" becomes "a smaller --min-baseline-seconds". */
export const inOptions = (text: string): string =>
  text
    .replace(AS_JSON, (_, name: OptionName, _quote, value: string) => withValue(name, value))
    .replace(WITH_VALUE, (_, name: OptionName, value: string) => withValue(name, value))
    .replace(UNMISTAKABLE, (_, name: OptionName) => flagOf(name))

const withValue = (name: OptionName, value: string): string =>
  'value' in DRILL_COMMAND.options[name] ? `${flagOf(name)} ${value}` : flagOf(name)
