/** From everything that a drill gathered to its report and the data of its charts. Pure: the same input gives the same report. */
import { analyse, type LoadAnalysis } from './analysis.ts'
import { caveatsOf } from './caveats.ts'
import type { ChartData } from './chart-data.ts'
import { chartDataOf } from './charts.ts'
import { costOf } from './cost.ts'
import { criteriaToJudge } from './criteria.ts'
import type { ReportFigures } from './criteria-figures.ts'
import { judgeCriteria } from './criteria-judge.ts'
import { doubtsOf } from './doubts.ts'
import { failoverEvent, NO_MOMENTS, outagesOfReport, waterfallOf, worstClientsOf } from './event-report.ts'
import { judgeGenerator } from './generator-limit.ts'
import { headlineOf } from './headline.ts'
import { isoOfUs, secondsBetween } from './instants.ts'
import { distributionOf, percentilesOf } from './latency.ts'
import type { Merged, MergedSecond } from './merged.ts'
import type { AuditPass, DrillOutcome } from './outcome.ts'
import { proofOfDrill } from './proof.ts'
import { type DrillEvent, type Report, reportSchema } from './report.ts'
import { cohortRows, containerRows, errorRows, missingChunks, setupOf } from './report-rows.ts'
import { totalsOf } from './sums.ts'
import { availabilityOf, throughputOf } from './throughput.ts'
import { ledgerDigest } from './told-ledger.ts'
import { type TrendEntry, trendEntry, trendOf } from './trend.ts'
import { judgeDrill, withoutGeneratorFaults } from './verdict.ts'
import { worstEventOf, worstRecoveryOf } from './worst-event.ts'

export interface Assembled {
  readonly report: Report
  readonly charts: ChartData
}

/** `merged` is null when no load ever ran; `earlier` are the server's earlier drills, among which the trend finds the like ones. */
export function assemble(
  gathered: DrillOutcome,
  merged: Merged | null,
  earlier: readonly TrendEntry[] = [],
): Assembled {
  const failovers = gathered.failovers.filter(({ request }) => request !== 'not reached')
  const outcome: DrillOutcome = { ...gathered, failovers }
  const analysis = analyse(outcome, merged)
  const figures = figuresOf(outcome, analysis)
  const judged = judgeCriteria(criteriaToJudge(outcome.plan.criteria), figures, outcome.plan.load.targetTps)
  const criteria = withoutGeneratorFaults(judged, figures.generator)
  const doubts = doubtsOf(outcome, figures, analysis)
  const judgement = judgeDrill({ criteria, abortedBecause: outcome.abortedBecause, doubts })
  const report: Report = {
    ...figures,
    criteria,
    ...judgement,
    reasons: [...judgement.reasons],
    headline: headlineOf(outcome, figures, criteria, judgement),
    caveats: caveatsOf(outcome, figures, criteria, analysis),
  }
  const trend = trendOf(trendEntry(report, outcome.plan), earlier)
  return { report: reportSchema.parse({ ...report, ...trend }), charts: chartDataOf(analysis) }
}

export const assembleReport = (
  outcome: DrillOutcome,
  merged: Merged | null,
  earlier: readonly TrendEntry[] = [],
): Report => assemble(outcome, merged, earlier).report

function figuresOf(outcome: DrillOutcome, analysis: LoadAnalysis | null): ReportFigures {
  const events = outcome.failovers.map((evidence, i) =>
    failoverEvent(evidence, analysis?.failovers[i] ?? null, analysis),
  )
  const worst = worstEventOf(events)
  const phases = (analysis?.phases ?? []).map(({ name, fromUs, toUs }) => ({
    name,
    fromAt: isoOfUs(fromUs),
    toAt: isoOfUs(toUs),
    seconds: secondsBetween(fromUs, toUs) ?? 0,
  }))
  return {
    schema: 1,
    drillId: outcome.plan.drillId,
    startedAt: outcome.startedAt,
    endedAt: outcome.endedAt,
    worstEvent: worst?.number ?? null,
    moments: worst?.moments ?? NO_MOMENTS,
    recovery: worstRecoveryOf({ events, phases }, analysis === null ? [] : outagesOfReport(analysis)),
    events,
    waterfall: waterfallOf(worst?.moments ?? NO_MOMENTS),
    phases,
    worstClients: worstClientsOf(analysis?.clients.flat().filter(({ event }) => event === worst?.number) ?? []),
    likeDrills: { what: '', found: 0, lookedAt: 0 },
    trend: [],
    ledger: ledgerOf(outcome, analysis, events[0]),
    ...loadFigures(outcome, analysis),
    errors: analysis === null ? [] : errorRows(analysis),
    generator: generatorOf(outcome, analysis, worst?.number ?? null),
    failoverProof: proofOfDrill(events.map(({ proof }) => proof)),
    checklist: [...outcome.checks],
    metrics: { resolution: '1 minute', complete: outcome.metricsComplete, series: mutableSeries(outcome) },
    cost: costOf(outcome),
    setup: setupOf(outcome),
    timing: { ...outcome.plan.timing },
    cleanup: outcome.cleanup,
    journal: [...outcome.journal],
    caveats: [],
  }
}

