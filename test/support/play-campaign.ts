/** Plays a whole campaign in a world, on a virtual clock: the drills are played too, each as an orchestration of its own. */

import { campaignBlobs } from '../../functions/model/campaign/blobs.ts'
import type { CampaignPlan, CampaignTurn, StoredCampaign } from '../../functions/model/campaign/campaign.ts'
import type { CampaignReport } from '../../functions/model/campaign/report.ts'
import { campaign } from '../../functions/orchestrators/campaign.ts'
import { drill } from '../../functions/orchestrators/drill.ts'
import { watch } from '../../functions/orchestrators/watch.ts'
import { parseCampaign } from '../../functions/request/campaign.ts'
import { requestsTo } from './builders.ts'
import { type PlayOptions, type PlayResult, play } from './play.ts'
import { activitiesOf, criteria, type DrillPlayOptions, target } from './play-drill.ts'
import type { World } from './world/world.ts'

export const CAMPAIGN_ID = 'campaign-1'
const COOLDOWN_MINUTES = 20

/** Three short drills with the cool-down of the app between them; fields of the request as a user would send them. */
export function aCampaign(
  world: World,
  own: Readonly<Record<string, unknown>> = {},
  campaignId = CAMPAIGN_ID,
): CampaignPlan {
  const { request = {}, ...rest } = own
  const { timing = {}, ...fields } = request as { readonly timing?: object }
  const body = {
    drills: 3,
    gapMinutes: 25,
    request: {
      targetTps: 40,
      workers: 4,
      containers: 1,
      durationSeconds: 40,
      criteria,
      timing: { warmupSeconds: 4, minBaselineSeconds: 5, lateMetricsSeconds: 0, healthyTimeoutSeconds: 120, ...timing },
      ...fields,
    },
    ...rest,
  }
  const parsed = parseCampaign(body, {
    campaignId,
    requestedAt: world.clock.now().toISOString(),
    defaults: requestsTo(target, COOLDOWN_MINUTES),
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.campaign
}

/** As its start writes it. */
export function putCampaign({ blobs }: Pick<World, 'blobs'>, campaign: CampaignPlan): void {
  const stored: StoredCampaign = { campaign, bodyHash: 'hash' }
  blobs.put(campaignBlobs.request(campaign.campaignId), JSON.stringify(stored))
}

export interface CampaignPlay extends PlayResult {
  readonly report: CampaignReport | null
}

export async function playCampaign(
  world: World,
  plan: CampaignPlan,
  options: PlayOptions & Pick<DrillPlayOptions, 'overrides' | 'settings'> = {},
): Promise<CampaignPlay> {
  const { overrides, settings, ...rest } = options
  const { campaignId } = plan
  putCampaign(world, plan)
  const input: CampaignTurn = { campaignId, number: 1, lastError: null, failedTurns: 0 }
  const fakes = activitiesOf(world, { ...(overrides && { overrides }), ...(settings && { settings }) })
  const result = await play(campaign, input, fakes, {
    instanceId: campaignId,
    startAt: world.clock.now().toISOString(),
    orchestrators: { drill, watch },
    ...rest,
  })
  world.groups.advance()
  return { ...result, report: world.blobs.peek<CampaignReport>(campaignBlobs.report(campaignId, 'report.json')) }
}
