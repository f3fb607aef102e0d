/** The parts of a campaign's report: verdict, objectives, distributions, drills. The dashboard shows the same. */
import { type PointState, pointWord } from '../../model/campaign/campaign.ts'
import type { CampaignDrill, CampaignFigure, CampaignReport } from '../../model/campaign/report.ts'
import type { Verdict } from '../../model/report.ts'
import { counted, dateTime, duration, given, inUnit, NOT_MEASURED } from '../../units/units.ts'
import { slug } from '../html/elements/anchors.ts'
import {
  details,
  facts,
  headlineFigure,
  mark,
  note,
  number,
  onlyTable,
  type Part,
  table,
  text,
  whyNotPass,
} from '../html/elements/components.ts'
import { criteriaTable } from '../html/sections/verdict.ts'
import { html, type Insert, type Markup, unbroken } from '../text/markup.ts'
import { type LinkOf, strip } from './strip.ts'

export const CAMPAIGN_SENTENCES: Readonly<Record<Verdict, string>> = {
  PASS: 'Every objective of the campaign was met.',
  FAIL: 'At least one objective of the campaign was missed.',
  INCONCLUSIVE: 'The drills are not enough to say PASS or FAIL.',
  ABORTED: 'The campaign was stopped before its end.',
}

export function campaignBanner(report: CampaignReport): Markup {
  const { campaignId, verdict, headline, startedAt } = report
  return html`<header class="banner ${verdict.toLowerCase()}">
<p class="eyebrow">Campaign <span class="id">${campaignId}</span> <time datetime="${startedAt}">${dateTime(startedAt)}</time></p>
<p class="verdict">${mark(verdict)} <span class="verdict-meaning">${CAMPAIGN_SENTENCES[verdict]}</span></p>
<h1>${unbroken(headline)}</h1>
<dl class="figures">
${passed(report)}${spreadFigure(report, 'recovery-time', 'recovery_time_s')}${spreadFigure(report, 'worst-client', 'worst_client_outage_s')}${lost(report)}
</dl>
${reasons(report)}
</header>\n`
}

const reasons = ({ reasons: lines }: CampaignReport): Insert => lines.length > 0 && whyNotPass(lines)

function passed({ drills, planned, counts }: CampaignReport): Markup {
  const others = (Object.keys(counts) as PointState[]).filter((state) => state !== 'measured' && counts[state] > 0)
  const below = [`${counts.measured} measured`, ...others.map((state) => `${counts[state]} ${state}`)].join(', ')
  return headlineFigure(
    'drills-passed',
    'Drills passed',
    `${drills.filter(({ verdict }) => verdict === 'PASS').length} of ${planned}`,
    below,
  )
}

const found = ({ figures }: CampaignReport, id: string): CampaignFigure | undefined =>
  figures.find((one) => one.id === id)

const ofDrills = (one: CampaignFigure, { planned }: CampaignReport): string =>
  one.drills === planned ? `of ${counted(planned, 'drill')}` : `of ${one.drills} of ${counted(planned, 'drill')}`

function spreadFigure(report: CampaignReport, id: string, name: string): Insert {
  const one = found(report, name)
  if (one === undefined) return null
  const below =
    one.drills === 0
      ? 'no drill measured it'
      : one.drills === 1
        ? 'in the one drill that measured it'
        : `median ${ofDrills(one, report)}; ${one.min.words} to ${one.max.words}`
  return headlineFigure(id, one.label, one.median.words, below)
}

function lost(report: CampaignReport): Insert {
  const one = found(report, 'lost_commits')
  if (one === undefined) return null
  const where = one.max.value === 0 ? 'in any' : 'in the worst'
  return headlineFigure(
    'commits-lost',
    'Commits lost',
    one.max.words,
    one.drills === 0 ? 'no drill audited it' : `${where} ${ofDrills(one, report)}`,
  )
}

// ---- Sections -----------------------------------------------------------------------------------------------------------

