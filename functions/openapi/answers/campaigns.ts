/** Answers about campaigns. */
import * as z from 'zod'
import { type CampaignPoint, POINT_STATES } from '../../model/campaign/campaign.ts'
import { campaignReportSchema } from '../../model/campaign/report.ts'
import type { CampaignProgress, CampaignStatus, CampaignsPage } from '../../model/campaign/status.ts'
import { stoppedBySchema } from '../../model/early-end/stopped-by-schema.ts'
import { exactly } from './exactly.ts'
import { instant, nextPage, nullableInstant, nullableText, retentionDays, target, texts, verdict } from './shapes.ts'

const progress = exactly<CampaignProgress>()(
  z.object({
    step: z.enum(['waiting', 'drill', 'report']),
    number: z.number().int().describe('Of the drill, from 1'),
    drillId: nullableText,
    note: z.string(),
  }),
)

const point = exactly<CampaignPoint>()(
  z
    .object({
      number: z.number().int(),
      drillId: z.string(),
      state: z.enum(POINT_STATES).exclude(['not run']),
      endedAt: instant,
      verdict,
      headline: nullableText,
      why: nullableText.describe('Why the drill has no figures that count; null: it has'),
      stoppedBy: stoppedBySchema,
      endsCampaign: nullableText.describe('Why the next drill would be stopped as well; null: the campaign goes on'),
    })
    .meta({ id: 'CampaignPoint', description: 'What became of one drill' }),
)

const links = z.object({ self: z.string(), report: nullableText, drills: texts })

const campaign = z
  .object({
    campaignId: z.string(),
    state: z.enum(['waiting', 'running', 'finished', 'failed']),
    verdict,
    headline: nullableText,
    target,
    requestedAt: instant,
    drills: z.number().int(),
    gapMinutes: z.number(),
    what: z.string().describe('The load and the events of each drill'),
    endedAt: nullableInstant,
    progress: progress.nullable(),
    points: z.array(point).describe('One of each drill that has ended; empty in a list'),
    report: campaignReportSchema.meta({ id: 'CampaignReport' }).nullable(),
    error: nullableText,
    links,
  })
  .meta({ id: 'CampaignStatus' })

export const CAMPAIGN_ANSWERS = {
  StartedCampaign: z.object({ campaignId: z.string(), links }),
  CampaignStatus: exactly<CampaignStatus>()(campaign),
  CampaignPage: exactly<CampaignsPage>()(z.object({ campaigns: z.array(campaign), next: nextPage, retentionDays })),
}
