/** A campaign's report.html: one file, no network; everything on it is in the campaign's report.json. */
import type { CampaignReport } from '../../model/campaign/report.ts'
import { note, type Part } from '../html/elements/components.ts'
import { reportUnderApi } from '../html/elements/file-links.ts'
import { pageFrame } from '../html/frame.ts'
import { html } from '../text/markup.ts'
import { campaignBanner, campaignParts } from './parts.ts'
import type { LinkOf } from './strip.ts'
import { CAMPAIGN_STYLE } from './style.ts'

/** As the API serves it: relative, so that it works behind any gateway. */
const underTheApi: LinkOf = ({ drillId, hasReport }) => (hasReport ? reportUnderApi(drillId) : null)
/** In a folder with a folder of each drill. */
export const besideFolders: LinkOf = ({ drillId, hasReport }) =>
  hasReport ? `${encodeURIComponent(drillId)}/report.html` : null

const PLACE =
  'The links to drills lead to their reports in the app, or in the folder of the campaign. A copy of this page that is kept alone does not reach them; one that the dashboard saved leads to the dashboard.'

const withPlace = (part: Part): Part =>
  part.id === 'drills' ? { ...part, body: html`${part.body}${note(PLACE)}` } : part

export const renderCampaign = (report: CampaignReport, linkOf: LinkOf = underTheApi): string =>
  pageFrame({
    title: `${report.verdict}: ${report.headline}`,
    style: CAMPAIGN_STYLE,
    banner: campaignBanner(report),
    parts: campaignParts(report, linkOf).map(withPlace),
    footer: `Campaign report schema ${report.schema}. Times are UTC. What was not measured says so.`,
  })
