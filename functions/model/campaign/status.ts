/** What a reader sees of a campaign, while it runs and after. */
import type { Target } from '../plan.ts'
import type { Verdict } from '../report.ts'
import type { CampaignPoint } from './campaign.ts'
import type { CampaignReport } from './report.ts'

/** The orchestration's custom status. */
export interface CampaignProgress {
  readonly step: 'waiting' | 'drill' | 'report'
  readonly number: number
  readonly drillId: string | null
  readonly note: string
}

/** One line of the list of campaigns. */
export interface CampaignEntry {
  readonly campaignId: string
  readonly requestedAt: string
  readonly target: Target
  readonly drills: number
  readonly gapMinutes: number
  /** "400 TPS, 20 clients, 1 container, 45 s; forced failover" */
  readonly what: string
  readonly endedAt: string | null
  readonly verdict: Verdict | null
  readonly headline: string | null
}

/** What `GET /api/campaigns/{id}` answers; the list has the same without points and report. */
export interface CampaignStatus extends CampaignEntry {
  readonly state: 'waiting' | 'running' | 'finished' | 'failed'
  readonly progress: CampaignProgress | null
  /** Of the drills that have ended so far. */
  readonly points: readonly CampaignPoint[]
  readonly report: CampaignReport | null
  readonly error: string | null
  readonly links: { readonly self: string; readonly report: string | null; readonly drills: readonly string[] }
}

export interface CampaignsPage {
  readonly campaigns: readonly CampaignStatus[]
  readonly next: string | null
  readonly retentionDays: number
}
