/** What ended a drill before its load: the words that every format uses. The dashboard uses them too, so nothing here is for a server alone. */

/** Phases before the load, in order; `start server` is the part of `reserve` that only a scheduled drill has. */
export const START_PHASES = ['reserve', 'start server', 'check', 'provision', 'ready'] as const

/** The field `stoppedBy`; stopped-by-schema.ts describes each part. */
export interface StoppedBy {
  phase: (typeof START_PHASES)[number]
  checks: string[]
  why: string
  advice: string
}

/** The first reason that ended a drill early, as its orchestration recorded it. */
export interface EarlyEnd {
  /** aborted: by the operator, or by the abort rule. failed: a step of the drill or of the platform failed. */
  readonly kind: 'aborted' | 'failed'
  readonly why: string
  /** In which it ended: a phase, or `start server`. */
  readonly phase: string
  readonly advice: string
}

interface Ended {
  readonly verdict: string | null
  readonly stoppedBy: StoppedBy | null
}

/** Each word that may stand beside a drill that has ended with a report. */
export const VERDICT_WORDS = ['PASS', 'FAIL', 'INCONCLUSIVE', 'NOT STARTED', 'ABORTED'] as const

/** The word beside a drill: its verdict, or that there is nothing to judge. */
export const verdictWord = ({ verdict, stoppedBy }: Ended): string | null =>
  stoppedBy !== null && verdict === 'INCONCLUSIVE' ? 'NOT STARTED' : verdict

// ---- Checks -------------------------------------------------------------------------------------------------------------

interface CheckRow {
  readonly id: string
  readonly title: string
  readonly seen: string
  readonly wanted: string
  readonly why: string
  readonly advice: string
}

interface Stopped<Row extends CheckRow> {
  readonly stoppedBy: StoppedBy | null
  readonly checklist: readonly Row[]
}

/** The rows of the checklist that stopped the drill. */
export const stoppingChecks = <Row extends CheckRow>({ stoppedBy, checklist }: Stopped<Row>): Row[] =>
  checklist.filter(({ id }) => stoppedBy?.checks.includes(id) === true)

/** The field of a request with which these checks do not stop a drill. */
export const overrideOf = (ids: readonly string[]): string => `"force": ${JSON.stringify(ids).replaceAll(',', ', ')}`
