/**
 * Requests an event of the platform, exactly once per intent.
 *
 * An activity may run twice: its host dies between the POST and the answer, or its result is lost. So two write-once records
 * precede a POST: the intent, with the primary's identity before, and the claim of this attempt. An execution that finds a claim
 * without an answer did not send: it observes. After a sign of an event, of any cause, the lost answer is recorded as ambiguous.
 * Only after the server was silent for as long as a request may be on its way does the drill try again, under a new claim. No POST
 * for the same intent follows an ambiguous answer, and no sign proves that its request has arrived: while it may be on its way, no
 * later event is requested (event-safety), and the cool-down begins at its latest arrival. A kind that asks for nothing ends at its
 * intent: from then on the drill watches.
 */
import type { Clients } from '../clients/clients.ts'
import {
  type Claim,
  type EventIntent,
  mayArriveUntilMs,
  readAttempts,
  type Withheld,
} from '../clients/storage/event-attempts.ts'
import { noteLostRequests, notePromotion } from '../clients/storage/last-promotion.ts'
import { readLock } from '../clients/storage/server-lock.ts'
import { noteUndo } from '../clients/storage/undo-records.ts'
import type { NotNeeded } from '../event-kinds/kind.ts'
import { isConditional, mayPromote, platformRequestOf, whyNotNeeded, wouldShow } from '../event-kinds/kinds.ts'
import { changesOfPrimary, signsOfEvent } from '../event-kinds/primary-changes.ts'
import { withAdvice } from '../event-kinds/refusal.ts'
import { isUndone, undoPlanOf } from '../event-kinds/undo.ts'
import { obstacleToEvent } from '../live/event-safety.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { type EventAnswer, isBusy } from '../model/event-answer.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import { overallDeadlineSeconds } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { PlannedEvent, PlatformRequest } from '../model/planned-event.ts'
import { eventMoment } from './events/event-moment.ts'
import { observeIdentity } from './events/identity.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

export interface EventAttempt extends DrillRef {
  readonly index: number
  readonly attempt: number
}

/** What the orchestrator does next with this event. */
type EventStep =
  | { readonly next: 'watch'; readonly detail: string }
  /** Call again with the same attempt: an earlier execution's request may still arrive. */
  | { readonly next: 'look again'; readonly detail: string }
  /** The request provably had no effect, and a later one may be accepted. */
  | { readonly next: 'try again'; readonly detail: string; readonly afterSeconds: number }
  /** Nothing was sent: the evidence that an event needs may exist later. */
  | { readonly next: 'wait'; readonly detail: string }
  | { readonly next: 'give up'; readonly detail: string }
  /** Nothing was sent, and the clocks of this load cannot be trusted: the drill ends. */
  | { readonly next: 'end'; readonly detail: string }
  | { readonly next: 'abort'; readonly detail: string }

/** A younger intent was written by the same execution. */
const FIRST_CALL_MS = 3_000

const AFTER_OBSTACLE = { clocks: 'end', late: 'give up', wait: 'wait' } as const

/** A sender that was delayed this long between its claim and its POST must not send. */
const STALE_CLAIM_MS = 10_000

/** An event whose time has come. */
interface Due {
  readonly clients: Clients
  readonly plan: DrillPlan
  readonly index: number
  readonly planned: PlannedEvent
}

/** One attempt at one event. */
interface Sending extends Omit<Due, 'planned'> {
  readonly intent: EventIntent
  readonly request: PlatformRequest
  readonly attempt: number
}

export async function causeEvent(
  clients: Clients,
  { eventSilenceSeconds }: ActivitySettings,
  { drillId, index, attempt }: EventAttempt,
): Promise<EventStep> {
  const { blobs } = clients
  const plan = await readPlan(blobs, drillId)
  const known = await blobs.readJson<EventAnswer>(drillBlobs.eventAnswer(drillId, index, attempt))
  if (known !== null) return stepAfter(known, requestOf(plan, index))
  const planned = plan.events[index]
  if (planned === undefined) throw new Error(`causing an event failed: drill ${drillId} plans no event ${index}`)
  const early = await whyNoIntent({ clients, plan, index, planned })
  if (early !== null) return early
  const intent = await intentOf({ clients, plan, index, planned })
  if (intent === null)
    return withhold({ clients, plan, index }, 'wait', 'what this event changes is not known, so it could not be undone')
  const request = platformRequestOf(intent.planned)
  if (request === null) return { next: 'watch', detail: 'this event asks for nothing: the drill watches' }
  const sending: Sending = { clients, plan, index, intent, request, attempt }
  const claim = await blobs.readJson<Claim>(drillBlobs.eventClaim(drillId, index, attempt))
  if (claim !== null) return settleLostAttempt(sending, claim)
  return (await whyNotNow(sending)) ?? send(sending, eventSilenceSeconds)
}

/**
 * Written once, so a repeated execution compares with the primary before, never with the one after. Null: nothing was written, because
 * the drill must undo this event and does not see what was before it.
 */
