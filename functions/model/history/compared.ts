/** Drills side by side: what `GET /api/drills/compare` answers, and the dashboard lays over each other. */
import type { TimelineRow } from '../chart-data.ts'
import type { Report } from '../report.ts'

/** A comparison of more cannot be read. */
export const MAX_COMPARED = 10

/** The parts of a report that its figures are read from, and those that say which drill it was. */
export const COMPARED_PARTS = [
  'drillId',
  'verdict',
  'headline',
  'stoppedBy',
  'startedAt',
  'moments',
  'events',
  'phases',
  'loneClients',
  'recovery',
  'throughput',
  'latencyMs',
  'availability',
  'ledger',
  'likeDrills',
] as const satisfies ReadonlyArray<keyof Report>

/** T1 is second 0, or the start of the load in a drill without an outage. */
export interface ComparedPoint extends Pick<TimelineRow, 'goodput' | 'responseP99Ms'> {
  readonly alignedSeconds: number
}

export type ComparedDrill = Pick<Report, (typeof COMPARED_PARTS)[number]> & {
  /** The seconds with a peak or a low, as they were measured; of a short drill every second. */
  readonly timeline: readonly ComparedPoint[]
}

export interface Comparison {
  readonly drills: readonly ComparedDrill[]
}