export const campaignParts = (report: CampaignReport, linkOf: LinkOf): readonly Part[] => [
  { id: 'criteria', title: 'Criteria', body: criteria(report) },
  { id: 'distributions', title: 'Distributions', body: distributions(report, linkOf) },
  { id: 'drills', title: 'Drills', body: drillsTable(report.drills, linkOf) },
  { id: 'setup', title: 'Set-up', body: setup(report) },
]

const criteria = (report: CampaignReport): Markup => criteriaTable(report, 'Criteria of the campaign')

const distributions = (report: CampaignReport, linkOf: LinkOf): Markup =>
  html`${onlyTable(
    'Each figure over the drills',
    [text('Figure'), number('Min'), number('Median'), number('Max'), number('Drills'), text('Each drill a point')],
    report.figures.map((one) => ({
      id: `distribution-${slug(one.id)}`,
      name: one.label,
      cells: [
        one.label,
        one.min.words,
        one.median.words,
        one.max.words,
        `${one.drills} of ${report.planned}`,
        strip(one, report.drills, linkOf) ?? NOT_MEASURED,
      ],
    })),
  )}${note(PERCENTILES)}${details('Every value', everyValue(report, linkOf), { id: 'every-value' })}`

const PERCENTILES =
  'Each strip runs from the minimum to the maximum, with a line at the median; a point leads to the report of its drill. So few drills ' +
  'have no percentiles. Only drills with the verdict PASS or FAIL have figures that count.'

const everyValue = ({ figures, drills }: CampaignReport, linkOf: LinkOf): Markup =>
  table(
    'Every figure of every drill',
    [text('Figure'), ...drills.map((drill) => number(`Drill ${drill.number}`))],
    figures.map((one) => [
      one.label,
      ...one.points.map((point) => {
        const drill = drills.find((candidate) => candidate.number === point.drill)
        const words = valueWords(point, one.unit)
        return drill === undefined ? words : linked(drill, words, linkOf)
      }),
    ]),
  )

function linked(drill: CampaignDrill, words: string, linkOf: LinkOf): Insert {
  const to = linkOf(drill)
  return to === null ? words : html`<a href="${to}">${words}</a>`
}

function valueWords({ kind, value }: CampaignFigure['points'][number], unit: string): string {
  if (kind === 'never') return 'not back'
  if (kind === 'at-most') return `≤ ${inUnit(value, unit)}`
  return kind === 'at-least' ? `≥ ${inUnit(value, unit)}` : inUnit(value, unit)
}

/** Also of a campaign that is running, with what is known so far. */
export const drillsTable = (drills: readonly CampaignDrill[], linkOf: LinkOf): Markup =>
  onlyTable(
    'Drills of the campaign',
    [text('Drill'), text('Verdict'), text('Result')],
    drills.map((drill) => ({
      id: `drill-${drill.number}`,
      name: `Drill ${drill.number}`,
      cells: [
        html`${linked(drill, `Drill ${drill.number}`, linkOf)} <small>${drill.startedAt === null ? drill.drillId : dateTime(drill.startedAt)}</small>`,
        drill.verdict === null ? mark('unknown', pointWord(drill)) : mark(pointWord(drill)),
        html`${drill.headline ?? capital(drill.why ?? '')}${drill.headline !== null && drill.why !== null && html` <small>Without figures that count: ${drill.why}.</small>`}`,
      ],
    })),
    { cards: true },
  )

const capital = (words: string): string => (words === '' ? '' : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`)

const setup = ({ server, what, planned, gapMinutes, startedAt, endedAt, note: words }: CampaignReport): Markup =>
  facts([
    ['Server', server],
    ['Each drill', what],
    ['Drills planned', String(planned)],
    ['Gap between two drills', given(gapMinutes, 'min')],
    ['Took', duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)],
    ...(words === null ? [] : [['Note', words] as const]),
  ])
