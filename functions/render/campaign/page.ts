/** A campaign's report.html: one file, no network; everything on it is in the campaign's report.json. */
import type { CampaignReport } from '../../model/campaign/report.ts'
import { pageFrame } from '../html/frame.ts'
import { campaignBanner, campaignParts } from './parts.ts'
import type { LinkOf } from './strip.ts'
import { CAMPAIGN_STYLE } from './style.ts'

/** As the API serves it: relative, so that it works behind any gateway. */
const underTheApi: LinkOf = ({ drillId, hasReport }) =>
  hasReport ? `../drills/${encodeURIComponent(drillId)}/report?format=html` : null
/** In a folder with a folder of each drill. */
export const besideFolders: LinkOf = ({ drillId, hasReport }) =>
  hasReport ? `${encodeURIComponent(drillId)}/report.html` : null

export const renderCampaign = (report: CampaignReport, linkOf: LinkOf = underTheApi): string =>
  pageFrame({
    title: `${report.verdict}: ${report.headline}`,
    style: CAMPAIGN_STYLE,
    banner: campaignBanner(report),
    parts: campaignParts(report, linkOf),
    footer: `Campaign report schema ${report.schema}. Times are UTC. What was not measured says so.`,
  })
