/** Follows each event until the standby is back, watches for those of others, and gathers the evidence for the report. */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import { askedPauseOf } from '../../clients/azure/azure-errors.ts'
import type { Clients } from '../../clients/clients.ts'
import {
  type Attempt,
  type EventIntent,
  mayArriveUntilMs,
  outcomeOfAttempts,
  readAttempts,
  type Withheld,
} from '../../clients/storage/event-attempts.ts'
import { readUndoProgress } from '../../clients/storage/undo-records.ts'
import { alwaysPromotes, isCaused, isDone, platformRequestOf } from '../../event-kinds/kinds.ts'
import { differs } from '../../event-kinds/primary-changes.ts'
import { withAdvice } from '../../event-kinds/refusal.ts'
import { undoPlanOf } from '../../event-kinds/undo.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { EventAnswer, OperationState } from '../../model/event-answer.ts'
import { UNDO_CHANGES, type UndoProgress } from '../../model/event-answer.ts'
import type { EventEvidence } from '../../model/evidence.ts'
import type { PrimaryIdentity } from '../../model/facts.ts'
import type { DrillPlan } from '../../model/plan.ts'
import type { PlannedEvent } from '../../model/planned-event.ts'
import { observeIdentity } from './identity.ts'

interface EventProgress {
  readonly operation: OperationState | null
  readonly after: PrimaryIdentity | null
  readonly leftHealthy: boolean
  readonly healthyAt: string | null
  readonly problem: string | null
  /** The platform's Retry-After: no poll of the operation before this; null: no limit. */
  readonly pollAgainAtMs: number | null
  /** Of a kind that asks for nothing: each state of the primary that differs from the one before it. */
  readonly sightings: readonly PrimaryIdentity[]
}

const NO_PROGRESS: EventProgress = {
  operation: null,
  after: null,
  leftHealthy: false,
  healthyAt: null,
  problem: null,
  pollAgainAtMs: null,
  sightings: [],
}

type Sources = Pick<Clients, 'blobs' | 'servers' | 'database' | 'clock'>

/** True when nothing is left to follow: no event was requested, or all have ended. */
export async function followEvents(sources: Sources, plan: DrillPlan): Promise<boolean> {
  const settled = await Promise.all(plan.events.map((_, index) => followOne(sources, plan, index)))
  return settled.every(Boolean)
}

async function followOne(sources: Sources, plan: DrillPlan, index: number): Promise<boolean> {
  const { blobs } = sources
  const intent = await blobs.readJson<EventIntent>(drillBlobs.eventIntent(plan.drillId, index))
  if (intent === null) return true
  if (!isCaused(intent.planned)) return watchForOthers(sources, plan, intent)
  const attempts = await readAttempts(blobs, plan.drillId, index)
  const { request, answer, sentAt } = outcomeOfAttempts(attempts, null)
  if (request !== 'accepted' && request !== 'ambiguous') return true
  // From then on a new primary may be the effect of the later request.
  if ((await isLaterRequested(blobs, plan, index)) || (await isBeingUndone(blobs, plan.drillId))) return true
  const nowMs = sources.clock.now().getTime()
  const lostUntilMs = request === 'ambiguous' ? mayArriveUntilMs(attempts) : null
  const mayArrive = lostUntilMs !== null && nowMs < lostUntilMs
  const latestMs = lostUntilMs ?? Date.parse(sentAt ?? intent.writtenAt)
  const isOverdue = nowMs > latestMs + plan.timing.eventTimeoutSeconds * 1000
  const name = drillBlobs.eventProgress(plan.drillId, index)
  const progress = (await blobs.readJson<EventProgress>(name)) ?? NO_PROGRESS
  if (isSettled(intent.planned, progress, isOverdue) && !hasOldZone(intent.before, progress.after)) return !mayArrive
  const next = await pollProgress(sources, plan, intent, answer, progress)
  await blobs.writeJson(name, next)
  return (isSettled(intent.planned, next, isOverdue) || isPastUnseen(next, request)) && !mayArrive
}

