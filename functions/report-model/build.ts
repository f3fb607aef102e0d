/** From everything that a drill gathered to its report and the data of its charts. Pure: the same input gives the same report. */
import { analyse, type LoadAnalysis } from '../analysis/analysis.ts'
import { loneClientsOf } from '../analysis/client-outages.ts'
import { lostSecondsPerEvent } from '../analysis/lost-commits.ts'
import { criteriaToJudge } from '../criteria/defaults.ts'
import type { ReportFigures } from '../criteria/figures.ts'
import { judgeCriteria } from '../criteria/judge.ts'
import { judgeDrill, withoutGeneratorFaults } from '../criteria/verdict.ts'
import { requestsOf } from '../event-figures/requests.ts'
import { worstEventOf, worstRecoveryOf } from '../event-figures/worst.ts'
import { judgeGenerator } from '../measurement/generator-limit.ts'
import { distributionOf, percentilesOf } from '../measurement/latency.ts'
import { availabilityOf, throughputOf } from '../measurement/throughput.ts'
import { ledgerDigest } from '../merge/ledger.ts'
import type { Merged, MergedSecond } from '../merge/merged.ts'
import type { ChartData } from '../model/chart-data.ts'
import type { TrendEntry } from '../model/drill-index.ts'
import type { AuditPass, DrillOutcome } from '../model/evidence.ts'
import { type DrillEvent, type Report, reportSchema } from '../model/report.ts'
import { isoOfUs, secondsBetween } from '../units/units.ts'
import { caveatsOf } from './caveats.ts'
import { chartDataOf } from './charts.ts'
import { costOf } from './cost.ts'
import { totalsOf } from './cross-checks.ts'
import { drillEvent, eventWithoutLoad, NO_MOMENTS, outagesOfReport, waterfallOf, worstClientsOf } from './events.ts'
import { headlineOf } from './headline.ts'
import { doubtsOf } from './inconclusive-reasons.ts'
import { proofOfDrill } from './proof.ts'
import { cohortRows, containerRows, errorRows, missingChunks, setupOf } from './rows.ts'
import { trendEntry, trendOf } from './trend.ts'

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
  const judged = judgeCriteria(
    criteriaToJudge(outcome.plan.criteria, outcome.plan.load),
    figures,
    outcome.plan.load.targetTps,
  )
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
  const events = eventsOfReport(outcome, analysis)
  const loneClients = loneClientsOf(analysis?.clients ?? [])
  const requests = requestsOf(outcome, events)
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
    recovery: worstRecoveryOf({ events, phases, loneClients }, analysis === null ? [] : outagesOfReport(analysis)),
    requests,
    events,
    waterfall: waterfallOf(worst?.moments ?? NO_MOMENTS),
    phases,
    worstClients: worstClientsOf(analysis?.clients.filter(({ event }) => event === worst?.number) ?? []),
    loneClients,
    likeDrills: { what: '', found: 0, lookedAt: 0 },
    trend: [],
    ledger: ledgerOf(outcome, analysis, events),
    ...loadFigures(outcome, analysis),
    errors: analysis === null ? [] : errorRows(analysis),
    generator: generatorOf(outcome, analysis, worst?.number ?? null),
    failoverProof: proofOfDrill(requests, events),
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

function eventsOfReport(outcome: DrillOutcome, analysis: LoadAnalysis | null): DrillEvent[] {
  const auditTimeline = Math.max(0, ...outcome.audits.map(({ timeline }) => timeline ?? 0)) || null
  const known = { auditTimeline, otherTimelines: [], isLast: true }
  if (analysis === null)
    return outcome.failovers
      .filter(({ request }) => request === 'accepted')
      .map((evidence, i) => eventWithoutLoad(evidence, i + 1, known))
  const { events, audit } = analysis
  const otherTimelines = events.flatMap(({ span }) =>
    span.cause === 'drill' || span.change === null ? [] : [span.change.timeline],
  )
  const last = events.findLast(({ span }) => span.cause === 'drill')
  const lost = audit.kind === 'agreed' ? lostSecondsPerEvent(audit.pass, events, analysis.merged.seconds) : null
  return events.map((event) => {
    const lostSeconds = lost === null ? null : (lost.get(event.number) ?? 0)
    return drillEvent(event, lostSeconds, analysis, { ...known, otherTimelines, isLast: event === last })
  })
}

const mutableSeries = ({ metrics }: DrillOutcome): Report['metrics']['series'] =>
  metrics.map(({ name, unit, points }) => ({ name, unit, points: points.map((point) => ({ ...point })) }))

function loadFigures(
  { plan }: DrillOutcome,
  analysis: LoadAnalysis | null,
): Pick<Report, 'throughput' | 'availability' | 'latencyMs'> {
  if (analysis === null) return NO_LOAD
  const { measured, baseline, window, events, load } = analysis
  const outages = events.flatMap((event) => event.outages)
  const t0sUs = events.flatMap(({ t0Us }) => t0Us ?? [])
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
  events: readonly DrillEvent[],
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
    ...(pass === null ? { ...NOT_AUDITED, unresolved: unknown } : auditFigures(pass, events)),
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
      replyTimeoutMs: load.replyTimeoutMs,
    }),
    containers: containerRows(analysis, outcome),
    cohorts: cohortRows(analysis, worstEvent),
    missingChunks: missingChunks(analysis),
  }
}
