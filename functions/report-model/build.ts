/**
 * From everything that a drill gathered to its report and the data of its charts: `analyse` makes the numbers, everything here
 * makes words and rows of them. Pure: the same input gives the same report.
 */
import { type Analysis, analyse } from '../analysis/analysis.ts'
import { loneClientsOf } from '../analysis/client-outages.ts'
import { totalsOf } from '../analysis/totals.ts'
import { contextOf, criteriaToJudge } from '../criteria/defaults.ts'
import type { ReportFigures } from '../criteria/figures.ts'
import { judgeCriteria } from '../criteria/judge.ts'
import { judgeDrill, withoutGeneratorFaults } from '../criteria/verdict.ts'
import { requestsOf } from '../event-figures/requests.ts'
import { hasOldPrimary, splitBrainSentences } from '../event-figures/split-brain.ts'
import { worstEventOf, worstRecoveryOf } from '../event-figures/worst.ts'
import { likenessOf } from '../event-kinds/likeness.ts'
import { ledgerDigest } from '../merge/ledger.ts'
import type { Merged } from '../merge/merged.ts'
import type { ChartData } from '../model/chart-data.ts'
import type { TrendEntry } from '../model/drill-index.ts'
import type { StoppedBy } from '../model/early-end/stopped-by.ts'
import { type AuditPass, abortedBecause, type DrillOutcome } from '../model/evidence.ts'
import { type Criterion, type DrillEvent, type Report, reportSchema } from '../model/report.ts'
import { isoOfUs, secondsBetween } from '../units/units.ts'
import { adviceOf } from './advice.ts'
import { applicationsOfReport } from './applications.ts'
import { caveatsOf } from './caveats.ts'
import { chartDataOf } from './charts.ts'
import { cohortRows } from './cohorts/cohort-rows.ts'
import { judgementOf, stoppedByOf } from './early-end/not-started.ts'
import { proofOfDrill } from './event-words.ts'
import { eventsOfReport, NO_MOMENTS, outagesOfReport, waterfallOf, worstClientsOf } from './events.ts'
import { headlineOf } from './headline.ts'
import { inconclusiveReasons } from './inconclusive-reasons.ts'
import { containerRows, costOf, errorRows, missingChunks, setupOf } from './rows.ts'
import { trendEntry, trendOf } from './trend.ts'
import { afterwardsOfEvent, stepProbeOf } from './ways.ts'

export interface Assembled {
  readonly report: Report
  readonly charts: ChartData
}

/** `merged` is null when no load ran; among the `earlier` drills of the server the trend finds the like ones. */
export function assemble(
  evidence: DrillOutcome,
  merged: Merged | null,
  earlier: readonly TrendEntry[] = [],
): Assembled {
  const analysis = analyse(evidence, merged)
  const figures = figuresOf(analysis)
  if (figures.stoppedBy !== null) return withoutLoad(analysis, figures, figures.stoppedBy)
  const criteria = judged(analysis, figures)
  const { plan } = evidence
  const judgement = judgeDrill({
    criteria,
    abortedBecause: abortedBecause(evidence),
    inconclusive: inconclusiveReasons(analysis, figures),
    context: contextOf(plan.criteria),
    meaning: { split_brain_writes: splitBrainSentences(figures.events) },
  })
  const report: Report = {
    ...figures,
    criteria,
    ...judgement,
    reasons: [...judgement.reasons],
    headline: headlineOf(analysis, figures, criteria, judgement),
    caveats: caveatsOf(analysis, figures, criteria),
  }
  const trend = trendOf(trendEntry(report, plan), earlier)
  return { report: reportSchema.parse({ ...report, ...trend }), charts: chartDataOf(analysis) }
}

/** Nothing is judged and nothing compared: a figure that was not measured says nothing about the server. */
function withoutLoad(analysis: Analysis, figures: ReportFigures, stoppedBy: StoppedBy): Assembled {
  const report: Report = {
    ...figures,
    criteria: [],
    ...judgementOf(analysis.evidence, stoppedBy),
    caveats: caveatsOf(analysis, figures, []),
  }
  return { report: reportSchema.parse(report), charts: chartDataOf(analysis) }
}

function judged({ evidence: { plan } }: Analysis, figures: ReportFigures): Criterion[] {
  const texts = criteriaToJudge(plan.criteria, plan.load, hasOldPrimary(figures.events))
  const criteria = judgeCriteria(texts, figures, plan.load.targetTps)
  return withoutGeneratorFaults(criteria, figures.generator)
}