async function intentOf({ clients, plan: { drillId, target }, index, planned }: Due): Promise<EventIntent | null> {
  const { blobs, clock } = clients
  const name = drillBlobs.eventIntent(drillId, index)
  const known = await blobs.readJson<EventIntent>(name)
  if (known !== null) return known
  const before = await observeIdentity(clients, target)
  if (isUndone(planned) && undoPlanOf(planned, before) === null) return null
  const intent = { index, planned, before, writtenAt: clock.now().toISOString() }
  if (await blobs.writeOnce(name, intent)) return intent
  return (await blobs.readJson<EventIntent>(name)) ?? intent
}

/**
 * Whether an event restores something is seen when the events before it are over. An intent that was written earlier would hold the
 * primary of before their end, and its change would be taken for the work of others.
 */
async function whyNoIntent(due: Due): Promise<EventStep | null> {
  const { clients, plan, index, planned } = due
  if (!isConditional(planned)) return null
  if ((await clients.blobs.readJson<EventIntent>(drillBlobs.eventIntent(plan.drillId, index))) !== null) return null
  const abort = await readAbort(clients.blobs, plan.drillId)
  return abort === null ? whyHeldBack(due) : { next: 'abort', detail: abort }
}

// ---- Before a request ---------------------------------------------------------------------------------------------------

async function whyNotNow(sending: Sending): Promise<EventStep | null> {
  const { clients, plan } = sending
  const abort = await readAbort(clients.blobs, plan.drillId)
  if (abort !== null) return { next: 'abort', detail: abort }
  const now = await identityWorthComparing(sending)
  // Before the lock is read: recording what became of an earlier request needs no reservation.
  const settled = now === null ? null : await settleEarlierAttempt(sending, now)
  if (settled !== null) return settled
  const lock = await readLock(clients.blobs, plan.target)
  if (lock?.drillId !== plan.drillId || lock.state !== 'held')
    return withhold(sending, 'give up', 'the server is no longer reserved for this drill: nothing was asked for')
  const moved = now === null ? null : await whyMoved(sending, now)
  return moved ?? whyHeldBack({ ...sending, planned: sending.intent.planned })
}

/** The load must be able to measure the event, and an event that restores something is left out where nothing is to be restored. */
async function whyHeldBack(due: Due): Promise<EventStep | null> {
  const { clients, plan, index } = due
  const obstacle = obstacleToEvent(plan, index, await eventMoment(clients, plan, index))
  // While an earlier event is under way, what it changes is not seen yet.
  const unneeded = obstacle?.kind === 'wait' ? null : await whyUnneeded(due)
  if (unneeded?.kind === 'left out') return withhold(due, 'give up', unneeded.why, true)
  const why = [unneeded, obstacle].flatMap((one) => one?.why ?? []).join('; ')
  return why === '' ? null : withhold(due, obstacle === null ? 'wait' : AFTER_OBSTACLE[obstacle.kind], why)
}

async function whyUnneeded({ clients, plan, planned }: Due): Promise<NotNeeded | null> {
  if (!isConditional(planned)) return null
  const [first, now] = await Promise.all([
    clients.blobs.readJson<EventIntent>(drillBlobs.eventIntent(plan.drillId, 0)),
    observeIdentity(clients, plan.target),
  ])
  return whyNotNeeded(planned, first?.before ?? null, now)
}

/**
 * An attempt before this one was refused or lost, or an earlier execution withheld it. If the server has moved since the intent, a
 * event happens now, or has happened. Null: the intent was written just now, and its identity is still that of the server.
 */
async function identityWorthComparing({ clients, plan, intent, attempt }: Sending): Promise<PrimaryIdentity | null> {
  const isFirstCall = clients.clock.now().getTime() - Date.parse(intent.writtenAt) < FIRST_CALL_MS
  return attempt === 0 && isFirstCall ? null : observeIdentity(clients, plan.target)
}

/** If every earlier attempt was refused, this drill did not cause the signs. A lost one may have arrived late. */
async function settleEarlierAttempt(sending: Sending, now: PrimaryIdentity): Promise<EventStep | null> {
  const { clients, plan, intent } = sending
  const signs = signsOfEvent(intent.before, now)
  if (signs.length === 0) return null
  const earlierAttempts = await readAttempts(clients.blobs, plan.drillId, intent.index)
  const lost = earlierAttempts.find(({ answer }) => answer === null)
  return lost === undefined
    ? null
    : record(sending, ambiguous(`not requested again, because of: ${signs.join('; ')}`, lost.claim?.claimedAt ?? null))
}

async function whyMoved(sending: Sending, now: PrimaryIdentity): Promise<EventStep | null> {
  const { clients, plan, intent, attempt } = sending
  const signs = signsOfEvent(intent.before, now)
  if (signs.length === 0) return null
  const hasMoved = changesOfPrimary(intent.before, now).length > 0
  if (hasMoved) await notePromotion(clients.blobs, plan, clients.clock.now().getTime())
  return withhold(
    sending,
    hasMoved || attempt > 0 ? 'give up' : 'wait',
    `not requested, because of: ${signs.join('; ')}`,
  )
}

