/** A row of the checklist, and how rows become results. `unknown` never passes and never fails by itself. */
import type { Facts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { CheckResult } from '../model/report.ts'
import { inUnit } from '../units/units.ts'

type CheckVerdict = CheckResult['verdict']

export interface Judgement {
  readonly verdict: CheckVerdict
  /** Null: could not be seen. */
  readonly seen: string | null
  readonly wanted: string
  /** Advice on the cause that was seen, if it is more precise than the row's own. */
  readonly advice?: string
}

export interface Check<Evidence> {
  /** What `force` names, and what the report's readers refer to. */
  readonly id: string
  readonly title: string
  readonly why: string
  readonly judge: (evidence: Evidence) => Judgement
  readonly advice: string
}

/** The evidence for the rows before a drill. */
export interface BeforeEvidence {
  readonly plan: DrillPlan
  readonly facts: Facts
}

export type BeforeCheck = Check<BeforeEvidence>

export const NOT_SEEN = 'could not be seen'

export function judgeRows<Evidence>(
  rows: ReadonlyArray<Check<Evidence>>,
  when: CheckResult['when'],
  evidence: Evidence,
  force: readonly string[],
): CheckResult[] {
  return rows.map(({ id, title, why, judge, advice }) => {
    const { verdict, seen, wanted, advice: ofCause } = judge(evidence)
    const forced = verdict === 'fail' && force.includes(id)
    return {
      id,
      when,
      title,
      verdict,
      seen: seen ?? NOT_SEEN,
      wanted,
      why,
      advice: verdict === 'pass' ? '' : (ofCause ?? advice),
      forced,
    }
  })
}

/** Rows that stop a drill. */
export const obstacles = (results: readonly CheckResult[]): CheckResult[] =>
  results.filter(({ verdict, forced }) => verdict === 'fail' && !forced)

// ---- Judging one value ------------------------------------------------------------------------------------------------

/** Missing evidence is unknown. */
export const holds = <T>(
  value: T | null | undefined,
  wanted: string,
  isGood: (value: T) => boolean,
  show: (value: T) => string = String,
): Judgement =>
  value === null || value === undefined
    ? { verdict: 'unknown', seen: null, wanted }
    : { verdict: isGood(value) ? 'pass' : 'fail', seen: show(value), wanted }

export const atLeast = (value: number | null | undefined, min: number, unit = ''): Judgement =>
  holds(
    value,
    `at least ${withUnit(min, unit)}`,
    (seen) => seen >= min,
    (seen) => withUnit(seen, unit),
  )

export const below = (value: number | null | undefined, limit: number, unit = ''): Judgement =>
  holds(
    value,
    `below ${withUnit(limit, unit)}`,
    (seen) => seen < limit,
    (seen) => inUnit(seen, unit),
  )

export const equals = (value: string | null | undefined, wanted: string): Judgement =>
  holds(value, wanted, (seen) => seen.toLowerCase() === wanted.toLowerCase())

const withUnit = (value: number, unit: string): string => (unit === '' ? String(value) : `${value} ${unit}`)
