/** The objectives of a drill: those of a request that states none, and those that are always judged. */

import type { LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import { type CriterionName, type FigureRef, figureOf } from './figures.ts'
import { parseCriteria } from './grammar.ts'

export { parseCriteria, problemOfCriterion } from './grammar.ts'

type JudgedLoad = Pick<LoadSettings, 'targetTps' | 'transactions'>

/**
 * Context from the platform, whose points arrive minutes late or not at all. Not measured, these objectives stay unknown and
 * are named in the caveats, but the verdict can be PASS. One that a request states itself counts like every other objective.
 */
const PLATFORM_CRITERIA: readonly string[] = ['cpu_percent < 80', 'memory_percent < 80']

/** The objectives of the original 8,000 TPS test. */
const DEFAULTS: readonly string[] = [
  'baseline_tps >= 0.95 * target',
  'p50_ms[baseline] < 10',
  'p95_ms[baseline] < 30',
  'p99_ms[baseline] < 50',
  'recovery_time_s < 120',
  'success_rate > 0.99',
  'lost_commits == 0',
  ...PLATFORM_CRITERIA,
]

/**
 * The objectives of a request that states none, as far as its load can measure them: a closed loop (target 0) offers no rate
 * that a baseline could reach, and the plain table keeps no ledger.
 */
export const defaultCriteria = ({ targetTps, transactions }: JudgedLoad): string[] =>
  DEFAULTS.filter(
    (text) => (targetTps > 0 || !comparesWithTarget(text)) && (transactions === 'ledger' || !needsLedger(text)),
  )

/** The objective for one figure, for the checklist of a drill whose request states others. */
export const defaultCriterion = (figure: CriterionName): string =>
  DEFAULTS.find((text) => text.startsWith(figure)) ?? figure

/** Judged in every drill with a ledger: a request that accepts a loss must state how much. */
const ALWAYS = ['lost_commits == 0', 'duplicates == 0']

/**
 * Judged wherever a timeline rose. Not measured, it stays unknown and is named in the caveats, but the verdict can be PASS; one
 * that a request states itself counts like every other objective.
 */
const WITH_OLD_PRIMARY = 'split_brain_writes == 0'

/** The criteria of a plan, with those that are judged in any case. Without a ledger nothing can judge them. */
export function criteriaToJudge(
  texts: readonly string[],
  { transactions }: Pick<JudgedLoad, 'transactions'>,
  hasOldPrimary = false,
): string[] {
  if (transactions === 'compat') return [...texts]
  const added = hasOldPrimary ? [...ALWAYS, WITH_OLD_PRIMARY] : ALWAYS
  const named = new Set(parseCriteria(texts).criteria.map(({ figure }) => figure.name))
  const missing = parseCriteria(added).criteria.filter(({ figure }) => !named.has(figure.name))
  return [...texts, ...missing.map(({ text }) => text)]
}

/** Objectives that need not be measured for a PASS, of a request that states these. */
export const contextOf = (texts: readonly string[]): string[] =>
  texts.includes(WITH_OLD_PRIMARY) ? [...PLATFORM_CRITERIA] : [...PLATFORM_CRITERIA, WITH_OLD_PRIMARY]

/** Whether only an audit of the ledger can judge the objective. */
export const needsLedger = (text: string): boolean =>
  parseCriteria([text]).criteria.some(
    ({ figure, limit }) => isOfLedger(figure) || (limit.figure !== null && isOfLedger(limit.figure)),
  )

const isOfLedger = (figure: FigureRef | 'target'): boolean =>
  figure !== 'target' && figureOf(figure.name).needsLedger === true

/** Whether the objective means nothing in a closed loop, which has no target rate. */
export const comparesWithTarget = (text: string): boolean =>
  parseCriteria([text]).criteria.some(({ limit }) => limit.figure === 'target')
