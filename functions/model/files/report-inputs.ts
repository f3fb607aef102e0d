/** What the report of a drill is computed from beside its own records: kept, so that the same report can be computed again. */
import type { TrendEntry } from '../drill-index.ts'
import type { EarlyEnd } from '../early-end/stopped-by.ts'
import type { UndoProgress } from '../event-answer.ts'
import type { Prices } from '../evidence.ts'
import type { JournalEntry } from '../report.ts'

export interface ReportInputs {
  readonly endedAt: string
  readonly earlyEnd: EarlyEnd | null
  readonly journal: readonly JournalEntry[]
  readonly prices: Prices | null
  /** How far undoing each event was; it may go on after the report. */
  readonly undo: ReadonlyArray<UndoProgress | null>
  readonly earlier: readonly TrendEntry[]
}

/** What was done for a drill after its end, as its journal and its caveats name it. */
export type Amendment = Pick<JournalEntry, 'at' | 'phase' | 'step' | 'detail'>
