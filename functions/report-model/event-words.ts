/** An event in words: what the clients saw of it, why it was not measured, and what proves that it was an event of this drill. */
import type { LoadAnalysis } from '../analysis/analysis.ts'
import type { EventSpan } from '../analysis/attribution.ts'
import type { Event } from '../analysis/events.ts'
import { beforeTheCut } from '../event-figures/figures.ts'
import { isFailedByPlatform, requestSentence } from '../event-figures/requests.ts'
import { evidenceOf, serverName, unpromoted, wasChanged } from '../event-kinds/evidence.ts'
import type { SeenOfEvent } from '../event-kinds/kind.ts'
import { alwaysPromotes, isProven, kindWords, recognisedBy, wordsOf } from '../event-kinds/kinds.ts'
import { type Standstill, TOLERANCE_US, type Watch } from '../measurement/generator-watch.ts'
import type { AuditPass, DrillOutcome, EventEvidence } from '../model/evidence.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import type { PlannedEvent } from '../model/planned-event.ts'
import type { DrillEvent, EventRequest, Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'
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
  const { span, quiet, isRecoveryWatched } = event
  const why = isRecoveryWatched ? null : watchedWhy(event, watch)
  if (why !== null) return `the load generators did not watch all of it: ${why}`
  if (span.earlierOutage !== null)
    return `commits had stopped at ${clock(isoOfUs(span.earlierOutage.fromUs))}, before the request was sent`
  if (quiet !== null)
    return `pauses of ${seconds(round(quiet.usualPauseUs / 1e6, 3))} between two commits are usual for this load, so it does not show an outage that is not longer`
  if (window.isCut) return `the records of the load end at ${clock(isoOfUs(window.endUs))}`
  return 'there was no baseline to recover to'
}

type Plain = Omit<DrillEvent, 'sentence'>

export const eventSentence = (event: Plain, causeWhy: string | null): string =>
  `${upperFirst(eventSubject(event))}${causeWhy === null ? '' : ` (${causeWhy})`}: ${serviceWords(event)}.`

/** A restart that ended in a promotion says so. */
const wordsOfRequested = (planned: PlannedEvent, kind: DrillEvent['kind']): string =>
  kind === planned.kind ? wordsOf(planned) : `${wordsOf(planned)} that became a ${kindWords(kind)}`

/** Of an event that was only seen, what was recognised. */
export const whatOf = ({ kind, evidence }: Pick<EventSpan, 'kind' | 'evidence'>): string =>
  evidence === null ? kindWords(kind) : wordsOfRequested(evidence.planned, kind)

/** Seen by the clients alone: nothing shows who or what caused it. */
const UNEXPLAINED: ReadonlySet<DrillEvent['kind']> = new Set(['promotion', 'outage'])

/** Names the event in the middle of a sentence. */
export function eventSubject({
  request,
  kind,
  what,
  cause,
}: Pick<DrillEvent, 'request' | 'kind' | 'what' | 'cause'>): string {
  if (request !== null) return cause === 'drill' ? what : `${what} that this drill asked for and may not have caused`
  if (cause === 'unattributed') return `${what} that a request of this drill may have caused`
  return UNEXPLAINED.has(kind)
    ? `${what} that no request of this drill explains`
    : `${what} that this drill did not request`
}

