/**
 * The verdict. In order:
 *
 *   ABORTED       the drill was stopped on purpose.
 *   FAIL          a commit was lost or doubled, two servers took writes, or the clients were without service longer than an objective allows.
 *                 No weakness of the experiment excuses it.
 *   INCONCLUSIVE  the drill is no proof: no failover, no baseline, no audit, unknowns left, the
 *                 generator was the limit, figures that contradict each other, or an objective that could not be measured.
 *   FAIL          any other objective was missed.
 *   PASS          all of them were met, with evidence.
 */

import type { Criterion, GeneratorVerdict, Verdict } from '../model/report.ts'
import { figureOfId } from './figures.ts'

export interface VerdictInput {
  readonly criteria: readonly Criterion[]
  readonly abortedBecause: string | null
  /** Why the drill proves nothing, one sentence each; empty when it does. */
  readonly inconclusive: readonly string[]
  /** Objectives that need not be measured for a PASS. */
  readonly context: readonly string[]
  /** What a missed objective of this id means, in sentences of its own. */
  readonly meaning: Readonly<Record<string, readonly string[]>>
}

export interface Judgement {
  readonly verdict: Verdict
  /** Why it is not PASS, the most important first. */
  readonly reasons: readonly string[]
}

export function judgeDrill({ criteria, abortedBecause, inconclusive, context, meaning }: VerdictInput): Judgement {
  const failed = criteria.filter(({ verdict }) => verdict === 'fail')
  const standing = failed.filter(standsOnItsOwn)
  const others = failed.filter((criterion) => !standsOnItsOwn(criterion))
  const unmeasured = criteria.filter(({ verdict, objective }) => verdict === 'unknown' && !context.includes(objective))
  const unproven = [
    ...inconclusive,
    ...unmeasured.map(({ objective, why }) => `${objective} could not be judged: ${why}.`),
  ]
  const reasons = [
    ...standing.flatMap((criterion) => [...(meaning[criterion.id] ?? []), missedObjective(criterion)]),
    ...unproven,
    ...others.map(missedObjective),
  ]
  if (abortedBecause !== null) return { verdict: 'ABORTED', reasons: [`Aborted: ${abortedBecause}.`, ...reasons] }
  if (standing.length > 0) return { verdict: 'FAIL', reasons }
  if (unproven.length > 0) return { verdict: 'INCONCLUSIVE', reasons }
  return failed.length > 0 ? { verdict: 'FAIL', reasons } : { verdict: 'PASS', reasons: [] }
}

const missedObjective = ({ objective, why }: Criterion): string => `${objective} was missed: ${why}.`

const standsOnItsOwn = ({ id }: Criterion): boolean => figureOfId(id)?.figure.standsAlone === true

function isSpoiled({ id, isLowerBound }: Criterion): boolean {
  const spoiled = figureOfId(id)?.figure.spoiledByGenerator
  return spoiled === 'always' || (spoiled === 'as a bound' && isLowerBound)
}

/** A missed objective that a generator at its limit may have caused is unknown. A service that never came back stays missed. */
export function withoutGeneratorFaults(criteria: readonly Criterion[], generator: GeneratorVerdict): Criterion[] {
  return criteria.map((criterion) =>
    generator.wasTheLimit === true &&
    criterion.verdict === 'fail' &&
    criterion.measured !== null &&
    isSpoiled(criterion)
      ? { ...criterion, verdict: 'unknown', why: `${criterion.why}; but the generator was the limit, not the server` }
      : criterion,
  )
}