function figuresOf(analysis: Analysis): ReportFigures {
  const { evidence, load } = analysis
  const events = eventsOfReport(analysis)
  const { throughput, availability, latencyMs, loneClients } = load ?? NO_LOAD
  const earlier = load?.events.filter(({ isBeforeWatch }) => isBeforeWatch).length ?? 0
  const requests = requestsOf(evidence, events, earlier)
  const worst = worstEventOf(events)
  const phases = (load?.phases ?? []).map(({ name, fromUs, toUs }) => ({
    name,
    fromAt: isoOfUs(fromUs),
    toAt: isoOfUs(toUs),
    seconds: secondsBetween(fromUs, toUs) ?? 0,
  }))
  const generator = generatorOf(analysis, worst?.number ?? null)
  const policies = (load?.settings ?? evidence.plan.load).cohorts
  return {
    schema: 1,
    drillId: evidence.plan.drillId,
    stoppedBy: stoppedByOf(evidence),
    startedAt: evidence.startedAt,
    endedAt: evidence.endedAt,
    worstEvent: worst?.number ?? null,
    moments: worst?.moments ?? NO_MOMENTS,
    recovery: worstRecoveryOf({ events, phases, loneClients }, load === null ? [] : outagesOfReport(load)),
    requests,
    events,
    waterfall: waterfallOf(worst?.moments ?? NO_MOMENTS),
    stepProbe: stepProbeOf(load),
    advice: adviceOf(
      events.map((event) => {
        const cohorts = event === worst ? generator.cohorts : []
        return { event, policies, cohorts, afterwards: afterwardsOfEvent(event, load) }
      }),
    ),
    phases,
    worstClients: worstClientsOf(load?.clients.filter(({ event }) => event === worst?.number) ?? []),
    loneClients,
    likeDrills: { what: likenessOf(evidence.plan).words, found: 0, lookedAt: 0 },
    trend: [],
    ledger: ledgerOf(analysis, events),
    throughput,
    availability,
    latencyMs,
    errors: load === null ? [] : errorRows(load),
    applications: applicationsOfReport(analysis, events),
    generator,
    eventsProof: proofOfDrill(requests, events, evidence),
    checklist: [...evidence.checks],
    metrics: { resolution: '1 minute', complete: evidence.metricsComplete, series: mutableSeries(evidence) },
    platformLog: platformLogOf(evidence),
    cost: costOf(analysis),
    setup: setupOf(analysis),
    timing: { ...evidence.plan.timing },
    cleanup: evidence.cleanup,
    journal: [...evidence.journal],
    caveats: [],
    evidence: null,
  }
}

/** By time, from both sources. */
function platformLogOf({ platformLog }: DrillOutcome): Report['platformLog'] {
  if (platformLog === null) return null
  const sources = [
    ['activity log', platformLog.activityLog],
    ['resource health', platformLog.resourceHealth],
  ] as const
  const records = sources.flatMap(([source, reading]) =>
    reading.kind === 'read' ? reading.records.map(({ at, what }) => ({ at, source, what })) : [],
  )
  return {
    records: records.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at)),
    notRead: sources.flatMap(([source, reading]) => (reading.kind === 'read' ? [] : [`${source}: ${reading.why}`])),
  }
}

const mutableSeries = ({ metrics }: DrillOutcome): Report['metrics']['series'] =>
  metrics.map(({ name, unit, points }) => ({ name, unit, points: points.map((point) => ({ ...point })) }))

const NO_LOAD: Pick<Report, 'throughput' | 'availability' | 'latencyMs' | 'loneClients'> = {
  throughput: { offeredTps: null, baselineTps: null, baselineMad: null, meanTps: null, peakTps: null },
  availability: {
    whole: null,
    aroundEvent: null,
    successOfAttempts: null,
    secondsAtBaseline: null,
    monthlyBudgetShare: null,
  },
  latencyMs: { baseline: null, outage: null, recovery: null, after: null, whole: null },
  loneClients: loneClientsOf([]),
}

function ledgerOf({ evidence, load }: Analysis, events: readonly DrillEvent[]): Report['ledger'] {
  const audits = evidence.audits.map(({ at, timeline, address, serverId, rows, lost }) => ({
    ...{ at, timeline, address, serverId, rows, lost },
  }))
  if (load === null) return { ...NO_LEDGER, audits }
  const { merged, audit, settings } = load
  const pass = audit.kind === 'agreed' ? audit.pass : null
  const { intended, acknowledged, refused, unknown, missed, weakAcks } = totalsOf(merged, pass)
  return {
    intended,
    acknowledged,
    refused,
    unknown,
    missed,
    weakAcks,
    ...(pass === null ? { ...NOT_AUDITED, unresolved: unknown } : auditFigures(pass, events)),
    audits,
    digest: settings.transactions === 'ledger' ? ledgerDigest(merged.ledger) : null,
  }
}

type AuditFigures = Pick<
  Report['ledger'],
  | 'lost'
  | 'recovered'
  | 'misjudged'
  | 'unexpected'
  | 'duplicates'
  | 'unresolved'
  | 'rowsFound'
  | 'lostSeconds'
  | 'lostKeys'
>

const NOT_AUDITED: AuditFigures = {
  lost: null,
  recovered: null,
  misjudged: null,
  unexpected: null,
  duplicates: null,
  unresolved: null,
  rowsFound: null,
  lostSeconds: null,
  lostKeys: [],
}

const NO_LEDGER: Report['ledger'] = {
  intended: 0,
  acknowledged: 0,
  refused: 0,
  unknown: 0,
  missed: 0,
  weakAcks: 0,
  ...NOT_AUDITED,
  audits: [],
  digest: null,
}

const auditFigures = (pass: AuditPass, events: readonly DrillEvent[]): AuditFigures => ({
  lost: pass.lost,
  recovered: pass.recovered,
  misjudged: pass.misjudged,
  unexpected: pass.unexpected,
  duplicates: pass.duplicates,
  unresolved: pass.unreportedAbsent,
  rowsFound: pass.rows,
  lostSeconds: longestLoss(pass, events),
  lostKeys: [...pass.lostKeys],
})

/** Null: commits are lost, and no event was seen that can have lost them. */
function longestLoss({ lost }: AuditPass, events: readonly DrillEvent[]): number | null {
  if (lost === 0) return 0
  const longest = Math.max(0, ...events.map(({ lostSeconds }) => lostSeconds ?? 0))
  return longest > 0 ? longest : null
}

function generatorOf({ evidence, load }: Analysis, worstEvent: number | null): Report['generator'] {
  if (load === null)
    return { wasTheLimit: null, why: 'No load was recorded.', containers: [], cohorts: [], missingChunks: [] }
  return {
    ...load.generator,
    containers: containerRows(load, evidence),
    cohorts: cohortRows(load, worstEvent),
    missingChunks: missingChunks(load),
  }
}
