/**
 * Limits: the numbers and units that a figure can be compared with. A limit in another unit, or one that every measurement
 * meets or misses, is refused, because its author means something else. The sentence says what to write.
 */
import { type CriterionName, type CriterionUnit, rangeOf, unitOf } from './figures.ts'

export const OPERATORS = ['<=', '>=', '==', '!=', '<', '>'] as const
export type Operator = (typeof OPERATORS)[number]

/** A number and the unit behind it, as the request has them. */
interface Written {
  readonly number: number
  readonly unit: string
}

/** Parsers disagree on 1e3, 1,000, .5, +5 and 0x10, so a number consists of digits and a point only. */
const LIKE_A_NUMBER = /^[-+.\d][^*]*$/
const NUMBER = /^(-?\d+(?:\.\d+)?)\s*([a-zµ%]*)$/i

function written(text: string): Written | null {
  const [, digits = '', unit = ''] = NUMBER.exec(text) ?? []
  const number = Number(digits)
  return digits === '' || !Number.isFinite(number) ? null : { number, unit: unit.toLowerCase() }
}

interface UnitRule {
  /** Completes "lost_commits is ...". */
  readonly is: string
  /** Units that may stand behind the number; a number without a unit is always in the figure's own. */
  readonly suffix: string | null
  readonly example: string
}

const RULES: Readonly<Record<CriterionUnit, UnitRule>> = {
  s: { is: 'a time in seconds', suffix: 's', example: '120 or 120s' },
  ms: { is: 'a time in milliseconds', suffix: 'ms', example: '50 or 50ms' },
  tps: { is: 'a rate in commits per second', suffix: 'tps', example: '8000, 8000tps or 0.95 * target' },
  '%': { is: 'a percentage', suffix: '%', example: '80 or 80%' },
  share: { is: 'a share', suffix: '%', example: '99.9% or 0.999' },
  count: { is: 'a count', suffix: null, example: 'a whole number such as 0' },
  'yes/no': { is: 'true or false', suffix: null, example: 'true or false' },
}

/** A constant limit. A text says what is wrong with it and what to write; `null`: the limit is no constant. */
export function constantFor(name: CriterionName, text: string): number | string | null {
  const unit = unitOf(name)
  const { is, suffix, example } = RULES[unit]
  const isTruth = text === 'true' || text === 'false'
  if (isTruth && unit === 'yes/no') return text === 'true' ? 1 : 0
  const number = written(text)
  if (number === null && !isTruth)
    return LIKE_A_NUMBER.test(text) ? `${repeated(text)} is no number in digits; expected ${example}` : null
  if (number === null || unit === 'yes/no')
    return `${name} is ${is}, and ${repeated(text)} does not fit it; expected ${example}`
  if (number.unit !== '' && number.unit !== suffix)
    return `${name} is ${is}, and ${repeated(text)} does not fit it; expected ${converted(number, unit) ?? example}`
  return unit === 'share' || unit === '%' ? proportion(name, text, number) : whole(name, text, number.number)
}

const SECONDS_PER: Readonly<Record<string, number>> = {
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  sec: 1,
  secs: 1,
  second: 1,
  seconds: 1,
  m: 60,
  min: 60,
  mins: 60,
  minute: 60,
  minutes: 60,
  h: 3600,
  hour: 3600,
  hours: 3600,
}

const UNITS = new Set(['', '%', 'tps', '/s', ...Object.keys(SECONDS_PER)])