/** A drill that causes nothing is done when high availability is healthy again, if an event disturbed it. */
async function watchForOthers(sources: Sources, plan: DrillPlan, { index, before }: EventIntent): Promise<boolean> {
  const name = drillBlobs.eventProgress(plan.drillId, index)
  const known = (await sources.blobs.readJson<EventProgress>(name)) ?? NO_PROGRESS
  const last = known.sightings.at(-1) ?? before
  const now = withKnown(last, await observeIdentity(sources, plan.target))
  const isNew = WATCHED_FIELDS.some((field) => last[field] !== now[field]) && known.sightings.length < MAX_SIGHTINGS
  const sightings = isNew ? [...known.sightings, now] : known.sightings
  if (isNew) await sources.blobs.writeJson(name, { ...known, after: now, sightings })
  return sightings.length === 0 || now.haState === 'Healthy' || hasNoStandby(now)
}

const WATCHED_FIELDS = [
  'serverId',
  'sku',
  'timeline',
  'address',
  'postmasterStartedAt',
  'availabilityZone',
  'standbyZone',
  'haState',
  'serverState',
] as const satisfies ReadonlyArray<keyof PrimaryIdentity>

/** Some states of each event, and far more events than a load can hold. */
const MAX_SIGHTINGS = 1_000

/** A part that could not be read now is no change. */
const withKnown = (known: PrimaryIdentity, now: PrimaryIdentity): PrimaryIdentity => ({
  ...known,
  ...(Object.fromEntries(Object.entries(now).filter(([, value]) => value !== null)) as Partial<PrimaryIdentity>),
})

/** Null: it was not followed, or it has no operation. */
export const operationOf = async (
  blobs: Pick<Clients['blobs'], 'readJson'>,
  drillId: string,
  index: number,
): Promise<OperationState | null> =>
  (await blobs.readJson<EventProgress>(drillBlobs.eventProgress(drillId, index)))?.operation ?? null

/** Until when the platform wanted no operation of these events to be read; null: it did not say. */
export async function operationPauseMs(
  blobs: Pick<Clients['blobs'], 'readJson'>,
  drillId: string,
  indices: readonly number[],
): Promise<number | null> {
  const progress = indices.map((index) => blobs.readJson<EventProgress>(drillBlobs.eventProgress(drillId, index)))
  const pauses = (await Promise.all(progress)).flatMap((one) => one?.pollAgainAtMs ?? [])
  return pauses.length === 0 ? null : Math.max(...pauses)
}

/** Its changes are being undone: what the server shows from then on is the effect of that. */
const isBeingUndone = async (blobs: Clients['blobs'], drillId: string): Promise<boolean> =>
  (await Promise.all(UNDO_CHANGES.map((change) => readAttempts(blobs, drillId, change)))).some(
    ({ length }) => length > 0,
  )

async function isLaterRequested(blobs: Clients['blobs'], plan: DrillPlan, index: number): Promise<boolean> {
  const later = plan.events.map(async (_, k) => k > index && (await readAttempts(blobs, plan.drillId, k)).length > 0)
  return (await Promise.all(later)).some(Boolean)
}

/** An event that is not done at its deadline did not complete: nothing is left to wait for. */
function isSettled(planned: PlannedEvent, progress: EventProgress, isOverdue: boolean): boolean {
  const { after, healthyAt, operation } = progress
  if (after === null) return isOverdue || operation?.kind === 'failed'
  return healthyAt !== null || isWithoutRebuild(planned, progress)
}

/** The operation has ended, and no standby is being built: high availability is not enabled, or was never disturbed. */
const isWithoutRebuild = (planned: PlannedEvent, { operation, after, leftHealthy }: EventProgress): boolean =>
  operation?.kind !== 'running' &&
  (hasNoStandby(after) || (!alwaysPromotes(planned) && !leftHealthy && after?.haState === 'Healthy'))

