/** Why a drill proves nothing: each sentence alone keeps it from PASS. */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LoadAnalysis } from '../analysis/analysis.ts'
import type { ReportFigures } from '../criteria/figures.ts'
import type { DrillOutcome } from '../model/evidence.ts'
import type { DrillEvent } from '../model/report.ts'
import { lowerFirst } from '../units/text.ts'
import { counted, rate, seconds } from '../units/units.ts'
import { contradictions } from './cross-checks.ts'

export function doubtsOf(outcome: DrillOutcome, figures: ReportFigures, analysis: LoadAnalysis | null): string[] {
  return [
    outcome.error === null ? null : `The drill itself failed: ${outcome.error}.`,
    stoppedByChecklist(outcome),
    analysis === null ? 'No load was recorded.' : null,
    figures.failoverProof.proven ? null : noProof(figures),
    ...figures.events.map(unwatched),
    analysis === null ? null : recordsEndEarly(outcome, analysis),
    analysis === null ? null : looseClocks(analysis),
    analysis === null ? null : absentContainers(analysis),
    analysis === null ? null : weakBaseline(figures, analysis),
    analysis === null ? null : weakAudit(figures, analysis),
    ...oddRows(figures),
    figures.generator.wasTheLimit === true ? figures.generator.why : null,
    ...(analysis === null ? [] : contradictionsOf(outcome, analysis)),
  ].filter((sentence) => sentence !== null)
}

function noProof({ failoverProof: { evidence }, events }: ReportFigures): string {
  const others = events.filter(({ cause }) => cause !== 'drill').map(({ sentence }) => ` ${sentence}`)
  return `No failover was proven: ${lowerFirst(evidence.join(' '))}${others.join('')}`
}

const unwatched = ({ number, watched, watchedWhy }: DrillEvent): string | null =>
  watched ? null : `Event ${number} was not measured by these clients: ${watchedWhy}.`

function recordsEndEarly({ loadStartAtMs }: DrillOutcome, { window, load }: LoadAnalysis): string | null {
  if (!window.isCut || loadStartAtMs === null) return null
  const missing = (window.startUs + load.durationSeconds * US_PER_SECOND - window.endUs) / US_PER_SECOND
  return `The records of the load end ${seconds(missing)} before its planned end: what the service did after them is not known.`
}

/** Clocks that lie this far apart put nothing into its order. */
const MAX_CLOCK_ERROR_MS = 1000

function looseClocks({ merged }: LoadAnalysis): string | null {
  const loose = merged.incarnations.find(({ clock }) => (clock.errorMs ?? 0) > MAX_CLOCK_ERROR_MS)
  return loose === undefined
    ? null
    : `The clock of container ${loose.container} is known within ${seconds((loose.clock.errorMs ?? 0) / 1000)} only: its times are not measured.`
}

function stoppedByChecklist({ checks, loadStartAtMs }: DrillOutcome): string | null {
  const failed = checks.filter(({ when, verdict, forced }) => when === 'before' && verdict === 'fail' && !forced)
  if (loadStartAtMs !== null || failed.length === 0) return null
  return `The checklist stopped the drill: ${failed.map(({ title, seen, wanted }) => `${title} (${seen}; wanted: ${wanted})`).join('; ')}.`
}

/** The record of its commits is gone with it, so none of them can be proven to exist. */
const absentContainers = ({ merged: { absent } }: LoadAnalysis): string | null =>
  absent.length === 0
    ? null
    : `No record came from container ${absent.join(', ')}: the commits that were acknowledged to it cannot be checked.`

function weakBaseline({ throughput, requests }: ReportFigures, { baseline }: LoadAnalysis): string | null {
  if (baseline === null)
    return `There was no baseline: no whole second without an outage lies between the warm-up and ${requests.length === 0 ? 'the end of the load' : 'the first request'}.`
  if (baseline.isReached !== false) return null
  return `The baseline was not reached: ${rate(throughput.baselineTps)} of ${rate(throughput.offeredTps)} offered commits per second.`
}

function weakAudit({ ledger }: ReportFigures, { audit, load }: LoadAnalysis): string | null {
  // The plain table has no keys: the report says "not measured", and no objective of such a drill names the ledger.
  if (load.transactions === 'compat') return null
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
