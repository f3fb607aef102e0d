/**
 * What the step probe of a container records, and its compact encoding: how far each attempt to write got, by which way, and why
 * not further; and what the stale-primary watch beside it wrote in sessions that it never opens again.
 * A probe blob is a row of blocks with the mark "FDP1" (block.ts), one for each few seconds.
 */
import { BlockDecoder, encodeBlock } from './block.ts'
import { instantUs, list, nullable, oneOf, originSecond, struct, text, uint } from './bytes.ts'

/** Straight to PostgreSQL's own port, and through PgBouncer's. */
export const WAYS = ['direct', 'pgbouncer'] as const
export type Way = (typeof WAYS)[number]

/** Attempts of one way are due this far apart. */
export const PROBE_EVERY_US = 100_000

/**
 * How far an attempt got, in this order:
 *   nothing     the name has no address
 *   resolved    it has, and no TCP connection was made
 *   accepted    a TCP connection, and neither TLS nor a login
 *   encrypted   TLS, and no login
 *   logged in   and no acknowledged write
 *   read-only   the server answers, and takes no writes
 *   wrote       the commit of a row of the probe's own is acknowledged
 */
export const STEPS = ['nothing', 'resolved', 'accepted', 'encrypted', 'logged in', 'read-only', 'wrote'] as const
export type Step = (typeof STEPS)[number]

/** Words of the probe for what has neither an SQLSTATE nor an errno. */
export const PROBE_CODES = {
  /** PgBouncer could not log in to its server, and does not try again for some seconds. */
  serverLoginRetry: 'server-login-retry',
  /** Logged in; no write was sent, because an earlier one still waits for its acknowledgement by the same server. */
  writeWaits: 'write-waits',
  /** The probe did not wait longer, because a newer session had written. How it would have ended is not known. */
  givenUp: 'given-up',
} as const

export interface ProbeAttempt {
  readonly way: Way
  /** False: a write in the session that the probe keeps open while all is well. */
  readonly isNew: boolean
  readonly begunAtUs: number
  /** When each step was taken; null: it was not, or there is none (no TLS; all of them in a kept session). */
  readonly resolvedAtUs: number | null
  readonly acceptedAtUs: number | null
  readonly encryptedAtUs: number | null
  readonly loggedInAtUs: number | null
  readonly endedAtUs: number
  readonly reached: Step
  /** Why not further; empty when it wrote. */
  readonly code: string
}

/** Acknowledged writes in the kept session, one every 100 ms, each of them quick. */
export interface SteadyWrites {
  readonly way: Way
  /** From the beginning of the first to the acknowledgement of the last. */
  readonly fromUs: number
  readonly toUs: number
  readonly writes: number
}

/** What the name resolved to from now on. */
export interface NameReading {
  readonly atUs: number
  /** Sorted; none: it had no address. */
  readonly addresses: readonly string[]
}

/** The probe itself did not run between the two instants. */
export interface ProbeStall {
  readonly fromUs: number
  readonly toUs: number
}

// ---- The stale-primary watch ------------------------------------------------------------------------------------------

/** A session of the watch, straight to the server. Lost, it is not opened again: another session has another number. */
export interface WatchSession {
  /** From 1, in this container. */
  readonly session: number
  readonly openedAtUs: number
  /** The server's WAL timeline, its own address (empty: it has none) and the start of its process, when the session began. */
  readonly timeline: number
  readonly address: string
  readonly startedAt: string
}

/** Writes of one session in a row, all acknowledged. The key of a row is the container, the session and the number of the write. */
export interface WatchWrites {
  readonly session: number
  /** Under which the server wrote each of them, by its own word in the reply. */
  readonly timeline: number
  readonly firstSeq: number
  readonly sentAtUs: readonly number[]
  readonly acknowledgedAtUs: readonly number[]
}

