/**
 * The contract between the load generator and the functions that judge it: what goes in (signals; the plan is in load-plan.ts),
 * what comes out (one record per container and second, one summary per container), and the names of the blobs.
 * The generator reports facts and `functions/` judges them: no threshold lives in the image.
 *
 * Glossary: one word per idea, in the code, the texts and the docs.
 *   drill               one test under load, from request to report
 *   campaign            several drills of one request, with their distribution
 *   event               what is done to the server during a drill, or watched for
 *   moment              T0 to T6: the points in time of an event, such as the last acknowledgement before its outage
 *   load generator      the program in the container
 *   container           one load generator instance
 *   incarnation         one life of a container, from process start to exit
 *   thread              a worker thread that runs many workers
 *   worker              one simulated client: one connection, one transaction in flight, a sequence of its own
 *   arrival             a transaction that is due at a time fixed in advance
 *   offered             arrivals per second, sent or missed
 *   missed              an arrival whose deadline passed before it could be sent: it has no key and no outcome
 *   outcome             acknowledged, refused (provably not committed) or unknown (sent, reply lost)
 *   ledger              which keys (drill, worker, seq) had which outcome
 *   timeline            PostgreSQL's WAL timeline: it rises with every promotion, and every row stores the one it was written on
 *   outage              an interval without an acknowledgement, of the service or of one worker
 *   sustained recovery  acknowledged transactions per second are back to the baseline and stay there
 *   probe               a low-rate measurement beside the load
 *   step probe          the probe that tries to write, by each way, and records how far it gets
 *   way                 how a client reaches the server: straight to PostgreSQL's port, or through PgBouncer's
 *   check               a row of the checklist, judged before or after the load
 *   criterion           an objective that the drill is judged by, such as recovery_time_s < 120
 *   verdict             PASS, FAIL, INCONCLUSIVE or ABORTED
 *
 * Units come last in a name. `...AtUs` is an instant: microseconds since the Unix epoch, from a monotonic clock that was
 * anchored to UTC once per process. `...Us`, `...Ms`, `...Seconds` are spans. `second` is a whole epoch second.
 */

/** Raised with every change of the contract's documents. */
export const CONTRACT_VERSION = 1

export const OUTCOMES = ['acknowledged', 'refused', 'unknown'] as const
export type Outcome = (typeof OUTCOMES)[number]

// ---- In: signals ----------------------------------------------------------------------------------------------------

/** Written once all containers are ready. A time in the future, so clocks and not polling start the load. */
export interface GoSignal {
  readonly startAtMs: number
}

/** Ends the load early: the generator stops sending, waits for replies, and writes what it knows. */
export interface StopSignal {
  readonly reason: string
}

/** Renewed by the drill while it lives. */
export interface Lease {
  readonly renewedAtMs: number
}

/** A container has connected all its workers. */
export interface ReadyRecord {
  readonly version: typeof CONTRACT_VERSION
  readonly container: number
  /** Random per process start, so that a restart by the platform differs from the first start. */
  readonly incarnation: string
  readonly workers: number
  readonly readyAtMs: number
  readonly clock: ClockOffset
  readonly serverVersion: string
  readonly serverAddress: string | null
  readonly timeline: number
}

/** Container clock minus database clock, from the fastest of several round trips; the error is half that round trip. */
export interface ClockOffset {
  readonly offsetMs: number
  readonly errorMs: number
}

// ---- Out: one record per container, incarnation and second ----------------------------------------------------------

/** intended = acknowledged + refused + unknown + missed + still in flight; exactly, and 0 in flight after the drain. */
export interface Counts {
  /** Arrivals that became due in this second. */
  readonly intended: number
  /** Outcomes are counted in the second in which they became known. */
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly missed: number
  /** Acknowledged with the warning that synchronous replication was not awaited: part of `acknowledged`. */
  readonly weakAcks: number
}

/** Pairs of bucket index and count, flat and in rising order; see histogram.ts. */
export type SparseHistogram = readonly number[]

export interface ErrorCount {
  /** SQLSTATE, errno (ECONNREFUSED) or the generator's own word (reply-timeout). */
  readonly code: string
  /** Connecting has no outcome, because no arrival was sent. */
  readonly phase: 'connect' | 'transaction'
  readonly outcome: Exclude<Outcome, 'acknowledged'> | null
  readonly count: number
  readonly firstAtUs: number
  readonly lastAtUs: number
  readonly workers: number
  /** The server's own message, without addresses or secrets, of the first one. */
  readonly example: string
}

