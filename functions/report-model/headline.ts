/**
 * The headline: one sentence for the top of the page, a chat and the list of drills. How long the service was out, how many
 * commits were lost and, when the verdict is not PASS, what else was wrong. The reasons below it have the details.
 */
import type { Analysis } from '../analysis/analysis.ts'
import { inWords, type ReportFigures } from '../criteria/figures.ts'
import { measuredText } from '../criteria/judge.ts'
import type { Judgement } from '../criteria/verdict.ts'
import { isBeforeWatch, isFailedByPlatform } from '../event-figures/requests.ts'
import { kindWords, moveOf, titleOf } from '../event-kinds/kinds.ts'
import { abortedBecause, type DrillOutcome, errorOf } from '../model/evidence.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Criterion, DrillEvent } from '../model/report.ts'
import { upperFirst } from '../units/text.ts'
import { count, counted, distance, seconds } from '../units/units.ts'
import { eventSubject, serviceWords } from './event-words.ts'

export function headlineOf(
  { evidence }: Analysis,
  figures: ReportFigures,
  criteria: readonly Criterion[],
  { verdict, reasons }: Judgement,
): string {
  const subject = subjectOf(evidence.plan, figures)
  const facts = factsOf(figures, criteria)
  switch (verdict) {
    case 'PASS':
      return `${subject}: ${facts}.${unmeasured(criteria)}`
    case 'FAIL':
      return [`${subject}: ${facts}.`, missedBesides(criteria)].filter((part) => part !== '').join(' ')
    case 'INCONCLUSIVE':
      return `${subject}: ${facts}. Inconclusive: ${inShort(evidence, reasons)}.`
    case 'ABORTED':
      return `${subject} was aborted (${abortedBecause(evidence)}): ${facts}.`
  }
}

/** The request and its result. */
function subjectOf({ target: { server }, events: planned }: DrillPlan, { requests, events }: ReportFigures): string {
  const [first] = requests
  const [event] = planned
  if (first === undefined || event === undefined) return `Drill of ${server} without an event`
  const asked = requests.filter(({ state }) => state !== 'left out')
  if (asked.length > 1) return severalOf(server, asked)
  const seen = events.find(({ number }) => number === first.event)
  const title = upperFirst(titleOf(event, server))
  if (first.state === 'watched') return title
  if (first.state !== 'accepted') return `Drill of ${server}, ${first.what} ${STATES[first.state]}`
  if (seen?.proof.proven !== true && isFailedByPlatform(first))
    return `Drill of ${server}, ${first.what} accepted, its operation failed`
  if (seen?.cause === 'unattributed') return `Drill of ${server}, ${first.what} accepted`
  const move = seen === undefined ? null : moveOf(event, seen.proof)
  const became = seen !== undefined && seen.kind !== first.kind ? ` that became a ${kindWords(seen.kind)}` : ''
  return `${title}${became}${move === null ? '' : `, ${move}`}`
}

const STATES = {
  'not reached': 'planned and not reached',
  withheld: 'withheld',
  refused: 'refused by the platform',
  ambiguous: 'asked for and its answer lost',
  'left out': 'left out',
} as const

function severalOf(server: string, requests: ReportFigures['requests']): string {
  const accepted = requests.filter(({ state }) => state === 'accepted').length
  return accepted === requests.length
    ? `${counted(accepted, 'event')} of ${server}`
    : `Drill of ${server}, ${accepted} of ${counted(requests.length, 'event')} accepted`
}

function factsOf(figures: ReportFigures, criteria: readonly Criterion[]): string {
  if (figures.ledger.intended === 0) return 'no load was sent'
  return [downtime(figures, criteria), commits(figures)].filter((part) => part !== null).join('; ')
}

/** Of several events the worst, as for the objectives. */
function downtime(figures: ReportFigures, criteria: readonly Criterion[]): string | null {
  const { events, worstEvent, requests } = figures
  const worst = events.find(({ number }) => number === worstEvent)
  if (worst === undefined) return lone(figures)
  const noticed = events.filter(({ service }) => service !== 'uninterrupted')
  const atWorst = noticed.length > 1 ? 'at worst ' : ''
  // The subject says it already of the only request.
  const request = requests.find(({ event }) => event === worst.number)
  const isDoubtful = request !== undefined && (request.state === 'ambiguous' || isFailedByPlatform(request))
  const isSubject = requests.length === 1 && isDoubtful
  const early = isBeforeWatch(worst, requests) ? ', begun before the watch' : ''
  const whose = worst.cause === 'drill' || isSubject ? '' : `${eventSubject(worst)}${early}: `
  if (worst.service === 'out') return `${whose}${outAtEnd(worst, figures)}`
  return `${whose}${atWorst}${serviceWords(inShortOf(withLongestOutage(worst, noticed)))}${worst.service === 'recovered' ? allowance(criteria) : ''}`
}

