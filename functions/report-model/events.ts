/** The events in the form of the report. What was not measured is null, and its lower bound stands in `atLeast`. */

import { addUp } from '../../loadgen-image/contract/counts.ts'
import { coveredUs } from '../../loadgen-image/contract/intervals.ts'
import type { Analysis, LoadAnalysis } from '../analysis/analysis.ts'
import { spreadOf } from '../analysis/client-outages.ts'
import type { Event } from '../analysis/events.ts'
import { kindOfRequest, modeOf, wordsOf } from '../event-kinds/kinds.ts'
import { TOLERANCE_US } from '../measurement/generator-watch.ts'
import { MIN_OUTAGE_US, type Outage } from '../measurement/outages.ts'
import { secondsTouching } from '../measurement/window.ts'
import type { ClientRow } from '../model/chart-data.ts'
import type { EventEvidence } from '../model/evidence.ts'
import type { WalPosition } from '../model/facts.ts'
import type { ClientOutage, DrillEvent, Moments, Report, ServiceState, WaterfallStep } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { isoOfUs, secondsBetween } from '../units/units.ts'
import {
  eventSentence,
  newestTimeline,
  notMeasuredWhy,
  type ProofContext,
  proofOf,
  watchedWhy,
  whatOf,
} from './event-words.ts'
import { replayOf } from './replay/replay.ts'
import { NOT_PROBED, probedOf } from './ways.ts'

type Recovery = Report['recovery']

export const NO_MOMENTS: Moments = { t0: null, t1: null, t2: null, t3: null, t4: null, t5: null, t6: null }

export const NO_RECOVERY: Recovery = {
  recoveryTimeSeconds: null,
  recoveryFromTriggerSeconds: null,
  detectionSeconds: null,
  writeOutageSeconds: null,
  clientOutageSeconds: { p50: null, p95: null, max: null, clients: 0, notMeasured: 0 },
  exposureSeconds: null,
  outages: [],
}

/** One that had not ended when the load did is surely one since the last time in which no generator watched. */
function surelyOutFromUs({ surelyFromUs, toUs, unwatched }: Outage): number {
  const last = toUs === null ? unwatched.findLast((time) => time.toUs - time.fromUs > TOLERANCE_US) : undefined
  return Math.max(surelyFromUs, last?.toUs ?? surelyFromUs)
}

/** Outages that a generator watched. */
export const outagesOfReport = ({ events, merged, window }: LoadAnalysis): Recovery['outages'] =>
  events
    .flatMap(({ number, outages }) => outages.filter(({ isSeen }) => isSeen).map((outage) => ({ number, ...outage })))
    .sort((a, b) => a.fromUs - b.fromUs)
    .map(({ number, ...outage }) => {
      const { toUs } = outage
      const fromUs = surelyOutFromUs(outage)
      const inside = secondsTouching(merged.seconds, fromUs, toUs ?? window.endUs)
      const { refused, unknown, missed } = addUp(inside.map(({ counts }) => counts))
      const seconds = secondsBetween(fromUs, toUs)
      return { fromAt: isoOfUs(fromUs), toAt: isoOfUs(toUs), seconds, refused, unknown, missed, event: number }
    })

export function eventsOfReport({ evidence, load }: Analysis): DrillEvent[] {
  const auditTimeline = newestTimeline(evidence.audits)
  if (load === null)
    return evidence.events
      .filter(({ request }) => request === 'accepted')
      .map((one, i) =>
        eventWithoutLoad(one, i + 1, evidence.startedAt, {
          auditTimeline,
          otherTimelines: [],
          isLast: true,
          audits: evidence.audits,
        }),
      )
  const last = load.events.findLast(({ span }) => span.cause === 'drill')
  return load.events.map((event) => {
    const others = load.events.filter((one) => one !== event)
    const otherTimelines = others.flatMap(({ span }) => (span.change === null ? [] : [span.change.timeline]))
    return drillEvent(
      event,
      load,
      { auditTimeline, otherTimelines, isLast: event === last, audits: evidence.audits },
      evidence.walPositions,
    )
  })
}

