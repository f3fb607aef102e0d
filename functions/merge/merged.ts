/**
 * The merged records of all containers: the input of every figure in the report. Plain data (no methods), so that it can be stored
 * between two steps of a drill. All instants are on the database's clock, and everything is in one fixed order: the same
 * records give the same bytes in every order, with or without duplicates.
 */
import type { Counts, ErrorCount, OutageWindow, Stall } from '../../loadgen-image/contract/glossary.ts'
import type { PackedHistogram } from '../../loadgen-image/contract/histogram.ts'
import type { MergedApplication } from './app-probes.ts'
import type { HealthColumns } from './generator-health.ts'
import type { ClientLedger } from './ledger.ts'
import type { Silences } from './silences.ts'

/** One second of all containers. */
export interface MergedSecond {
  readonly second: number
  readonly counts: Counts
  /** Acknowledgements per tenth of a second. */
  readonly tenths: readonly number[]
  readonly response: PackedHistogram
  readonly service: PackedHistogram
  /** Of the worst container: a generator that sends late is not averaged away by others. */
  readonly sendLagP99Us: number | null
  /** By code, connection attempts included. */
  readonly errors: Readonly<Record<string, number>>
  readonly connectionsOpen: number
  readonly connectionsWanted: number
  readonly waiting: number
  readonly lastMissedAtUs: number | null
  /** The worst container's. */
  readonly eventLoopDelayP99Us: number
  /** Containers that recorded this second, and those that should have and did not. */
  readonly recorded: number
  readonly missing: number
}

export interface TimelineSpan {
  readonly timeline: number
  readonly acknowledged: number
  readonly firstAtUs: number
  readonly lastAtUs: number
}

/** A worker's first acknowledgement on a timeline. */
export interface WorkerFirstAck {
  readonly container: number
  readonly worker: number
  readonly timeline: number
  readonly atUs: number
  readonly previousAtUs: number | null
}

export interface WorkerOutage extends OutageWindow {
  readonly container: number
}

/** Whole seconds, both ends included. */
export interface SecondRange {
  readonly first: number
  readonly last: number
}

/** One process of a container; more than one means that the platform restarted it. */
export interface Incarnation {
  readonly container: number
  readonly incarnation: string
  readonly records: number
  readonly firstSecond: number
  readonly lastSecond: number
  /** Seconds without a record that should have one. */
  readonly missing: readonly SecondRange[]
  /** Seconds for which two records with different contents came. */
  readonly conflicts: readonly number[]
  readonly hasSummary: boolean
  readonly counts: Counts
  readonly maxRssBytes: number
  readonly connectionsWanted: number
  readonly connectionsPeak: number
  readonly clock: { readonly offsetUs: number; readonly errorMs: number | null }
  readonly health: HealthColumns
  readonly threads: number
  /** Intervals in which one of its threads stood still, unordered. */
  readonly stalls: readonly Stall[]
}

export interface Merged {
  /** Without holes, from the first recorded second to the last. */
  readonly seconds: readonly MergedSecond[]
  readonly totals: Counts
  readonly errors: readonly ErrorCount[]
  /** No client had a commit acknowledged; the first begins and the last ends at infinity. */
  readonly silences: Silences
  readonly timelines: readonly TimelineSpan[]
  readonly firstAcks: readonly WorkerFirstAck[]
  readonly windows: readonly WorkerOutage[]
  /** Of the application probes. */
  readonly applications: readonly MergedApplication[]
  readonly incarnations: readonly Incarnation[]
  /** Containers of the plan that left no record at all. */
  readonly absent: readonly number[]
  readonly ledger: ClientLedger
}
