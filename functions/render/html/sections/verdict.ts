/** Part 1: the verdict, the four main figures and the reasons; then every criterion with its measurement. */
import { marginText, measuredText } from '../../../criteria/judge.ts'
import { measureEvent, worstOf } from '../../../event-figures/figures.ts'
import { eventFigureText, worstNote, worstText } from '../../../event-figures/table.ts'
import { verdictWord } from '../../../model/early-end/stopped-by.ts'
import type { Criterion, Report, TrendFigure } from '../../../model/report.ts'
import { count, counted, dateTime, inUnit, NOT_MEASURED, perSecond, seconds, share } from '../../../units/units.ts'
import { html, type Insert, type Markup, raw, unbroken } from '../../text/markup.ts'
import { DEFINITIONS, likeDrills, sentenceOf } from '../../text/words.ts'
import { copied, heading, idsOf } from '../elements/anchors.ts'
import {
  absent,
  details,
  facts,
  headlineFigure,
  list,
  mark,
  number,
  onlyTable,
  text,
  token,
  whyNotPass,
  worstFigure,
} from '../elements/components.ts'

/** The first screen. */
export function banner(report: Report): Markup {
  return html`<header class="banner ${report.verdict.toLowerCase()}">
<p class="eyebrow">Failover drill <span class="id">${report.drillId}</span> <time datetime="${report.startedAt}">${dateTime(report.startedAt)}</time></p>
<p class="verdict">${mark(verdictWord(report) ?? '')} <span class="verdict-meaning">${sentenceOf(report)}</span></p>
<h1>${unbroken(report.headline)}</h1>
${report.stoppedBy === null ? mainFigures(report) : html`<p class="advice">${report.stoppedBy.advice}</p>`}
</header>\n`
}

const mainFigures = (report: Report): Markup =>
  html`<dl class="figures">
${headlineFigure('recovery-time', 'Recovery time', worstText('recovery_time_s', report), recoveryNote(report), recoveryBar(report))}
${headlineFigure('commits-lost', 'Commits lost', count(report.ledger.lost), lostNote(report))}
${headlineFigure('worst-client', 'Worst client', worstText('worst_client_outage_s', report), clientNote(report))}
${headlineFigure('normal', 'Normal for us?', ...normality(report))}
</dl>
${reasons(report)}`

const FIRST_REASONS = 3

/** A drill without load misses every objective: the first reasons say why, the others are folded. */
function reasons({ reasons: lines }: Report): Insert {
  if (lines.length === 0) return null
  const rest = lines.slice(FIRST_REASONS)
  return whyNotPass(
    lines.slice(0, FIRST_REASONS),
    rest.length > 0 && details('More reasons', list(rest), { id: 'more-reasons' }),
  )
}

const recoveryCriterion = (report: Report): Criterion | undefined =>
  report.criteria.find((criterion) => criterion.objective.startsWith('recovery_time'))

function recoveryNote(report: Report): Insert {
  const which = worstNote('recovery_time_s', report)
  return html`${which && `${which}; `}${objectiveNote(report)}`
}

function objectiveNote(report: Report): Insert {
  const criterion = recoveryCriterion(report)
  if (!criterion) return 'no objective was set'
  if (criterion.verdict === 'unknown')
    return html`objective <code>${criterion.objective}</code>, which could not be judged`
  if (criterion.margin === null) return html`objective <code>${criterion.objective}</code>`
  const isBound = criterion.isLowerBound || criterion.isUpperBound
  const distance = `${isBound ? 'at least ' : ''}${seconds(Math.abs(criterion.margin))}`
  return html`objective <code>${criterion.objective}</code>, ${criterion.margin >= 0 ? `${distance} to spare` : `${distance} too long`}`
}

/** The measurement as a bar of the objective. The words beside it say the same. */
function recoveryBar(report: Report): Insert {
  const criterion = recoveryCriterion(report)
  if (criterion?.margin == null || criterion.measured === null || criterion.verdict === 'unknown') return null
  const objective = criterion.measured + criterion.margin
  const scale = 100 / Math.max(objective, criterion.measured, 1e-9)
  const kind = criterion.verdict
  return raw(
    `<svg class="bar ${kind}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="6"/><rect class="fill" width="${(criterion.measured * scale).toFixed(2)}" height="6"/><rect class="goal" x="${Math.min(99, objective * scale).toFixed(2)}" width="1" height="6"/></svg>`,
  )
}

const lostNote = ({ ledger, events }: Report): string =>
  ledger.intended === 0
    ? 'no load was sent'
    : ledger.lost === null
      ? `of ${count(ledger.acknowledged)} acknowledged: not audited`
      : `of ${count(ledger.acknowledged)} acknowledged, each looked up on the primary${recoveryPoint(ledger, events)}`

/** The recovery point of a loss, and its event. */
function recoveryPoint({ lost, lostSeconds }: Report['ledger'], events: Report['events']): string {
  if (!lost || lostSeconds === null) return ''
  const by = events.length > 1 ? events.find((event) => event.lostSeconds === lostSeconds) : undefined
  return `; recovery point ${seconds(lostSeconds)}${by === undefined ? '' : `, event ${by.number}`}`
}

