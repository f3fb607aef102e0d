/** What a daily timer did at one firing, and of which servers the newest firing started no drill. */
import { serverKey } from '../drill-index.ts'
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

/** Of records with the newest first: a server's newest, unless it started a drill. */
export function newestWithoutDrill(records: readonly DailyRecord[]): DailyRecord[] {
  const newest = new Map<string, DailyRecord>()
  for (const record of records) {
    const key = serverKey(record.target)
    if (!newest.has(key)) newest.set(key, record)
  }
  return [...newest.values()].filter(({ outcome }) => outcome !== 'started')
}
