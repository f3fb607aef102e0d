/**
 * Exactly one failover per intent.
 *
 * An activity may run twice: its host dies between the POST and the answer, or its result is lost. So before a POST there
 * are two write-once records: the intent, with the primary's identity before, and the claim of this attempt. Whoever finds
 * a claim without an answer was not the one who sent: it observes. After a sign of a failover, whatever caused it, the lost
 * answer is recorded as ambiguous. Only when the server has been silent for as long as a request can be on its way does
 * the drill try again, under a claim of its own. An ambiguous answer is never followed by another POST for the same intent, and
 * no sign proves that its request has arrived: while it may be on its way, no later failover is asked for (event-safety), and
 * the cool-down begins at its latest arrival.
 */
import type { Clients } from '../clients/clients.ts'
import {
  type Claim,
  type FailoverIntent,
  mayArriveUntilMs,
  readAttempts,
  type Withheld,
} from '../clients/storage/failover-attempts.ts'
import { noteFailover } from '../clients/storage/last-failover.ts'
import { readLock } from '../clients/storage/server-lock.ts'
import { obstacleToEvent } from '../live/event-safety.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { FailoverAnswer } from '../model/failover.ts'
import { changesOfPrimary, isBusy, showsPromotions, signsOfFailover } from '../model/failover-signs.ts'
import type { DrillPlan } from '../model/plan.ts'
import { eventMoment } from './failover/event-moment.ts'
import { observeIdentity } from './failover/identity.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

export interface FailoverAttempt extends DrillRef {
  readonly index: number
  readonly attempt: number
}

/** What the orchestration does next with this failover. */
export type FailoverStep =
  | { readonly next: 'watch'; readonly detail: string }
  /** Ask again with the same attempt: an earlier execution's request may still arrive. */
  | { readonly next: 'look again'; readonly detail: string }
  /** The request provably had no effect, and a later one may be accepted. */
  | { readonly next: 'try again'; readonly detail: string; readonly afterSeconds: number }
  /** Nothing was sent: what has to be seen before an event may be there at a later look. */
  | { readonly next: 'wait'; readonly detail: string }
  | { readonly next: 'give up'; readonly detail: string }
  /** Nothing was sent, and no time of this load can be trusted: the drill ends. */
  | { readonly next: 'end'; readonly detail: string }
  | { readonly next: 'abort'; readonly detail: string }

/** An intent that is younger was written by the same look. */
const FIRST_LOOK_MS = 3_000

const AFTER_OBSTACLE = { clocks: 'end', late: 'give up', wait: 'wait' } as const

/** A sender that was held up for this long between its claim and its POST must not send any more. */
const STALE_CLAIM_MS = 10_000

export const failOver = (clients: Clients, settings: ActivitySettings, input: FailoverAttempt): Promise<FailoverStep> =>
  failoverActivities(clients, settings).failOver(input)

