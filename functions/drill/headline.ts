/**
 * One sentence for the top of the page, a chat and the list of drills, for somebody who was just woken up: how long, how much
 * was lost, and, when it is no PASS, what else was wrong. The reasons below it have the details; it repeats none of them.
 */
import type { ReportFigures } from './criteria-figures.ts'
import { inWords } from './criteria-names.ts'
import { measuredText } from './criterion-words.ts'
import type { DrillOutcome } from './outcome.ts'
import type { Criterion, DrillEvent } from './report.ts'
import { count, counted, distance, seconds } from './units.ts'
import type { Judgement } from './verdict.ts'

export function headlineOf(
  outcome: DrillOutcome,
  figures: ReportFigures,
  criteria: readonly Criterion[],
  { verdict, reasons }: Judgement,
): string {
  const subject = subjectOf(outcome.plan.target.server, figures)
  const facts = factsOf(figures, criteria)
  switch (verdict) {
    case 'PASS':
      return `${subject}: ${facts}.${unmeasured(criteria)}`
    case 'FAIL':
      return [`${subject}: ${facts}.`, missedBesides(criteria)].filter((part) => part !== '').join(' ')
    case 'INCONCLUSIVE':
      return `${subject}: ${facts}. Inconclusive: ${doubtsInShort(outcome, reasons)}.`
    case 'ABORTED':
      return `${subject} was aborted (${outcome.abortedBecause}): ${facts}.`
  }
}

function subjectOf(server: string, { events }: ReportFigures): string {
  const [first] = events
  if (first === undefined) return `Drill of ${server} without a failover`
  if (events.length > 1) return `${counted(events.length, 'failover')} of ${server}`
  const mode = first.mode === 'planned' ? 'Planned' : 'Forced'
  const from = first.proof.before?.availabilityZone
  const to = first.proof.after?.availabilityZone
  const zones = from != null && to != null && from !== to ? `, zone ${from} to ${to}` : ''
  return `${mode} failover of ${server}${zones}`
}

function factsOf(figures: ReportFigures, criteria: readonly Criterion[]): string {
  if (figures.ledger.intended === 0) return 'no load was sent'
  return [downtime(figures, criteria), commits(figures)].filter((part) => part !== null).join('; ')
}

/** Of several events the worst counts, as it does for the objectives. */
function downtime({ events, phases }: ReportFigures, criteria: readonly Criterion[]): string | null {
  const out = events.filter(({ moments }) => moments.t1 !== null)
  if (events.length === 0) return null
  if (out.length === 0) return 'clients saw no outage'
  const gone = out.find(({ moments }) => moments.t2 === null)
  if (gone !== undefined)
    return `no commit in the last ${seconds(secondsUntil(phases.at(-1)?.toAt, gone.moments.t1))} of the load, which ended before the service was back`
  const longest = events.length > 1 ? 'at worst ' : ''
  const noCommit = `${longest}no commit for ${seconds(worst(out, 'writeOutageSeconds'))}`
  const recovery = worst(out, 'recoveryTimeSeconds')
  if (recovery === null) return `${noCommit}, and full service not seen again before the load ended`
  const after = `full service after ${seconds(recovery)}`
  if (seconds(recovery) === seconds(worst(out, 'writeOutageSeconds')))
    return `${longest}${after} without a commit${allowance(criteria)}`
  return `${noCommit}, ${after}${allowance(criteria)}`
}

const secondsUntil = (endAt: string | undefined, fromAt: string | null): number | null =>
  endAt === undefined || fromAt === null ? null : (Date.parse(endAt) - Date.parse(fromAt)) / 1000

function worst(events: readonly DrillEvent[], figure: 'writeOutageSeconds' | 'recoveryTimeSeconds'): number | null {
  const values = events.map(({ recovery }) => recovery[figure])
  return values.reduce((most, value) => (most === null || value === null ? null : Math.max(most, value)), 0)
}

const isRecovery = ({ id }: Criterion): boolean => id === 'recovery_time_s'

function allowance(criteria: readonly Criterion[]): string {
  const criterion = criteria.find(isRecovery)
  const limit = criterion?.objective.match(/<=?\s*([\d.]+)$/)?.[1]
  if (criterion === undefined || limit === undefined) return ''
  if (criterion.verdict !== 'fail' || criterion.margin === null) return ` (${limit} s allowed)`
  const atLeast = criterion.isLowerBound ? 'at least ' : ''
  return ` (${atLeast}${distance(Math.abs(criterion.margin), 's')} more than the ${limit} s allowed)`
}

function commits({ ledger }: ReportFigures): string {
  const all = `${counted(ledger.acknowledged, 'acknowledged commit')}`
  if (ledger.lost === null) return `${all}, and nobody knows whether one was lost`
  return ledger.lost === 0 ? `none of ${all} lost` : `${count(ledger.lost)} of ${all} lost`
}

/** What the sentence says anyway. */
const isTold = (criterion: Criterion): boolean => isRecovery(criterion) || criterion.id === 'lost_commits'

const MOST_NAMED = 2

function missedBesides(criteria: readonly Criterion[]): string {
  const missed = criteria.filter((criterion) => criterion.verdict === 'fail' && !isTold(criterion))
  if (missed.length === 0) return ''
  const named = missed.slice(0, MOST_NAMED).map((criterion) => {
    const figure = criterion.measured === null ? '' : ` (${measuredText(criterion)})`
    return `${inWords(criterion.id)}${figure}`
  })
  return `Objectives missed: ${named.join(', ')}${rest(missed.length)}.`
}

const rest = (all: number): string => (all > MOST_NAMED ? `, and ${counted(all - MOST_NAMED, 'more', 'more')}` : '')

/** What platforms deliver late or never takes no PASS away, but a PASS says what it does not know. */
function unmeasured(criteria: readonly Criterion[]): string {
  const unknown = criteria.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => inWords(id))
  return unknown.length === 0 ? '' : ` Not measured: ${unknown.join(', ')}.`
}

/** Reasons are sentences of the form "what: details"; the first words are enough here. */
function doubtsInShort({ error, checks, loadStartAtMs }: DrillOutcome, reasons: readonly string[]): string {
  if (error !== null) return `the drill itself failed (${cut(error)})`
  const stopping = checks.filter(({ when, verdict, forced }) => when === 'before' && verdict === 'fail' && !forced)
  if (loadStartAtMs === null && stopping.length > 0)
    return `the checklist stopped it (${stopping.map(({ title }) => title).join(', ')})`
  return `${reasons.slice(0, MOST_NAMED).map(firstWords).join('; ')}${rest(reasons.length)}`
}

const MOST_LETTERS = 120
const cut = (text: string): string => (text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}...` : text)

/** At the start of the reason why it could not be judged. */
const OBJECTIVE = /^([a-z]\w*(?:\[\w+\])?) (?:[<>]=?|==|!=) .+(?= could not be judged$)/

function firstWords(sentence: string): string {
  const words = (sentence.split(/: |; /, 1)[0] ?? '')
    .replace(/\.$/, '')
    .replace(OBJECTIVE, (_, id: string) => inWords(id))
  // Objectives keep their own spelling; everything else goes on inside a sentence.
  return /^[A-Z][a-z]/.test(words) ? `${words.charAt(0).toLowerCase()}${words.slice(1)}` : words
}
