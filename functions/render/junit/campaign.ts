/** A campaign's junit.xml: a suite with its verdict and criteria, and a suite with a case for each drill. Green only for PASS. */
import type { CampaignDrill, CampaignReport } from '../../model/campaign/report.ts'
import { criterionCase, verdictOutcome } from './drill.ts'
import { type JunitOutcome, type JunitSuite, junitXml } from './xml.ts'

export const renderCampaignJunit = (report: CampaignReport): string => junitXml([ownSuite(report), drillSuite(report)])

const frameOf = ({ server, startedAt, endedAt, campaignId, verdict, headline, what, planned }: CampaignReport) => ({
  host: server || 'localhost',
  startedAt,
  endedAt,
  properties: [
    ['campaign', campaignId],
    ['verdict', verdict],
    ['headline', headline],
    ['each drill', what],
    ['drills planned', String(planned)],
  ] as const,
})

const ownSuite = (report: CampaignReport): JunitSuite => ({
  ...frameOf(report),
  name: report.campaignId,
  cases: [
    { group: 'campaign', name: 'verdict', outcome: verdictOutcome({ ...report, stoppedBy: null }) },
    ...report.criteria.map((criterion) => criterionCase(criterion, report.verdict !== 'PASS')),
  ],
  output: [`${report.verdict}: ${report.headline}`, ...report.reasons],
})

const drillSuite = (report: CampaignReport): JunitSuite => ({
  ...frameOf(report),
  name: `${report.campaignId} drills`,
  cases: report.drills.map((drill) => ({ group: 'drills', name: drill.drillId, outcome: drillOutcome(drill) })),
  output: [],
})

/** The distribution is judged by the campaign; a drill of it that gave no verdict is an error here. */
function drillOutcome({ verdict, state, headline, why, stoppedBy }: CampaignDrill): JunitOutcome {
  const message = [headline, why].filter((words) => words !== null).join('\n') || state
  if (verdict === null) return { kind: 'error', type: state, message }
  return verdictOutcome({ verdict, stoppedBy, headline: message, reasons: [] })
}
