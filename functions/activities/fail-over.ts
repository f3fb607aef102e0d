/**
 * Exactly one failover per intent.
 *
 * An activity may run twice: its host dies between the POST and the answer, or its result is lost. So before a POST there
 * are two write-once records: the intent, with the primary's identity before, and the claim of this attempt. Whoever finds
 * a claim without an answer was not the one who sent: it observes. Signs of a failover settle the matter, and the lost
 * answer is recorded as ambiguous. Only when the server has been silent for as long as a request can be on its way does
 * the drill try again, under a claim of its own. An ambiguous answer is never followed by another POST, and as long as nobody
 * knows what became of a request, no later failover of the drill is asked for.
 */
import type { Clients } from '../clients/clients.ts'
import { readLock } from '../clients/storage/server-lock.ts'
import { obstacleToEvent } from '../live/event-safety.ts'
import { drillBlobs, serverBlobs } from '../model/blob-paths.ts'
import type { FailoverAnswer } from '../model/failover.ts'
import { changesOfPrimary, isBusy, signsOfFailover } from '../model/failover-signs.ts'
import type { DrillPlan } from '../model/plan.ts'
import { type Claim, type FailoverIntent, readAttempts, type Withheld } from './failover/attempts.ts'
import { eventMoment } from './failover/event-moment.ts'
import { observeIdentity } from './failover/identity.ts'
import { isRequestPending } from './failover/progress.ts'
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

export interface LastFailover {
  readonly at: string
  readonly drillId: string
}

/** An intent that is younger was written by the same look. */
const FIRST_LOOK_MS = 3_000

const AFTER_OBSTACLE = { clocks: 'end', late: 'give up', wait: 'wait' } as const

/** A sender that was held up for this long between its claim and its POST must not send any more. */
const STALE_CLAIM_MS = 10_000

export function failoverActivities(clients: Clients, settings: ActivitySettings) {
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
    const earlier = { drillId: plan.drillId, failovers: plan.failovers.slice(0, intent.index) }
    if (await isRequestPending(blobs, earlier))
      return withhold(
        plan,
        intent.index,
        'give up',
        'an earlier failover was asked for without an answer and may still come',
      )
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
    if (hasMoved) await noteLastFailover(plan, null)
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
    const claim = drillBlobs.failoverClaim(plan.drillId, intent.index, attempt)
    if (!(await blobs.writeOnce(claim, { claimedAt: claimedAt.toISOString() })))
      return { next: 'look again', detail: 'another execution of this step is sending the request' }
    if (clock.now().getTime() - claimedAt.getTime() > STALE_CLAIM_MS)
      return { next: 'look again', detail: 'this execution was held up too long to be allowed to send' }
    return remember(plan, intent.index, attempt, await servers.beginFailover(plan.target, intent.mode))
  }

  async function settleLostAttempt(
    plan: DrillPlan,
    intent: FailoverIntent,
    attempt: number,
    { claimedAt }: Claim,
  ): Promise<FailoverStep> {
    const signs = signsOfFailover(intent.before, await observeIdentity(clients, plan.target))
    if (signs.length > 0)
      return remember(
        plan,
        intent.index,
        attempt,
        ambiguous(`the answer was lost; seen since: ${signs.join('; ')}`, claimedAt),
      )
    const silentSeconds = (clock.now().getTime() - Date.parse(claimedAt)) / 1000
    if (silentSeconds < settings.failoverSilenceSeconds)
      return { next: 'look again', detail: `the answer was lost; nothing seen for ${Math.round(silentSeconds)} s` }
    return {
      next: 'try again',
      afterSeconds: 0,
      detail: `the answer was lost, and the server did not move in ${Math.round(silentSeconds)} s: the request never arrived`,
    }
  }

  async function remember(
    plan: DrillPlan,
    index: number,
    attempt: number,
    answer: FailoverAnswer,
  ): Promise<FailoverStep> {
    // The cool-down first: if this execution dies between the two writes, the next drill still waits.
    if (answer.kind !== 'refused') await noteLastFailover(plan, answer.kind === 'accepted' ? answer.acceptedAt : null)
    await blobs.writeOnce(drillBlobs.failoverAnswer(plan.drillId, index, attempt), answer)
    return stepAfter(answer)
  }

  const noteLastFailover = ({ drillId, target }: DrillPlan, acceptedAt: string | null) =>
    blobs.writeJson(serverBlobs.lastFailover(target), {
      at: acceptedAt ?? clock.now().toISOString(),
      drillId,
    } satisfies LastFailover)

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