/**
 * No acknowledgement by any worker of this container between the two instants. Kept when 20 ms or longer. A reply that was read
 * late, after its thread had stood still, ends none: it had come at some time before.
 */
export interface AckGap {
  readonly fromUs: number
  readonly toUs: number
}

export interface TimelineAcks {
  readonly timeline: number
  readonly acknowledged: number
  readonly firstAtUs: number
  readonly lastAtUs: number
}

/** A worker's first acknowledgement on a timeline: T3 is the last of these on the new one. */
export interface FirstAck {
  readonly worker: number
  readonly timeline: number
  readonly atUs: number
  /** The worker's last acknowledgement before this one; null when it is its first at all. */
  readonly previousAtUs: number | null
}

/** The outage of one worker. `firstGoodAtUs` null: none of its transactions was acknowledged again while the load ran. */
export interface OutageWindow {
  readonly worker: number
  readonly cohort: string
  readonly lastGoodAtUs: number | null
  readonly firstGoodAtUs: number | null
  readonly timelineBefore: number | null
  readonly timelineAfter: number | null
  readonly refused: number
  readonly unknown: number
  readonly connectFailures: number
  /** The first error of the window; empty when the worker only waited, while no worker of its thread got a reply. */
  readonly code: string
}

/** The outcomes of one worker's keys that became known in this second: `count` keys from `firstSeq` on, acknowledged unless excepted. */
export interface LedgerRange {
  readonly worker: number
  readonly firstSeq: number
  readonly count: number
  readonly exceptions: readonly LedgerException[]
}

export interface LedgerException {
  readonly seq: number
  readonly outcome: Exclude<Outcome, 'acknowledged'>
}

export interface Connections {
  readonly wanted: number
  readonly open: number
  readonly opened: number
  readonly lost: number
}

/** One thread's event loop did not run between the two instants: it sent nothing and read no reply. Kept when 100 ms or longer. */
export interface Stall {
  readonly thread: number
  readonly fromUs: number
  readonly toUs: number
}

/**
 * A thread that goes on after a stall reads all that waited within this. When such a reply had come is not known: at some time
 * since it was sent for. Its commit counts, and it is no sign that the service was still alive when it was read.
 */
export const READ_LATE_US = 100_000

export interface GeneratorHealth {
  readonly threads: number
  /** Stalls that ended in this second or were noticed in it. */
  readonly stalls: readonly Stall[]
  readonly eventLoopDelayP99Us: number
  readonly eventLoopDelayMaxUs: number
  readonly cpuUs: number
  readonly rssBytes: number
}

export interface SecondRecord {
  readonly container: number
  readonly incarnation: string
  readonly second: number
  readonly counts: Counts
  /** Acknowledgements per tenth of the second: ten numbers that add up to counts.acknowledged. */
  readonly acksPerTenth: readonly number[]
  /** Reply minus due time, acknowledged only. */
  readonly response: SparseHistogram
  /** Reply minus send, acknowledged only. */
  readonly service: SparseHistogram
  /** Send minus due, every sent arrival. */
  readonly sendLag: SparseHistogram
  readonly errors: readonly ErrorCount[]
  readonly ackGaps: readonly AckGap[]
  readonly timelines: readonly TimelineAcks[]
  readonly firstAcks: readonly FirstAck[]
  /** Windows that closed in this second; windows still open at the end come with the last record. */
  readonly outages: readonly OutageWindow[]
  readonly ledger: readonly LedgerRange[]
  readonly connections: Connections
  /** Arrivals due and not yet sent when the second ended. */
  readonly waiting: number
  readonly lastMissedAtUs: number | null
  readonly health: GeneratorHealth
}

export interface LoadSummary {
  readonly version: typeof CONTRACT_VERSION
  readonly drillId: string
  readonly container: number
  readonly incarnation: string
  /** completed: all arrivals were offered. stopped: by signal or stop blob. failed: the generator itself broke. */
  readonly ended: 'completed' | 'stopped' | 'stale-lease' | 'hard-deadline' | 'failed'
  readonly reason: string | null
  readonly startedAtUs: number
  readonly endedAtUs: number
  readonly totals: Counts
  readonly firstSecond: number
  readonly lastSecond: number
  readonly records: number
  /** Records that could not be written to Blob storage. Not 0 means that the ledger has holes. */
  readonly recordsDropped: number
  readonly threads: number
  readonly workers: number
  readonly clock: ClockOffset
  readonly cpuSeconds: number
  readonly maxRssBytes: number
  readonly generatorVersion: string
  readonly nodeVersion: string
}