function drillEvent(
  event: Event,
  analysis: LoadAnalysis,
  proof: ProofContext,
  positions: readonly WalPosition[],
): DrillEvent {
  const { number, span } = event
  const { cause, kind, evidence } = span
  const service = serviceOf(event, analysis)
  const moments = momentsOf(event)
  const recovery = recoveryOf(event, moments, service, analysis)
  const plain: Omit<DrillEvent, 'sentence'> = {
    number,
    cause,
    kind,
    request: evidence?.index ?? null,
    mode: evidence === null ? null : modeOf(evidence.planned),
    what: whatOf(span),
    requestedAtSeconds: evidence?.planned.atSeconds ?? null,
    requestId: evidence?.requestId ?? null,
    beganAt: isoOfUs(Math.min(span.beginUs, event.t1Us ?? span.beginUs)),
    outcome: evidence === null ? 'only seen' : outcomeOf(evidence),
    moments,
    recovery,
    service,
    cutBy: cutBy(event, service, analysis),
    lostSeconds: analysis.lostSeconds === null ? null : (analysis.lostSeconds.get(number) ?? 0),
    proof: proofOf(span, proof),
    watched: event.isRecoveryWatched,
    watchedWhy: watchedWhy(event, analysis.watch),
    atLeast: boundsOf(event, recovery, analysis),
    notMeasuredWhy: service === 'not measured' ? notMeasuredWhy(event, analysis) : null,
    ...probedOf(event, analysis),
    replay: replayOf(event, analysis, positions, recovery.writeOutageSeconds),
  }
  return { ...plain, sentence: eventSentence(plain, span.causeWhy) }
}

/** An accepted request of a drill that left no record of any load. */
function eventWithoutLoad(evidence: EventEvidence, number: number, startedAt: string, proof: ProofContext): DrillEvent {
  const plain: Omit<DrillEvent, 'sentence'> = {
    number,
    cause: 'drill',
    kind: kindOfRequest(evidence.planned, false),
    request: evidence.index,
    mode: modeOf(evidence.planned),
    what: wordsOf(evidence.planned),
    requestedAtSeconds: evidence.planned.atSeconds,
    requestId: evidence.requestId,
    beganAt: evidence.sentAt ?? evidence.acceptedAt ?? startedAt,
    outcome: outcomeOf(evidence),
    moments: { ...NO_MOMENTS, t0: evidence.acceptedAt, t6: evidence.healthyAt },
    recovery: NO_RECOVERY,
    service: 'not measured',
    cutBy: null,
    lostSeconds: null,
    proof: proofOf({ change: null, evidence, identities: null, cause: 'drill', causeWhy: null }, proof),
    watched: false,
    watchedWhy: 'no load generator left a record',
    atLeast: NO_BOUNDS,
    notMeasuredWhy: 'no load was recorded',
    ...NOT_PROBED,
    replay: null,
  }
  return { ...plain, sentence: eventSentence(plain, null) }
}

function serviceOf(event: Event, { window, baseline }: LoadAnalysis): ServiceState {
  const { span, t1Us, t4Us, outages, quiet, isOutageWatched, isRecoveryWatched, endUs } = event
  const isCut = window.isCut && endUs >= window.endUs
  if (!isCut && isOutAtEnd(outages, window.endUs)) return 'out'
  if (!isOutageWatched || span.earlierOutage !== null) return 'not measured'
  if (t1Us === null) return isCut || quiet?.isSparse === true ? 'not measured' : 'uninterrupted'
  if (!isRecoveryWatched) return 'not measured'
  if (t4Us !== null) return 'recovered'
  return isCut || baseline === null ? 'not measured' : 'not sustained'
}

/** A generator watched the last second or longer, and no commit was acknowledged in it. */
const isOutAtEnd = (outages: readonly Outage[], endUs: number): boolean =>
  outages.some(
    ({ fromUs, toUs, unwatched }) => toUs === null && endUs - (unwatched.at(-1)?.toUs ?? fromUs) > MIN_OUTAGE_US,
  )

function cutBy({ t4Us, endUs }: Event, service: ServiceState, { window }: LoadAnalysis): DrillEvent['cutBy'] {
  if (t4Us !== null || service === 'uninterrupted') return null
  return endUs < window.endUs && service !== 'out' ? 'next event' : 'end of the load'
}

