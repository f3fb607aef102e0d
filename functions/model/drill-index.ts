/** The list of drills: one entry each, so that lists and trends need no report to be opened. */

import type { StoppedBy } from './early-end/stopped-by.ts'
import { plannedSeconds } from './load-plan.ts'
import type { DrillPlan, Target } from './plan.ts'
import type { PlannedEvent } from './planned-event.ts'
import type { Verdict } from './report.ts'

export interface IndexEntry {
  readonly drillId: string
  readonly requestedAt: string
  readonly requestedBy: DrillPlan['requestedBy']
  readonly target: Target
  /** As planned. */
  readonly events: readonly PlannedEvent[]
  readonly plannedSeconds: number
  /** Null while the drill runs, and also later when it ended without a report. */
  readonly endedAt: string | null
  readonly verdict: Verdict | null
  readonly headline: string | null
  readonly stoppedBy: StoppedBy | null
  /** What trends are drawn of; null without a report, and of a drill whose load did not start. */
  readonly trend: TrendEntry | null
}

export const startedEntry = (plan: DrillPlan): IndexEntry => ({
  drillId: plan.drillId,
  requestedAt: plan.requestedAt,
  requestedBy: plan.requestedBy,
  target: plan.target,
  events: plan.events,
  plannedSeconds: plannedSeconds(plan),
  endedAt: null,
  verdict: null,
  headline: null,
  stoppedBy: null,
  trend: null,
})

/** What a list of drills shows of each that has a report. */
export type ListedFigures = Pick<TrendEntry, 'figures' | 'worst' | 'like'>

/** Two resource groups may hold servers of one name; Azure compares both names without case. */
export const serverKey = ({ resourceGroup, server }: Target): string => `${resourceGroup}/${server}`.toLowerCase()

/**
 * `at-least`: the true value is this or more (a percentile among the missed, a recovery that the end of the load cut off).
 * `at-most`: the true value is this or less (the longest pause around an event that no client noticed).
 * `never`: it did not happen while the load ran, which is worse than every limit.
 */
export type Measured =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'at-least'; readonly value: number; readonly why: string }
  | { readonly kind: 'at-most'; readonly value: number; readonly why: string }
  | { readonly kind: 'never'; readonly why: string }
  | { readonly kind: 'missing'; readonly why: string }

export interface Worst {
  readonly measured: Measured
  /** Number of the event that measured it; null when none did, or when it was outside of every event. */
  readonly event: number | null
}

/** Part of an entry: what a trend needs to know of an earlier drill. */
export interface TrendEntry {
  readonly drillId: string
  readonly like: Likeness
  readonly startedAt: string
  readonly verdict: Verdict
  readonly headline: string
  readonly figures: Readonly<Record<string, number | null>>
  readonly worst: WorstOfDrill
}

/** The two figures that a list shows, also where they are only bounds, and of which event they are. */
export interface WorstOfDrill {
  readonly events: number
  readonly recoveryTime: Worst
  readonly writeOutage: Worst
}

/** What drills must have in common to be compared. */
export interface Likeness {
  /** "400 TPS, 20 clients, 1 container, 45 s; forced failover" */
  readonly words: string
  /** All other settings of the load that move a figure, as one text. */
  readonly settings: string
}

export const isLike = (one: Likeness, other: Likeness): boolean =>
  one.words === other.words && one.settings === other.settings