// ---- Where it lies --------------------------------------------------------------------------------------------------

/** Every blob name of a drill, in the one container that the app and its load generators share. */
export const blobNames = {
  drillPrefix: (drillId: string) => `drills/${drillId}/`,
  request: (drillId: string) => `drills/${drillId}/request.json`,
  plan: (drillId: string) => `drills/${drillId}/plan.json`,
  lease: (drillId: string) => `drills/${drillId}/lease.json`,
  go: (drillId: string) => `drills/${drillId}/go.json`,
  stop: (drillId: string) => `drills/${drillId}/stop.json`,
  /** Written with If-None-Match by the first incarnation; a restarted one sees it and does not run again. */
  claim: (drillId: string, container: number) => `drills/${drillId}/containers/${container}/claim.json`,
  ready: (drillId: string, container: number) => `drills/${drillId}/containers/${container}/ready.json`,
  summary: (drillId: string, container: number) => `drills/${drillId}/containers/${container}/summary.json`,
  /** Append blobs, rotated before the limit of 50,000 blocks. */
  chunks: (drillId: string, container: number, incarnation: string, part: number) =>
    `drills/${drillId}/containers/${container}/chunks/${incarnation}-${String(part).padStart(4, '0')}.bin`,
  /** Append blobs of the step probe. Not `.bin`: who reads chunks passes them over. */
  stepProbe: (drillId: string, container: number, incarnation: string, part: number) =>
    `drills/${drillId}/containers/${container}/step-probe/${incarnation}-${String(part).padStart(4, '0')}.probe`,
  chunksPrefix: (drillId: string) => `drills/${drillId}/containers/`,
  csv: (drillId: string, container: number) => `drills/${drillId}/containers/${container}/loadtest_results.csv`,
  log: (drillId: string, container: number) => `drills/${drillId}/containers/${container}/log.txt`,
} as const

/** The environment of a container. Only a connection string is a secret, and goes in as a secure value. */
export const ENVIRONMENT = {
  connectionString: 'POSTGRES_CONNECTION_STRING',
  /** PostgreSQL's own port for cohorts that bypass PgBouncer; same host and credentials. */
  directPort: 'POSTGRES_DIRECT_PORT',
  drillId: 'DRILL_ID',
  container: 'DRILL_CONTAINER',
  /** `https://account.blob.core.windows.net/container` with the container's identity, unless a connection string is given. */
  blobContainerUrl: 'DRILL_BLOB_CONTAINER_URL',
  blobConnectionString: 'DRILL_BLOB_CONNECTION_STRING',
  blobContainer: 'DRILL_BLOB_CONTAINER',
  identityClientId: 'AZURE_CLIENT_ID',
  /** Set: the container's identity fetches a Microsoft Entra token of this scope, which stands in for the password, and renews it. */
  databaseTokenScope: 'POSTGRES_TOKEN_SCOPE',
} as const

// ---- The CSV that users of the original scripts know -----------------------------------------------------------------

/** First nine: the known columns, in their order (interval values; percentiles of response time). Then our own. */
export const CSV_COLUMNS = [
  'Timestamp',
  'ElapsedSeconds',
  'TPS',
  'TotalTransactions',
  'SuccessfulTransactions',
  'FailedTransactions',
  'P50_Latency_ms',
  'P95_Latency_ms',
  'P99_Latency_ms',
  'Intended',
  'Refused',
  'Unknown',
  'Missed',
  'WeakAcks',
  'P50_Service_ms',
  'P99_Service_ms',
  'P99_SendLag_ms',
  'OpenConnections',
  'EventLoopDelayP99_ms',
] as const

/** The grid on which a record counts: seconds of Unix time, each with ten tenths. Instants are in microseconds. */
export const US_PER_SECOND = 1_000_000
export const TENTHS = 10
export const US_PER_TENTH = US_PER_SECOND / TENTHS

// ---- The key of a row -------------------------------------------------------------------------------------------------

/** The key's index is partial: without the predicate `ON CONFLICT` does not find it. */
export const KEY_CONFLICT_TARGET = '(drill_id, worker, seq) WHERE drill_id IS NOT NULL'
