/** The evidence of a drill: everything it gathered, and the only input of the computation of its report. */
import type { LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import type { ProbeRecord } from '../../loadgen-image/contract/step-probe.ts'
import type { ContainerEnd } from './container-end.ts'
import type { EarlyEnd } from './early-end/stopped-by.ts'
import type { OperationState, UndoProgress } from './event-answer.ts'
import type { Facts, MetricSeries, PlatformLog, PrimaryIdentity, WalPosition } from './facts.ts'
import type { DrillPlan } from './plan.ts'
import type { PlannedEvent } from './planned-event.ts'
import type { CheckResult, JournalEntry } from './report.ts'

/**
 * What became of the request for an event, over all its attempts. Only `accepted` proves that this drill caused what
 * followed; `ambiguous` may have caused it; the others caused nothing.
 *
 *   not reached   the drill ended before it
 *   withheld      its time came, and the drill did not send: the evidence that is required before an event was missing
 *   refused       every attempt was refused by the platform, or provably never arrived
 *   ambiguous     an attempt may have arrived, and its answer is not known
 *   accepted      the platform said so
 *   watched       the kind asks for nothing: the drill looked for what others do
 *   left out      its time came, and it was not needed
 */
export type RequestState = 'not reached' | 'withheld' | 'refused' | 'ambiguous' | 'accepted' | 'watched' | 'left out'

export interface EventEvidence {
  readonly index: number
  readonly planned: PlannedEvent
  readonly before: PrimaryIdentity | null
  readonly request: RequestState
  /** Why not accepted, or what is known of an acceptance that went wrong; null when there is nothing to say. */
  readonly detail: string | null
  /** When the POST that decided `request` left, by the drill's clock; null when none did. */
  readonly sentAt: string | null
  /** t0: when the platform accepted; null when it never did. */
  readonly acceptedAt: string | null
  readonly requestId: string | null
  readonly operation: OperationState['kind'] | null
  readonly after: PrimaryIdentity | null
  /** t6: first time the platform said Healthy after the event. */
  readonly healthyAt: string | null
  /** Of a kind that asks for nothing: each primary that differs from the one before it, in the order of time. */
  readonly sightings: readonly PrimaryIdentity[]
  /** Of an event that the drill undoes; null: it does not, or the request was never prepared. */
  readonly undo: UndoProgress | null
}

export interface LostSecond {
  readonly second: number
  readonly lost: number
}

/** Rows of one session of the stale-primary watch, whose numbers follow each other. */
export interface WatchRun {
  readonly container: number
  readonly session: number
  readonly firstSeq: number
  readonly lastSeq: number
}

/** One pass over the whole ledger; two passes that agree make an audit. */
export interface AuditPass {
  /** When the pass began, and when the last row of it had been read. */
  readonly at: string
  readonly endedAt: string
  readonly timeline: number | null
  readonly inRecovery: boolean | null
  /** Of the server that was read, by its own word. */
  readonly address: string | null
  /** The primary behind the target's name, as the platform showed it then. */
  readonly serverId: string | null
  readonly rows: number
  readonly acknowledgedPresent: number
  readonly lost: number
  readonly recovered: number
  readonly unknownAbsent: number
  readonly misjudged: number
  readonly unexpected: number
  readonly duplicates: number
  /** Part of `recovered`: rows of a container that was killed before it could record them. They are not counted as intended. */
  readonly unrecorded: number
  /** Part of `unknownAbsent`: keys whose record is missing too, so whether they were acknowledged is not known. */
  readonly unreportedAbsent: number
  readonly lostKeys: readonly string[]
  /** How many of the lost rows were acknowledged in which second, on the database's clock and rising. */
  readonly lostPerSecond: readonly LostSecond[]
  /** SHA-256 over every key of the ledger with its outcome and every row that was found. */
  readonly digest: string
  /** The rows of the stale-primary watch that this server holds; null: it has no table of them. */
  readonly watchRuns: readonly WatchRun[] | null
}

export interface DrillOutcome {
  readonly plan: DrillPlan
  readonly loadPlan: LoadPlan | null
  readonly startedAt: string
  readonly endedAt: string
  readonly loadStartAtMs: number | null
  readonly facts: Facts | null
  readonly checks: readonly CheckResult[]
  readonly events: readonly EventEvidence[]
  readonly summaries: readonly LoadSummary[]
  /** Of all containers, in any order; empty: there was no step probe. */
  readonly stepProbes: readonly ProbeRecord[]
  /** Readings of the primary while the load ran, in the order of time. */
  readonly walPositions: readonly WalPosition[]
  readonly containers: readonly ContainerEnd[]
  readonly audits: readonly AuditPass[]
  readonly auditProblem: string | null
  readonly metrics: readonly MetricSeries[]
  readonly metricsComplete: boolean
  /** Null: the drill did not watch, or nothing was read. */
  readonly platformLog: PlatformLog | null
  readonly cleanup: { readonly containersLeft: number | null; readonly verifiedAt: string | null }
  /** Null: the drill went on to its end. */
  readonly earlyEnd: EarlyEnd | null
  readonly journal: readonly JournalEntry[]
  readonly containerSeconds: number | null
  readonly prices: Prices | null
}

export interface Prices {
  readonly currency: string
  readonly perVCpuSecond: number
  readonly perGbSecond: number
  readonly source: string
}

/** Null: it was not aborted. */
export const abortedBecause = ({ earlyEnd }: Pick<DrillOutcome, 'earlyEnd'>): string | null =>
  earlyEnd?.kind === 'aborted' ? earlyEnd.why : null

/** The step that failed; null: none ended the drill. */
export const errorOf = ({ earlyEnd }: Pick<DrillOutcome, 'earlyEnd'>): string | null =>
  earlyEnd?.kind === 'failed' ? earlyEnd.why : null
