/** What a reader must know before believing the figures. Generated from the data, never written by hand. */
import { US_PER_SECOND } from '../../loadgen-image/contract-time.ts'
import type { LoadAnalysis } from './analysis.ts'
import type { ReportFigures } from './criteria-figures.ts'
import type { FailoverTimes } from './failover-events.ts'
import { isoOfUs } from './instants.ts'
import type { Incarnation, SecondRange } from './merged.ts'
import type { DrillOutcome } from './outcome.ts'
import type { Criterion } from './report.ts'
import { totalsOf } from './sums.ts'
import { count, counted, milliseconds, seconds, share } from './units.ts'

export function caveatsOf(
  outcome: DrillOutcome,
  figures: ReportFigures,
  criteria: readonly Criterion[],
  analysis: LoadAnalysis | null,
): string[] {
  return [
    ...(analysis === null ? [] : loadCaveats(outcome, analysis)),
    ...platformCaveats(outcome, criteria),
    ...(outcome.facts?.gaps ?? []).map((gap) => `Before the drill this could not be observed: ${gap}.`),
    figures.cleanup.containersLeft === null ? 'The clean-up was not verified.' : null,
    figures.cleanup.containersLeft
      ? `${counted(figures.cleanup.containersLeft, 'container group')} of this drill still there: they cost money until they are deleted.`
      : null,
  ].filter((sentence) => sentence !== null)
}

/** Design of the drill asks for this much steady load before anything is done. */
const STEADY_BASELINE_SECONDS = 60

function loadCaveats(outcome: DrillOutcome, analysis: LoadAnalysis): (string | null)[] {
  const { merged, baseline, load, audit } = analysis
  return [
    baseline !== null && baseline.seconds.length < STEADY_BASELINE_SECONDS
      ? `The baseline is only ${count(baseline.seconds.length)} s long; ${STEADY_BASELINE_SECONDS} s or more tell the usual scatter.`
      : null,
    ...analysis.failovers.flatMap((times) => failoverCaveats(times, analysis)),
    ...analysis.unexplained.map(
      ({ timeline, firstAtUs }) =>
        `Timeline ${timeline} rose at ${isoOfUs(firstAtUs)} without a failover of this drill: the server failed over by itself.`,
    ),
    ...merged.absent.map(
      (container) => `Container ${container} left no record at all: its share of the load is missing.`,
    ),
    ...merged.incarnations.flatMap((one) => [endedEarly(one, outcome), missingSeconds(one)]),
    withoutRecord(analysis),
    clocks(analysis),
    load.transactions === 'compat'
      ? 'The plain transactions table has no keys: lost commits and timelines were not measured.'
      : null,
    merged.totals.weakAcks > 0
      ? `${counted(merged.totals.weakAcks, 'commit was', 'commits were')} acknowledged with a warning that the standby had not confirmed it.`
      : null,
    load.targetTps === 0
      ? 'The load was a closed loop: it offers less when the service is slow, so nothing is ever missed.'
      : null,
    audit.kind === 'agreed' && audit.pass.lostKeys.length < audit.pass.lost
      ? `Only the first ${count(audit.pass.lostKeys.length)} of ${count(audit.pass.lost)} lost keys are listed.`
      : null,
  ]
}

function failoverCaveats(
  { span, t1Us, t2Us, t4Us, neverBack }: FailoverTimes,
  analysis: LoadAnalysis,
): (string | null)[] {
  const which = `Failover ${span.index + 1}: `
  const overlapUs = (span.change?.lastOldAtUs ?? Number.NEGATIVE_INFINITY) - (t2Us ?? Number.POSITIVE_INFINITY)
  return [
    t1Us !== null && t2Us === null ? `${which}the service did not come back before the load ended.` : null,
    t2Us !== null && t4Us === null ? notSustained(which, t2Us, analysis) : null,
    neverBack.length > 0 ? `${which}${counted(neverBack.length, 'worker')} never came back while the load ran.` : null,
    overlapUs > clockErrorUs(analysis)
      ? `${which}commits were acknowledged on the old timeline up to ${seconds(overlapUs / 1e6)} after the first one on the new: two primaries took writes.`
      : null,
  ]
}

