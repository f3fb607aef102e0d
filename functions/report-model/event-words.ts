/** An event in words: what the clients saw of it, why it was not measured, and what proves that it was a failover of this drill. */
import type { LoadAnalysis } from '../analysis/analysis.ts'
import type { EventSpan } from '../analysis/attribution.ts'
import type { Event } from '../analysis/events.ts'
import { beforeTheCut } from '../event-figures/figures.ts'
import { requestSentence } from '../event-figures/requests.ts'
import { type Standstill, TOLERANCE_US, type Watch } from '../measurement/generator-watch.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import type { DrillEvent, FailoverRequest, Report } from '../model/report.ts'
import { upperFirst } from '../units/text.ts'
import { clock, counted, isoOfUs, seconds } from '../units/units.ts'

const MAX_NAMED = 3

/** Null when the generators watched all of it. */
export function watchedWhy(event: Event, { standstills }: Watch): string | null {
  const { span, t1Us, endUs, isRecoveryWatched } = event
  if (isRecoveryWatched) return null
  const fromUs = Math.min(span.beginUs, t1Us ?? span.beginUs)
  const later = standstills.filter((one) => one.toUs > fromUs)
  const inside = later.filter((one) => one.fromUs < endUs)
  const long = inside.filter((one) => one.toUs - one.fromUs > TOLERANCE_US)
  // One in the hold, behind the t4 that it put off, or a short one is the reason where there is no longer one.
  const named = [long, inside, later.slice(0, 1)].find(({ length }) => length > 0) ?? []
  const more = named.length > MAX_NAMED ? `, and ${counted(named.length - MAX_NAMED, 'more', 'more')}` : ''
  return `${named.slice(0, MAX_NAMED).map(standstillWords).join(', ')}${more}`
}

const standstillWords = ({ container, kind, fromUs, toUs }: Standstill): string =>
  `container ${container} ${kind} for ${seconds(Math.round((toUs - fromUs) / 1000) / 1000)} from ${clock(isoOfUs(fromUs))} to ${clock(isoOfUs(toUs))}`

/** Why the service of this event is not measured. */
export function notMeasuredWhy(event: Event, { watch, window }: LoadAnalysis): string {
  const { span, isRecoveryWatched } = event
  const why = isRecoveryWatched ? null : watchedWhy(event, watch)
  if (why !== null) return `the load generators did not watch all of it: ${why}`
  if (span.earlierOutage !== null)
    return `commits had stopped at ${clock(isoOfUs(span.earlierOutage.fromUs))}, before the request was sent`
  if (window.isCut) return `the records of the load end at ${clock(isoOfUs(window.endUs))}`
  return 'there was no baseline to recover to'
}

type Plain = Omit<DrillEvent, 'sentence'>

export const eventSentence = (event: Plain, causeWhy: string | null): string =>
  `${upperFirst(eventSubject(event))}${causeWhy === null ? '' : ` (${causeWhy})`}: ${serviceWords(event)}.`

/** Names the event in the middle of a sentence. */
export function eventSubject({ kind, mode, cause }: Pick<DrillEvent, 'kind' | 'mode' | 'cause'>): string {
  if (kind === 'promotion')
    return cause === 'unattributed'
      ? 'promotion that a request of this drill may have caused'
      : 'promotion that no request of this drill explains'
  if (kind === 'outage') return 'outage that no request of this drill explains'
  return cause === 'drill' ? `${mode} failover` : `${mode} failover that this drill asked for and may not have caused`
}

/** What the clients saw of it. */
export function serviceWords(
  event: Pick<Plain, 'number' | 'service' | 'recovery' | 'atLeast' | 'cutBy' | 'notMeasuredWhy'>,
): string {
  const { service, recovery, atLeast, notMeasuredWhy: why } = event
  const noCommit = `no commit for ${seconds(recovery.writeOutageSeconds)}`
  switch (service) {
    case 'uninterrupted':
      return 'clients saw no outage'
    case 'out':
      return 'the service was out at the end of the load'
    case 'not sustained':
      return `${noCommit}, and full service not seen again ${beforeTheCut(event)}`
    case 'not measured': {
      const bound = recovery.writeOutageSeconds ?? atLeast.writeOutageSeconds
      const out =
        bound === null
          ? ''
          : `no commit for ${recovery.writeOutageSeconds === null ? 'at least ' : ''}${seconds(bound)}, and `
      return `${out}full service not measured, because ${why}`
    }
    case 'recovered':
      return seconds(recovery.recoveryTimeSeconds) === seconds(recovery.writeOutageSeconds)
        ? `full service after ${seconds(recovery.recoveryTimeSeconds)} without a commit`
        : `${noCommit}, full service after ${seconds(recovery.recoveryTimeSeconds)}`
  }
}

