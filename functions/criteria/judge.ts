/** Judges an objective by its measurement: pass, fail or unknown, with the distance and the reason in words. */

import type { Measured } from '../model/drill-index.ts'
import type { Criterion } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { distance, given, inUnit, signed } from '../units/units.ts'
import { type CriterionUnit, type FigureRef, measure, type ReportFigures, rangeOf, unitOf } from './figures.ts'
import { type Limit, type ParsedCriterion, parseCriteria } from './grammar.ts'
import { compareIntervals, endsOf, exactly, type Interval, intervalOf, isExact } from './intervals.ts'
import type { Operator } from './limits.ts'

export function judgeCriteria(texts: readonly string[], figures: ReportFigures, targetTps: number): Criterion[] {
  const { criteria, problems } = parseCriteria(texts)
  return [...criteria.map((criterion) => judgeCriterion(criterion, figures, targetTps)), ...problems.map(unreadable)]
}

/** A request with an unreadable criterion is refused. One that reaches the report all the same is shown as unknown. */
const unreadable = (problem: string): Criterion => ({
  id: 'unreadable',
  objective: problem,
  measured: null,
  isLowerBound: false,
  isUpperBound: false,
  unit: '',
  margin: null,
  verdict: 'unknown',
  why: problem,
})

function judgeCriterion(criterion: ParsedCriterion, figures: ReportFigures, targetTps: number): Criterion {
  const { figure, operator, limit, text } = criterion
  const unit = unitOf(figure.name)
  const measured = measure(figure, figures)
  const bound = boundOf(limit, figures, targetTps)
  const verdict = bound === null ? 'unknown' : compare(measured, figure, operator, bound)
  const number = 'value' in measured ? measured.value : null
  const limitValue = bound !== null && isExact(bound) ? bound.low : null
  return {
    id: idOf(figure),
    objective: text,
    measured: number,
    isLowerBound: measured.kind === 'at-least',
    isUpperBound: measured.kind === 'at-most',
    unit,
    margin: number === null || limitValue === null ? null : marginOf(number, operator, limitValue),
    verdict,
    why: reason(measured, operator, bound, unit),
  }
}

export const idOf = ({ name, phase }: FigureRef): string => (phase === null ? name : `${name}[${phase}]`)

/** Null: it was not measured, or it is longer than every number. */
function boundOf({ factor, figure }: Limit, figures: ReportFigures, targetTps: number): Interval | null {
  if (figure === null) return exactly(factor)
  // A closed loop offers no rate: 0 would be a limit that every rate meets.
  if (figure === 'target') return targetTps > 0 ? exactly(round(factor * targetTps, 6)) : null
  const measured = measure(figure, figures)
  if (!('value' in measured)) return null
  const { low, high } = intervalOf(measured, rangeOf(figure.name))
  return { low: times(factor, low), high: times(factor, high) }
}

export const times = (factor: number, end: number): number => (Number.isFinite(end) ? round(factor * end, 6) : end)

export const HOLDS: Readonly<Record<Operator, (measured: number, bound: number) => boolean>> = {
  '<=': (a, b) => a <= b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '>': (a, b) => a > b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

const wantsLess = (operator: Operator): boolean => operator === '<' || operator === '<='
export const wantsMore = (operator: Operator): boolean => operator === '>' || operator === '>='

/** What was not measured is unknown, also where no value of the figure could miss the limit. */
const compare = (measured: Measured, { name }: FigureRef, operator: Operator, bound: Interval): Criterion['verdict'] =>
  measured.kind === 'missing' ? 'unknown' : compareIntervals(intervalOf(measured, rangeOf(name)), operator, bound)

export function marginOf(measured: number, operator: Operator, bound: number): number {
  const apart = round(Math.abs(measured - bound), 6)
  if (operator === '!=') return apart
  if (operator === '==') return -apart + 0
  return round(wantsMore(operator) ? measured - bound : bound - measured, 6)
}

const WANTED: Readonly<Record<Operator, string>> = {
  '<=': 'at most',
  '<': 'below',
  '>=': 'at least',
  '>': 'above',
  '==': 'exactly',
  '!=': 'anything but',
}

function reason(measured: Measured, operator: Operator, bound: Interval | null, unit: CriterionUnit): string {
  const words = `${seenWords(measured, unit)}; ${wantedWords(operator, bound, unit)}`
  return measured.kind === 'value' && bound !== null && isExact(bound)
    ? words + byHowMuch(measured.value, operator, bound.low, unit)
    : words
}

export function wantedWords(operator: Operator, bound: Interval | null, unit: CriterionUnit): string {
  const { value, isUpperBound } = endsOf(bound, unit)
  if (bound === null || value === null) return 'what it is compared with was not measured'
  return isExact(bound)
    ? `${WANTED[operator]} ${given(value, unit)} wanted`
    : `${WANTED[operator]} a figure wanted of which only is known that it is ${given(value, unit)} or ${isUpperBound ? 'less' : 'more'}`
}

export function seenWords(measured: Measured, unit: CriterionUnit): string {
  switch (measured.kind) {
    case 'value':
      return inUnit(measured.value, unit)
    case 'at-least':
      return `${inUnit(measured.value, unit)} or more, because ${measured.why}`
    case 'at-most':
      return `${inUnit(measured.value, unit)} or less, because ${measured.why}`
    case 'never':
      return measured.why
    case 'missing':
      return `not measured: ${measured.why}`
  }
}

/** A rounded figure may read like its limit; then the distance says whether it was met. */
export function byHowMuch(measured: number, operator: Operator, bound: number | null, unit: CriterionUnit): string {
  if (bound === null || !(wantsLess(operator) || wantsMore(operator))) return ''
  if (measured === bound) return inUnit(measured, unit) === given(bound, unit) ? '' : ', and it is exactly that'
  const isMet = HOLDS[operator](measured, bound)
  if (isMet && inUnit(measured, unit) !== inUnit(bound, unit)) return ''
  return `, ${isMet ? 'met' : 'missed'} by ${distance(Math.abs(marginOf(measured, operator, bound)), unit)}`
}

// ---- The two figures of a criterion as text; a bound is marked as one -------------------------------------------

export const measuredText = ({ measured, unit, isLowerBound, isUpperBound }: Criterion): string =>
  `${isLowerBound ? '≥ ' : isUpperBound ? '≤ ' : ''}${inUnit(measured, unit)}`

/** Spare (+) or missing (-). A bound that meets or misses its limit does so by that or more. */
export function marginText({ margin, unit, verdict, isLowerBound, isUpperBound }: Criterion): string {
  if (margin === null || verdict === 'unknown') return 'not known'
  if (!(isLowerBound || isUpperBound)) return signed(margin, unit)
  return `${verdict === 'pass' ? '≥' : '≤'} ${signed(margin, unit)}`
}
