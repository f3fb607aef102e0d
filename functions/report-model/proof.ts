/**
 * Was it a failover, and was it this drill's? Proven when the platform accepted the request, and PostgreSQL's timeline rose
 * afterwards (every promotion raises it) or the availability zones swapped. Another address or a new start of the server
 * supports that, but a restart changes them too. A promotion that something else may have caused proves nothing.
 */
import type { EventSpan } from '../analysis/attribution.ts'
import { requestSentence } from '../event-figures/requests.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import type { DrillEvent, FailoverRequest, Report } from '../model/report.ts'

type Proof = DrillEvent['proof']

export interface ProofContext {
  /** The newest that an audit or the clients saw by the end. */
  readonly auditTimeline: number | null
  /** Timelines that rose for another cause. */
  readonly otherTimelines: readonly number[]
  /** The last event of this drill: what the audit saw afterwards may be of this one. */
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
      : `The timeline of the primary rose from ${before} to ${after}, and another cause explains it.`

/** By more than other causes explain. */
function timelineRose(before: number | null, after: number | null, { otherTimelines }: ProofContext): boolean | null {
  if (before === null || after === null) return null
  const others = otherTimelines.filter((timeline) => timeline > before && timeline <= after)
  return after - before > others.length
}

function zonesSwapped(before: PrimaryIdentity | null, after: PrimaryIdentity | null): boolean | null {
  if (before?.availabilityZone == null || after?.availabilityZone == null) return null
  // Both in one zone (SameZone): where the primary is says nothing.
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
