/** Caveats: conditions under which the figures of this drill hold. Each is computed from the data. */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { Analysis, LoadAnalysis } from '../analysis/analysis.ts'
import type { Event } from '../analysis/events.ts'
import { totalsOf } from '../analysis/totals.ts'
import type { ReportFigures } from '../criteria/figures.ts'
import { TOLERANCE_US } from '../measurement/generator-watch.ts'
import { secondsInside } from '../measurement/window.ts'
import type { Incarnation, SecondRange } from '../merge/merged.ts'
import type { DrillOutcome } from '../model/evidence.ts'
import type { Criterion, DrillEvent, EventRequest } from '../model/report.ts'
import { lowerFirst } from '../units/text.ts'
import { count, counted, dateTime, isoOfUs, milliseconds, seconds, share } from '../units/units.ts'
import { eventSubject, whatOf } from './event-words.ts'

export function caveatsOf(
  { evidence, load }: Analysis,
  figures: ReportFigures,
  criteria: readonly Criterion[],
): string[] {
  return [
    ...(load === null ? [] : loadCaveats(evidence, figures, load)),
    ...(figures.stoppedBy === null ? platformCaveats(evidence, criteria) : []),
    ...undoCaveats(evidence),
    ...(evidence.facts?.gaps ?? []).map((gap) => `Before the drill this could not be observed: ${gap}.`),
    figures.cleanup.containersLeft === null ? 'The clean-up was not verified.' : null,
    figures.cleanup.containersLeft
      ? `${counted(figures.cleanup.containersLeft, 'container group')} of this drill still there: they cost money until they are deleted.`
      : null,
  ].filter((sentence) => sentence !== null)
}

/** What an event changed and the drill has not changed back. Events that change the same thing share one undo. */
function undoCaveats({ events }: DrillOutcome): string[] {
  const sentences = events.flatMap(({ undo }) => {
    if (undo === null || undo.state === 'undone' || undo.state === 'not needed') return []
    return undo.state === 'changed by others'
      ? [`Not undone: ${undo.detail}.`]
      : [
          `Not undone at ${dateTime(undo.at)}: ${undo.detail}. It was left to the sweeping timer; if it stays, undo it by hand.`,
        ]
  })
  return [...new Set(sentences)]
}

/** Steady load that a drill should have before its first event. */
const STEADY_BASELINE_SECONDS = 60

function loadCaveats(outcome: DrillOutcome, figures: ReportFigures, analysis: LoadAnalysis): (string | null)[] {
  const { merged, baseline, settings, audit } = analysis
  return [
    baseline !== null && baseline.seconds.length < STEADY_BASELINE_SECONDS
      ? `The baseline is only ${count(baseline.seconds.length)} s long; ${STEADY_BASELINE_SECONDS} s or more show the usual scatter.`
      : null,
    ...figures.requests.map(lateRequest),
    ...figures.events.map(oldPrimaryCaveat),
    ...analysis.events.flatMap((event) => eventCaveats(event, analysis)),
    promotedLater(outcome, analysis),
    ...merged.absent.map(
      (container) => `Container ${container} left no record at all: its share of the load is missing.`,
    ),
    ...merged.incarnations.flatMap((one) => [endedEarly(one, outcome), missingSeconds(one)]),
    withoutRecord(analysis),
    clocks(analysis),
    settings.transactions === 'compat'
      ? 'The plain transactions table has no keys: lost commits and timelines were not measured.'
      : null,
    merged.totals.weakAcks > 0
      ? `${counted(merged.totals.weakAcks, 'commit was', 'commits were')} acknowledged with a warning that the standby had not confirmed it.`
      : null,
    settings.targetTps === 0
      ? 'The load was a closed loop: it offers less when the service is slow, so nothing is ever missed.'
      : null,
    audit.kind === 'agreed' && audit.pass.lostKeys.length < audit.pass.lost
      ? `Only the first ${count(audit.pass.lostKeys.length)} of ${count(audit.pass.lost)} lost keys are listed.`
      : null,
  ]
}

const oldPrimaryCaveat = ({ number, stalePrimary: { state, sentence } }: DrillEvent): string | null =>
  state === 'not measured' || state === 'in doubt' ? `Event ${number}: ${lowerFirst(sentence)}` : null

