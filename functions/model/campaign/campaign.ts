/** A campaign: several drills of one request. What was asked for, and what became of each drill. */
import { type StoppedBy, verdictWord } from '../early-end/stopped-by.ts'
import type { DrillPlan } from '../plan.ts'
import type { Verdict } from '../report.ts'

export interface CampaignPlan {
  readonly campaignId: string
  readonly requestedAt: string
  readonly drills: number
  /** From the end of a drill to the start of the next. */
  readonly gapMinutes: number
  /** Of the first drill. Every drill has the same settings, and with the same seed the same arrivals. */
  readonly plan: DrillPlan
  /** Objectives over all drills, such as `recovery_time_s[max] <= 120`. */
  readonly criteria: readonly string[]
}

/** What is written once when a campaign is asked for. */
export interface StoredCampaign {
  readonly campaign: CampaignPlan
  /** Of the request's body: separates a repeated request from another one under the same key. */
  readonly bodyHash: string
}

/** Drills count from 1. */
export const campaignDrillId = (campaignId: string, number: number): string => `${campaignId}-${number}`

export const drillOfCampaign = (
  { campaignId, plan }: CampaignPlan,
  number: number,
  requestedAt: string,
): DrillPlan => ({
  ...plan,
  drillId: campaignDrillId(campaignId, number),
  requestedAt,
})

/** What a drill of a campaign is worth: only a drill with the verdict PASS or FAIL has figures that count. */
export const POINT_STATES = [
  'measured',
  'inconclusive',
  'aborted',
  'not started',
  'without a report',
  'not run',
] as const
export type PointState = (typeof POINT_STATES)[number]

/** What became of one drill; written once, when it has ended or was given up. */
export interface CampaignPoint {
  readonly number: number
  readonly drillId: string
  readonly state: Exclude<PointState, 'not run'>
  readonly endedAt: string
  readonly verdict: Verdict | null
  readonly headline: string | null
  /** Why the drill has no figures that count; null: it has. */
  readonly why: string | null
  /** What ended it before its load; null: its load started, or it left no report. */
  readonly stoppedBy: StoppedBy | null
  /** Why the next drill would be stopped as well, so that the campaign ends here; null: it goes on. */
  readonly endsCampaign: string | null
}

/** The word beside a drill of a campaign: that of every list, or what became of a drill that has no report. */
export const pointWord = ({
  state,
  ...ended
}: Pick<CampaignPoint, 'verdict' | 'stoppedBy'> & { readonly state: PointState }): string =>
  verdictWord(ended) ?? (state === 'not started' ? 'NOT STARTED' : state)

/** The input of a turn of the orchestration, and of its next generation. */
export interface CampaignTurn {
  readonly campaignId: string
  /** The drill that is due. */
  readonly number: number
  /** Why the orchestration of the drill before ended without a report; null: it reported, or there was none. */
  readonly lastError: string | null
  /** Turns that failed in a row. */
  readonly failedTurns: number
}