const mutableSeries = ({ metrics }: DrillOutcome): Report['metrics']['series'] =>
  metrics.map(({ name, unit, points }) => ({ name, unit, points: points.map((point) => ({ ...point })) }))

function loadFigures(
  { plan }: DrillOutcome,
  analysis: LoadAnalysis | null,
): Pick<Report, 'throughput' | 'availability' | 'latencyMs'> {
  if (analysis === null) return NO_LOAD
  const { measured, baseline, window, outages, failovers, load } = analysis
  const t0sUs = failovers.flatMap(({ t0Us }) => t0Us ?? [])
  return {
    throughput: throughputOf(measured, baseline, window, plan.timing.warmupSeconds),
    availability: availabilityOf(measured, { baseline, window, outages, t0sUs, deadlineMs: load.deadlineMs }),
    latencyMs: {
      baseline: phaseLatency(analysis.secondsByPhase.get('baseline'), load.deadlineMs),
      outage: phaseLatency(analysis.secondsByPhase.get('outage'), load.deadlineMs),
      recovery: phaseLatency(analysis.secondsByPhase.get('recovery'), load.deadlineMs),
      after: phaseLatency(analysis.secondsByPhase.get('after'), load.deadlineMs),
      whole: phaseLatency(measured, load.deadlineMs),
    },
  }
}

const NO_LOAD: Pick<Report, 'throughput' | 'availability' | 'latencyMs'> = {
  throughput: { offeredTps: null, baselineTps: null, baselineMad: null, meanTps: null, peakTps: null },
  availability: {
    whole: null,
    aroundFailover: null,
    successOfAttempts: null,
    secondsAtBaseline: null,
    monthlyBudgetShare: null,
  },
  latencyMs: { baseline: null, outage: null, recovery: null, after: null, whole: null },
}

function phaseLatency(seconds: readonly MergedSecond[] | undefined, deadlineMs: number): Report['latencyMs']['whole'] {
  if (seconds === undefined || seconds.length === 0) return null
  return {
    response: percentilesOf(distributionOf(seconds, 'response', deadlineMs)),
    service: percentilesOf(distributionOf(seconds, 'service', deadlineMs)),
  }
}

function ledgerOf(
  outcome: DrillOutcome,
  analysis: LoadAnalysis | null,
  first: DrillEvent | undefined,
): Report['ledger'] {
  const audits = outcome.audits.map(({ at, timeline, rows, lost }) => ({ at, timeline, rows, lost }))
  if (analysis === null) return { ...NO_LEDGER, audits }
  const { merged, audit, load } = analysis
  const pass = audit.kind === 'agreed' ? audit.pass : null
  const { intended, acknowledged, refused, unknown, missed, weakAcks } = totalsOf(merged, pass)
  return {
    intended,
    acknowledged,
    refused,
    unknown,
    missed,
    weakAcks,
    ...(pass === null ? { ...NOT_AUDITED, unresolved: unknown } : auditFigures(pass, first?.moments.t1 ?? null)),
    audits,
    digest: load.transactions === 'ledger' ? ledgerDigest(merged.ledger) : null,
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

const auditFigures = (pass: AuditPass, t1: string | null): AuditFigures => ({
  lost: pass.lost,
  recovered: pass.recovered,
  misjudged: pass.misjudged,
  unexpected: pass.unexpected,
  duplicates: pass.duplicates,
  unresolved: pass.untoldAbsent,
  rowsFound: pass.rows,
  lostSeconds: lostSeconds(pass, t1),
  lostKeys: [...pass.lostKeys],
})

/** From the oldest lost commit to the last one before the outage: what the database forgot. */
function lostSeconds({ lost, oldestLostAtUs }: AuditPass, t1: string | null): number | null {
  if (lost === 0) return 0
  if (oldestLostAtUs === null || t1 === null) return null
  return Math.max(0, secondsBetween(oldestLostAtUs, Date.parse(t1) * 1000) ?? 0)
}

function generatorOf(
  outcome: DrillOutcome,
  analysis: LoadAnalysis | null,
  worstEvent: number | null,
): Report['generator'] {
  if (analysis === null)
    return { wasTheLimit: null, why: 'No load was recorded.', containers: [], cohorts: [], missingChunks: [] }
  const { merged, baseline, load } = analysis
  return {
    ...judgeGenerator({
      incarnations: merged.incarnations,
      baseline,
      cpuPerContainer: outcome.plan.containerSize.cpu,
      workers: load.workers,
    }),
    containers: containerRows(analysis, outcome),
    cohorts: cohortRows(analysis, worstEvent),
    missingChunks: missingChunks(analysis),
  }
}