/** Requests are later than this when the steps before them took longer than planned. */
const LATE_SECONDS = 2

const lateRequest = ({ lateSeconds, what }: EventRequest): string | null =>
  lateSeconds === null || lateSeconds < LATE_SECONDS
    ? null
    : `The ${what} was asked for ${seconds(lateSeconds)} later than planned.`

function eventCaveats(event: Event, analysis: LoadAnalysis): (string | null)[] {
  const { number, span, t1Us, t2Us, t4Us, quiet, neverReconnected, outages, isOutageWatched } = event
  const which = `Event ${number}`
  const overlapUs = (span.change?.lastOldAtUs ?? Number.NEGATIVE_INFINITY) - (t2Us ?? Number.POSITIVE_INFINITY)
  const isOut = outages.some(({ toUs }) => toUs === null) && !analysis.window.isCut
  const isOpen = t1Us !== null && t2Us !== null && t4Us === null && isOutageWatched && !isOut
  return [
    span.cause === 'drill' || span.identities !== null
      ? null
      : `${which} is ${article(eventSubject(subjectOf(event)))}.`,
    isOut ? `${which}: the service did not come back before the load ended.` : null,
    isOpen ? notSustained(which, event, analysis) : null,
    quiet !== null && !quiet.isSparse
      ? `${which}: no client noticed the restart. Its recovery time and write outage are upper bounds: the longest pause between two commits around the start of the process.`
      : null,
    neverReconnected.length > 0
      ? `${which}: ${counted(neverReconnected.length, 'worker')} did not come back while the load ran.`
      : null,
    overlapUs > clockErrorUs(analysis) && !wasReadLate(span.change?.lastOldAtUs ?? 0, t2Us ?? 0, analysis)
      ? `${which}: commits were acknowledged on the old timeline up to ${seconds(overlapUs / 1e6)} after the first one on the new: two primaries took writes.`
      : null,
  ]
}

const subjectOf = ({ span }: Event) => ({
  kind: span.kind,
  cause: span.cause,
  what: whatOf(span),
  request: span.evidence?.index ?? null,
})

const article = (subject: string): string => `${/^[aeiou]/.test(subject) ? 'an' : 'a'} ${subject}`

/** After a standstill a generator reads the replies that arrived during it, and dates them then. */
const wasReadLate = (readUs: number, t2Us: number, { watch }: LoadAnalysis): boolean =>
  watch.standstills.some(({ fromUs, toUs }) => fromUs < t2Us && readUs >= fromUs && readUs <= toUs + TOLERANCE_US)

/** With the goodput of the last seconds, which shows how far from recovery the service was. */
function notSustained(which: string, { t2Us, endUs }: Event, { baseline, merged, window }: LoadAnalysis): string {
  if (baseline === null) return `${which}: the recovery has no baseline to be compared with.`
  const lastSeconds = secondsInside(merged.seconds, Math.max(t2Us ?? endUs, endUs - 10 * US_PER_SECOND), endUs)
  const goodput =
    lastSeconds.reduce((sum, { counts }) => sum + counts.acknowledged, 0) / Math.max(1, lastSeconds.length)
  const end = endUs < window.endUs ? 'the next event began' : 'the load ended'
  const last =
    lastSeconds.length === 0
      ? ''
      : `; the last ${lastSeconds.length} s before that were at ${share(goodput / baseline.tps)} of the baseline`
  return `${which}: goodput was not held again for long enough before ${end}${last}.`
}

/** The audit reads the server after the load, so it also finds a promotion that no client saw. */
function promotedLater({ audits }: DrillOutcome, { merged }: LoadAnalysis): string | null {
  const newest = Math.max(0, ...merged.timelines.map(({ timeline }) => timeline))
  const audited = Math.max(0, ...audits.map(({ timeline }) => timeline ?? 0))
  return newest === 0 || audited <= newest
    ? null
    : `The audits found timeline ${audited}, and the newest that clients had commits on is ${newest}: a promotion took place that no client of this load saw.`
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
  return unknown === 0 ? sentence : `${sentence} ${counted(unknown, 'container')} reported no clock offset.`
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
      ({ objective }) => `${objective} was not measured, and is not part of the verdict unless the request states it.`,
    ),
  ]
}
