/**
 * A drill's junit.xml, for a pipeline: one test case for the verdict, and one for each criterion.
 *
 * It is green only for PASS. A drill that proves nothing has an error in the case `verdict`, so a pipeline that looks at
 * failures and errors alone stops as well. A criterion that was not measured is an error. It is skipped where it decided
 * nothing (the verdict is PASS without it), and after a drill without load, because then one cause explains all of them, and
 * the cases of the failed checks name it.
 */
import { measuredText } from '../../criteria/judge.ts'
import { stoppingChecks, verdictWord } from '../../model/early-end/stopped-by.ts'
import type { Criterion, Report, Verdict } from '../../model/report.ts'
import { titleOf } from '../text/words.ts'
import { type JunitCase, type JunitOutcome, type JunitSuite, junitXml, PASSED } from './xml.ts'

export const renderJunit = (report: Report): string => junitXml([suiteOf(report)])

function suiteOf(report: Report): JunitSuite {
  const { drillId, verdict, headline, reasons, startedAt, endedAt, setup } = report
  const hasLoad = report.ledger.intended > 0
  return {
    name: drillId,
    host: setup.Server || 'localhost',
    startedAt,
    endedAt,
    properties: [
      ['drill', drillId],
      ['verdict', verdictWord(report) ?? verdict],
      ['headline', headline],
      ...Object.entries(setup),
    ],
    cases: [
      { group: 'drill', name: 'verdict', outcome: verdictOutcome(report) },
      ...failedChecks(report),
      ...report.criteria.map((criterion) => criterionCase(criterion, hasLoad && verdict !== 'PASS')),
    ],
    output: [titleOf(report), ...reasons],
  }
}

const KINDS: Readonly<Record<Verdict, JunitOutcome['kind']>> = {
  PASS: 'passed',
  FAIL: 'failure',
  INCONCLUSIVE: 'error',
  ABORTED: 'error',
}

/** Of a drill and of a campaign. */
export function verdictOutcome(ended: Pick<Report, 'verdict' | 'stoppedBy' | 'headline' | 'reasons'>): JunitOutcome {
  const { verdict, headline, reasons } = ended
  const kind = KINDS[verdict]
  if (kind === 'passed') return PASSED
  return { kind, type: verdictWord(ended) ?? verdict, message: [headline, ...reasons].join('\n') }
}

const failedChecks = (report: Report): JunitCase[] =>
  stoppingChecks(report).map(({ id, title, seen, wanted, why, advice }) => ({
    group: 'checks',
    name: id,
    outcome: {
      kind: 'error',
      type: 'check failed',
      message: `${title}: ${seen}; wanted: ${wanted}. ${[why, advice].filter((words) => words !== '').join(' ')}`,
    },
  }))

/** `isNeeded`: without a measurement it is an error. */
export const criterionCase = (criterion: Criterion, isNeeded: boolean): JunitCase => ({
  group: 'criteria',
  name: criterion.objective,
  outcome: criterionOutcome(criterion, isNeeded),
})

function criterionOutcome(criterion: Criterion, isNeeded: boolean): JunitOutcome {
  const message = `${criterion.objective}: measured ${measuredText(criterion)}. ${criterion.why}`
  if (criterion.verdict === 'pass') return PASSED
  if (criterion.verdict === 'fail') return { kind: 'failure', type: 'objective missed', message }
  return { kind: isNeeded ? 'error' : 'skipped', type: 'not measured', message: `Could not be judged. ${message}` }
}
