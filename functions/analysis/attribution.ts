/**
 * The cause of each promotion. PostgreSQL's timeline rises with every promotion and every row is stamped with it, so the clients themselves
 * saw each promotion. One is this drill's only if the platform accepted a request of this drill before it, and if the outage
 * that it ended had not begun before that request was sent. Every other promotion was only observed.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { restartedUs } from '../event-kinds/evidence.ts'
import { alwaysPromotes, kindOfRequest, mayPromote } from '../event-kinds/kinds.ts'
import { type Outage, silenceOfChange } from '../measurement/outages.ts'
import type { LoadWindow } from '../measurement/window.ts'
import type { Merged, TimelineSpan } from '../merge/merged.ts'
import type { EventEvidence } from '../model/evidence.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import type { Cause, EventKind } from '../model/report.ts'

export interface TimelineChange {
  readonly timeline: number
  /** First acknowledgement on it, by any client. */
  readonly firstAtUs: number
  /** Last acknowledgement on an older one; behind `firstAtUs` when two primaries took writes. */
  readonly lastOldAtUs: number
}

interface Identities {
  readonly before: PrimaryIdentity | null
  readonly after: PrimaryIdentity | null
}

/** An event before its moments are known. */
export interface EventSpan {
  readonly cause: Cause
  readonly kind: EventKind
  /** Of the request; null for an event that was only seen. */
  readonly evidence: EventEvidence | null
  /** Of an event that was only seen: the primaries before and after it; null: no poll saw them. */
  readonly identities: Identities | null
  readonly t0Us: number | null
  /** When the request was sent, or when commits stopped. */
  readonly beginUs: number
  /** The next event that is known from a request or a timeline, or the end of the load. */
  readonly untilUs: number
  readonly change: TimelineChange | null
  /** When the process of the primary started again, on the same timeline; null: it did not, or no look shows it. */
  readonly startedUs: number | null
  /** An outage that had begun before the request was sent and still lasted then. */
  readonly earlierOutage: Outage | null
  /** Why the cause is not this drill; null when it is, or when no request came near. */
  readonly causeWhy: string | null
}

export interface AttributionContext {
  readonly window: LoadWindow
  readonly outages: readonly Outage[]
  /** The drill's clock minus the database's. */
  readonly controlOffsetUs: number
  /** How far two instants of different clocks may be apart and still be in their order. */
  readonly clockBoundUs: number
  /** Between two acknowledgements of a healthy service. */
  readonly usualPauseUs: number
}

interface Sent {
  readonly evidence: EventEvidence
  readonly sentUs: number
  readonly t0Us: number | null
}

type Anchor = Omit<EventSpan, 'untilUs'>

/** Every accepted request, every lost one that a promotion may belong to, and every other promotion, in the order of time. */
export function attribute(merged: Merged, all: readonly EventEvidence[], context: AttributionContext): EventSpan[] {
  const sent = sentRequests(all, context)
  const owners = new Map<TimelineChange, Sent>()
  const changes = timelineChanges(merged)
  const latestUs = new Map(
    changes.map((change) => [change, beganBeforeUs(change, merged, context) + context.clockBoundUs]),
  )
  // A promotion that certainly came after a request is its own, also when another event was still under way.
  for (const owns of [wasSentBefore, wasSentMeanwhile])
    for (const change of changes.filter((one) => !owners.has(one))) {
      const able = sent.filter((request) => mayOwn(request, change, context))
      const owner = owns(change, able, latestUs.get(change) as number)
      if (owner !== undefined && ![...owners.values()].includes(owner)) owners.set(change, owner)
    }
  const requested = sent.flatMap((request, i) => {
    const change = changes.find((one) => owners.get(one) === request) ?? null
    return anchorOf(request, change, sent[i + 1]?.sentUs ?? context.window.endUs, merged, context) ?? []
  })
  const unsure = requested.filter(({ cause, change }) => cause === 'unattributed' && change !== null)
  const mayBeMine = (change: TimelineChange) =>
    mayBeOf(unsure, change.firstAtUs + context.clockBoundUs) || sent.some((request) => isPartOf(request, change))
  const seen = changes
    .filter((change) => !owners.has(change))
    .map((change) => promotion(change, merged, mayBeMine(change)))
  const anchors = [...requested, ...seen].sort((a, b) => a.beginUs - b.beginUs)
  return anchors.map((anchor, i) => ({ ...anchor, untilUs: anchors[i + 1]?.beginUs ?? context.window.endUs }))
}

