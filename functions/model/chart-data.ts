/** What is too long for report.json: a row per second of load, a row per client and event, the ledger itself, the ways to the server. */
import { WAYS, type Way } from '../../loadgen-image/contract/step-probe.ts'

export interface TimelineRow {
  /** Whole epoch second, on the database's clock. */
  readonly second: number
  /** Since the first failover was accepted (t0), or since the load started when there was none. */
  readonly relativeSeconds: number
  /** Since the load started. */
  readonly elapsedSeconds: number
  readonly phase: PhaseName
  readonly offered: number
  /** Acknowledged commits. */
  readonly goodput: number
  readonly refused: number
  readonly unknown: number
  readonly missed: number
  /** Part of goodput: acknowledged although synchronous replication was not awaited. */
  readonly weakAcks: number
  /** Count by code (SQLSTATE, errno, or the generator's word), connection attempts included. */
  readonly errors: Readonly<Record<string, number>>
  readonly responseP50Ms: number | null
  readonly responseP95Ms: number | null
  readonly responseP99Ms: number | null
  readonly serviceP50Ms: number | null
  readonly serviceP99Ms: number | null
  /** Send minus due. */
  readonly sendLagP99Ms: number | null
  /** The worst container's. */
  readonly eventLoopDelayP99Ms: number | null
  readonly connectionsOpen: number
  readonly connectionsWanted: number
  /** Arrivals due and not yet sent when the second ended. */
  readonly waiting: number
  /** Containers whose record of this second is missing: the other figures are too low by their share. */
  readonly containersMissing: number
}

/** What one client saw of one event. */
export interface ClientRow {
  /** The event's number, from 1; null: this client alone was out. */
  readonly event: number | null
  readonly worker: number
  readonly container: number
  readonly cohort: string
  /** The client whose documented behaviour its cohort has; null: the cohort names none. */
  readonly client: string | null
  /** Last acknowledgement before the new timeline's first; null when it never had one. */
  readonly lastGoodAt: string | null
  /** First acknowledgement on the new timeline; null when it never came back. */
  readonly firstGoodAt: string | null
  readonly outageSeconds: number | null
  /** False: its container did not watch all the time, so its outage is not measured. */
  readonly isMeasured: boolean
  readonly refused: number
  readonly unknown: number
  readonly connectFailures: number
  /** The first error it saw; empty when it only waited. */
  readonly code: string
}

/** One latency distribution at the shares that the percentile plot shows. */
export interface PercentileCurve {
  readonly phase: string
  readonly kind: 'response' | 'service'
  readonly points: ReadonlyArray<{ readonly share: number; readonly ms: number; readonly isLowerBound: boolean }>
}

/** Everything that charts and files need beside the report itself. */
export interface ChartData {
  readonly timeline: readonly TimelineRow[]
  readonly clients: readonly ClientRow[]
  readonly curves: readonly PercentileCurve[]
  /** `worker:first-last:outcome`, what the digest is made of. Empty when there is no ledger. */
  readonly ledgerRanges: readonly string[]
  /** Joined first, then by container. Empty when nothing was probed. */
  readonly probes: readonly ProbeRow[]
}

/**
 * warm-up: discarded. baseline: up to the first request or promotion, without any outage before it and its recovery.
 * trigger: from the request to t1. outage: t1 to t2. recovery: t2 to t4. after: what follows t4. unwatched: an outage may lie there, but no
 * load generator watched.
 */
export const PHASE_NAMES = ['warm-up', 'baseline', 'trigger', 'outage', 'unwatched', 'recovery', 'after'] as const

export type PhaseName = (typeof PHASE_NAMES)[number]

// ---- The ways to the server, as the step probe found them -------------------------------------------------------------

export { WAYS }

/**
 * What a new client meets, in the order of how far it gets:
 *   not watched           the probe did not run
 *   name without address  the resolver has none, or does not answer
 *   no answer             no reply to the TCP connection
 *   refused               nothing listens at the port
 *   not reached           another error of the network
 *   starting or stopping  the server says that it takes no connection now (57P03)
 *   login without answer  a TCP connection, and no end of the login
 *   login failed          the login ended with an error
 *   PgBouncer waits       PgBouncer failed to log in to its server, and waits before it tries again
 *   no reply              logged in, and a statement has no reply yet
 *   write failed          logged in, and the write ended with an error
 *   read-only             the server answers, and takes no writes
 *   wrote                 a commit was acknowledged
 */
export const WAY_STATES = [
  'not watched',
  'name without address',
  'no answer',
  'refused',
  'not reached',
  'starting or stopping',
  'login without answer',
  'login failed',
  'PgBouncer waits',
  'no reply',
  'write failed',
  'read-only',
  'wrote',
] as const

export type WayState = (typeof WAY_STATES)[number]

/** One row of probes.csv: a way was in a state, as one container saw it, or (null) as the one saw it that got furthest. */
export interface ProbeRow {
  readonly way: Way
  readonly container: number | null
  readonly state: WayState
  /** The error behind the state; empty for a write. */
  readonly code: string
  readonly fromAt: string
  readonly toAt: string
  readonly seconds: number
}
