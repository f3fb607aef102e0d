/** One event in the form of the report. */
import type { LoadAnalysis } from './analysis.ts'
import type { ClientRow } from './chart-data.ts'
import { spreadOf } from './client-outages.ts'
import { addUp } from './counts.ts'
import type { FailoverTimes } from './failover-events.ts'
import { isoOfUs, secondsBetween } from './instants.ts'
import { secondsTouching } from './load-window.ts'
import type { FailoverEvidence } from './outcome.ts'
import { proofOf } from './proof.ts'
import type { ClientOutage, DrillEvent, Moments, Report, ServiceState, WaterfallStep } from './report.ts'
import { seconds } from './units.ts'

type Recovery = Report['recovery']

export const NO_MOMENTS: Moments = { t0: null, t1: null, t2: null, t3: null, t4: null, t5: null, t6: null }

export const NO_RECOVERY: Recovery = {
  recoveryTimeSeconds: null,
  recoveryFromTriggerSeconds: null,
  detectionSeconds: null,
  writeOutageSeconds: null,
  clientOutageSeconds: { p50: null, p95: null, max: null, clients: 0 },
  exposureSeconds: null,
  outages: [],
}

export const outagesOfReport = ({ outages, merged, window }: LoadAnalysis): Recovery['outages'] =>
  outages.map(({ fromUs, toUs, event }) => {
    const { refused, unknown, missed } = addUp(
      secondsTouching(merged.seconds, fromUs, toUs ?? window.endUs).map(({ counts }) => counts),
    )
    return {
      fromAt: isoOfUs(fromUs),
      toAt: isoOfUs(toUs),
      seconds: secondsBetween(fromUs, toUs),
      refused,
      unknown,
      missed,
      event,
    }
  })

export function failoverEvent(
  evidence: FailoverEvidence,
  times: FailoverTimes | null,
  analysis: LoadAnalysis | null,
): DrillEvent {
  const { index, mode, requestedAtSeconds, requestId } = evidence
  const moments = times === null ? { ...NO_MOMENTS, t0: evidence.acceptedAt, t6: evidence.healthyAt } : momentsOf(times)
  const event: Omit<DrillEvent, 'sentence'> = {
    number: index + 1,
    cause: 'drill',
    kind: 'failover',
    mode,
    requestedAtSeconds,
    requestId,
    outcome: outcomeOf(evidence),
    moments,
    recovery: times === null || analysis === null ? NO_RECOVERY : recoveryOf(times, analysis),
    service: serviceOf(moments, analysis),
    cutBy: moments.t1 === null || moments.t4 !== null ? null : 'end of the load',
    lostSeconds: null,
    proof: proofOf(evidence, times?.span.change ?? null),
    watched: true,
    watchedWhy: null,
    notMeasuredWhy: null,
  }
  return { ...event, sentence: sentenceOf(event) }
}

function serviceOf({ t1, t2, t4 }: Moments, analysis: LoadAnalysis | null): ServiceState {
  if (analysis === null) return 'not measured'
  if (t1 === null) return 'uninterrupted'
  if (t2 === null) return 'out'
  return t4 === null ? 'not sustained' : 'recovered'
}

const sentenceOf = ({ number, mode, service, recovery }: Omit<DrillEvent, 'sentence'>): string =>
  `Event ${number}: ${mode} failover; service ${service}, write outage ${seconds(recovery.writeOutageSeconds)}, recovery time ${seconds(recovery.recoveryTimeSeconds)}.`

const momentsOf = (times: FailoverTimes): Moments => ({
  t0: isoOfUs(times.t0Us),
  t1: isoOfUs(times.t1Us),
  t2: isoOfUs(times.t2Us),
  t3: isoOfUs(times.t3Us),
  t4: isoOfUs(times.t4Us),
  t5: isoOfUs(times.t5Us),
  t6: isoOfUs(times.t6Us),
})

function recoveryOf({ t0Us, t1Us, t2Us, t4Us, t6Us, span }: FailoverTimes, analysis: LoadAnalysis): Recovery {
  const { p50, p95, max, clients } = spreadOf(clientsOf(analysis, span.index))
  return {
    recoveryTimeSeconds: secondsBetween(t1Us, t4Us),
    recoveryFromTriggerSeconds: secondsBetween(t0Us, t4Us),
    detectionSeconds: secondsBetween(t0Us, t1Us),
    writeOutageSeconds: secondsBetween(t1Us, t2Us),
    clientOutageSeconds: { p50, p95, max, clients },
    exposureSeconds: secondsBetween(t2Us, t6Us),
    outages: outagesOfReport(analysis).filter(({ event }) => event === span.index + 1),
  }
}

const clientsOf = ({ clients, failovers }: LoadAnalysis, index: number): readonly ClientRow[] =>
  clients[failovers.findIndex(({ span }) => span.index === index)] ?? []

function outcomeOf({ request, operation, detail }: FailoverEvidence): string {
  const ended = operation === null ? '' : `, operation ${operation}`
  return `${request}${ended}${detail === null ? '' : `: ${detail}`}`
}

const SERVICE_MOMENTS = ['t0', 't1', 't2', 't3', 't4', 't5'] as const

/**
 * Moment by moment in the order of time; one that was not seen leaves no step. The new standby is built meanwhile and beside
 * the service, so its step has no place between two of theirs: it begins with t2 and is the exposure.
 */
export function waterfallOf(moments: Moments): WaterfallStep[] {
  const seen = SERVICE_MOMENTS.filter((name) => moments[name] !== null).sort(
    (a, b) => atMs(moments, a) - atMs(moments, b),
  )
  const steps = seen.slice(1).map((to, i) => stepOf(moments, seen[i] as MomentName, to))
  const begin = moments.t2 !== null ? 't2' : moments.t0 !== null ? 't0' : null
  return moments.t6 === null || begin === null ? steps : [...steps, stepOf(moments, begin, 't6')]
}

type MomentName = keyof Moments

const atMs = (moments: Moments, name: MomentName): number => Date.parse(moments[name] ?? '')

const stepOf = (moments: Moments, from: MomentName, to: MomentName): WaterfallStep => ({
  from,
  to,
  sinceTriggerSeconds: moments.t0 === null ? null : (atMs(moments, to) - atMs(moments, 't0')) / 1000,
  seconds: (atMs(moments, to) - atMs(moments, from)) / 1000,
})

const WORST_CLIENTS = 5

export const worstClientsOf = (rows: readonly ClientRow[]): ClientOutage[] =>
  rows.slice(0, WORST_CLIENTS).map(({ event: _, ...row }) => row)
