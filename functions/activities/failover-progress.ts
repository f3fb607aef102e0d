/** What became of the failovers that were asked for: followed by every look until the standby is back. */
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../drill/blob-paths.ts'
import type { PrimaryIdentity } from '../drill/facts.ts'
import type { FailoverAnswer, OperationState } from '../drill/failover.ts'
import { changesOfPrimary } from '../drill/failover-signs.ts'
import type { FailoverEvidence } from '../drill/outcome.ts'
import type { DrillPlan } from '../drill/plan.ts'
import { describeError } from './drill-record.ts'
import type { FailoverIntent } from './failover.ts'
import { observeIdentity } from './identity.ts'

export interface FailoverProgress {
  readonly operation: OperationState | null
  readonly after: PrimaryIdentity | null
  readonly leftHealthy: boolean
  readonly healthyAt: string | null
  readonly problem: string | null
}

const nothingYet: FailoverProgress = {
  operation: null,
  after: null,
  leftHealthy: false,
  healthyAt: null,
  problem: null,
}

type Sources = Pick<Clients, 'blobs' | 'servers' | 'database' | 'clock'>

/** Attempts are numbered from 0 without gaps; the last one that was sent decides. */
const MAX_ATTEMPTS = 20

async function lastAnswer({ blobs }: Sources, drillId: string, index: number): Promise<FailoverAnswer | null> {
  let last: FailoverAnswer | null = null
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const answer = await blobs.readJson<FailoverAnswer>(drillBlobs.failoverAnswer(drillId, index, attempt))
    if (answer !== null) last = answer
    else if ((await blobs.readJson(drillBlobs.failoverClaim(drillId, index, attempt))) === null) return last
  }
  return last
}

/** Whether a request was claimed, and perhaps sent, of which nobody learned what became: it may still arrive. */
export async function isRequestPending(
  blobs: Clients['blobs'],
  { drillId, failovers }: Pick<DrillPlan, 'drillId' | 'failovers'>,
): Promise<boolean> {
  const pending = failovers.map((_, index) => isPending(blobs, drillId, index))
  return (await Promise.all(pending)).some(Boolean)
}

async function isPending(blobs: Clients['blobs'], drillId: string, index: number): Promise<boolean> {
  let isLost = false
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const answer = await blobs.readJson<FailoverAnswer>(drillBlobs.failoverAnswer(drillId, index, attempt))
    const claim = await blobs.readJson(drillBlobs.failoverClaim(drillId, index, attempt))
    if (answer === null && claim === null) return isLost
    // What happened stands in the record, and with it the cool-down.
    if (answer !== null && answer.kind !== 'refused') return false
    if (answer === null) isLost = true
  }
  return isLost
}

/** True when nothing is left to follow: no failover was asked for, or all of them came to their end. */
export async function followFailovers(sources: Sources, plan: DrillPlan): Promise<boolean> {
  const settled = await Promise.all(plan.failovers.map((_, index) => followOne(sources, plan, index)))
  return settled.every(Boolean)
}

async function followOne(sources: Sources, plan: DrillPlan, index: number): Promise<boolean> {
  const { blobs } = sources
  const intent = await blobs.readJson<FailoverIntent>(drillBlobs.failoverIntent(plan.drillId, index))
  if (intent === null) return true
  const answer = await lastAnswer(sources, plan.drillId, index)
  if (answer === null || answer.kind === 'refused') return true
  const name = drillBlobs.failoverProgress(plan.drillId, index)
  const progress = (await blobs.readJson<FailoverProgress>(name)) ?? nothingYet
  const isOverdue = sources.clock.now().getTime() > deadlineMs(plan, intent)
  if (isSettled(progress, isOverdue)) return true
  const next = await look(sources, plan, intent, answer, progress)
  await blobs.writeJson(name, next)
  return isSettled(next, isOverdue)
}

const deadlineMs = ({ timing }: DrillPlan, { writtenAt }: FailoverIntent): number =>
  Date.parse(writtenAt) + timing.failoverTimeoutSeconds * 1000

