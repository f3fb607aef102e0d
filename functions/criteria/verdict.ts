/**
 * The verdict. In order:
 *
 *   ABORTED       the drill was stopped on purpose.
 *   FAIL          a commit was lost or doubled, or the clients were without service for longer than an objective allows.
 *                 This evidence stands on its own, whatever else went wrong.
 *   INCONCLUSIVE  the drill does not prove what it was made for: no failover, no baseline, no audit, unknowns left, the
 *                 generator was the limit, figures that contradict each other, or an objective that could not be measured.
 *   FAIL          any other objective was missed.
 *   PASS          all of them were met, with evidence.
 */

import type { Criterion, GeneratorVerdict, Verdict } from '../model/report.ts'
import { PLATFORM_CRITERIA } from './defaults.ts'

export interface VerdictInput {
  readonly criteria: readonly Criterion[]
  readonly abortedBecause: string | null
  /** Why the drill proves nothing, one sentence each; empty when it does. */
  readonly doubts: readonly string[]
}

export interface Judgement {
  readonly verdict: Verdict
  /** Why it is not PASS, the weightiest first. */
  readonly reasons: readonly string[]
}

export function judgeDrill({ criteria, abortedBecause, doubts }: VerdictInput): Judgement {
  const failed = criteria.filter(({ verdict }) => verdict === 'fail')
  const standing = failed.filter(standsOnItsOwn)
  const others = failed.filter((criterion) => !standsOnItsOwn(criterion))
  const unmeasured = criteria.filter(({ verdict, objective }) => verdict === 'unknown' && !isContext(objective))
  const allDoubts = [...doubts, ...unmeasured.map(({ objective, why }) => `${objective} could not be judged: ${why}.`)]
  const reasons = [...standing.map(missedObjective), ...allDoubts, ...others.map(missedObjective)]
  if (abortedBecause !== null) return { verdict: 'ABORTED', reasons: [`Aborted: ${abortedBecause}.`, ...reasons] }
  if (standing.length > 0) return { verdict: 'FAIL', reasons }
  if (allDoubts.length > 0) return { verdict: 'INCONCLUSIVE', reasons }
  return failed.length > 0 ? { verdict: 'FAIL', reasons } : { verdict: 'PASS', reasons: [] }
}

const missedObjective = ({ objective, why }: Criterion): string => `${objective} was missed: ${why}.`

/** Seen by the clients themselves, commit by commit: no weakness of the experiment excuses it. */
const STANDING: readonly string[] = [
  'lost_commits',
  'lost_s',
  'duplicates',
  'recovery_time_s',
  'recovery_from_trigger_s',
  'write_outage_s',
  'worst_client_outage_s',
  'client_outage_s',
]

const nameOf = ({ id }: Criterion): string => id.split('[', 1)[0] as string

const standsOnItsOwn = (criterion: Criterion): boolean => STANDING.includes(nameOf(criterion))

const isContext = (objective: string): boolean => PLATFORM_CRITERIA.includes(objective)

const SPOILED = /^(baseline_tps|mean_tps|peak_tps|(service_)?p\d+_ms|max_ms|availability|seconds_at_baseline)/
/** Goodput that a generator at its limit may have held back itself. A recovery that the clients measured stands. */
const HELD_BACK = /^recovery_(time|from_trigger)_s/

const isSpoiled = ({ id, isLowerBound }: Criterion): boolean => SPOILED.test(id) || (isLowerBound && HELD_BACK.test(id))

/** What a generator at its limit spoils cannot be held against the server. A service that never came back can. */
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