// ---- Proof of a failover ---------------------------------------------------------------------------------------------

type Proof = DrillEvent['proof']

/**
 * What can prove an event. Proven: the platform accepted the request, and PostgreSQL's timeline rose afterwards (every
 * promotion raises it) or the availability zones swapped. Another address or another start of the server supports that, but a
 * restart changes them too. A promotion that may have another cause proves nothing.
 */
export interface ProofContext {
  /** The newest that an audit saw. */
  readonly auditTimeline: number | null
  /** Timelines that the other events of the report brought. */
  readonly otherTimelines: readonly number[]
  /** Of this drill: a timeline that the audit saw afterwards may be of this event. */
  readonly isLast: boolean
}

type Caused = Pick<EventSpan, 'change' | 'evidence' | 'cause' | 'causeWhy'>

export function proofOf({ change, evidence, cause, causeWhy }: Caused, context: ProofContext): Proof {
  const before = evidence?.before ?? null
  const after = evidence?.after ?? null
  const rose = timelineRose(before?.timeline ?? null, after?.timeline ?? null, context)
  const auditRose = context.isLast ? timelineRose(before?.timeline ?? null, context.auditTimeline, context) : null
  const swapped = zonesSwapped(before, after)
  // Two known and equal timelines outweigh everything else: nothing was promoted.
  const isFailover = change !== null || rose === true || auditRose === true || (rose === null && swapped === true)
  return {
    proven: cause === 'drill' && isFailover,
    evidence: [
      causeWhy === null || cause === 'drill' ? null : `It may not be this drill's: ${causeWhy}.`,
      rose === null ? null : timelineSentence(before?.timeline ?? null, after?.timeline ?? null, rose),
      rose === null && auditRose === true
        ? `The audits found timeline ${context.auditTimeline}; before the request it was ${before?.timeline}.`
        : null,
      change !== null ? `Clients were acknowledged by rows stamped with the new timeline ${change.timeline}.` : null,
      swapped === true
        ? `The primary moved from zone ${before?.availabilityZone} to zone ${after?.availabilityZone}.`
        : null,
      swapped === false ? `The primary is still in zone ${after?.availabilityZone}.` : null,
      changed('The address of the primary', before?.address, after?.address),
      changed('The start of the server', before?.postmasterStartedAt, after?.postmasterStartedAt),
    ].filter((sentence) => sentence !== null),
    before,
    after,
  }
}

const timelineSentence = (before: number | null, after: number | null, rose: boolean): string =>
  rose
    ? `The timeline of the primary rose from ${before} to ${after}.`
    : after === before
      ? `The timeline of the primary is still ${after}: nothing was promoted.`
      : `The timeline of the primary rose from ${before} to ${after}, and other events of this report explain all of it.`

/** By more timelines than other events explain. */
function timelineRose(before: number | null, after: number | null, { otherTimelines }: ProofContext): boolean | null {
  if (before === null || after === null) return null
  const others = otherTimelines.filter((timeline) => timeline > before && timeline <= after)
  return after - before > others.length
}

function zonesSwapped(before: PrimaryIdentity | null, after: PrimaryIdentity | null): boolean | null {
  if (before?.availabilityZone == null || after?.availabilityZone == null) return null
  // Both in one zone (SameZone): the zone of the primary proves nothing.
  if (before.standbyZone === before.availabilityZone) return null
  return before.availabilityZone !== after.availabilityZone
}

function changed(what: string, before: string | null | undefined, after: string | null | undefined): string | null {
  if (before == null || after == null || before === after) return null
  return `${what} changed from ${before} to ${after}.`
}

/** All failovers that the drill planned. */
export function proofOfDrill(
  requests: readonly FailoverRequest[],
  events: readonly DrillEvent[],
): Report['failoverProof'] {
  const proofs = requests.map((request) => ({
    request,
    proof: events.find(({ number }) => number === request.event)?.proof ?? null,
  }))
  if (proofs.length === 0) return { proven: false, evidence: ['No failover was asked for.'], before: null, after: null }
  const own = proofs.map(({ request, proof }) => [
    ...(request.state === 'accepted' ? [] : [requestSentence(request)]),
    ...(proof?.evidence ?? []),
  ])
  const [only] = own
  const evidence = own.length === 1 ? (only ?? []) : own.flatMap(numbered)
  return {
    proven: proofs.every(({ proof }) => proof?.proven === true),
    evidence: evidence.length > 0 ? evidence : ['Nothing was seen that only a failover changes.'],
    before: proofs[0]?.proof?.before ?? null,
    after: proofs.at(-1)?.proof?.after ?? null,
  }
}

const numbered = (evidence: readonly string[], index: number): string[] =>
  evidence.map((sentence) => `Failover ${index + 1}: ${sentence}`)