function sentRequests(all: readonly EventEvidence[], { window, controlOffsetUs }: AttributionContext): Sent[] {
  const instant = (at: string | null) => (at === null ? null : Date.parse(at) * 1000 - controlOffsetUs)
  return all
    .filter(({ request }) => request === 'accepted' || request === 'ambiguous')
    .map((evidence) => {
      const t0Us = instant(evidence.acceptedAt)
      const plannedUs = window.startUs + evidence.planned.atSeconds * US_PER_SECOND
      return { evidence, t0Us, sentUs: instant(evidence.sentAt) ?? t0Us ?? plannedUs }
    })
    .sort((a, b) => a.sentUs - b.sentUs)
}

/** Of a kind that may promote: the platform showed this timeline before the standby was healthy again after the request. */
const isPartOf = ({ evidence }: Sent, { timeline }: TimelineChange): boolean =>
  mayPromote(evidence.planned) && !alwaysPromotes(evidence.planned) && (evidence.after?.timeline ?? 0) >= timeline

/**
 * A kind that need not promote can have an outage of its own, and a promotion after that outage is another's. But a scaling can pause
 * commits for its new standby first, and promote it then.
 */
const mayOwn = (request: Sent, change: TimelineChange, context: AttributionContext): boolean =>
  alwaysPromotes(request.evidence.planned) || isPartOf(request, change) || !hadOutageBefore(request, change, context)

const hadOutageBefore = (
  { sentUs }: Sent,
  { firstAtUs, lastOldAtUs }: TimelineChange,
  { outages, clockBoundUs }: AttributionContext,
): boolean =>
  outages.some(
    ({ fromUs, toUs }) => fromUs >= sentUs - clockBoundUs && toUs !== null && toUs <= Math.min(lastOldAtUs, firstAtUs),
  )

type Owns = (change: TimelineChange, sent: readonly Sent[], latestSentUs: number) => Sent | undefined

/** The last request that was sent before the commits stopped. One request causes one promotion. */
const wasSentBefore: Owns = (_change, sent, latestSentUs) => sent.findLast(({ sentUs }) => sentUs <= latestSentUs)

/** Commits had stopped before the request was sent, but the promotion came after it: the cause may be either. */
const wasSentMeanwhile: Owns = ({ firstAtUs }, sent, latestSentUs) =>
  sent.find(({ sentUs }) => sentUs > latestSentUs && sentUs < firstAtUs)

/**
 * The latest instant at which the outage that this promotion ended can have begun: after its last commit the service was
 * alive for up to a usual pause, and while no generator watched it may have been.
 */
function beganBeforeUs(
  change: TimelineChange,
  merged: Merged,
  { outages, usualPauseUs }: Pick<AttributionContext, 'outages' | 'usualPauseUs'>,
): number {
  const outage = outages.find(({ fromUs, toUs }) => fromUs < change.firstAtUs && (toUs ?? Infinity) >= change.firstAtUs)
  const fromUs =
    outage === undefined
      ? (silenceOfChange(merged, change)?.fromUs ?? Math.min(change.lastOldAtUs, change.firstAtUs))
      : outage.surelyFromUs
  return Math.min(fromUs + usualPauseUs, change.firstAtUs)
}

