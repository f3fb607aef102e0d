/** Why a drill is INCONCLUSIVE: each of these sentences alone rules out PASS. */
import type { Counts, LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { Analysis, LoadAnalysis } from '../analysis/analysis.ts'
import { totalsOf } from '../analysis/totals.ts'
import type { ReportFigures } from '../criteria/figures.ts'
import { NO_TOKEN } from '../measurement/generator-watch.ts'
import { countLedger, type LedgerCounts } from '../merge/ledger.ts'
import type { Incarnation, Merged } from '../merge/merged.ts'
import { type ContainerEnd, unseenEnd, whyEarly } from '../model/container-end.ts'
import { type AuditPass, abortedBecause, type DrillOutcome, errorOf } from '../model/evidence.ts'
import type { DrillEvent, EventRequest } from '../model/report.ts'
import { lowerFirst } from '../units/text.ts'
import { clock, counted, rate, seconds } from '../units/units.ts'
import { eventSubject } from './event-words.ts'

export function inconclusiveReasons(analysis: Analysis, figures: ReportFigures): string[] {
  const { evidence, load } = analysis
  const error = errorOf(evidence)
  return [
    error === null ? null : `The drill itself failed: ${error}.`,
    endedOnTheirOwn(evidence),
    load === null ? 'No load was recorded.' : null,
    figures.eventsProof.proven ? null : noProof(figures),
    ...figures.events.map(unwatched),
    ...(load === null ? [] : weaknessesOfLoad(evidence, load, figures)),
    ...oddRows(figures),
    figures.generator.wasTheLimit === true ? figures.generator.why : null,
    ...(load === null ? [] : contradictions(analysis, load)),
  ].filter((sentence) => sentence !== null)
}

const weaknessesOfLoad = (evidence: DrillOutcome, load: LoadAnalysis, figures: ReportFigures): (string | null)[] => [
  recordsEndEarly(evidence, load),
  looseClocks(load),
  loginsWithoutToken(load),
  absentContainers(load),
  weakBaseline(figures, load),
  weakAudit(figures, load),
]

function noProof({ eventsProof: { evidence }, events, requests }: ReportFigures): string {
  const [only, ...more] = requests
  if (only?.state === 'watched') return nothingInWatch(only, events)
  const what =
    only === undefined
      ? 'No event was proven'
      : more.length > 0
        ? 'Not every event was proven'
        : `The ${only.what} was not proven`
  const others = events
    .filter(({ cause, request }) => cause !== 'drill' && request === null)
    .map(({ sentence }) => ` ${sentence}`)
  return `${what}: ${lowerFirst(evidence.join(' '))}${others.join('')}`
}

/** What happened before the watch is not denied. */
function nothingInWatch({ plannedAtSeconds }: EventRequest, events: readonly DrillEvent[]): string {
  if (events.length === 0) return 'No event was seen while the drill watched for what others do.'
  const named = events
    .slice(0, MAX_NAMED)
    .map((event) => `event ${event.number}, ${eventSubject(event)}, at ${clock(event.beganAt)}`)
  const more = events.length > MAX_NAMED ? `; and ${counted(events.length - MAX_NAMED, 'more', 'more')}` : ''
  return `Every event that was seen had begun before the watch, which began at second ${plannedAtSeconds} of the load: ${named.join('; ')}${more}.`
}

const unwatched = ({ number, watched, watchedWhy }: DrillEvent): string | null =>
  watched ? null : `Event ${number} was not measured by these clients: ${watchedWhy}.`

function recordsEndEarly({ loadStartAtMs }: DrillOutcome, { window, settings }: LoadAnalysis): string | null {
  if (!window.isCut || loadStartAtMs === null) return null
  const missing = (window.startUs + settings.durationSeconds * US_PER_SECOND - window.endUs) / US_PER_SECOND
  return `The records of the load end ${seconds(missing)} before its planned end: the service after them is not known.`
}

/** With a larger error the order of moments is not known. */
const MAX_CLOCK_ERROR_MS = 1000

function looseClocks({ merged }: LoadAnalysis): string | null {
  const loose = merged.incarnations.find(({ clock }) => (clock.errorMs ?? 0) > MAX_CLOCK_ERROR_MS)
  return loose === undefined
    ? null
    : `The clock of container ${loose.container} is known within ${seconds((loose.clock.errorMs ?? 0) / 1000)} only: its times are not measured.`
}

/** The generator's own fault: these clients stayed out although the server may have been there for them. */
function loginsWithoutToken({ merged: { errors } }: LoadAnalysis): string | null {
  const refused = errors.filter(({ code }) => code === NO_TOKEN)
  if (refused.length === 0) return null
  const count = refused.reduce((sum, error) => sum + error.count, 0)
  return (
    `${counted(count, 'login was', 'logins were')} refused because the identity of the load generators got no token since ` +
    'the last one expired: how long the server kept these clients out is not known.'
  )
}

const MAX_NAMED = 4

/** Regardless of what else ended the drill: those that the drill stopped, and those that its error names, are left out. */
function endedOnTheirOwn(outcome: DrillOutcome): string | null {
  const { plan, loadStartAtMs } = outcome
  const error = errorOf(outcome)
  if (loadStartAtMs === null) return null
  const ends = Array.from({ length: plan.load.containers }, (_, container) => endOf(outcome, container))
  const early = ends
    .filter(({ ended, reason }) => ended !== 'stopped' || reason !== (abortedBecause(outcome) ?? error))
    .flatMap((end) => whyEarly(end) ?? [])
    .filter((why) => error?.includes(why) !== true)
  if (early.length === 0) return null
  const more = early.length > MAX_NAMED ? `; and ${counted(early.length - MAX_NAMED, 'more', 'more')}` : ''
  return `Not every load generator ended as planned: ${early.slice(0, MAX_NAMED).join('; ')}${more}.`
}

/** A summary may arrive after the ends were noted. */
function endOf({ containers, summaries }: DrillOutcome, container: number): ContainerEnd {
  const noted = containers.find((one) => one.container === container) ?? unseenEnd(container)
  const summary = summaries.find((one) => one.container === container)
  return summary === undefined ? noted : { ...noted, ended: summary.ended, reason: summary.reason }
}

/** Its records are missing, so its acknowledged commits cannot be looked up. */
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

function weakAudit({ ledger }: ReportFigures, { audit, settings }: LoadAnalysis): string | null {
  // The plain table has no keys: the report says "not measured", and no objective of such a drill needs the ledger.
  if (settings.transactions === 'compat') return null
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
      ? `${counted(misjudged, 'refused transaction is', 'refused transactions are')} in the table: a driver error code is classified wrongly. Please report this.`
      : null,
    unexpected ? `${counted(unexpected, 'row is', 'rows are')} present that no client sent.` : null,
  ].filter((sentence) => sentence !== null)
}