/** What the clients saw of it. */
export function serviceWords(
  event: Pick<Plain, 'number' | 'service' | 'recovery' | 'atLeast' | 'cutBy' | 'notMeasuredWhy'>,
): string {
  const { service, recovery, atLeast, notMeasuredWhy: why } = event
  const noCommit = `no commit for ${seconds(recovery.writeOutageSeconds)}`
  switch (service) {
    case 'uninterrupted':
      return recovery.writeOutageSeconds === null
        ? 'clients saw no outage'
        : `clients saw no outage, and no pause between two commits around it was longer than ${seconds(recovery.writeOutageSeconds)}`
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

// ---- Proof of an event -----------------------------------------------------------------------------------------------

type Proof = DrillEvent['proof']

export interface ProofContext {
  /** The newest that an audit saw. */
  readonly auditTimeline: number | null
  /** Timelines that the other events of the report brought. */
  readonly otherTimelines: readonly number[]
  readonly audits: DrillOutcome['audits']
  /** Of this drill: a timeline that the audit saw afterwards may be of this event. */
  readonly isLast: boolean
}

type Caused = Pick<EventSpan, 'change' | 'evidence' | 'identities' | 'cause' | 'causeWhy'>

const NOT_SEEN = { before: null, after: null }

/**
 * Proven: the platform accepted the request, or no request of the drill explains it, and what only such an event changes was
 * seen. One that may have another cause proves nothing.
 */
export function proofOf({ change, evidence, identities, cause, causeWhy }: Caused, context: ProofContext): Proof {
  const { auditTimeline, otherTimelines, isLast } = context
  const { before, after } = evidence ?? identities ?? NOT_SEEN
  const newTimeline = change?.timeline ?? null
  const seen: SeenOfEvent = { before, after, newTimeline, auditTimeline: isLast ? auditTimeline : null, otherTimelines }
  const isShown =
    evidence === null ? identities !== null && recognisedBy(seen) !== null : isProven(evidence.planned, seen)
  const doubt = causeWhy === null || cause === 'drill' ? [] : [`It may not be this drill's: ${causeWhy}.`]
  const absent = evidence !== null && alwaysPromotes(evidence.planned) ? unpromoted(seen) : []
  const audited = wasChanged(seen, 'serverId') ? auditedServers(after, context.audits) : []
  const sentences = [...doubt, ...absent, ...evidenceOf(seen), ...audited]
  return { proven: isShown && cause !== 'unattributed', evidence: sentences, before, after }
}

/** That the audits read the primary of after a switchover is a fact of theirs: its name alone could lead to the old one. */
function auditedServers(after: PrimaryIdentity | null, audits: DrillOutcome['audits']): string[] {
  const isAfter = ({ serverId, timeline }: AuditPass): boolean =>
    serverId !== null &&
    serverId === after?.serverId &&
    timeline !== null &&
    after.timeline !== null &&
    timeline >= after.timeline
  const sentences = audits.map((pass) => {
    const { serverId, address, timeline } = pass
    const read = `a server at ${address ?? 'an unknown address'} on timeline ${timeline ?? 'unknown'}`
    if (serverId === null) return `An audit read ${read}; the platform showed no primary then.`
    const which = isAfter(pass) ? ', as after the event' : ''
    return `An audit read ${read}, and the platform showed ${serverName(serverId)} as the primary${which}.`
  })
  return [...new Set(sentences)]
}

/** All events that the drill planned; of a drill that watched, those that it saw. */
export function proofOfDrill(
  requests: readonly EventRequest[],
  events: readonly DrillEvent[],
  { events: gathered, audits }: Pick<DrillOutcome, 'events' | 'audits'>,
): Report['eventsProof'] {
  const judged = requests.filter(({ state }) => state !== 'left out')
  if (judged.length === 0) return { proven: false, evidence: ['No event was asked for.'], before: null, after: null }
  const own = judged.map((request) => seenOf(request, events))
  const proofs = own.map((seen) => seen.map(({ proof }) => proof))
  const gatheredOf = (request: EventRequest) =>
    gathered.find(({ index }) => index === requests.indexOf(request)) ?? null
  const evidence = judged.flatMap((request, i) => {
    const seen = own[i] ?? []
    const sentences = [
      ...evidenceOfRequest(request, seen),
      ...(seen.length > 0 ? [] : withoutEvent(gatheredOf(request), newestTimeline(audits))),
    ]
    return judged.length === 1 ? sentences : sentences.map((sentence) => `Request ${i + 1}: ${sentence}`)
  })
  return {
    proven: judged.every(({ state }, i) => isProof(state, proofs[i] ?? [])),
    evidence: evidence.length > 0 ? evidence : ['Nothing was seen that only such an event changes.'],
    before: proofs[0]?.[0]?.before ?? (judged[0] === undefined ? null : (gatheredOf(judged[0])?.before ?? null)),
    after: proofs.at(-1)?.at(-1)?.after ?? null,
  }
}

/** A drill that watches saw all events from its first one on. */
const seenOf = ({ state, event }: EventRequest, events: readonly DrillEvent[]): DrillEvent[] =>
  events.filter(({ number }) => event !== null && (state === 'watched' ? number >= event : number === event))

/** The clients themselves prove an event that others caused. */
const isProof = (state: EventRequest['state'], proofs: readonly Proof[]): boolean =>
  state === 'watched' ? proofs.length > 0 : proofs.length > 0 && proofs.every(({ proven }) => proven)

function evidenceOfRequest(request: EventRequest, seen: readonly DrillEvent[]): string[] {
  if (request.state === 'accepted' && !isFailedByPlatform(request)) return seen.flatMap(({ proof }) => proof.evidence)
  return [requestSentence(request), ...seen.flatMap((event) => evidenceOfSeen(request, event))]
}

const evidenceOfSeen = ({ state }: EventRequest, { sentence, proof }: DrillEvent): string[] =>
  state === 'watched' ? [sentence, ...proof.evidence] : [...proof.evidence]

export const newestTimeline = (audits: DrillOutcome['audits']): number | null =>
  Math.max(0, ...audits.map(({ timeline }) => timeline ?? 0)) || null

/** Of a request that may have caused something, and that no event followed. */
function withoutEvent(evidence: EventEvidence | null, auditTimeline: number | null): string[] {
  const isPossible = evidence?.request === 'ambiguous' || evidence?.request === 'accepted'
  if (evidence === null || !isPossible || !alwaysPromotes(evidence.planned)) return []
  return unpromoted({ before: evidence.before, after: null, newTimeline: null, auditTimeline, otherTimelines: [] })
}