function anchorOf(
  { evidence, sentUs, t0Us }: Sent,
  change: TimelineChange | null,
  nextSentUs: number,
  merged: Merged,
  context: AttributionContext,
): Anchor | null {
  const { outages, usualPauseUs, clockBoundUs } = context
  const isAccepted = evidence.request === 'accepted'
  const earlierOutage = outages.find(
    (outage) =>
      outage.isSeen && outage.surelyFromUs + usualPauseUs + clockBoundUs < sentUs && (outage.toUs ?? Infinity) > sentUs,
  )
  const isNoticed = change !== null || outages.some(({ fromUs }) => fromUs >= sentUs && fromUs < nextSentUs)
  if (!isAccepted && !isNoticed) return null
  const base = {
    kind: kindOfRequest(evidence.planned, change !== null),
    evidence,
    identities: null,
    t0Us,
    beginUs: sentUs,
    change,
    startedUs: startOf(evidence, sentUs - clockBoundUs, nextSentUs),
  }
  if (earlierOutage !== undefined)
    return {
      ...base,
      cause: 'unattributed',
      earlierOutage,
      causeWhy: 'commits had stopped before the request was sent',
    }
  if (wasUnwatched(sentUs, context))
    return {
      ...base,
      cause: 'unattributed',
      earlierOutage: null,
      causeWhy: 'no load generator watched the service when the request was sent',
    }
  if (!isAccepted)
    return {
      ...base,
      cause: 'unattributed',
      earlierOutage: null,
      causeWhy: "the platform's answer to the request was lost, so this report cannot say that the drill caused it",
    }
  if (change !== null && t0Us !== null && t0Us - clockBoundUs > change.firstAtUs)
    return {
      ...base,
      cause: 'unattributed',
      earlierOutage: null,
      causeWhy: 'the platform accepted the request only after the new primary had taken commits',
    }
  if (change !== null && !mayPromote(evidence.planned) && pausedBefore(change, sentUs, merged, context))
    return {
      ...base,
      cause: 'unattributed',
      earlierOutage: null,
      causeWhy:
        'commits had paused after the request and gone on before they stopped, so the promotion may be another event',
    }
  // It may have failed after the promotion, or before one of another cause.
  if (isNoticed && evidence.operation === 'failed')
    return {
      ...base,
      cause: 'unattributed',
      earlierOutage: null,
      causeWhy: 'the platform reported that the operation of the request failed',
    }
  return { ...base, cause: 'drill', earlierOutage: null, causeWhy: null }
}

/** A kind that never promotes has a pause of its own, which may be too short to be an outage. */
function pausedBefore(
  change: TimelineChange,
  sentUs: number,
  merged: Merged,
  { clockBoundUs, usualPauseUs }: AttributionContext,
): boolean {
  const stoppedUs = silenceOfChange(merged, change)?.fromUs ?? Math.min(change.lastOldAtUs, change.firstAtUs)
  const { fromUs, toUs } = merged.silences
  return fromUs.some((beginUs, i) => {
    const endUs = toUs[i] as number
    return beginUs >= sentUs - clockBoundUs && endUs <= stoppedUs && endUs - beginUs > usualPauseUs
  })
}

/** The start of a process after the next request is that request's. */
function startOf(evidence: EventEvidence, fromUs: number, toUs: number): number | null {
  const startedUs = restartedUs(evidence)
  return startedUs !== null && startedUs >= fromUs && startedUs < toUs ? startedUs : null
}

/** Commits may have stopped before the request: nothing watched from the last one before it to the first one after it. */
const wasUnwatched = (sentUs: number, { window, outages, usualPauseUs, clockBoundUs }: AttributionContext): boolean =>
  (window.isCut && sentUs > window.endUs) ||
  outages.some(
    (outage) =>
      outage.fromUs + usualPauseUs + clockBoundUs < sentUs &&
      outage.surelyFromUs >= sentUs - clockBoundUs - usualPauseUs,
  )

/**
 * Which of two promotions the one request caused is not known: it claims one of them, and may have caused every other one whose first
 * commit came after the request, also where the outage had begun before.
 */
const mayBeOf = (unsure: readonly Anchor[], latestSentUs: number): boolean =>
  unsure.some(({ beginUs }) => beginUs <= latestSentUs)

/** A promotion that no request claims. */
const promotion = (change: TimelineChange, merged: Merged, mayBeMine: boolean): Anchor => ({
  cause: mayBeMine ? 'unattributed' : 'other',
  kind: 'promotion',
  evidence: null,
  identities: null,
  t0Us: null,
  beginUs: silenceOfChange(merged, change)?.fromUs ?? Math.min(change.lastOldAtUs, change.firstAtUs),
  change,
  startedUs: null,
  earlierOutage: null,
  causeWhy: mayBeMine ? 'which of two promotions a request of this drill caused is not known' : null,
})

function timelineChanges({ timelines }: Pick<Merged, 'timelines'>): TimelineChange[] {
  const rising = [...timelines].sort((a, b) => a.timeline - b.timeline)
  return rising
    .slice(1)
    .map(({ timeline, firstAtUs }, i) => ({ timeline, firstAtUs, lastOldAtUs: lastAck(rising.slice(0, i + 1)) }))
}

const lastAck = (spans: readonly TimelineSpan[]): number => Math.max(...spans.map(({ lastAtUs }) => lastAtUs))
