/** Sends the campaign's end to the webhook, if one is configured; each of its drills has sent its own. A failure changes no verdict. */
import type { Clients } from '../../clients/clients.ts'
import { readCampaign, readCampaignEntry } from '../../clients/storage/campaigns.ts'
import type { Verdict } from '../../model/report.ts'

export interface CampaignRef {
  readonly campaignId: string
}

interface Notification {
  readonly campaignId: string
  readonly verdict: Verdict | null
  readonly summary: string
  readonly server: string
  /** Relative to the app, which does not know the name under which its users reach it. */
  readonly report: string
}

export async function notifyCampaign(
  { blobs, table, webhook }: Pick<Clients, 'blobs' | 'table' | 'webhook'>,
  { campaignId }: CampaignRef,
): Promise<{ readonly detail: string }> {
  if (!webhook.isConfigured) return { detail: 'no webhook is configured' }
  const campaign = await readCampaign(blobs, campaignId)
  const entry = await readCampaignEntry(table, campaign)
  await webhook.send({
    campaignId,
    verdict: entry?.verdict ?? null,
    summary: entry?.headline ?? 'the campaign ended without a report',
    server: campaign.plan.target.server,
    report: `/api/campaigns/${campaignId}?format=html`,
  } satisfies Notification)
  return { detail: 'the webhook was notified' }
}
