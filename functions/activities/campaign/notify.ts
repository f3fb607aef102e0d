/** Sends the campaign's end to the webhook, if one is configured; each of its drills has sent its own. A failure changes no verdict. */
import type { Clients } from '../../clients/clients.ts'
import { readCampaign, readCampaignEntry } from '../../clients/storage/campaigns.ts'
import { campaignMessage } from '../../model/history/messages.ts'

export interface CampaignRef {
  readonly campaignId: string
}

export async function notifyCampaign(
  { blobs, table, webhook }: Pick<Clients, 'blobs' | 'table' | 'webhook'>,
  { campaignId }: CampaignRef,
): Promise<{ readonly detail: string }> {
  if (!webhook.isConfigured) return { detail: 'no webhook is configured' }
  const campaign = await readCampaign(blobs, campaignId)
  const entry = await readCampaignEntry(table, campaign)
  const { server, resourceGroup } = campaign.plan.target
  const ended = {
    type: 'campaign.ended',
    campaignId,
    verdict: entry?.verdict ?? null,
    summary: entry?.headline ?? 'the campaign ended without a report',
    server,
    resourceGroup,
  } as const
  await webhook.send(campaignMessage(ended, webhook.appUrl))
  return { detail: 'the webhook was notified' }
}
