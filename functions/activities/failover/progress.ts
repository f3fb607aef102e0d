/** Follows each requested failover until the standby is back, and gathers its evidence for the report. */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import { askedPauseOf } from '../../clients/azure/azure-errors.ts'
import type { Clients } from '../../clients/clients.ts'
import {
  type Attempt,
  type FailoverIntent,
  mayArriveUntilMs,
  outcomeOfAttempts,
  readAttempts,
  type Withheld,
} from '../../clients/storage/failover-attempts.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { FailoverEvidence } from '../../model/evidence.ts'
import type { PrimaryIdentity } from '../../model/facts.ts'
import type { FailoverAnswer, OperationState } from '../../model/failover.ts'
import { isOtherPrimary } from '../../model/failover-signs.ts'
import type { DrillPlan, PlannedFailover } from '../../model/plan.ts'
import { observeIdentity } from './identity.ts'

interface FailoverProgress {
  readonly operation: OperationState | null
  readonly after: PrimaryIdentity | null
  readonly leftHealthy: boolean
  readonly healthyAt: string | null
  readonly problem: string | null
  /** The platform's Retry-After: no poll of the operation before this; null: no limit. */
  readonly pollAgainAtMs: number | null
}

const NO_PROGRESS: FailoverProgress = {
  operation: null,
  after: null,
  leftHealthy: false,
  healthyAt: null,
  problem: null,
  pollAgainAtMs: null,
}

type Sources = Pick<Clients, 'blobs' | 'servers' | 'database' | 'clock'>

/** True when nothing is left to follow: no failover was requested, or all have ended. */
export async function followFailovers(sources: Sources, plan: DrillPlan): Promise<boolean> {
  const settled = await Promise.all(plan.failovers.map((_, index) => followOne(sources, plan, index)))
  return settled.every(Boolean)
}

async function followOne(sources: Sources, plan: DrillPlan, index: number): Promise<boolean> {
  const { blobs } = sources
  const intent = await blobs.readJson<FailoverIntent>(drillBlobs.failoverIntent(plan.drillId, index))
  if (intent === null) return true
  const attempts = await readAttempts(blobs, plan.drillId, index)
  const { request, answer, sentAt } = outcomeOfAttempts(attempts, null)
  if (request !== 'accepted' && request !== 'ambiguous') return true
  // From then on a new primary may be the effect of the later request.
  if (await isLaterRequested(blobs, plan, index)) return true
  const nowMs = sources.clock.now().getTime()
  const lostUntilMs = request === 'ambiguous' ? mayArriveUntilMs(attempts) : null
  const mayArrive = lostUntilMs !== null && nowMs < lostUntilMs
  const latestMs = lostUntilMs ?? Date.parse(sentAt ?? intent.writtenAt)
  const isOverdue = nowMs > latestMs + plan.timing.failoverTimeoutSeconds * 1000
  const name = drillBlobs.failoverProgress(plan.drillId, index)
  const progress = (await blobs.readJson<FailoverProgress>(name)) ?? NO_PROGRESS
  if (isSettled(progress, isOverdue)) return !mayArrive
  const next = await pollProgress(sources, plan, intent, answer, progress)
  await blobs.writeJson(name, next)
  return (isSettled(next, isOverdue) || isPastUnseen(next, request)) && !mayArrive
}

async function isLaterRequested(blobs: Clients['blobs'], plan: DrillPlan, index: number): Promise<boolean> {
  const later = plan.failovers.map(async (_, k) => k > index && (await readAttempts(blobs, plan.drillId, k)).length > 0)
  return (await Promise.all(later)).some(Boolean)
}

/** A failover without a new primary at its deadline did not complete: nothing is left to wait for. */
const isSettled = ({ after, healthyAt, operation }: FailoverProgress, isOverdue: boolean): boolean =>
  after === null ? isOverdue || operation?.kind === 'failed' : healthyAt !== null

/**
 * The answer was lost with the host, and the standby was rebuilt before the next host polled. Without an answer there is no operation
 * whose end would distinguish the new Healthy from the old one, so there is no T6. The next poll looks again, in case this is the old one.
 */
const isPastUnseen = ({ after, leftHealthy }: FailoverProgress, request: 'accepted' | 'ambiguous'): boolean =>
  request === 'ambiguous' && after?.haState === 'Healthy' && !leftHealthy