/** How the last seconds compare with the baseline says how far the service was from being sustained. */
function notSustained(which: string, t2Us: number, { baseline, merged, window }: LoadAnalysis): string {
  if (baseline === null) return `${which}the recovery has no baseline to be compared with.`
  const lastSeconds = merged.seconds.filter(
    ({ second }) =>
      second * US_PER_SECOND >= Math.max(t2Us, window.endUs - 10 * US_PER_SECOND) &&
      (second + 1) * US_PER_SECOND <= window.endUs,
  )
  const goodput =
    lastSeconds.reduce((sum, { counts }) => sum + counts.acknowledged, 0) / Math.max(1, lastSeconds.length)
  return `${which}goodput was not held again for long enough before the load ended; its last ${lastSeconds.length} s were at ${share(goodput / baseline.tps)} of the baseline.`
}

const clockErrorUs = ({ merged }: LoadAnalysis): number =>
  1000 * Math.max(0, ...merged.incarnations.map(({ clock }) => clock.errorMs ?? 0))

function clocks({ merged, controlClock }: LoadAnalysis): string | null {
  const unknown = merged.incarnations.filter(({ clock }) => clock.errorMs === null).length
  const known = merged.incarnations.flatMap(({ clock }) => clock.errorMs ?? [])
  const bound = known.length === 0 ? null : `${milliseconds(Math.max(...known))} between containers`
  const control =
    controlClock.errorMs === null
      ? 'T0 and T6 are on a clock whose difference is not known'
      : `${milliseconds(controlClock.errorMs)} for T0 and T6`
  const sentence = `Clocks agree within ${bound === null ? 'an unknown bound between containers' : bound}, ${control}.`
  return unknown === 0 ? sentence : `${sentence} ${counted(unknown, 'container')} told no clock offset.`
}

function endedEarly({ container, hasSummary, lastSecond }: Incarnation, { summaries }: DrillOutcome): string | null {
  const last = isoOfUs(lastSecond * US_PER_SECOND)
  if (!hasSummary)
    return `Container ${container} ended without a summary (its last record is of ${last}): its last second is lost.`
  const summary = summaries.find((one) => one.container === container && one.ended !== 'completed')
  return summary === undefined
    ? null
    : `Container ${container} ended as ${summary.ended}${summary.reason === null ? '' : `: ${summary.reason}`}.`
}

function missingSeconds({ container, missing }: Incarnation): string | null {
  if (missing.length === 0) return null
  const length = missing.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return `Container ${container} has no record of ${count(length)} s: ${missing.slice(0, 3).map(spanOf).join(', ')}${missing.length > 3 ? ', ...' : ''}.`
}

export const spanOf = ({ first, last }: SecondRange): string =>
  first === last
    ? String(isoOfUs(first * US_PER_SECOND))
    : `${isoOfUs(first * US_PER_SECOND)} to ${isoOfUs(last * US_PER_SECOND)}`

function withoutRecord({ merged, audit }: LoadAnalysis): string | null {
  const pass = 'pass' in audit ? audit.pass : null
  const { withoutRecord: missing } = totalsOf(merged, pass)
  if (missing === 0) return null
  const found = pass === null ? '' : ` ${count(pass.unrecorded)} of them were found in the database.`
  return `${counted(missing, 'transaction has', 'transactions have')} no record of the outcome, because the container lost it; counted as unknown.${found}`
}

function platformCaveats({ metrics, metricsComplete }: DrillOutcome, criteria: readonly Criterion[]): string[] {
  const unmeasured = criteria.filter(({ id, verdict }) => /^(cpu|memory)_percent$/.test(id) && verdict === 'unknown')
  return [
    ...(metrics.length > 0 && !metricsComplete
      ? ['The platform metrics of the last minutes had not arrived when this was written.']
      : []),
    ...(metrics.length === 0 ? ['There are no platform metrics.'] : []),
    ...unmeasured.map(
      ({ objective }) => `${objective} was not measured, and is not part of the verdict unless the request worded it.`,
    ),
  ]
}