/** Which container stood still, and when, is in the reasons. */
const inShortOf = (event: DrillEvent): DrillEvent =>
  event.watched ? event : { ...event, notMeasuredWhy: 'the load generators did not watch all of it' }

/** The event of the longest recovery is not always that of the longest write outage. */
function withLongestOutage(worst: DrillEvent, noticed: readonly DrillEvent[]): DrillEvent {
  if (worst.service === 'uninterrupted' || worst.recovery.writeOutageSeconds === null) return worst
  const known = noticed.flatMap(
    ({ recovery, atLeast }) => recovery.writeOutageSeconds ?? atLeast.writeOutageSeconds ?? [],
  )
  return { ...worst, recovery: { ...worst.recovery, writeOutageSeconds: Math.max(...known) } }
}

/** Without an event: the clients that were out alone. */
const lone = ({ loneClients: { clients, maxOutageSeconds } }: ReportFigures): string | null =>
  clients === 0
    ? null
    : `${counted(clients, 'client')} out alone${maxOutageSeconds === null ? '' : `, at most for ${seconds(maxOutageSeconds)}`}`

function outAtEnd({ recovery }: DrillEvent, { phases }: ReportFigures): string {
  const from = recovery.outages.find(({ toAt }) => toAt === null)?.fromAt ?? null
  return `no commit in the last ${seconds(secondsUntil(phases.at(-1)?.toAt, from))} of the load, which ended before the service was back`
}

const secondsUntil = (endAt: string | undefined, fromAt: string | null): number | null =>
  endAt === undefined || fromAt === null ? null : (Date.parse(endAt) - Date.parse(fromAt)) / 1000

const isRecovery = ({ id }: Criterion): boolean => id === 'recovery_time_s'

function allowance(criteria: readonly Criterion[]): string {
  const criterion = criteria.find(isRecovery)
  const limit = criterion?.objective.match(/<=?\s*([\d.]+)\s*s?$/i)?.[1]
  if (criterion === undefined || limit === undefined) return ''
  if (criterion.verdict !== 'fail' || criterion.margin === null) return ` (${limit} s allowed)`
  const atLeast = criterion.isLowerBound || criterion.isUpperBound ? 'at least ' : ''
  return ` (${atLeast}${distance(Math.abs(criterion.margin), 's')} more than the ${limit} s allowed)`
}

function commits({ ledger }: ReportFigures): string {
  const all = `${counted(ledger.acknowledged, 'acknowledged commit')}`
  if (ledger.lost === null) return `${all}, losses not measured`
  return ledger.lost === 0 ? `none of ${all} lost` : `${count(ledger.lost)} of ${all} lost`
}

/** What the facts of the sentence say already. */
const isReported = (criterion: Criterion): boolean => isRecovery(criterion) || criterion.id === 'lost_commits'

const MAX_NAMED = 2

function missedBesides(criteria: readonly Criterion[]): string {
  const missed = criteria.filter((criterion) => criterion.verdict === 'fail' && !isReported(criterion))
  if (missed.length === 0) return ''
  const named = missed.slice(0, MAX_NAMED).map((criterion) => {
    const figure = criterion.measured === null ? '' : ` (${measuredText(criterion)})`
    return `${inWords(criterion.id)}${figure}`
  })
  return `Objectives missed: ${named.join(', ')}${rest(missed.length)}.`
}

const rest = (all: number): string => (all > MAX_NAMED ? `, and ${counted(all - MAX_NAMED, 'more', 'more')}` : '')

/** A PASS does not need the platform metrics, but names the objectives that were not measured. */
function unmeasured(criteria: readonly Criterion[]): string {
  const unknown = criteria.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => inWords(id))
  return unknown.length === 0 ? '' : ` Not measured: ${unknown.join(', ')}.`
}

/** Reasons are sentences of the form "what: details"; the first words are enough here. */
function inShort(outcome: DrillOutcome, reasons: readonly string[]): string {
  const error = errorOf(outcome)
  if (error !== null) return `the drill itself failed (${cut(error)})`
  return `${reasons.slice(0, MAX_NAMED).map(firstWords).join('; ')}${rest(reasons.length)}`
}

const MAX_LETTERS = 120
const cut = (text: string): string => (text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS)}...` : text)

/** The objective at the start of a reason why it could not be judged. */
const OBJECTIVE = /^([a-z]\w*(?:\[\w+\])?) (?:[<>]=?|==|!=) .+(?= could not be judged$)/

function firstWords(sentence: string): string {
  const words = (sentence.split(/: |; /, 1)[0] ?? '')
    .replace(/\.$/, '')
    .replace(OBJECTIVE, (_, id: string) => inWords(id))
  // Objectives keep their spelling; other words continue the sentence.
  return /^[A-Z][a-z]/.test(words) ? `${words.charAt(0).toLowerCase()}${words.slice(1)}` : words
}
