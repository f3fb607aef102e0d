/**
 * The objectives of a campaign that states none, those that are always judged, and the verdict:
 *
 *   ABORTED       the campaign was stopped on purpose.
 *   FAIL          an objective was missed. The figures are those of drills with a verdict of their own, so no weakness excuses it.
 *   INCONCLUSIVE  not all drills were run, or an objective could not be judged.
 *   PASS          all objectives were met.
 */
import type { LoadSettings } from '../../../loadgen-image/contract/load-plan.ts'
import type { Criterion } from '../../model/report.ts'
import { figureOf } from '../figures.ts'
import type { Judgement } from '../verdict.ts'
import { parseCampaignCriterion } from './grammar.ts'

type JudgedLoad = Pick<LoadSettings, 'transactions'>

const NOTHING_LOST = 'lost_commits[max] == 0'

/** Every drill's own verdict counts. Without a ledger no drill can count lost commits. */
export const defaultCampaignCriteria = (drills: number, load: JudgedLoad): string[] => [
  `drills_passed == ${drills}`,
  ...(load.transactions === 'ledger' ? [NOTHING_LOST] : []),
]

/** With the loss that is judged in any case: a request that accepts one must state how much. */
export function campaignCriteriaToJudge(texts: readonly string[], drills: number, load: JudgedLoad): string[] {
  const names = texts.flatMap((text) => {
    const parsed = parseCampaignCriterion(text, drills)
    return typeof parsed !== 'string' && parsed.kind === 'figure' ? [parsed.figure.name] : []
  })
  return load.transactions === 'ledger' && !names.includes('lost_commits') ? [...texts, NOTHING_LOST] : [...texts]
}

/** What a load cannot measure, in one objective; null: nothing. */
export function problemOfLoad(
  text: string,
  drills: number,
  { targetTps, transactions }: Pick<LoadSettings, 'targetTps' | 'transactions'>,
): { readonly problem: string; readonly expected: string } | null {
  const parsed = parseCampaignCriterion(text, drills)
  if (typeof parsed === 'string' || parsed.kind !== 'figure') return null
  const { figure, limit } = parsed
  if (limit.figure === 'target' && targetTps === 0)
    return {
      problem: 'a limit that names the target, with request.targetTps 0',
      expected: 'a limit that does not name the target, or a target rate',
    }
  const named = limit.figure === null || limit.figure === 'target' ? [figure] : [figure, limit.figure]
  if (transactions === 'compat' && named.some(({ name }) => figureOf(name).needsLedger === true))
    return {
      problem: 'a figure of the ledger, with request.transactions "compat"',
      expected: 'a figure that is measured without keys in the table, or transactions "ledger"',
    }
  return null
}

export interface CampaignVerdictInput {
  readonly criteria: readonly Criterion[]
  readonly abortedBecause: string | null
  /** Why fewer drills were run than planned; null: all were, or the campaign was aborted. */
  readonly endedEarly: string | null
}

export function judgeCampaign({ criteria, abortedBecause, endedEarly }: CampaignVerdictInput): Judgement {
  const missed = criteria.filter(({ verdict }) => verdict === 'fail')
  const unproven = [
    ...(endedEarly === null ? [] : [endedEarly]),
    ...criteria
      .filter(({ verdict }) => verdict === 'unknown')
      .map(({ objective, why }) => `${objective} could not be judged: ${why}.`),
  ]
  const reasons = [...missed.map(({ objective, why }) => `${objective} was missed: ${why}.`), ...unproven]
  if (abortedBecause !== null) return { verdict: 'ABORTED', reasons: [`Aborted: ${abortedBecause}.`, ...reasons] }
  if (missed.length > 0) return { verdict: 'FAIL', reasons }
  return { verdict: unproven.length > 0 ? 'INCONCLUSIVE' : 'PASS', reasons }
}
