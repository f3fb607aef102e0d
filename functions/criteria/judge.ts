/** Judges an objective by its measurement: pass, fail or unknown, with the distance and the reason in words. */

import type { Measured } from '../model/drill-index.ts'
import type { Criterion } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { distance, given, inUnit, signed } from '../units/units.ts'
import { type CriterionUnit, type FigureRef, measure, type ReportFigures, unitOf } from './figures.ts'
import { type Limit, type ParsedCriterion, parseCriteria } from './grammar.ts'
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
  const verdict = bound === null ? 'unknown' : compare(measured, operator, bound)
  const number = 'value' in measured ? measured.value : null
  return {
    id: idOf(figure),
    objective: text,
    measured: number,
    isLowerBound: measured.kind === 'at-least',
    unit,
    margin: number === null || bound === null ? null : marginOf(number, operator, bound),
    verdict,
    why: reason(measured, operator, bound, unit),
  }
}

export const idOf = ({ name, phase }: FigureRef): string => (phase === null ? name : `${name}[${phase}]`)

function boundOf({ factor, figure }: Limit, figures: ReportFigures, targetTps: number): number | null {
  if (figure === null) return factor
  // A closed loop offers no rate: 0 would be a limit that every rate meets.
  if (figure === 'target') return targetTps > 0 ? round(factor * targetTps, 6) : null
  const measured = measure(figure, figures)
  return measured.kind === 'value' ? round(factor * measured.value, 6) : null
}

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

function compare(measured: Measured, operator: Operator, bound: number): Criterion['verdict'] {
  if (measured.kind === 'missing') return 'unknown'
  if (measured.kind === 'value') return HOLDS[operator](measured.value, bound) ? 'pass' : 'fail'
  if (measured.kind === 'never') return wantsMore(operator) || operator === '!=' ? 'pass' : 'fail'
  // The true value is this or more: a limit below it is exceeded, a limit above it may be.
  if (wantsMore(operator)) return HOLDS[operator](measured.value, bound) ? 'pass' : 'unknown'
  if (wantsLess(operator)) return HOLDS[operator](measured.value, bound) ? 'unknown' : 'fail'
  return measured.value > bound ? (operator === '==' ? 'fail' : 'pass') : 'unknown'
}

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

const reason = (measured: Measured, operator: Operator, bound: number | null, unit: CriterionUnit): string =>
  `${seenWords(measured, unit)}; ${wantedWords(operator, bound, unit)}${measured.kind === 'value' ? byHowMuch(measured.value, operator, bound, unit) : ''}`

export const wantedWords = (operator: Operator, bound: number | null, unit: CriterionUnit): string =>
  bound === null ? 'what it is compared with was not measured' : `${WANTED[operator]} ${given(bound, unit)} wanted`

export function seenWords(measured: Measured, unit: CriterionUnit): string {
  switch (measured.kind) {
    case 'value':
      return inUnit(measured.value, unit)
    case 'at-least':
      return `${inUnit(measured.value, unit)} or more, because ${measured.why}`
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

// ---- The two figures of a criterion as text; a lower bound is marked as one -------------------------------------------

export const measuredText = ({ measured, unit, isLowerBound }: Criterion): string =>
  isLowerBound ? `≥ ${inUnit(measured, unit)}` : inUnit(measured, unit)

/** Spare (+) or missing (-). A lower bound misses its limit by that or more. */
export function marginText({ margin, unit, verdict, isLowerBound }: Criterion): string {
  if (margin === null || verdict === 'unknown') return 'not known'
  if (!isLowerBound) return signed(margin, unit)
  return `${verdict === 'pass' ? '≥' : '≤'} ${signed(margin, unit)}`
}
