/** Campaigns for golden files and pictures: the reports of sample drills, with other figures where a distribution needs them. */
import { type CampaignPlan, type CampaignPoint, campaignDrillId } from '../../functions/model/campaign/campaign.ts'
import type { CampaignReport } from '../../functions/model/campaign/report.ts'
import type { DrillEvent, Report } from '../../functions/model/report.ts'
import { campaignReport } from '../../functions/report-model/campaign/build.ts'
import { pointOf } from '../../functions/report-model/campaign/point.ts'
import { aPlan } from '../support/play-drill.ts'
import { sampleReport } from './samples.ts'

const CAMPAIGN_ID = 'campaign-20260302-0200'

/** The recovery of the one event of a drill. */
type Recovery = { readonly seconds: number } | { readonly atLeast: number } | 'never'

function recovered(report: Report, recovery: Recovery): Report {
  const seconds = recovery !== 'never' && 'seconds' in recovery ? recovery.seconds : null
  const bound = recovery !== 'never' && 'atLeast' in recovery ? recovery.atLeast : null
  const changed = (event: DrillEvent): DrillEvent => ({
    ...event,
    service: recovery === 'never' ? 'out' : seconds === null ? 'not sustained' : 'recovered',
    recovery: { ...event.recovery, recoveryTimeSeconds: seconds },
    atLeast: { ...event.atLeast, recoveryTimeSeconds: bound },
  })
  return { ...report, events: report.events.map(changed) }
}

const plan = aPlan(
  {
    target: { resourceGroup: 'rg-orders', server: 'pg-orders', database: 'orders' },
    targetTps: 200,
    workers: 12,
    note: 'before the release <script>alert(1)</script>',
    probes: [{ name: 'checkout', url: 'https://shop.example.com/api/checkout' }],
  },
  campaignDrillId(CAMPAIGN_ID, 1),
  Date.parse('2026-03-02T02:00:00.000Z'),
)

interface Drill {
  readonly report: Report | null
  readonly error?: string
}

function campaignOf(drills: readonly Drill[], own: Partial<CampaignPlan>, abortedBecause: string | null = null) {
  const campaign: CampaignPlan = {
    campaignId: CAMPAIGN_ID,
    requestedAt: plan.requestedAt,
    drills: drills.length,
    gapMinutes: 25,
    plan,
    criteria: [
      'drills_passed == 5',
      'recovery_time_s[max] <= 120',
      'recovery_time_s[median] <= 30',
      'lost_commits[each] == 0',
    ],
    ...own,
  }
  const points: CampaignPoint[] = []
  const reports = new Map<string, Report>()
  for (const [i, { report, error = null }] of drills.entries()) {
    const [number, drillId] = [i + 1, campaignDrillId(CAMPAIGN_ID, i + 1)]
    const startedAt = new Date(Date.parse(plan.requestedAt) + i * 1_800_000).toISOString()
    const endedAt = new Date(Date.parse(startedAt) + 300_000).toISOString()
    if (report !== null) reports.set(drillId, { ...report, drillId, startedAt, endedAt })
    const own = reports.get(drillId) ?? null
    points.push(pointOf({ number, drillId, endedAt, report: own, error, previous: points.at(-1) ?? null }))
  }
  const endedAt = points.at(-1)?.endedAt ?? plan.requestedAt
  return campaignReport({ campaign, points, reports, endedAt, abortedBecause, error: null })
}

/** Every kind of point: values, a lower bound, a service that never came back, and drills without figures that count. */
export async function mixedCampaign(): Promise<CampaignReport> {
  const [pass, lost, inconclusive] = await Promise.all([
    sampleReport('PASS'),
    sampleReport('FAIL'),
    sampleReport('INCONCLUSIVE'),
  ])
  return campaignOf(
    [
      { report: recovered(pass, { seconds: 7.21 }) },
      { report: recovered(lost, { seconds: 9.84 }) },
      { report: inconclusive },
      { report: recovered(pass, { atLeast: 21.4 }) },
      { report: recovered({ ...pass, verdict: 'FAIL', headline: 'No commit until the end of the load.' }, 'never') },
      { report: null, error: 'the blob storage does not answer' },
    ],
    { drills: 7 },
  )
}

export async function passedCampaign(): Promise<CampaignReport> {
  const pass = await sampleReport('PASS')
  const seconds = [7.21, 6.88, 7.94, 7.05, 7.4]
  return campaignOf(
    seconds.map((one) => ({ report: recovered(pass, { seconds: one }) })),
    {},
  )
}

/** The checklist stopped the second of three drills. */
export async function notStartedCampaign(): Promise<CampaignReport> {
  const [pass, stopped] = await Promise.all([sampleReport('PASS'), sampleReport('NOT STARTED')])
  return campaignOf([{ report: pass }, { report: stopped }], { drills: 3, criteria: ['drills_passed == 3'] })
}

export async function abortedCampaign(): Promise<CampaignReport> {
  const [pass, aborted] = await Promise.all([sampleReport('PASS'), sampleReport('ABORTED')])
  return campaignOf([{ report: pass }, { report: aborted }], { drills: 5 }, 'aborted by request: enough seen')
}