const hasNoStandby = (primary: PrimaryIdentity | null): boolean =>
  primary?.serverState === 'Ready' && (primary.haState === null || primary.haState === 'NotEnabled')

/**
 * The answer was lost with the host, and the standby was rebuilt before the next host polled. Without an answer there is no operation
 * whose end would distinguish the new Healthy from the old one, so there is no T6. The next poll looks again, in case this is the old one.
 */
const isPastUnseen = ({ after, leftHealthy }: EventProgress, request: 'accepted' | 'ambiguous'): boolean =>
  request === 'ambiguous' && after?.haState === 'Healthy' && !leftHealthy

async function pollProgress(
  sources: Sources,
  { target }: DrillPlan,
  { before, planned }: EventIntent,
  answer: EventAnswer | null,
  progress: EventProgress,
): Promise<EventProgress> {
  const [identity, polled] = await Promise.all([
    observeIdentity(sources, target),
    pollOperation(sources, target, answer, progress),
  ])
  const isNewPrimary = isDone(planned, before, identity)
  // What changes after HA is healthy again is not of this event, except for the zones of the same primary.
  const known = isNewPrimary && progress.healthyAt === null ? merged(progress.after, identity) : progress.after
  const after = known !== null && hasOldZone(before, known) ? withZones(known, identity) : known
  // A standby that was being rebuilt before the request and is Healthy now is no evidence of this event.
  const isOwnRebuild = before.haState === null || before.haState === 'Healthy' || after !== null
  const isRebuilding = ![null, 'Healthy', 'NotEnabled'].includes(identity.haState)
  const leftHealthy = progress.leftHealthy || (isOwnRebuild && isRebuilding)
  // Only after a promotion is the end of the operation the end of a rebuild that no poll saw.
  const isRebuilt = alwaysPromotes(planned) && after !== null && polled.operation?.kind === 'succeeded'
  const isBack = identity.haState === 'Healthy' && (leftHealthy || isRebuilt)
  return { ...polled, after, leftHealthy, healthyAt: progress.healthyAt ?? (isBack ? identity.observedAt : null) }
}

/** The platform shows the new zones later than the promotion, and sometimes later than Healthy. */
const hasOldZone = (before: PrimaryIdentity, after: PrimaryIdentity | null): boolean =>
  after !== null &&
  differs(before.timeline, after.timeline) &&
  after.availabilityZone !== null &&
  after.availabilityZone === before.availabilityZone &&
  before.availabilityZone !== before.standbyZone

const withZones = (known: PrimaryIdentity, now: PrimaryIdentity): PrimaryIdentity =>
  known.timeline !== now.timeline
    ? known
    : {
        ...known,
        availabilityZone: now.availabilityZone ?? known.availabilityZone,
        standbyZone: now.standbyZone ?? known.standbyZone,
      }

/** SQL may not answer in one poll and the platform in another: a fact that was seen once stays. */
const merged = (known: PrimaryIdentity | null, now: PrimaryIdentity): PrimaryIdentity => ({
  ...now,
  timeline: now.timeline ?? known?.timeline ?? null,
  address: now.address ?? known?.address ?? null,
  postmasterStartedAt: now.postmasterStartedAt ?? known?.postmasterStartedAt ?? null,
  walLsn: now.walLsn ?? known?.walLsn ?? null,
  availabilityZone: now.availabilityZone ?? known?.availabilityZone ?? null,
  standbyZone: now.standbyZone ?? known?.standbyZone ?? null,
  serverId: now.serverId ?? known?.serverId ?? null,
  sku: now.sku ?? known?.sku ?? null,
})

