/** What `GET /api/drills/{id}` answers while a drill runs and after: the phases, and the live figures under 16 KB. */
import type { Way } from '../../loadgen-image/contract/step-probe.ts'
import type { WayState } from './chart-data.ts'
import type { ListedFigures } from './drill-index.ts'
import type { StoppedBy } from './early-end/stopped-by.ts'
import type { Target } from './plan.ts'
import type { PlannedEvent } from './planned-event.ts'
import type { JournalEntry, Verdict } from './report.ts'

export const PHASES = [
  'reserve',
  'check',
  'provision',
  'ready',
  'warm-up',
  'baseline',
  'event',
  'watch',
  'collect',
  'audit',
  'clean up',
  'late metrics',
  'report',
] as const
export type Phase = (typeof PHASES)[number]

/** A drill's watches are orchestrations of their own, numbered from 0: a restart finds them again. */
export const watchId = (drillId: string, number: number): string => `${drillId}-watch-${number}`

/** The newest second that most containers have written, added up over all containers. */
export interface LivePoint {
  readonly second: number
  readonly offeredTps: number
  readonly goodputTps: number
  /** Transactions that were refused or whose outcome is unknown; a connection that cannot be opened is none. */
  readonly errorsPerSecond: number
  readonly missedPerSecond: number
  /** At the end of the second. */
  readonly clientsConnected: number
  readonly clientsWanted: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** One of the six server metrics; the newest point and its age, since the platform is minutes late. */
export interface LiveMetric {
  readonly name: string
  readonly unit: string
  readonly value: number | null
  readonly at: string | null
  /** The last five minutes, oldest first; not in a custom status, which is small. */
  readonly recent?: ReadonlyArray<{ readonly at: string; readonly value: number | null }>
}

/** One moment of an event, as soon as it is known. The report times all seven, on one clock. */
export interface LiveMoment {
  readonly moment: 't0' | 't1' | 't2' | 't3' | 't6'
  /** Which event of the plan, counted from 0. */
  readonly event: number
  /** Of the load, as in LivePoint. */
  readonly second: number
}

/** A probed application. Its records come every few seconds, after the time-out of their requests. */
export interface LiveApplication {
  readonly name: string
  /** Its records reach to this second of the load. */
  readonly second: number
  /** Requests so far. */
  readonly good: number
  readonly failed: number
  /** How long its requests had failed then, in the worst container; null: they did not. */
  readonly failingSeconds: number | null
}

/** What a new connection meets by one way to the server. The records of the step probes come a second or a few later. */
export interface LiveWay {
  readonly way: Way
  readonly state: WayState
  /** Known up to this second of the load. */
  readonly second: number
  /** How long it had been in this state then; not shorter in fact, because only the newest states are kept. */
  readonly seconds: number
}

/** One load generator. Seconds are of the load; null: no record, or no commit yet. */
export interface LiveGenerator {
  readonly container: number
  readonly state: 'starting' | 'ready' | 'running' | 'ended' | 'failed'
  readonly newestSecond: number | null
  readonly lastCommitSecond: number | null
}

export interface Live {
  readonly at: string
  /** Seconds since the load started; negative before. */
  readonly loadSecond: number | null
  readonly latest: LivePoint | null
  /** Length of the outage that is going on, seconds; null when commits are acknowledged. */
  readonly outageSeconds: number | null
  readonly acknowledged: number
  readonly errors: number
  readonly missed: number
  readonly containers: {
    readonly wanted: number
    readonly running: number
    readonly ready: number
    readonly failed: number
  }
  /** One by one; not in a custom status, which is small. */
  readonly generators?: readonly LiveGenerator[]
  readonly serverState: string | null
  readonly haState: string | null
  readonly primaryZone: string | null
  readonly metrics: readonly LiveMetric[]
  readonly moments?: readonly LiveMoment[]
  /** Absent where the drill probes none. */
  readonly applications?: readonly LiveApplication[]
  /** Absent where no step probe has a record yet. */
  readonly ways?: readonly LiveWay[]
}

/** The orchestration's custom status: small, and all that a reader needs between two turns. */
export interface DrillProgress {
  readonly phase: Phase
  readonly phaseStartedAt: string
  readonly loadStartAtMs: number | null
  readonly live: Live | null
  readonly note: string | null
  /** The newest entries of the journal, oldest first, with their details cut. */
  readonly journal?: readonly JournalEntry[]
}

export interface DrillStatus {
  readonly drillId: string
  readonly state: 'waiting' | 'running' | 'finished' | 'failed'
  readonly verdict: Verdict | null
  readonly headline: string | null
  /** What ended the drill before its load; null: its load started, or may still start. */
  readonly stoppedBy: StoppedBy | null
  readonly target: Target
  /** As planned. */
  readonly events: readonly PlannedEvent[]
  readonly requestedAt: string
  readonly endedAt: string | null
  readonly elapsedSeconds: number
  /** How long the drill should take, from its plan. */
  readonly plannedSeconds: number
  readonly progress: DrillProgress | null
  /** Up to 300 newest points for the charts; only in the answer about one drill. */
  readonly history: readonly LivePoint[]
  readonly error: string | null
  /** Posted again, it runs the same drill; null in a list, and until the drill has ended. */
  readonly request: Readonly<Record<string, unknown>> | null
  readonly links: { readonly self: string; readonly report: string | null; readonly files: readonly string[] }
}

/** One row of the list: without what only a drill's own page shows. */
export type ListedDrill = DrillStatus & { readonly report: ListedFigures | null }

export interface DrillsPage {
  readonly drills: readonly ListedDrill[]
  readonly next: string | null
  /** Drills are removed so many days after their request. */
  readonly retentionDays: number
}
