/**
 * The stored records of one event of a drill: the intent, and for each attempt a claim and its answer. Attempts are numbered from 0
 * without gaps.
 */

import { drillBlobs, type EventKey } from '../../model/blob-paths.ts'
import type { EventAnswer } from '../../model/event-answer.ts'
import type { RequestState } from '../../model/evidence.ts'
import type { PrimaryIdentity } from '../../model/facts.ts'
import type { PlannedEvent } from '../../model/planned-event.ts'
import type { Blobs } from '../clients.ts'

/** Written before the first attempt, so that every later poll compares with the primary before, never with the one after. */
export interface EventIntent {
  readonly index: number
  readonly planned: PlannedEvent
  readonly before: PrimaryIdentity
  readonly writtenAt: string
}

/** Written once by the execution that may send this attempt. */
export interface Claim {
  readonly claimedAt: string
  /** Until then the request may be on its way, if its answer is lost. */
  readonly mayArriveUntil: string
}

/** Why the drill did not send at this moment. Only the newest is kept. */
export interface Withheld {
  readonly at: string
  readonly why: string
  /** It was not needed. */
  readonly isLeftOut: boolean
}

export interface Attempt {
  readonly claim: Claim | null
  readonly answer: EventAnswer | null
}

/** The outcome of the request over all its attempts, as in EventEvidence. */
interface RequestOutcome {
  readonly request: RequestState
  readonly detail: string | null
  readonly sentAt: string | null
  /** The answer that decided; null when an answer was lost, or nothing was sent. */
  readonly answer: EventAnswer | null
}

/** More than a drill makes. */
export const MAX_ATTEMPTS = 20

export async function readAttempts(
  blobs: Pick<Blobs, 'readJson'>,
  drillId: string,
  index: EventKey,
): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  for (let number = 0; number < MAX_ATTEMPTS; number++) {
    const [claim, answer] = await Promise.all([
      blobs.readJson<Claim>(drillBlobs.eventClaim(drillId, index, number)),
      blobs.readJson<EventAnswer>(drillBlobs.eventAnswer(drillId, index, number)),
    ])
    if (claim === null && answer === null) break
    attempts.push({ claim, answer })
  }
  return attempts
}

/**
 * The latest instant at which a request may still arrive whose answer is not known; null: there is no such request. No sign on
 * the server brings it forward: a crash, another user or the drill's next request shows the same.
 */
export function mayArriveUntilMs(attempts: readonly Attempt[]): number | null {
  const untilMs = attempts.flatMap(({ claim, answer }) =>
    claim !== null && (answer === null || answer.kind === 'ambiguous') ? Date.parse(claim.mayArriveUntil) : [],
  )
  return untilMs.length === 0 ? null : Math.max(...untilMs)
}

/** One acceptance decides, and otherwise one attempt that may have arrived: a later refusal does not cancel it. */
export function outcomeOfAttempts(attempts: readonly Attempt[], withheld: Withheld | null): RequestOutcome {
  const answers = attempts.flatMap(({ answer }) => answer ?? [])
  const accepted = answers.find(({ kind }) => kind === 'accepted')
  if (accepted !== undefined) return answered(accepted, null)
  const ambiguous = answers.find(({ kind }) => kind === 'ambiguous')
  if (ambiguous !== undefined) return answered(ambiguous, null)
  const lost = attempts.find(({ answer }) => answer === null)
  if (lost !== undefined)
    return {
      request: 'ambiguous',
      detail: 'the request was prepared, and no answer to it is known',
      sentAt: lost.claim?.claimedAt ?? null,
      answer: null,
    }
  const refused = answers.at(-1)
  if (refused !== undefined) return answered(refused, withheld)
  const notSent = { sentAt: null, answer: null }
  if (withheld !== null)
    return { request: withheld.isLeftOut ? 'left out' : 'withheld', detail: withheld.why, ...notSent }
  return { request: 'not reached', detail: null, sentAt: null, answer: null }
}

const answered = (answer: EventAnswer, withheld: Withheld | null): RequestOutcome => ({
  request: answer.kind,
  detail: [detailOf(answer)?.replace(/\.$/, ''), withheld?.why].filter(Boolean).join('; ') || null,
  sentAt: answer.sentAt,
  answer,
})

function detailOf(answer: EventAnswer): string | null {
  if (answer.kind === 'accepted') return null
  return answer.kind === 'ambiguous' ? answer.why : `${answer.status} ${answer.code}: ${answer.message}`
}
