/** The report of a drill whose load never started: what stopped it and what to do, and no figure. */
import { obstacles } from '../../checklist/check.ts'
import { overrideOf, START_PHASES, type StoppedBy } from '../../model/early-end/stopped-by.ts'
import type { DrillOutcome } from '../../model/evidence.ts'
import type { Report } from '../../model/report.ts'
import { upperFirst } from '../../units/text.ts'
import { counted } from '../../units/units.ts'

type Outcome = Pick<DrillOutcome, 'earlyEnd' | 'loadStartAtMs' | 'checks'>

/** Null: the load started. */
export function stoppedByOf({ earlyEnd, loadStartAtMs, checks }: Outcome): StoppedBy | null {
  const phase = START_PHASES.find((one) => one === earlyEnd?.phase)
  if (earlyEnd === null || phase === undefined || loadStartAtMs !== null) return null
  const failed = earlyEnd.kind === 'failed' && phase === 'check' ? obstacles(checks) : []
  if (failed.length === 0) return { phase, checks: [], why: earlyEnd.why, advice: earlyEnd.advice }
  const named = failed.slice(0, MAX_NAMED).map(({ title }) => title)
  const more = failed.length > MAX_NAMED ? ` and ${failed.length - MAX_NAMED} more` : ''
  return {
    phase,
    checks: failed.map(({ id }) => id),
    why: `${failed.length} of ${counted(checks.length, 'check')} failed: ${named.join(', ')}${more}`,
    advice: `Do what each failed check advises, or override ${failed.length === 1 ? 'it' : 'them'} with ${overrideOf(failed.map(({ id }) => id))} in the request.`,
  }
}

const MAX_NAMED = 3

/** Verdict, headline and reasons. An abort keeps its own verdict; without one the evidence allows none. */
export function judgementOf(
  { earlyEnd, checks }: Outcome,
  stoppedBy: StoppedBy,
): Pick<Report, 'verdict' | 'headline' | 'reasons'> {
  if (earlyEnd?.kind === 'aborted')
    return {
      verdict: 'ABORTED',
      headline: `Aborted before its load started: ${stoppedBy.why}.`,
      reasons: [`Aborted: ${stoppedBy.why}.`],
    }
  const failed = checks.filter(({ id }) => stoppedBy.checks.includes(id))
  const reasons = failed.map(
    ({ id, title, seen, wanted, advice }) => `${title} (${id}): ${seen}; wanted: ${wanted}. ${advice}`,
  )
  return {
    verdict: 'INCONCLUSIVE',
    headline: `Not started: ${stoppedBy.why}.`,
    reasons: reasons.length > 0 ? reasons : [sentence(stoppedBy.why), stoppedBy.advice].filter((one) => one !== ''),
  }
}

const sentence = (text: string): string => `${upperFirst(text).replace(/\.$/, '')}.`