// ---- Figures that come by two ways must agree: where they do not, this program is wrong ---------------------------------

function contradictions({ evidence }: Analysis, { merged, audit, settings }: LoadAnalysis): string[] {
  const pass = 'pass' in audit ? audit.pass : null
  return [
    outcomesAddUp(merged, pass),
    settings.transactions === 'ledger' ? ledgerMatches(merged, countLedger(merged.ledger)) : null,
    pass === null ? null : rowsAddUp(pass),
    pass === null ? null : auditSawTheLedger(merged, pass),
    ...merged.incarnations.map((one) => summaryMatches(one, evidence.summaries)),
    ...merged.incarnations.map(hasNoConflict),
  ]
    .filter((sentence) => sentence !== null)
    .map((sentence) => `The figures contradict each other: ${sentence}.`)
}

function outcomesAddUp(merged: Merged, pass: AuditPass | null): string | null {
  const { intended, acknowledged, refused, unknown, missed } = totalsOf(merged, pass)
  const sum = acknowledged + refused + unknown + missed
  return sum === intended
    ? null
    : `${intended} arrivals were intended, but acknowledged, refused, unknown and missed add up to ${sum}`
}

function ledgerMatches({ totals }: Merged, ledger: LedgerCounts): string | null {
  if (ledger.duplicateReports > 0) return `${ledger.duplicateReports} keys were reported with an outcome more than once`
  const differing = (['acknowledged', 'refused', 'unknown'] as const).filter(
    (outcome) => ledger[outcome] !== totals[outcome],
  )
  if (differing.length === 0) return null
  return `the ledger and the counts differ: ${differing.map((o) => `${o} ${ledger[o]} and ${totals[o]}`).join(', ')}`
}

function rowsAddUp(pass: AuditPass): string | null {
  const sum = pass.acknowledgedPresent + pass.recovered + pass.misjudged + pass.unexpected + pass.duplicates
  return sum === pass.rows ? null : `the audit found ${pass.rows} rows, but its classes add up to ${sum}`
}

function auditSawTheLedger({ totals }: Merged, pass: AuditPass): string | null {
  const seen = pass.acknowledgedPresent + pass.lost
  return seen === totals.acknowledged
    ? null
    : `${totals.acknowledged} commits were acknowledged, but the audit looked for ${seen}`
}

function summaryMatches(
  { container, incarnation, counts, missing }: Incarnation,
  summaries: readonly LoadSummary[],
): string | null {
  const summary = summaries.find((one) => one.container === container && one.incarnation === incarnation)
  if (summary === undefined || missing.length > 0) return null
  const differing = (Object.keys(counts) as (keyof Counts)[]).filter((name) => counts[name] !== summary.totals[name])
  if (differing.length === 0) return null
  const pairs = differing.map((name) => `${name} ${counts[name]} and ${summary.totals[name]}`)
  return `records and summary of container ${container} differ: ${pairs.join(', ')}`
}

const hasNoConflict = ({ container, conflicts }: Incarnation): string | null =>
  conflicts.length === 0
    ? null
    : `container ${container} reported ${conflicts.length} seconds twice with different contents (first: second ${conflicts[0]})`
