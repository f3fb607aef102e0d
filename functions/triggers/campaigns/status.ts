/** The status of a campaign, from its orchestration, its points and its report. */
import { isDrillId } from '../../../loadgen-image/contract/load-plan.ts'
import type { Clients } from '../../clients/clients.ts'
import { campaignPage, readCampaignEntry, readPoints, startedCampaign } from '../../clients/storage/campaigns.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import type { CampaignPlan, CampaignPoint, StoredCampaign } from '../../model/campaign/campaign.ts'
import type { CampaignReport } from '../../model/campaign/report.ts'
import type { CampaignEntry, CampaignProgress, CampaignStatus, CampaignsPage } from '../../model/campaign/status.ts'
import { keptSinceMs } from '../../model/history/keys.ts'
import type { Paging } from '../asked.ts'
import { hasEnded, type OrchestrationState, type Orchestrations, readState } from '../orchestrations.ts'
import { campaignUrl, drillUrl } from '../routes.ts'
import { errorOf } from '../status.ts'

type Sources = Pick<Clients, 'blobs' | 'table' | 'clock'>

/** Between the request and the first turn of the orchestration. */
const STARTING_MS = 120_000

export async function storedCampaign(
  { blobs }: Pick<Clients, 'blobs'>,
  campaignId: string,
): Promise<CampaignPlan | null> {
  const stored = isDrillId(campaignId) ? await blobs.readJson<StoredCampaign>(campaignBlobs.request(campaignId)) : null
  return stored?.campaign ?? null
}

export async function readCampaignStatus(
  sources: Sources,
  client: Orchestrations,
  campaign: CampaignPlan,
): Promise<CampaignStatus> {
  const { blobs, table, clock } = sources
  const { campaignId } = campaign
  const [state, entry, points, report] = await Promise.all([
    readState(client, campaignId),
    readCampaignEntry(table, campaign),
    readPoints(blobs, campaign),
    blobs.readJson<CampaignReport>(campaignBlobs.report(campaignId, 'report.json')),
  ])
  return statusOf(entry ?? startedCampaign(campaign), { state, points, report, now: clock.now() })
}

/** A campaign that has ended needs no call to the orchestration service. */
export async function listCampaigns(
  { table, clock }: Sources,
  client: Orchestrations,
  { retentionDays, ...paging }: Paging & { readonly retentionDays: number },
): Promise<Pick<CampaignsPage, 'campaigns' | 'next'>> {
  const { entries, next } = await campaignPage(table, paging, keptSinceMs(clock.now(), retentionDays))
  const statuses = entries.map(async (entry) => {
    const state = entry.endedAt === null ? await readState(client, entry.campaignId) : null
    return statusOf(entry, { state, points: [], report: null, now: clock.now() })
  })
  return { campaigns: await Promise.all(statuses), next }
}

interface Found {
  readonly state: OrchestrationState | null
  readonly points: readonly CampaignPoint[]
  readonly report: CampaignReport | null
  readonly now: Date
}

function statusOf(entry: CampaignEntry, { state, points, report, now }: Found): CampaignStatus {
  const self = campaignUrl(entry.campaignId)
  const drills = points.filter((point) => point.verdict !== null).map(({ drillId }) => drillUrl(drillId))
  return {
    ...entry,
    state: stateOf(entry, state, now),
    progress: entry.endedAt === null ? ((state?.customStatus as CampaignProgress | null | undefined) ?? null) : null,
    points,
    report,
    error: entry.endedAt === null ? errorOf(state) : null,
    links: { self, report: entry.endedAt === null ? null : `${self}?format=html`, drills },
  }
}

/** The entry has an end exactly when there is a report. */
function stateOf(
  { endedAt, requestedAt }: CampaignEntry,
  state: OrchestrationState | null,
  now: Date,
): CampaignStatus['state'] {
  if (endedAt !== null) return 'finished'
  if (state === null) return now.getTime() - Date.parse(requestedAt) < STARTING_MS ? 'waiting' : 'failed'
  if (hasEnded(state)) return 'failed'
  return state.runtimeStatus === 'Pending' ? 'waiting' : 'running'
}