/** A moment that a standstill of the generators may have moved is null. */
function momentsOf(event: Event): Moments {
  const { t0Us, t1Us, t2Us, t3Us, t4Us, t5Us, t6Us, isOutageWatched, isRecoveryWatched } = event
  const whenWatched = (isWatched: boolean, atUs: number | null) => (isWatched ? isoOfUs(atUs) : null)
  return {
    t0: isoOfUs(t0Us),
    t1: whenWatched(isOutageWatched, t1Us),
    t2: whenWatched(isOutageWatched, t2Us),
    t3: whenWatched(isRecoveryWatched, t3Us),
    t4: whenWatched(isRecoveryWatched, t4Us),
    t5: whenWatched(isRecoveryWatched, t5Us),
    t6: isoOfUs(t6Us),
  }
}

const between = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : (Date.parse(to) - Date.parse(from)) / 1000

/** A service that is out at the end has no write outage: a commit before that did not end it. */
function recoveryOf(
  { number, quiet }: Event,
  { t0, t1, t2, t4, t6 }: Moments,
  service: ServiceState,
  analysis: LoadAnalysis,
): Recovery {
  const { p50, p95, max, clients, notMeasured } = spreadOf(rowsOf(analysis, number))
  // No client was without service for longer than this.
  const pauseSeconds = quiet === null || quiet.isSparse ? null : round(quiet.pauseUs / 1e6, 3)
  return {
    recoveryTimeSeconds: pauseSeconds ?? between(t1, t4),
    recoveryFromTriggerSeconds: between(t0, t4),
    detectionSeconds: between(t0, t1),
    writeOutageSeconds: service === 'out' ? null : (pauseSeconds ?? between(t1, t2)),
    clientOutageSeconds: { p50, p95, max, clients, notMeasured },
    exposureSeconds: between(t2, t6),
    outages: outagesOfReport(analysis).filter(({ event }) => event === number),
  }
}

const rowsOf = ({ clients }: LoadAnalysis, number: number): ClientRow[] =>
  clients.filter(({ event }) => event === number)

const NO_BOUNDS: DrillEvent['atLeast'] = {
  recoveryTimeSeconds: null,
  recoveryFromTriggerSeconds: null,
  writeOutageSeconds: null,
}

/** Lower bounds: the time that was watched, or the time since the request. */
function boundsOf(event: Event, recovery: Recovery, { watch }: LoadAnalysis): DrillEvent['atLeast'] {
  const { span, t0Us, t1Us, t2Us, endUs, notBeforeUs, isOutageWatched } = event
  const fromUs = t1Us ?? (span.earlierOutage === null ? null : span.beginUs)
  if (fromUs === null) return NO_BOUNDS
  const outUntilUs = t2Us ?? endUs
  const outUs = outUntilUs - fromUs - coveredUs(watch.unwatched, fromUs, outUntilUs)
  const recoveredUs = isOutageWatched ? notBeforeUs - fromUs : outUs
  const bound = (figure: number | null, us: number) => (figure === null ? round(Math.max(0, us) / 1e6, 3) : null)
  return {
    recoveryTimeSeconds: bound(recovery.recoveryTimeSeconds, recoveredUs),
    recoveryFromTriggerSeconds:
      t0Us === null ? null : bound(recovery.recoveryFromTriggerSeconds, recoveredUs + Math.max(0, fromUs - t0Us)),
    writeOutageSeconds: bound(recovery.writeOutageSeconds, outUs),
  }
}

function outcomeOf({ request, operation, detail }: EventEvidence): string {
  const ended = operation === null ? '' : `, operation ${operation}`
  return `${request}${ended}${detail === null ? '' : `: ${detail}`}`
}

const SERVICE_MOMENTS = ['t0', 't1', 't2', 't3', 't4', 't5'] as const

/**
 * From moment to moment in the order of time; a moment that was not seen has no step. The new standby is built while the
 * service recovers, so its step lies beside the others: it begins at t2 and is the exposure.
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

/** Since T0, or since T1 in an event that this drill did not request. */
function stepOf(moments: Moments, from: MomentName, to: MomentName): WaterfallStep {
  const zero = moments.t0 !== null ? 't0' : 't1'
  return {
    from,
    to,
    sinceTriggerSeconds: moments[zero] === null ? null : (atMs(moments, to) - atMs(moments, zero)) / 1000,
    seconds: (atMs(moments, to) - atMs(moments, from)) / 1000,
  }
}

const WORST_CLIENTS = 5

export const worstClientsOf = (rows: readonly ClientRow[]): ClientOutage[] => rows.slice(0, WORST_CLIENTS)
