/**
 * Starts a campaign: the request is written once, so that a repeated start is recognised, and then the orchestration begins under the
 * campaign's id. It takes no server: each of its drills reserves it.
 */
import type { Clients } from '../../clients/clients.ts'
import { beginCampaignEntry, readCampaignEntry, startedCampaign } from '../../clients/storage/campaigns.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import type { CampaignPlan, CampaignTurn, StoredCampaign } from '../../model/campaign/campaign.ts'
import { newDrillId } from '../../units/drill-id.ts'
import { type Orchestrations, readState } from '../orchestrations.ts'
import { drillIdOfKey } from '../start.ts'

const PREFIX = 'campaign-'

/** Short enough for the ids of its drills, which append their number. */
export const newCampaignId = (now: Date): string => `${PREFIX}${newDrillId(now)}`
export const campaignIdOfKey = (key: string): string => `${PREFIX}${drillIdOfKey(key)}`

/** False: the key stands for a campaign with another request. */
export async function startCampaign(
  { blobs, table }: Pick<Clients, 'blobs' | 'table'>,
  client: Orchestrations,
  campaign: CampaignPlan,
  bodyHash: string,
): Promise<boolean> {
  const { campaignId } = campaign
  const own: StoredCampaign = { campaign, bodyHash }
  await blobs.writeOnce(campaignBlobs.request(campaignId), own)
  const stored = (await blobs.readJson<StoredCampaign>(campaignBlobs.request(campaignId))) ?? own
  if (stored.bodyHash !== bodyHash) return false
  await beginCampaignEntry(table, startedCampaign(stored.campaign))
  if ((await readState(client, campaignId)) !== null) return true
  // The service forgets a campaign that ended long ago; its entry does not.
  if ((await readCampaignEntry(table, stored.campaign))?.endedAt) return true
  const input: CampaignTurn = { campaignId, number: 1, lastError: null, failedTurns: 0 }
  try {
    await client.startNew('campaign', { instanceId: campaignId, input })
  } catch (error) {
    // The service refuses an id that is running: another request with the same key was faster.
    if ((await readState(client, campaignId)) === null)
      throw new Error(`starting the orchestration of campaign ${campaignId} failed`, { cause: error })
  }
  return true
}