function failoverActivities(clients: Clients, settings: ActivitySettings) {
  const { blobs, clock, servers } = clients

  async function failOver({ drillId, index, attempt }: FailoverAttempt): Promise<FailoverStep> {
    const plan = await readPlan(blobs, drillId)
    const known = await blobs.readJson<FailoverAnswer>(drillBlobs.failoverAnswer(drillId, index, attempt))
    if (known !== null) return stepAfter(known)
    const intent = await intentOf(plan, index)
    const claim = await blobs.readJson<Claim>(drillBlobs.failoverClaim(drillId, index, attempt))
    if (claim !== null) return settleLostAttempt(plan, intent, attempt, claim)
    const obstacle = await whyNotNow(plan, intent, attempt)
    return obstacle ?? send(plan, intent, attempt)
  }

  /** Written once, so a repeated execution compares with the primary before, never with the one after. */
  async function intentOf({ drillId, target, failovers }: DrillPlan, index: number): Promise<FailoverIntent> {
    const name = drillBlobs.failoverIntent(drillId, index)
    const known = await blobs.readJson<FailoverIntent>(name)
    if (known !== null) return known
    const planned = failovers[index]
    if (planned === undefined) throw new Error(`failing over failed: drill ${drillId} plans no failover ${index}`)
    const before = await observeIdentity(clients, target)
    const intent = { index, mode: planned.mode, before, writtenAt: clock.now().toISOString() }
    if (await blobs.writeOnce(name, intent)) return intent
    return (await blobs.readJson<FailoverIntent>(name)) ?? intent
  }

  async function whyNotNow(plan: DrillPlan, intent: FailoverIntent, attempt: number): Promise<FailoverStep | null> {
    const abort = await readAbort(blobs, plan.drillId)
    if (abort !== null) return { next: 'abort', detail: abort }
    const lock = await readLock(blobs, plan.target)
    if (lock?.drillId !== plan.drillId || lock.state !== 'held')
      return withhold(plan, intent.index, 'give up', 'the server is no longer reserved for this drill: not failed over')
    return (await movedSince(plan, intent, attempt)) ?? whyUnsafe(plan, intent.index)
  }

  /** The evidence that the load can measure what would be caused. */
  async function whyUnsafe(plan: DrillPlan, index: number): Promise<FailoverStep | null> {
    const moment = await eventMoment(clients, plan, index)
    const obstacle = obstacleToEvent(plan, index, moment)
    if (obstacle === null) return null
    return withhold(plan, index, AFTER_OBSTACLE[obstacle.kind], obstacle.why)
  }

  /**
   * An attempt before this one was refused or lost, or an earlier look withheld it. If the server has moved since the intent, a
   * failover is happening, or has happened.
   */
  async function movedSince(plan: DrillPlan, intent: FailoverIntent, attempt: number): Promise<FailoverStep | null> {
    const isFirstLook = clock.now().getTime() - Date.parse(intent.writtenAt) < FIRST_LOOK_MS
    if (attempt === 0 && isFirstLook) return null
    const now = await observeIdentity(clients, plan.target)
    const signs = signsOfFailover(intent.before, now)
    if (signs.length === 0) return null
    const why = `not asked for, because of: ${signs.join('; ')}`
    const earlierAttempts = await readAttempts(blobs, plan.drillId, intent.index)
    // Every earlier attempt was refused: what is seen is not this drill's doing. One that was lost may have arrived late.
    const lost = earlierAttempts.find(({ answer }) => answer === null)
    if (lost !== undefined) return remember(plan, intent.index, attempt, ambiguous(why, lost.claim?.claimedAt ?? null))
    const hasMoved = changesOfPrimary(intent.before, now).length > 0
    if (hasMoved) await noteFailover(blobs, plan, clock.now().getTime())
    return withhold(plan, intent.index, hasMoved || attempt > 0 ? 'give up' : 'wait', why)
  }

  async function withhold(
    { drillId }: DrillPlan,
    index: number,
    next: 'wait' | 'give up' | 'end',
    why: string,
  ): Promise<FailoverStep> {
    await blobs.writeJson(drillBlobs.failoverWithheld(drillId, index), {
      at: clock.now().toISOString(),
      why,
    } satisfies Withheld)
    return { next, detail: why }
  }

  async function send(plan: DrillPlan, intent: FailoverIntent, attempt: number): Promise<FailoverStep> {
    const claimedAt = clock.now()
    const mayArriveUntil = new Date(claimedAt.getTime() + settings.failoverSilenceSeconds * 1000).toISOString()
    const claim: Claim = { claimedAt: claimedAt.toISOString(), mayArriveUntil }
    if (!(await blobs.writeOnce(drillBlobs.failoverClaim(plan.drillId, intent.index, attempt), claim)))
      return { next: 'look again', detail: 'another execution of this step is sending the request' }
    if (clock.now().getTime() - claimedAt.getTime() > STALE_CLAIM_MS)
      return { next: 'look again', detail: 'this execution was held up too long to be allowed to send' }
    return remember(plan, intent.index, attempt, await servers.beginFailover(plan.target, intent.mode))
  }

  async function settleLostAttempt(
    plan: DrillPlan,
    intent: FailoverIntent,
    attempt: number,
    { claimedAt, mayArriveUntil }: Claim,
  ): Promise<FailoverStep> {
    const settle = (why: string) => remember(plan, intent.index, attempt, ambiguous(why, claimedAt))
    const signs = signsOfFailover(intent.before, await observeIdentity(clients, plan.target))
    if (signs.length > 0)
      return settle(`the answer was lost; seen since the request was prepared, whatever caused it: ${signs.join('; ')}`)
    const nowMs = clock.now().getTime()
    const silence = `${Math.round((nowMs - Date.parse(claimedAt)) / 1000)} s`
    if (nowMs < Date.parse(mayArriveUntil))
      return { next: 'look again', detail: `the answer was lost; nothing seen for ${silence}` }
    if (!showsPromotions(intent.before))
      return settle(
        'the answer was lost, and the timeline before it is not known: a promotion would not have been seen',
      )
    return {
      next: 'try again',
      afterSeconds: 0,
      detail: `the answer was lost, and no sign of a failover was seen for ${silence}: the request is taken for lost`,
    }
  }

  async function remember(
    plan: DrillPlan,
    index: number,
    attempt: number,
    answer: FailoverAnswer,
  ): Promise<FailoverStep> {
    // The cool-down first: if this execution dies between the two writes, the next drill still waits.
    if (answer.kind !== 'refused') await noteFailover(blobs, plan, await latestArrivalMs(plan, index, answer))
    await blobs.writeOnce(drillBlobs.failoverAnswer(plan.drillId, index, attempt), answer)
    return stepAfter(answer)
  }

  /** What a lost request did may also be seen after the time that it had. */
  async function latestArrivalMs({ drillId }: DrillPlan, index: number, answer: FailoverAnswer): Promise<number> {
    if (answer.kind === 'accepted') return Date.parse(answer.acceptedAt)
    return Math.max(clock.now().getTime(), mayArriveUntilMs(await readAttempts(blobs, drillId, index)) ?? 0)
  }

  return { failOver }
}

const ambiguous = (why: string, sentAt: string | null): FailoverAnswer => ({ kind: 'ambiguous', why, sentAt })

function stepAfter(answer: FailoverAnswer): FailoverStep {
  if (answer.kind === 'accepted')
    return { next: 'watch', detail: `accepted, request ${answer.requestId ?? 'without an id'}` }
  if (answer.kind === 'ambiguous') return { next: 'watch', detail: answer.why }
  const detail = `refused with ${answer.status} ${answer.code}: ${answer.message}`
  return isBusy(answer)
    ? { next: 'try again', detail, afterSeconds: answer.afterSeconds ?? 0 }
    : { next: 'give up', detail }
}
