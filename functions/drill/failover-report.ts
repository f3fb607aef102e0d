/** One failover as the report tells it. */
import type { LoadAnalysis } from './analysis.ts'
import type { ClientRow } from './chart-data.ts'
import { spreadOf } from './client-outages.ts'
import { addUp } from './counts.ts'
import type { FailoverTimes } from './failover-events.ts'
import { isoOfUs, secondsBetween } from './instants.ts'
import { secondsTouching } from './load-window.ts'
import type { FailoverEvidence } from './outcome.ts'
import { proofOf } from './proof.ts'
import type { ClientOutage, FailoverReport, Report, WaterfallStep } from './report.ts'

type Events = Report['events']
type Recovery = Report['recovery']

export const NO_EVENTS: Events = { t0: null, t1: null, t2: null, t3: null, t4: null, t5: null, t6: null }

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
  outages.map(({ fromUs, toUs, failover }) => {
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
      failover,
    }
  })

export function failoverReport(
  evidence: FailoverEvidence,
  times: FailoverTimes | null,
  analysis: LoadAnalysis | null,
): FailoverReport {
  const { index, mode, requestedAtSeconds, requestId } = evidence
  const events = times === null ? { ...NO_EVENTS, t0: evidence.acceptedAt, t6: evidence.healthyAt } : eventsOf(times)
  return {
    index,
    mode,
    requestedAtSeconds,
    requestId,
    outcome: outcomeOf(evidence),
    events,
    recovery: times === null || analysis === null ? NO_RECOVERY : recoveryOf(times, analysis),
    proof: proofOf(evidence, times?.span.change ?? null),
  }
}

const eventsOf = (times: FailoverTimes): Events => ({
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
    outages: outagesOfReport(analysis).filter(({ failover }) => failover === span.index),
  }
}

const clientsOf = ({ clients, failovers }: LoadAnalysis, index: number): readonly ClientRow[] =>
  clients[failovers.findIndex(({ span }) => span.index === index)] ?? []

function outcomeOf({ answer, operation, detail }: FailoverEvidence): string {
  const answered = answer === null ? 'not asked for' : answer
  const ended = operation === null ? '' : `, operation ${operation}`
  return `${answered}${ended}${detail === null ? '' : `: ${detail}`}`
}

const SERVICE_EVENTS = ['t0', 't1', 't2', 't3', 't4', 't5'] as const

/**
 * Event by event in the order of time; one that was not seen leaves no step. The new standby is built meanwhile and beside
 * the service, so its step has no place between two of theirs: it begins with t2 and is the exposure.
 */
export function waterfallOf(events: Events): WaterfallStep[] {
  const seen = SERVICE_EVENTS.filter((name) => events[name] !== null).sort((a, b) => atMs(events, a) - atMs(events, b))
  const steps = seen.slice(1).map((to, i) => stepOf(events, seen[i] as EventName, to))
  const begin = events.t2 !== null ? 't2' : events.t0 !== null ? 't0' : null
  return events.t6 === null || begin === null ? steps : [...steps, stepOf(events, begin, 't6')]
}

type EventName = keyof Events

const atMs = (events: Events, name: EventName): number => Date.parse(events[name] ?? '')

const stepOf = (events: Events, from: EventName, to: EventName): WaterfallStep => ({
  from,
  to,
  sinceTriggerSeconds: events.t0 === null ? null : (atMs(events, to) - atMs(events, 't0')) / 1000,
  seconds: (atMs(events, to) - atMs(events, from)) / 1000,
})

const WORST_CLIENTS = 5

export const worstClientsOf = ({ clients }: LoadAnalysis): ClientOutage[] =>
  (clients[0] ?? []).slice(0, WORST_CLIENTS).map(({ failover: _, ...row }) => row)
