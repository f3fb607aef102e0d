/**
 * One turn of a campaign: notes what became of the drill before, and says whether the next drill starts, waits, or is not run. All of
 * it is read from storage, so a turn that runs twice, or on another host, says the same.
 */
import { blobNames, type StopSignal } from '../../../loadgen-image/contract/glossary.ts'
import { coolDownMinutes } from '../../checklist/before.ts'
import type { Clients } from '../../clients/clients.ts'
import { readCampaign, readCampaignAbort, readPoint } from '../../clients/storage/campaigns.ts'
import { beginIndexEntry, readIndexEntry } from '../../clients/storage/drill-list.ts'
import { readLastPromotion } from '../../clients/storage/last-promotion.ts'
import { type ServerLock, takeLock } from '../../clients/storage/server-lock.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import {
  type CampaignPlan,
  type CampaignPoint,
  type CampaignTurn,
  campaignDrillId,
  drillOfCampaign,
} from '../../model/campaign/campaign.ts'
import { coolDownOf } from '../../model/cool-down.ts'
import { startedEntry } from '../../model/drill-index.ts'
import type { Facts } from '../../model/facts.ts'
import type { DrillPlan, StoredRequest } from '../../model/plan.ts'
import type { Report } from '../../model/report.ts'
import { pointOf } from '../../report-model/campaign/point.ts'

export type NextStep =
  | { readonly next: 'drill'; readonly plan: DrillPlan; readonly detail: string }
  | { readonly next: 'wait'; readonly seconds: number; readonly detail: string }
  | { readonly next: 'report'; readonly detail: string }

type Storage = Pick<Clients, 'blobs' | 'table' | 'clock'>

/** An abort request is seen within this time: an event would be lost while the orchestration continues as new. */
const POLL_SECONDS = 15
/** Another drill may last five hours, and its cool-down follows. */
const MAX_WAIT_HOURS = 6
const MAX_WAIT_MS = MAX_WAIT_HOURS * 3_600_000
/** Between the lock and the index entry of a drill are two writes. */
const GRACE_MS = 120_000

export async function campaignTurn(storage: Storage, turn: CampaignTurn): Promise<NextStep> {
  const { blobs, clock } = storage
  const campaign = await readCampaign(blobs, turn.campaignId)
  const { number } = turn
  const previous = number === 1 ? null : await noteDrill(storage, campaign, number - 1, turn.lastError)
  if (previous !== null && previous.endsCampaign !== null) return { next: 'report', detail: previous.endsCampaign }
  if (number > campaign.drills) return { next: 'report', detail: 'all drills have ended' }
  const stored = await blobs.readJson<StoredRequest>(blobNames.request(campaignDrillId(campaign.campaignId, number)))
  if (stored !== null) return begin(storage, campaign, stored.plan)
  const abort = await readCampaignAbort(blobs, campaign.campaignId)
  if (abort !== null) return { next: 'report', detail: abort }
  const dueMs = dueAt(campaign, previous)
  const nowMs = clock.now().getTime()
  if (nowMs < dueMs) return wait(dueMs - nowMs, `drill ${number} is due at ${new Date(dueMs).toISOString()}`)
  return startOrWait(storage, campaign, number, dueMs)
}

const wait = (ms: number, detail: string): NextStep => ({
  next: 'wait',
  seconds: Math.min(POLL_SECONDS, Math.max(1, Math.ceil(ms / 1000))),
  detail,
})

/** The gap is counted from the end of the drill before. */
const dueAt = ({ requestedAt, gapMinutes }: CampaignPlan, previous: CampaignPoint | null): number =>
  previous === null ? Date.parse(requestedAt) : Date.parse(previous.endedAt) + gapMinutes * 60_000

// ---- The drill before -------------------------------------------------------------------------------------------------

async function noteDrill(
  { blobs, clock }: Storage,
  campaign: CampaignPlan,
  number: number,
  error: string | null,
): Promise<CampaignPoint> {
  const { campaignId } = campaign
  const known = await readPoint(blobs, campaignId, number)
  if (known !== null) return known
  const drillId = campaignDrillId(campaignId, number)
  const report = await blobs.readJson<Report>(drillBlobs.report(drillId, 'report.json'))
  const previous = number === 1 ? null : await readPoint(blobs, campaignId, number - 1)
  const point = pointOf({ number, drillId, endedAt: clock.now().toISOString(), report, error, previous })
  await blobs.writeOnce(campaignBlobs.point(campaignId, number), point)
  return (await readPoint(blobs, campaignId, number)) ?? point
}