/** A write that ended with an error, or with its session. */
export interface WatchFailure {
  readonly session: number
  readonly seq: number
  readonly sentAtUs: number
  readonly endedAtUs: number
  readonly code: string
}

/** A session was open when the record was made. */
export interface WatchOpen {
  readonly session: number
  readonly atUs: number
  /** When its write was sent that has no reply yet; null: there is none. */
  readonly unansweredSinceUs: number | null
}

export interface WatchEnd {
  readonly session: number
  readonly atUs: number
  /** Why the connection ended. */
  readonly code: string
}

/** A session that could not be opened. */
export interface WatchRefusal {
  readonly atUs: number
  readonly code: string
}

export interface WatchReading {
  /** Why nothing is watched; empty when it is. */
  readonly problem: string
  readonly opened: readonly WatchSession[]
  readonly writes: readonly WatchWrites[]
  readonly failures: readonly WatchFailure[]
  readonly open: readonly WatchOpen[]
  readonly ends: readonly WatchEnd[]
  /** The newest, if any. */
  readonly refusals: readonly WatchRefusal[]
}

export interface ProbeRecord {
  readonly second: number
  readonly container: number
  readonly incarnation: string
  /** Those that the container has: one when there is no PgBouncer. */
  readonly ways: readonly Way[]
  /** Why nothing is probed; empty when it is. */
  readonly problem: string
  readonly steady: readonly SteadyWrites[]
  readonly attempts: readonly ProbeAttempt[]
  readonly names: readonly NameReading[]
  readonly stalls: readonly ProbeStall[]
  readonly watch: WatchReading
}

// ---- Encoding -------------------------------------------------------------------------------------------------------

const MARK = Buffer.from('FDP1')

const way = oneOf(WAYS)

const attempt = struct<ProbeAttempt>({
  way,
  isNew: oneOf([false, true]),
  begunAtUs: instantUs,
  resolvedAtUs: nullable(instantUs),
  acceptedAtUs: nullable(instantUs),
  encryptedAtUs: nullable(instantUs),
  loggedInAtUs: nullable(instantUs),
  endedAtUs: instantUs,
  reached: oneOf(STEPS),
  code: text,
})

const watch = struct<WatchReading>({
  problem: text,
  opened: list(
    struct<WatchSession>({ session: uint, openedAtUs: instantUs, timeline: uint, address: text, startedAt: text }),
  ),
  writes: list(
    struct<WatchWrites>({
      session: uint,
      timeline: uint,
      firstSeq: uint,
      sentAtUs: list(instantUs),
      acknowledgedAtUs: list(instantUs),
    }),
  ),
  failures: list(
    struct<WatchFailure>({ session: uint, seq: uint, sentAtUs: instantUs, endedAtUs: instantUs, code: text }),
  ),
  open: list(struct<WatchOpen>({ session: uint, atUs: instantUs, unansweredSinceUs: nullable(instantUs) })),
  ends: list(struct<WatchEnd>({ session: uint, atUs: instantUs, code: text })),
  refusals: list(struct<WatchRefusal>({ atUs: instantUs, code: text })),
})

const probeRecord = struct<ProbeRecord>({
  second: originSecond,
  container: uint,
  incarnation: text,
  ways: list(way),
  problem: text,
  steady: list(struct<SteadyWrites>({ way, fromUs: instantUs, toUs: instantUs, writes: uint })),
  attempts: list(attempt),
  names: list(struct<NameReading>({ atUs: instantUs, addresses: list(text) })),
  stalls: list(struct<ProbeStall>({ fromUs: instantUs, toUs: instantUs })),
  watch,
})

export const encodeProbeRecord = (record: ProbeRecord): Buffer => encodeBlock(MARK, probeRecord, record)

/** Every whole record in the bytes of a probe blob. */
export const decodeProbeRecords = (bytes: Uint8Array): Generator<ProbeRecord> =>
  new BlockDecoder(MARK, probeRecord).values(bytes)
