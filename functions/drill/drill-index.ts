/** The index of drills: one small blob each, newest first by name, so that lists and trends need no report to be opened. */

import { plannedSeconds } from './load-plan.ts'
import type { DrillPlan, Target } from './plan.ts'
import type { Report, Verdict } from './report.ts'
import { type TrendEntry, trendEntry } from './trend.ts'

export interface IndexEntry {
  readonly drillId: string
  readonly requestedAt: string
  readonly requestedBy: DrillPlan['requestedBy']
  readonly target: Target
  readonly plannedSeconds: number
  /** Null while the drill runs, and for ever when it died without a report. */
  readonly endedAt: string | null
  readonly verdict: Verdict | null
  readonly headline: string | null
  /** What trends are drawn of; null without a report. */
  readonly trend: TrendEntry | null
}

export const startedEntry = (plan: DrillPlan): IndexEntry => ({
  drillId: plan.drillId,
  requestedAt: plan.requestedAt,
  requestedBy: plan.requestedBy,
  target: plan.target,
  plannedSeconds: plannedSeconds(plan),
  endedAt: null,
  verdict: null,
  headline: null,
  trend: null,
})

/** A first report has a verdict, but only the final one ends the drill. */
export const reportedEntry = (plan: DrillPlan, report: Report, isFinal: boolean): IndexEntry => ({
  ...startedEntry(plan),
  endedAt: isFinal ? report.endedAt : null,
  verdict: report.verdict,
  headline: report.headline,
  trend: trendEntry(report, plan),
})

/** What a list of drills shows of each that has a report. */
export type ListedFigures = Pick<TrendEntry, 'figures' | 'worst' | 'like'>

/** Two resource groups may hold servers of one name. */
export const serverKey = ({ resourceGroup, server }: Target): string => `${resourceGroup}/${server}`.toLowerCase()