/** Only digits with a unit that is known are repeated: any other text may be a pasted secret. */
function repeated(text: string): string {
  const [, unit] = /^[-+]?[\d.,']{1,15} ?([a-zµ%/]*)$/i.exec(text) ?? []
  const isMeasure = unit !== undefined && UNITS.has(unit.toLowerCase())
  return isMeasure || text === 'true' || text === 'false' ? text : 'what is given'
}

/** The same time in the unit of the figure: 2s of a figure in milliseconds is "2000 or 2000ms". */
function converted({ number, unit }: Written, wanted: CriterionUnit): string | null {
  const perUnit = SECONDS_PER[unit]
  if (perUnit === undefined || (wanted !== 's' && wanted !== 'ms')) return null
  const value = Number((number * perUnit * (wanted === 's' ? 1 : 1000)).toPrecision(15))
  return `${value} or ${value}${wanted}`
}

/** 99.9 of a share and 0.8 of a percentage may be wrong by a factor of a hundred. */
function proportion(name: CriterionName, text: string, { number, unit }: Written): number | string {
  const isShare = unitOf(name) === 'share'
  if (unit === '%') return isShare ? hundredth(number) : number
  const size = Math.abs(number)
  if (isShare ? size <= 1 : size === 0 || size >= 1) return number
  if (!isShare)
    return `${name} is a percentage, and ${text} without a unit may be meant as a share; expected ${text}% or ${hundredfold(number)}%`
  const [, highest] = rangeOf(name)
  const asPercent = number > 0 && number <= 100 * highest
  const meant = highest === 1 ? hundredth(number) : `${hundredfold(number)}%`
  return `${name} is a share, in which all is 1, and ${text} is more; expected ${asPercent ? `${text}% or ${meant}` : RULES.share.example}`
}

/** Cut to 15 digits: 99.9 * 0.01 is 0.9990000000000001. */
const hundredth = (number: number): number => Number((number / 100).toPrecision(15))
const hundredfold = (number: number): number => Number((number * 100).toPrecision(15))

function whole(name: CriterionName, text: string, number: number): number | string {
  if (unitOf(name) !== 'count' || Number.isInteger(number)) return number
  return `${name} is a count, and ${text} is no whole number; expected ${RULES.count.example}`
}

/** A factor of a figure or of the target: a plain number above 0, or a percentage. */
export function factorOf(text: string): number | string {
  const number = written(text)
  if (number === null || (number.unit !== '' && number.unit !== '%'))
    return `expected a number, or a factor such as "0.95 * target"`
  const factor = number.unit === '%' ? hundredth(number.number) : number.number
  return factor > 0 ? factor : `expected a factor above 0`
}

/** Why a figure cannot be compared with another one, or with the target rate; null when it can. */
export function whyNotComparable(name: CriterionName, other: CriterionName | 'target'): string | null {
  const [unit, otherUnit] = [unitOf(name), other === 'target' ? 'tps' : unitOf(other)]
  if (unit === 'yes/no') return `${name} is true or false; expected true or false`
  if (unit === otherUnit) return null
  const otherIs = other === 'target' ? 'the rate that is offered' : RULES[otherUnit].is
  return `${name} is ${RULES[unit].is} and ${other} is ${otherIs}; expected ${RULES[unit].example}, or a factor times a figure of the same unit`
}

/** Why no measurement could make this objective fail, or none could make it pass; null when both can happen. */
export function whyDecided(name: CriterionName, operator: Operator, bound: number): string | null {
  if (unitOf(name) === 'yes/no')
    return operator === '==' || operator === '!=' ? null : `${name} is true or false; expected == or != before it`
  const [lowest, highest] = rangeOf(name)
  const decided = DECIDED[operator](bound, lowest, highest)
  if (decided === null) return null
  const verb = decided ? 'always holds' : 'can never hold'
  return `it ${verb}, because ${name} is ${inRange(lowest, highest)}; expected a limit that can be met and missed`
}

/** True: it holds for every value between the two. False: it holds for none. */
type Decision = (bound: number, lowest: number, highest: number) => boolean | null
const decide = (always: boolean, never: boolean): boolean | null => (always ? true : never ? false : null)

const DECIDED: Readonly<Record<Operator, Decision>> = {
  '<=': (bound, lowest, highest) => decide(bound >= highest, bound < lowest),
  '<': (bound, lowest, highest) => decide(bound > highest, bound <= lowest),
  '>=': (bound, lowest, highest) => decide(bound <= lowest, bound > highest),
  '>': (bound, lowest, highest) => decide(bound < lowest, bound >= highest),
  '==': (bound, lowest, highest) => decide(false, bound < lowest || bound > highest),
  '!=': (bound, lowest, highest) => decide(bound < lowest || bound > highest, false),
}

const inRange = (lowest: number, highest: number): string =>
  highest === Infinity ? `${lowest} or more` : `between ${lowest} and ${highest}`