// ---- The next drill -----------------------------------------------------------------------------------------------------

interface DueDrill {
  readonly campaign: CampaignPlan
  readonly number: number
  readonly plan: DrillPlan
}

async function startOrWait(storage: Storage, campaign: CampaignPlan, number: number, dueMs: number): Promise<NextStep> {
  const now = storage.clock.now()
  const due: DueDrill = { campaign, number, plan: drillOfCampaign(campaign, number, now.toISOString()) }
  const obstacle = (await restOfCoolDown(storage.blobs, due, now)) ?? (await reserve(storage, due.plan, now))
  if (obstacle === null) return begin(storage, campaign, due.plan)
  if (now.getTime() < dueMs + MAX_WAIT_MS) return wait(POLL_SECONDS * 1000, obstacle)
  return giveUp(storage, due, obstacle)
}

/** Of any promotion of the server: another drill may have caused one in the gap. The drill before knows what the server needs. */
async function restOfCoolDown(blobs: Clients['blobs'], due: DueDrill, now: Date): Promise<string | null> {
  const { target, force } = due.plan
  const last = force.includes('cool-down') ? null : await readLastPromotion(blobs, target)
  if (last === null) return null
  const facts = await blobs.readJson<Facts>(drillBlobs.facts(campaignDrillId(due.campaign.campaignId, due.number - 1)))
  const minutes = coolDownMinutes(due.plan, facts)
  const { isOver, words } = coolDownOf(last.at, now.toISOString(), minutes)
  return isOver ? null : `since the last promotion of ${target.server}: ${words}; the cool-down is ${minutes} min`
}

async function reserve(storage: Storage, { target, drillId }: DrillPlan, now: Date): Promise<string | null> {
  const lock = await takeLock(storage.blobs, target, drillId, now, (holder) => isGone(storage, holder))
  return lock.kind === 'held' ? null : `drill ${lock.holder.drillId} is running against ${target.server}`
}

/**
 * A drill that has ended, or whose start died before its index entry: no orchestration of it exists. The timer that closes dead drills
 * frees the lock of one that died later; only it can ask the orchestration service.
 */
async function isGone({ blobs, table, clock }: Storage, { drillId, since }: ServerLock): Promise<boolean> {
  const request = await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  const entry = request === null ? null : await readIndexEntry(table, request.plan)
  if (entry !== null) return entry.endedAt !== null
  return clock.now().getTime() - Date.parse(since) > GRACE_MS
}

/**
 * The order matters: once the request is written, an abort of the campaign is passed on to the drill, here or by the API, which both
 * read what the other has written. The drill then ends at its first step, with a report.
 */
async function begin(
  { blobs, table, clock }: Storage,
  { campaignId }: CampaignPlan,
  plan: DrillPlan,
): Promise<NextStep> {
  const { drillId } = plan
  const own: StoredRequest = { plan, bodyHash: campaignId }
  await blobs.writeOnce(blobNames.request(drillId), own)
  // Another run of this activity may have been first.
  const agreed = (await blobs.readJson<StoredRequest>(blobNames.request(drillId))) ?? own
  await beginIndexEntry(table, startedEntry(agreed.plan))
  const reason = await readCampaignAbort(blobs, campaignId)
  if (reason !== null) {
    await blobs.writeOnce(drillBlobs.abort(drillId), { reason, at: clock.now().toISOString() })
    await blobs.writeOnce(blobNames.stop(drillId), { reason } satisfies StopSignal)
  }
  return { next: 'drill', plan: agreed.plan, detail: `drill ${drillId} starts` }
}

async function giveUp(
  { blobs, clock }: Storage,
  { campaign, number, plan }: DueDrill,
  obstacle: string,
): Promise<NextStep> {
  const { drillId, target } = plan
  const why = `${target.server} was not free for ${MAX_WAIT_HOURS} h: ${obstacle}`
  const point: CampaignPoint = {
    number,
    drillId,
    state: 'not started',
    endedAt: clock.now().toISOString(),
    verdict: null,
    headline: null,
    why: `it did not start: ${why}`,
    stoppedBy: null,
    endsCampaign: `Drill ${number} did not start: ${why}.`,
  }
  await blobs.writeOnce(campaignBlobs.point(campaign.campaignId, number), point)
  return { next: 'report', detail: why }
}
