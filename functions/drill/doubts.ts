/** Why a drill proves nothing: each sentence alone keeps it from PASS. */
import type { LoadAnalysis } from './analysis.ts'
import type { ReportFigures } from './criteria-figures.ts'
import type { DrillOutcome } from './outcome.ts'
import { contradictions } from './sums.ts'
import { counted, rate } from './units.ts'

export function doubtsOf(outcome: DrillOutcome, figures: ReportFigures, analysis: LoadAnalysis | null): string[] {
  return [
    outcome.error === null ? null : `The drill itself failed: ${outcome.error}.`,
    stoppedByChecklist(outcome),
    analysis === null ? 'No load was recorded.' : null,
    figures.failoverProof.proven ? null : noProof(figures),
    analysis === null ? null : absentContainers(analysis),
    analysis === null ? null : weakBaseline(figures, analysis),
    analysis === null ? null : weakAudit(figures, analysis),
    ...oddRows(figures),
    figures.generator.wasTheLimit === true ? figures.generator.why : null,
    ...(analysis === null ? [] : contradictionsOf(outcome, analysis)),
  ].filter((sentence) => sentence !== null)
}

function noProof({ failoverProof: { evidence } }: ReportFigures): string {
  const sentences = evidence.join(' ')
  return `No failover was proven: ${sentences.charAt(0).toLowerCase()}${sentences.slice(1)}`
}

function stoppedByChecklist({ checks, loadStartAtMs }: DrillOutcome): string | null {
  const failed = checks.filter(({ when, verdict, forced }) => when === 'before' && verdict === 'fail' && !forced)
  if (loadStartAtMs !== null || failed.length === 0) return null
  return `The checklist stopped the drill: ${failed.map(({ title, seen, wanted }) => `${title} (${seen}; wanted: ${wanted})`).join('; ')}.`
}

/** What it was told of its commits is gone with it: nobody can say that none was lost. */
const absentContainers = ({ merged: { absent } }: LoadAnalysis): string | null =>
  absent.length === 0
    ? null
    : `No record came from container ${absent.join(', ')}: the commits that it was told of cannot be checked.`

function weakBaseline({ throughput }: ReportFigures, { baseline }: LoadAnalysis): string | null {
  if (baseline === null)
    return 'There was no baseline: no whole second lies between the warm-up and the first failover.'
  if (baseline.isReached !== false) return null
  return `The baseline was not reached: ${rate(throughput.baselineTps)} of ${rate(throughput.offeredTps)} offered commits per second.`
}

function weakAudit({ ledger }: ReportFigures, { audit }: LoadAnalysis): string | null {
  if (audit.kind === 'none') return `The ledger could not be audited: ${audit.why}.`
  if (audit.kind === 'unresolved') return `The audit is not resolved: ${audit.why}.`
  return (ledger.unresolved ?? 0) > 0
    ? `${counted(ledger.unresolved ?? 0, 'outcome is', 'outcomes are')} unresolved: the records are missing, and so are the rows.`
    : null
}

function oddRows({ ledger }: ReportFigures): string[] {
  const { misjudged, unexpected } = ledger
  return [
    misjudged
      ? `${counted(misjudged, 'refused transaction is', 'refused transactions are')} present: the table of outcomes is wrong.`
      : null,
    unexpected ? `${counted(unexpected, 'row is', 'rows are')} present that nobody sent.` : null,
  ].filter((sentence) => sentence !== null)
}

const contradictionsOf = (outcome: DrillOutcome, { merged, audit, load }: LoadAnalysis): string[] =>
  contradictions(merged, outcome.summaries, 'pass' in audit ? audit.pass : null, load.transactions === 'ledger').map(
    (contradiction) => `The figures contradict each other: ${contradiction}.`,
  )