/** A failover without a new primary in all that time is one that did not complete: nothing is left to wait for. */
const isSettled = ({ after, healthyAt, operation }: FailoverProgress, isOverdue: boolean): boolean =>
  after === null ? isOverdue || operation?.kind === 'failed' : healthyAt !== null

async function look(
  sources: Sources,
  { target }: DrillPlan,
  { before }: FailoverIntent,
  answer: FailoverAnswer,
  progress: FailoverProgress,
): Promise<FailoverProgress> {
  const [identity, polled] = await Promise.all([
    observeIdentity(sources, target),
    pollOperation(sources, target, answer, progress),
  ])
  const isNewPrimary = changesOfPrimary(before, identity).length > 0
  // The zone follows minutes after the timeline, so the identity after is the newest one until HA is healthy again.
  const after = isNewPrimary && progress.healthyAt === null ? merged(progress.after, identity) : progress.after
  const leftHealthy = progress.leftHealthy || (identity.haState !== null && identity.haState !== 'Healthy')
  const isBack =
    identity.haState === 'Healthy' && (leftHealthy || (after !== null && polled.operation?.kind === 'succeeded'))
  return { ...polled, after, leftHealthy, healthyAt: progress.healthyAt ?? (isBack ? identity.observedAt : null) }
}

/** SQL may be silent in one look and the platform in another; what was once seen of the new primary stays. */
const merged = (known: PrimaryIdentity | null, now: PrimaryIdentity): PrimaryIdentity => ({
  ...now,
  timeline: now.timeline ?? known?.timeline ?? null,
  address: now.address ?? known?.address ?? null,
  postmasterStartedAt: now.postmasterStartedAt ?? known?.postmasterStartedAt ?? null,
  walLsn: now.walLsn ?? known?.walLsn ?? null,
})

async function pollOperation(
  { servers }: Sources,
  target: DrillPlan['target'],
  answer: FailoverAnswer,
  progress: FailoverProgress,
): Promise<FailoverProgress> {
  if (answer.kind !== 'accepted' || (progress.operation !== null && progress.operation.kind !== 'running'))
    return progress
  try {
    return { ...progress, operation: await servers.failoverState(target, answer.pollerToken), problem: null }
  } catch (error) {
    return { ...progress, problem: describeError(error) }
  }
}

/** Everything that is known of the drill's failovers, for the report. */
export async function failoverEvidence(sources: Sources, plan: DrillPlan): Promise<FailoverEvidence[]> {
  const all = await Promise.all(plan.failovers.map((_, index) => evidenceOf(sources, plan, index)))
  return all.filter((evidence) => evidence !== null)
}

async function evidenceOf(sources: Sources, plan: DrillPlan, index: number): Promise<FailoverEvidence | null> {
  const { blobs } = sources
  const intent = await blobs.readJson<FailoverIntent>(drillBlobs.failoverIntent(plan.drillId, index))
  if (intent === null) return null
  const answer = await lastAnswer(sources, plan.drillId, index)
  const progress =
    (await blobs.readJson<FailoverProgress>(drillBlobs.failoverProgress(plan.drillId, index))) ?? nothingYet
  return {
    index,
    mode: intent.mode,
    requestedAtSeconds: plan.failovers[index]?.atSeconds ?? 0,
    before: intent.before,
    acceptedAt: answer?.kind === 'accepted' ? answer.acceptedAt : null,
    requestId: answer?.kind === 'accepted' ? answer.requestId : null,
    answer: answer?.kind ?? null,
    operation: progress.operation?.kind ?? null,
    detail: detailOf(answer, progress),
    after: progress.after,
    healthyAt: progress.healthyAt,
  }
}

function detailOf(answer: FailoverAnswer | null, { operation, problem }: FailoverProgress): string | null {
  if (answer === null) return 'the request was prepared, and no answer to it is known'
  if (answer.kind === 'refused') return `${answer.status} ${answer.code}: ${answer.message}`
  if (operation?.kind === 'failed') return `${operation.code}: ${operation.message}`
  return answer.kind === 'ambiguous' ? answer.why : problem
}