async function pollProgress(
  sources: Sources,
  { target }: DrillPlan,
  { before }: FailoverIntent,
  answer: FailoverAnswer | null,
  progress: FailoverProgress,
): Promise<FailoverProgress> {
  const [identity, polled] = await Promise.all([
    observeIdentity(sources, target),
    pollOperation(sources, target, answer, progress),
  ])
  const isNewPrimary = isOtherPrimary(before, identity)
  // The zone follows minutes after the timeline, so the identity after is the newest one until HA is healthy again.
  const after = isNewPrimary && progress.healthyAt === null ? merged(progress.after, identity) : progress.after
  // A standby that was being rebuilt before the request and is Healthy now is no evidence of this failover.
  const isOwnRebuild = before.haState === null || before.haState === 'Healthy' || after !== null
  const isRebuilding = identity.haState !== null && identity.haState !== 'Healthy'
  const leftHealthy = progress.leftHealthy || (isOwnRebuild && isRebuilding)
  const isBack =
    identity.haState === 'Healthy' && (leftHealthy || (after !== null && polled.operation?.kind === 'succeeded'))
  return { ...polled, after, leftHealthy, healthyAt: progress.healthyAt ?? (isBack ? identity.observedAt : null) }
}

/** SQL may not answer in one poll and the platform in another: a fact that was seen once stays. */
const merged = (known: PrimaryIdentity | null, now: PrimaryIdentity): PrimaryIdentity => ({
  ...now,
  timeline: now.timeline ?? known?.timeline ?? null,
  address: now.address ?? known?.address ?? null,
  postmasterStartedAt: now.postmasterStartedAt ?? known?.postmasterStartedAt ?? null,
  walLsn: now.walLsn ?? known?.walLsn ?? null,
})

async function pollOperation(
  { servers, clock }: Sources,
  target: DrillPlan['target'],
  answer: FailoverAnswer | null,
  progress: FailoverProgress,
): Promise<FailoverProgress> {
  if (answer?.kind !== 'accepted' || (progress.operation !== null && progress.operation.kind !== 'running'))
    return progress
  const nowMs = clock.now().getTime()
  if (progress.pollAgainAtMs !== null && nowMs < progress.pollAgainAtMs) return progress
  try {
    const operation = await servers.failoverState(target, answer.pollerToken)
    return { ...progress, operation, problem: null, pollAgainAtMs: null }
  } catch (error) {
    const pauseSeconds = askedPauseOf(error)
    const pollAgainAtMs = pauseSeconds === null ? null : nowMs + pauseSeconds * 1000
    return { ...progress, problem: errorText(error), pollAgainAtMs }
  }
}

/** It was prepared, and its step ended without a reason. */
const unsent = (intent: FailoverIntent | null, attempts: readonly Attempt[]): Withheld | null =>
  intent === null || attempts.length > 0
    ? null
    : { at: intent.writtenAt, why: 'it was prepared, and not sent before the load was over' }

/** For the report: one entry per planned failover. */
export const failoverEvidence = (sources: Sources, plan: DrillPlan): Promise<FailoverEvidence[]> =>
  Promise.all(plan.failovers.map((planned, index) => evidenceOf(sources, plan.drillId, planned, index)))

async function evidenceOf(
  { blobs }: Sources,
  drillId: string,
  { atSeconds, mode }: PlannedFailover,
  index: number,
): Promise<FailoverEvidence> {
  const [intent, attempts, withheld, known] = await Promise.all([
    blobs.readJson<FailoverIntent>(drillBlobs.failoverIntent(drillId, index)),
    readAttempts(blobs, drillId, index),
    blobs.readJson<Withheld>(drillBlobs.failoverWithheld(drillId, index)),
    blobs.readJson<FailoverProgress>(drillBlobs.failoverProgress(drillId, index)),
  ])
  const { request, detail, sentAt, answer } = outcomeOfAttempts(attempts, withheld ?? unsent(intent, attempts))
  const { operation, after, healthyAt, problem } = known ?? NO_PROGRESS
  return {
    index,
    mode,
    requestedAtSeconds: atSeconds,
    before: intent?.before ?? null,
    request,
    detail: operation?.kind === 'failed' ? `${operation.code}: ${operation.message}` : (detail ?? problem),
    sentAt,
    acceptedAt: answer?.kind === 'accepted' ? answer.acceptedAt : null,
    requestId: answer?.kind === 'accepted' ? answer.requestId : null,
    operation: operation?.kind ?? null,
    after,
    healthyAt,
  }
}
