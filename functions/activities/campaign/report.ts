/** Builds, judges, renders and stores the report of a campaign. A repeated run writes the same files. */
import type { InvocationContext } from '@azure/functions'
import type { Clients } from '../../clients/clients.ts'
import {
  readCampaign,
  readCampaignAbort,
  readCampaignEntry,
  readPoints,
  startedCampaign,
  writeCampaignEntry,
} from '../../clients/storage/campaigns.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import type { CampaignPlan, CampaignPoint } from '../../model/campaign/campaign.ts'
import type { Report, Verdict } from '../../model/report.ts'
import { renderCampaignMarkdown } from '../../render/campaign/markdown.ts'
import { renderCampaign } from '../../render/campaign/page.ts'
import { renderCampaignJunit } from '../../render/junit/campaign.ts'
import { campaignResultLine } from '../../render/log-lines.ts'
import { campaignReport } from '../../report-model/campaign/build.ts'

export interface CampaignReportRequest {
  readonly campaignId: string
  /** Why the orchestration itself ended the campaign; null: it did not. */
  readonly error: string | null
}

interface Written {
  readonly verdict: Verdict
  readonly headline: string
  readonly detail: string
}

export async function writeCampaignReport(
  { blobs, table, clock }: Pick<Clients, 'blobs' | 'table' | 'clock'>,
  { campaignId, error }: CampaignReportRequest,
  context: Pick<InvocationContext, 'log'>,
): Promise<Written> {
  const campaign = await readCampaign(blobs, campaignId)
  const points = await readPoints(blobs, campaign)
  const known = await readCampaignEntry(table, campaign)
  const report = campaignReport({
    campaign,
    points,
    reports: await reportsOf(
      blobs,
      points.map(({ drillId }) => drillId),
    ),
    // Written twice, it still ended once.
    endedAt: known?.endedAt ?? clock.now().toISOString(),
    abortedBecause: await abortOf(blobs, campaign, points),
    error,
  })
  const { verdict, headline, endedAt } = report
  const write = (file: string, content: string, type: string) =>
    blobs.write(campaignBlobs.report(campaignId, file), content, `${type}; charset=utf-8`)
  await write('report.html', renderCampaign(report), 'text/html')
  await write('report.md', renderCampaignMarkdown(report), 'text/markdown')
  await write('junit.xml', renderCampaignJunit(report), 'application/xml')
  await blobs.writeJson(campaignBlobs.report(campaignId, 'report.json'), report)
  await writeCampaignEntry(table, { ...startedCampaign(campaign), endedAt, verdict, headline })
  context.log(campaignResultLine(report))
  return { verdict, headline, detail: `${verdict}: ${headline}` }
}

/** Without the series of its charts a report is some hundred KB, and a campaign has 20 of them at most. */
async function reportsOf(blobs: Clients['blobs'], drillIds: readonly string[]): Promise<ReadonlyMap<string, Report>> {
  const reports = new Map<string, Report>()
  for (const drillId of drillIds) {
    const report = await blobs.readJson<Report>(drillBlobs.report(drillId, 'report.json'))
    if (report !== null) reports.set(drillId, report)
  }
  return reports
}

/** An abort request that came after the last drill had ended on its own changed nothing. */
async function abortOf(
  blobs: Clients['blobs'],
  { campaignId, drills }: CampaignPlan,
  points: readonly CampaignPoint[],
): Promise<string | null> {
  const verdict = points.length === drills ? (points.at(-1)?.verdict ?? null) : null
  return verdict === null || verdict === 'ABORTED' ? await readCampaignAbort(blobs, campaignId) : null
}
