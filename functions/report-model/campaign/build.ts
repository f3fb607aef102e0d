/** The report of a campaign, from what became of its drills and from their reports. */
import { parseCampaignCriterion } from '../../criteria/campaign/grammar.ts'
import {
  type DrillMeasurement,
  type JudgedDrill,
  judgeCampaignCriteria,
  measureDrills,
  spreadOf,
} from '../../criteria/campaign/judge.ts'
import { campaignCriteriaToJudge, judgeCampaign } from '../../criteria/campaign/verdict.ts'
import { type FigureRef, inWords, unitOf } from '../../criteria/figures.ts'
import { parseFigure } from '../../criteria/grammar.ts'
import { endsOf, type Interval, intervalWords } from '../../criteria/intervals.ts'
import { idOf } from '../../criteria/judge.ts'
import { likenessOf } from '../../event-kinds/likeness.ts'
import {
  type CampaignPlan,
  type CampaignPoint,
  campaignDrillId,
  POINT_STATES,
  type PointState,
  pointWord,
} from '../../model/campaign/campaign.ts'
import type { CampaignDrill, CampaignFigure, CampaignReport, Spread } from '../../model/campaign/report.ts'
import type { Report } from '../../model/report.ts'
import { round } from '../../units/statistics.ts'
import { upperFirst } from '../../units/text.ts'
import { counted } from '../../units/units.ts'
import { campaignHeadline } from './headline.ts'

export interface CampaignOutcome {
  readonly campaign: CampaignPlan
  /** In order, of the drills that have ended or were given up. */
  readonly points: readonly CampaignPoint[]
  /** By drill id. */
  readonly reports: ReadonlyMap<string, Report>
  readonly endedAt: string
  readonly abortedBecause: string | null
  /** Why the orchestration itself ended the campaign; null: it did not. */
  readonly error: string | null
}

export function campaignReport(outcome: CampaignOutcome): CampaignReport {
  const { campaign, endedAt, abortedBecause } = outcome
  const { plan } = campaign
  const drills = Array.from({ length: campaign.drills }, (_, i) => drillRow(outcome, i + 1))
  const judged = drills.map((drill) => judgedDrill(drill, outcome.reports))
  const texts = campaignCriteriaToJudge(campaign.criteria, campaign.drills, plan.load)
  const criteria = judgeCampaignCriteria(texts, judged, plan.load.targetTps)
  const figures = figuresOf(texts, campaign.drills, plan.probes).map((figure) => figureRow(figure, judged))
  const endedEarly = abortedBecause === null ? whyEarly(outcome) : null
  const counts = countsOf(drills)
  const { verdict, reasons } = judgeCampaign({ criteria, abortedBecause, endedEarly })
  return {
    schema: 1,
    campaignId: campaign.campaignId,
    verdict,
    headline: campaignHeadline({ server: plan.target.server, verdict, drills, counts, figures }),
    reasons: [...reasons],
    startedAt: campaign.requestedAt,
    endedAt,
    server: plan.target.server,
    what: likenessOf(plan).words,
    note: plan.note,
    planned: campaign.drills,
    gapMinutes: campaign.gapMinutes,
    criteria,
    counts,
    drills,
    figures,
  }
}

function drillRow({ campaign, points, reports }: CampaignOutcome, number: number): CampaignDrill {
  const drillId = campaignDrillId(campaign.campaignId, number)
  const point = points.find((one) => one.number === number)
  const report = reports.get(drillId)
  return {
    number,
    drillId,
    state: point?.state ?? 'not run',
    verdict: point?.verdict ?? null,
    headline: point?.headline ?? null,
    why: point === undefined ? 'it was not run' : point.why,
    stoppedBy: point?.stoppedBy ?? null,
    startedAt: report?.startedAt ?? null,
    endedAt: point?.endedAt ?? null,
    hasReport: report !== undefined,
  }
}

const judgedDrill = (drill: CampaignDrill, reports: CampaignOutcome['reports']): JudgedDrill => ({
  number: drill.number,
  verdict: drill.verdict,
  word: pointWord(drill),
  report: drill.state === 'measured' ? (reports.get(drill.drillId) ?? null) : null,
  why: drill.state,
})

function countsOf(drills: readonly CampaignDrill[]): Record<PointState, number> {
  const count = (state: PointState) => drills.filter((drill) => drill.state === state).length
  return Object.fromEntries(POINT_STATES.map((state) => [state, count(state)])) as Record<PointState, number>
}

/** The last point says why it was the last one. */
function whyEarly({ campaign, points, error }: CampaignOutcome): string | null {
  if (points.length === campaign.drills && error === null) return null
  const own = points.find(({ endsCampaign }) => endsCampaign !== null)?.endsCampaign
  const run = `${points.length} of ${counted(campaign.drills, 'drill')} were run`
  if (own !== undefined && own !== null) return points.length === campaign.drills ? null : `Only ${run}. ${own}`
  return `Only ${run}: ${error ?? 'the campaign ended early'}.`
}

// ---- Figures ------------------------------------------------------------------------------------------------------------

const HEADLINE_FIGURES: readonly string[] = [
  'recovery_time_s',
  'write_outage_s',
  'worst_client_outage_s',
  'exposure_s',
  'lost_commits',
  'lost_s',
  'baseline_tps',
  'p50_ms[baseline]',
  'p95_ms[baseline]',
  'p99_ms[baseline]',
  'availability[whole]',
]

/** The headline figures, those of the probed applications, then those that an objective names besides. */
function figuresOf(texts: readonly string[], drills: number, probes: CampaignPlan['plan']['probes']): FigureRef[] {
  const named = texts.flatMap((text) => {
    const parsed = parseCampaignCriterion(text, drills)
    if (typeof parsed === 'string' || parsed.kind !== 'figure') return []
    const { figure: other } = parsed.limit
    return [parsed.figure, ...(other === null || other === 'target' ? [] : [other])]
  })
  const ofApplications = probes.flatMap(({ name }) => [`app_outage_s[${name}]`, `app_recovery_s[${name}]`])
  const headlines = [...HEADLINE_FIGURES, ...ofApplications]
  const all = [...headlines.map(parseFigure).filter((figure) => typeof figure !== 'string'), ...named]
  return [...new Map(all.map(({ name, phase }) => [idOf({ name, phase }), { name, phase }])).values()]
}

function figureRow(figure: FigureRef, drills: readonly JudgedDrill[]): CampaignFigure {
  const measurements = measureDrills(figure, drills)
  const unit = unitOf(figure.name)
  const spread = (statistic: 'min' | 'median' | 'max') => spreadRow(spreadOf(statistic, figure, measurements), unit)
  return {
    id: idOf(figure),
    label: upperFirst(inWords(idOf(figure))),
    unit,
    drills: measurements.filter(({ measured }) => measured.kind !== 'missing').length,
    min: spread('min'),
    median: spread('median'),
    max: spread('max'),
    points: measurements.map(pointRow),
  }
}

const pointRow = ({ number, measured }: DrillMeasurement): CampaignFigure['points'][number] => ({
  drill: number,
  kind: measured.kind,
  value: 'value' in measured ? measured.value : null,
  why: 'why' in measured ? measured.why : null,
})

function spreadRow(interval: Interval | null, unit: string): Spread {
  const { value, ...ends } = endsOf(interval, unit)
  return { value: value === null ? null : round(value, 6), ...ends, words: intervalWords(interval, unit) }
}