function withoutClients({ ledger, recovery, events }: Report): string {
  const { notMeasured } = recovery.clientOutageSeconds
  if (ledger.intended === 0) return 'no load was sent'
  if (notMeasured > 0) return `${counted(notMeasured, 'client')} out while no generator watched`
  return events.some(({ service }) => service === 'not measured')
    ? 'the service was not watched all the time'
    : 'no client outage was seen in an event'
}

/** Of the event that the figure above belongs to. */
function clientNote(report: Report): string {
  const { event: number } = worstOf('worst_client_outage_s', report)
  const event = report.events.find((one) => one.number === number)
  if (event === undefined || event.recovery.clientOutageSeconds.clients === 0) return withoutClients(report)
  const { clients, p50 } = event.recovery.clientOutageSeconds
  const which = worstNote('worst_client_outage_s', report)
  const writes = eventFigureText(measureEvent('write_outage_s', event, report))
  return `${which === null ? '' : `${which}; `}half of ${counted(clients, 'client')} back within ${seconds(p50)}; writes back after ${writes}`
}

const READINGS: Readonly<Record<TrendFigure['reading'], string>> = {
  usual: 'Yes',
  better: 'Better',
  worse: 'Worse',
  'no history': 'No history',
}

function normality(report: Report): [value: string, below: Insert] {
  const figure = report.trend.find((row) => row.id === 'recoveryTimeSeconds')
  if (!figure || figure.low === null || figure.high === null) return ['No history', likeDrills(report)]
  const reading = figure.value === null ? readingOfBound(report, figure.low, figure.high) : READINGS[figure.reading]
  if (reading === null) return [NOT_MEASURED, 'there is no recovery time to compare']
  const band = html`recovery usually ${inUnit(figure.low, figure.unit)} to ${inUnit(figure.high, figure.unit)} over ${counted(figure.history.length, 'like drill')}`
  return [reading, html`${band}, <a href="#trend">compare</a>`]
}

/** A recovery whose end was not seen is worse than usual when its lower bound is above the band; one that no client noticed is better when its upper bound is below. */
function readingOfBound(report: Report, low: number, high: number): string | null {
  const { measured } = worstOf('recovery_time_s', report)
  if (measured.kind === 'at-most' && measured.value < low) return READINGS.better
  return measured.kind === 'never' || (measured.kind === 'at-least' && measured.value > high) ? READINGS.worse : null
}

export const criteriaTable = ({ criteria }: Pick<Report, 'criteria'>, caption = 'Criteria'): Markup =>
  criteria.length === 0
    ? absent('No criterion was judged.')
    : onlyTable(
        caption,
        [text('Criterion'), text('Verdict'), number('Measured'), number('Margin'), text('Why')],
        criterionRows(criteria),
        { cards: true },
      )

/** The id has the figure and not its limit, which may change from drill to drill. */
function criterionRows(criteria: readonly Criterion[]) {
  const ids = idsOf(
    'criterion',
    criteria.map(({ id }) => id),
  )
  return criteria.map((row, index) => ({
    id: ids[index] ?? '',
    name: row.objective,
    cells: [
      token(row.objective),
      mark(row.verdict),
      copied(measuredText(row), `${row.objective}: ${measuredText(row)}`),
      marginText(row),
      unbroken(row.why),
    ],
  }))
}

function service(report: Report): Markup {
  const { throughput, availability } = report
  return facts([
    ['Offered', perSecond(throughput.offeredTps), 'offered'],
    [
      'Baseline goodput',
      html`${perSecond(throughput.baselineTps)} <small>± ${perSecond(throughput.baselineMad)} (MAD)</small>`,
      'baseline-goodput',
    ],
    ['Mean goodput', perSecond(throughput.meanTps), 'mean-goodput'],
    ['Peak goodput', perSecond(throughput.peakTps), 'peak-goodput'],
    ['Availability, without the warm-up', share(availability.whole), 'availability'],
    ['Availability, around an event', share(availability.aroundEvent), 'availability-around-event'],
    ['Success of attempts', share(availability.successOfAttempts), 'success'],
    ['Seconds at baseline', share(availability.secondsAtBaseline), 'seconds-at-baseline'],
    ['Of the monthly downtime budget', share(availability.monthlyBudgetShare), 'downtime-budget'],
    ['Time without a standby', worstFigure('exposure_s', report), 'exposure'],
  ])
}

const definitions = (): Markup =>
  details(
    'How these figures are defined',
    html`<dl class="definitions">${DEFINITIONS.map(([term, words]) => html`<dt>${term}</dt><dd>${words}</dd>\n`)}</dl>`,
    { id: 'definitions' },
  )

export const criteria = (report: Report): Markup =>
  html`${criteriaTable(report)}${heading('service', 'The service in figures')}${service(report)}${definitions()}`