async function pollOperation(
  { servers, clock }: Sources,
  target: DrillPlan['target'],
  answer: EventAnswer | null,
  progress: EventProgress,
): Promise<EventProgress> {
  if (answer?.kind !== 'accepted' || (progress.operation !== null && progress.operation.kind !== 'running'))
    return progress
  const nowMs = clock.now().getTime()
  if (progress.pollAgainAtMs !== null && nowMs < progress.pollAgainAtMs) return progress
  try {
    const operation = await servers.operationState(target, answer.pollerToken)
    return { ...progress, operation, problem: null, pollAgainAtMs: null }
  } catch (error) {
    const pauseSeconds = askedPauseOf(error)
    const pollAgainAtMs = pauseSeconds === null ? null : nowMs + pauseSeconds * 1000
    return { ...progress, problem: errorText(error), pollAgainAtMs }
  }
}

/** It was prepared, and its step ended without a reason. */
const unsent = (intent: EventIntent | null, attempts: readonly Attempt[]): Withheld | null =>
  intent === null || attempts.length > 0
    ? null
    : { at: intent.writtenAt, why: 'it was prepared, and not sent before the load was over', isLeftOut: false }

const WATCHED = { request: 'watched', detail: null, sentAt: null, answer: null } as const

type Stored = Pick<Clients['blobs'], 'readJson'>

/** For the report: one entry per planned event. `undo`: as it was when the report was written, for a report that is computed again. */
export async function eventEvidence(
  { blobs }: { readonly blobs: Stored },
  plan: DrillPlan,
  undo?: ReadonlyArray<UndoProgress | null>,
): Promise<EventEvidence[]> {
  const undone = undo ?? (await undoOfEvents(blobs, plan))
  const read = async (planned: PlannedEvent, index: number): Promise<EventEvidence> => ({
    ...(await evidenceOf(blobs, plan.drillId, planned, index)),
    undo: undone[index] ?? null,
  })
  return Promise.all(plan.events.map(read))
}

async function evidenceOf(
  blobs: Stored,
  drillId: string,
  planned: PlannedEvent,
  index: number,
): Promise<Omit<EventEvidence, 'undo'>> {
  const [intent, attempts, withheld, known] = await Promise.all([
    blobs.readJson<EventIntent>(drillBlobs.eventIntent(drillId, index)),
    readAttempts(blobs, drillId, index),
    blobs.readJson<Withheld>(drillBlobs.eventWithheld(drillId, index)),
    blobs.readJson<EventProgress>(drillBlobs.eventProgress(drillId, index)),
  ])
  const isWatched = intent !== null && !isCaused(planned)
  const { request, detail, sentAt, answer } = isWatched
    ? WATCHED
    : outcomeOfAttempts(attempts, withheld ?? unsent(intent, attempts))
  const advised = detail === null || answer === null ? detail : withAdvice(detail, answer, platformRequestOf(planned))
  const { operation, after, healthyAt, problem, sightings } = known ?? NO_PROGRESS
  return {
    index,
    planned,
    before: intent?.before ?? null,
    request,
    detail: operation?.kind === 'failed' ? `${operation.code}: ${operation.message}` : (advised ?? problem),
    sentAt,
    acceptedAt: answer?.kind === 'accepted' ? answer.acceptedAt : null,
    requestId: answer?.kind === 'accepted' ? answer.requestId : null,
    operation: operation?.kind ?? null,
    after,
    healthyAt,
    sightings,
  }
}

/** How far undoing each event is. */
export const undoOfEvents = (blobs: Stored, { drillId, events }: DrillPlan): Promise<Array<UndoProgress | null>> =>
  Promise.all(events.map((_, index) => undoOfEvent(blobs, drillId, index)))

async function undoOfEvent(blobs: Stored, drillId: string, index: number): Promise<UndoProgress | null> {
  const intent = await blobs.readJson<EventIntent>(drillBlobs.eventIntent(drillId, index))
  const undo = intent === null ? null : undoPlanOf(intent.planned, intent.before)
  return undo === null ? null : readUndoProgress(blobs, drillId, undo.change)
}