async function withhold(
  { clients: { blobs, clock }, plan, index }: Omit<Due, 'planned'>,
  next: 'wait' | 'give up' | 'end',
  why: string,
  isLeftOut = false,
): Promise<EventStep> {
  const withheld: Withheld = { at: clock.now().toISOString(), why, isLeftOut }
  await blobs.writeJson(drillBlobs.eventWithheld(plan.drillId, index), withheld)
  return { next, detail: why }
}

// ---- The request --------------------------------------------------------------------------------------------------------

async function send(sending: Sending, silenceSeconds: number): Promise<EventStep> {
  const { clients, plan, intent, request, attempt } = sending
  const { blobs, clock, servers } = clients
  await noteWhatToUndo(sending)
  const claimedAt = clock.now()
  const mayArriveUntil = new Date(claimedAt.getTime() + silenceSeconds * 1000).toISOString()
  const claim: Claim = { claimedAt: claimedAt.toISOString(), mayArriveUntil }
  if (!(await blobs.writeOnce(drillBlobs.eventClaim(plan.drillId, intent.index, attempt), claim)))
    return { next: 'look again', detail: 'another execution of this step is sending the request' }
  if (clock.now().getTime() - claimedAt.getTime() > STALE_CLAIM_MS)
    return { next: 'look again', detail: 'this execution was delayed too long to be allowed to send' }
  return record(sending, await servers.begin(plan.target, request))
}

/** Before the request, so that a drill that dies after it leaves a server that is changed back in the end. */
async function noteWhatToUndo({ clients: { blobs }, plan: { drillId, target, ...plan }, index, intent }: Sending) {
  const undo = undoPlanOf(intent.planned, intent.before)
  if (undo === null) return
  const expiresAt = new Date(Date.parse(plan.requestedAt) + overallDeadlineSeconds({ drillId, target, ...plan }) * 1000)
  await noteUndo(blobs, { drillId, target, index, undo, expiresAt: expiresAt.toISOString() })
}

async function settleLostAttempt(sending: Sending, { claimedAt, mayArriveUntil }: Claim): Promise<EventStep> {
  const { clients, plan, intent } = sending
  // At once: if this drill loses its reservation, the next one begins before this one ends.
  await noteLostRequests(clients.blobs, plan)
  const settle = (why: string) => record(sending, ambiguous(why, claimedAt))
  const signs = signsOfEvent(intent.before, await observeIdentity(clients, plan.target))
  if (signs.length > 0)
    return settle(`the answer was lost; seen since the request was prepared, of any cause: ${signs.join('; ')}`)
  const nowMs = clients.clock.now().getTime()
  const silence = `${Math.round((nowMs - Date.parse(claimedAt)) / 1000)} s`
  if (nowMs < Date.parse(mayArriveUntil))
    return { next: 'look again', detail: `the answer was lost; nothing seen for ${silence}` }
  if (!wouldShow(intent.planned, intent.before))
    return settle('the answer was lost, and the server before it is not known: the event would not have been seen')
  return {
    next: 'try again',
    afterSeconds: 0,
    detail: `the answer was lost, and no sign of an event was seen for ${silence}: the request is taken for lost`,
  }
}

async function record(sending: Sending, answer: EventAnswer): Promise<EventStep> {
  const { clients, plan, intent, attempt } = sending
  const { blobs } = clients
  // The cool-down first: if this execution dies between the two writes, the next drill still waits.
  const startsCoolDown = answer.kind === 'ambiguous' || (answer.kind === 'accepted' && mayPromote(intent.planned))
  if (startsCoolDown) await notePromotion(blobs, plan, await latestArrivalMs(sending, answer))
  await blobs.writeOnce(drillBlobs.eventAnswer(plan.drillId, intent.index, attempt), answer)
  return stepAfter(answer, sending.request)
}

/** A lost request may still take effect after the time in which it may arrive. */
async function latestArrivalMs({ clients, plan, intent }: Sending, answer: EventAnswer): Promise<number> {
  if (answer.kind === 'accepted') return Date.parse(answer.acceptedAt)
  const attempts = await readAttempts(clients.blobs, plan.drillId, intent.index)
  return Math.max(clients.clock.now().getTime(), mayArriveUntilMs(attempts) ?? 0)
}

const ambiguous = (why: string, sentAt: string | null): EventAnswer => ({ kind: 'ambiguous', why, sentAt })

function requestOf({ events }: DrillPlan, index: number): PlatformRequest | null {
  const planned = events[index]
  return planned === undefined ? null : platformRequestOf(planned)
}

function stepAfter(answer: EventAnswer, request: PlatformRequest | null): EventStep {
  if (answer.kind === 'accepted')
    return { next: 'watch', detail: `accepted, request ${answer.requestId ?? 'without an id'}` }
  if (answer.kind === 'ambiguous') return { next: 'watch', detail: answer.why }
  const detail = withAdvice(`refused with ${answer.status} ${answer.code}: ${answer.message}`, answer, request)
  return isBusy(answer)
    ? { next: 'try again', detail, afterSeconds: answer.afterSeconds ?? 0 }
    : { next: 'give up', detail }
}
