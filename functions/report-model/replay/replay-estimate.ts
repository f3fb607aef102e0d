/**
 * What an event had to replay if it began with the WAL since the last checkpoint: an estimate from readings of the primary in the
 * steady load before it. What lacks a reading is null, with the reason.
 */

import type { Event } from '../../analysis/events.ts'
import type { Phase } from '../../analysis/phases.ts'
import type { WalPosition } from '../../model/facts.ts'

/**
 * No recovery was watched from inside, so its speed is assumed: what Microsoft names for a standby of a flexible server
 * (https://learn.microsoft.com/en-us/azure/postgresql/flexible-server/concepts-high-availability).
 */
export const ASSUMED_REPLAY = { slowBytesPerSecond: 40e6, fastBytesPerSecond: 200e6 } as const

/** The rate is that of the time right before the event. */
const MAX_WINDOW_US = 120e6
/** Older readings say nothing about the moment of the event. */
const MAX_AGE_US = 60e6
const MIN_APART_US = 1e6

export interface ReplayEstimate {
  readonly walBytesPerSecond: number | null
  /** At the event, as the two below. */
  readonly sinceCheckpointSeconds: number | null
  readonly sinceRedoBytes: number | null
  readonly seconds: { readonly fast: number; readonly slow: number } | null
  /** Null: nothing is missing. */
  readonly missing: string | null
}

interface Context {
  readonly phases: readonly Phase[]
  readonly positions: readonly WalPosition[]
  /** Of the app's clock, by which the readings are dated. */
  readonly controlOffsetUs: number
}

interface Reading extends WalPosition {
  readonly atUs: number
}

export function replayEstimateOf({ t0Us, t1Us, span }: Event, context: Context): ReplayEstimate {
  const beginUs = t0Us ?? t1Us ?? span.beginUs
  const readings = steadyBefore(beginUs, context)
  const last = readings.at(-1)
  if (last === undefined) return nothing('the WAL position was not read in the steady load before the event')
  if (beginUs - last.atUs > MAX_AGE_US)
    return nothing('the last reading of the WAL position is more than a minute older than the event')
  const rate = rateOf(readings)
  const gapSeconds = (beginUs - last.atUs) / 1e6
  const { sinceCheckpointSeconds, sinceRedoBytes } = last
  const age = sinceCheckpointSeconds === null ? null : sinceCheckpointSeconds + gapSeconds
  const bytes = sinceRedoBytes === null || rate === null ? null : sinceRedoBytes + rate * gapSeconds
  return {
    walBytesPerSecond: rate,
    sinceCheckpointSeconds: age,
    sinceRedoBytes: bytes,
    seconds:
      bytes === null
        ? null
        : { fast: bytes / ASSUMED_REPLAY.fastBytesPerSecond, slow: bytes / ASSUMED_REPLAY.slowBytesPerSecond },
    missing: missingIn(rate, last),
  }
}

const nothing = (missing: string): ReplayEstimate => ({
  walBytesPerSecond: null,
  sinceCheckpointSeconds: null,
  sinceRedoBytes: null,
  seconds: null,
  missing,
})

function missingIn(rate: number | null, { checkpointProblem, sinceRedoBytes }: WalPosition): string | null {
  const parts = [
    rate === null
      ? 'there are no two readings of the WAL position a second or more apart in the steady load before'
      : null,
    sinceRedoBytes === null ? `pg_control_checkpoint() was refused (${checkpointProblem ?? 'no code'})` : null,
  ]
  return parts.filter((part) => part !== null).join('; ') || null
}

/** In the last baseline, or the last recovered time, before the event. */
function steadyBefore(beginUs: number, { phases, positions, controlOffsetUs }: Context): Reading[] {
  const steady = phases.findLast(({ name, fromUs }) => (name === 'baseline' || name === 'after') && fromUs < beginUs)
  if (steady === undefined) return []
  const fromUs = Math.max(steady.fromUs, beginUs - MAX_WINDOW_US)
  const toUs = Math.min(steady.toUs, beginUs)
  return positions
    .map((position) => ({ ...position, atUs: Date.parse(position.at) * 1000 - controlOffsetUs }))
    .filter(({ atUs }) => atUs >= fromUs && atUs < toUs)
    .sort((a, b) => a.atUs - b.atUs)
}

/** A position that went back is one of another server. */
function rateOf(readings: readonly Reading[]): number | null {
  const [first, last] = [readings[0], readings.at(-1)]
  if (first === undefined || last === undefined || last.atUs - first.atUs < MIN_APART_US) return null
  const bytes = last.writtenBytes - first.writtenBytes
  return bytes < 0 ? null : bytes / ((last.atUs - first.atUs) / 1e6)
}
