/** What a daily timer did at one firing, and what `GET /api/daily` answers. */
import type { Target } from '../plan.ts'

export interface DailyRecord {
  readonly at: string
  readonly target: Target
  readonly outcome: 'started' | 'skipped' | 'stopped' | 'failed'
  readonly why: string
  readonly drillId: string | null
  /** Of the request, so that a corrected one is tried again after failures. */
  readonly requestHash: string
}

export interface DailyAnswer {
  /** Newest first. */
  readonly records: readonly DailyRecord[]
  /** The newest firing of each server that has a schedule, where that firing started no drill. */
  readonly withoutDrill: readonly DailyRecord[]
  /** Names of all servers of the app. */
  readonly servers: readonly string[]
}
