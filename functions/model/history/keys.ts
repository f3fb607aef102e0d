/**
 * Keys of the table of drills. The service sorts the rows of a partition by key, so a key that falls with time puts the newest first,
 * and a time range is a range of keys.
 *
 * A drill has a row in its server's partition and one among all drills: each list reads the start of one partition, regardless of how
 * many drills there are, or of what other servers did. A third row, among the open drills, stays until the sweeping timer has seen
 * that the drill is over and that both other rows agree.
 */
export const PARTITIONS = {
  all: 'all',
  open: 'open',
  campaigns: 'campaigns',
  daily: 'daily',
  dailyOf: (server: string): string => `daily-${server.toLowerCase()}`,
  /** The name of a flexible server is its host name, and so unique in its cloud. */
  ofServer: (server: string): string => `server-${server.toLowerCase()}`,
} as const

const END_OF_TIME_MS = 9_999_999_999_999

const inverted = (ms: number): string =>
  String(END_OF_TIME_MS - Math.min(END_OF_TIME_MS, Math.max(0, ms))).padStart(13, '0')

/** `name` separates rows of the same instant: the id of a drill or of a campaign, or the name of a server. */
export const keyOf = (at: string, name: string): string => `${inverted(Date.parse(at))}-${name}`

/** Keys in [from, below); null: no limit. */
export interface KeyRange {
  readonly from: string | null
  readonly below: string | null
}

/** Rows from `sinceMs` to `untilMs`, both included; null: no limit. */
export const keysBetween = (sinceMs: number | null, untilMs: number | null): KeyRange => ({
  from: untilMs === null ? null : inverted(untilMs),
  // '.' follows '-', which every key has after its time.
  below: sinceMs === null ? null : `${inverted(sinceMs)}.`,
})

/** Rows after this one, which are older. */
export const keysAfter = (key: string): KeyRange => ({ from: `${key}!`, below: null })

/** Rows before this one, which are newer. */
export const keysBefore = (key: string): KeyRange => ({ from: null, below: key })

const DAY_MS = 86_400_000

/** What was requested earlier is expired: it is listed no more, and will be removed. */
export const keptSinceMs = (now: Date, retentionDays: number): number => now.getTime() - retentionDays * DAY_MS
