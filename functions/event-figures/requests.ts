/** The events that a drill planned, each with the state of its request: also those that it did not reach. */
import { modeOf, wordsOf } from '../event-kinds/kinds.ts'
import type { DrillOutcome, EventEvidence } from '../model/evidence.ts'
import type { DrillEvent, EventRequest } from '../model/report.ts'
import { round } from '../units/statistics.ts'

/** `earlier`: how many of the events began before a drill watched for what others do. */
export const requestsOf = (
  { plan, events: gathered, loadStartAtMs }: Pick<DrillOutcome, 'plan' | 'events' | 'loadStartAtMs'>,
  events: readonly DrillEvent[],
  earlier: number,
): EventRequest[] =>
  plan.events.map((planned, index) => {
    const evidence = gathered.find((one) => one.index === index) ?? null
    return {
      kind: planned.kind,
      mode: modeOf(planned),
      what: wordsOf(planned),
      plannedAtSeconds: planned.atSeconds,
      state: evidence?.request ?? 'not reached',
      operation: evidence?.operation ?? null,
      detail: evidence?.detail ?? null,
      sentAt: evidence?.sentAt ?? null,
      lateSeconds: evidence === null ? null : lateSeconds(evidence, loadStartAtMs),
      undo: undoOf(evidence),
      acceptedAt: evidence?.acceptedAt ?? null,
      requestId: evidence?.requestId ?? null,
      event: events.find((event) => isOf(event, index, evidence, earlier))?.number ?? null,
    }
  })

const undoOf = (evidence: EventEvidence | null): EventRequest['undo'] =>
  evidence === null || evidence.undo === null
    ? null
    : { state: evidence.undo.state, detail: evidence.undo.detail, at: evidence.undo.at }

/** A drill that watches has the events from its time on. */
const isOf = (event: DrillEvent, index: number, evidence: EventEvidence | null, earlier: number): boolean =>
  evidence?.request === 'watched' ? event.number > earlier : event.request === index

/** The event is no result of the watch. */
export const isBeforeWatch = ({ number }: DrillEvent, [request]: readonly EventRequest[]): boolean =>
  request?.state === 'watched' && (request.event === null || number < request.event)

function lateSeconds({ sentAt, planned }: EventEvidence, loadStartAtMs: number | null): number | null {
  if (sentAt === null || loadStartAtMs === null) return null
  return round(Math.max(0, (Date.parse(sentAt) - loadStartAtMs) / 1000 - planned.atSeconds), 3)
}

type Words = Pick<EventRequest, 'what' | 'state' | 'operation' | 'detail'>

/** Accepted, and the platform itself said later that it was not carried out to its end. */
export const isFailedByPlatform = ({ state, operation }: Pick<EventRequest, 'state' | 'operation'>): boolean =>
  state === 'accepted' && operation === 'failed'

/** The state of the request, as a sentence. */
export function requestSentence({ what, state, operation, detail }: Words): string {
  const why = detail === null ? '' : `: ${detail.replace(/\.$/, '')}`
  switch (state) {
    case 'not reached':
      return `A ${what} was planned and not reached: the drill ended before it${why}.`
    case 'withheld':
      return `The ${what} was not asked for, because the drill held the request back${why}.`
    case 'refused':
      return `The platform refused the ${what}${why}.`
    case 'ambiguous':
      return `The platform's answer to the request for a ${what} was lost${why}.`
    case 'watched':
      return `The drill asked for nothing, and watched for what others do${why}.`
    case 'left out':
      return `The ${what} was left out${why}.`
    case 'accepted':
      return `The platform accepted the request for a ${what}${operation === 'failed' ? ', and its operation failed' : ''}${why}.`
  }
}
