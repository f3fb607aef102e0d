/** The sessions of the stale-primary watch of all containers, from the records of their probes, on the clock of the database. */
import type { ProbeRecord, WatchEnd, WatchReading, WatchWrites } from '../../loadgen-image/contract/step-probe.ts'
import type { Incarnation } from '../merge/merged.ts'

export interface StaleSession {
  readonly container: number
  readonly session: number
  /** Null: the record of its opening is missing. */
  readonly opened: { readonly atUs: number; readonly timeline: number } | null
  readonly writes: readonly WatchWrites[]
  /** Null: it was open when its last record was made. */
  readonly end: Pick<WatchEnd, 'atUs' | 'code'> | null
  /** The last record in which it was open. */
  readonly openUntilUs: number
  /** It had a write without a reply then. */
  readonly unansweredSinceUs: number | null
  /** When the last write was sent that failed; null: none did. */
  readonly lastFailedUs: number | null
}

export interface StaleWatch {
  readonly sessions: readonly StaleSession[]
  /** Why nothing was watched; null: it was. */
  readonly problem: string | null
  /** Of the newest session that could not be opened; null: each could. */
  readonly refusal: string | null
}

type Clocked = Pick<Incarnation, 'container' | 'incarnation' | 'clock'>

/** A container that was started again runs no second load, so its number names its process. */
export function staleWatchOf(records: readonly ProbeRecord[], incarnations: readonly Clocked[]): StaleWatch {
  const offsets = new Map(incarnations.map((one) => [`${one.container}/${one.incarnation}`, one.clock.offsetUs]))
  const byProcess = Map.groupBy(records, ({ container, incarnation }) => `${container}/${incarnation}`)
  const readings = [...byProcess].map(([key, own]) => ({
    container: own[0]?.container ?? 0,
    readings: own.map(({ watch }) => moved(watch, offsets.get(key) ?? 0)),
  }))
  const sessions = readings.flatMap(({ container, readings: own }) => sessionsOf(container, own))
  const refusals = readings.flatMap(({ readings: own }) => own.flatMap((one) => one.refusals))
  const newest = refusals.toSorted((a, b) => a.atUs - b.atUs).at(-1)
  return { sessions, problem: problemOf(records, sessions), refusal: newest?.code ?? null }
}

function problemOf(records: readonly ProbeRecord[], sessions: readonly StaleSession[]): string | null {
  if (sessions.length > 0) return null
  if (records.length === 0) return 'the load generators left no record of a watch'
  return records.find(({ watch }) => watch.problem !== '')?.watch.problem ?? null
}

function sessionsOf(container: number, readings: readonly WatchReading[]): StaleSession[] {
  const numbers = new Set(
    readings.flatMap(({ opened, writes, open, ends }) =>
      [...opened, ...writes, ...open, ...ends].map((one) => one.session),
    ),
  )
  return [...numbers].sort((a, b) => a - b).map((session) => sessionOf(container, session, readings))
}

function sessionOf(container: number, session: number, readings: readonly WatchReading[]): StaleSession {
  const isOwn = (one: { readonly session: number }) => one.session === session
  const opened = readings.flatMap((one) => one.opened).find(isOwn)
  const end = readings.flatMap((one) => one.ends).find(isOwn)
  // A record that came twice counts once.
  const writes = new Map(readings.flatMap((one) => one.writes.filter(isOwn)).map((one) => [one.firstSeq, one]))
  const failed = readings.flatMap((one) => one.failures.filter(isOwn).map(({ sentAtUs }) => sentAtUs))
  const open = readings.flatMap((one) => one.open.filter(isOwn)).toSorted((a, b) => a.atUs - b.atUs)
  return {
    container,
    session,
    opened: opened === undefined ? null : { atUs: opened.openedAtUs, timeline: opened.timeline },
    writes: [...writes.values()].sort((a, b) => a.firstSeq - b.firstSeq),
    end: end === undefined ? null : { atUs: end.atUs, code: end.code },
    openUntilUs: open.at(-1)?.atUs ?? Number.NEGATIVE_INFINITY,
    unansweredSinceUs: end === undefined ? (open.at(-1)?.unansweredSinceUs ?? null) : null,
    lastFailedUs: failed.length === 0 ? null : Math.max(...failed),
  }
}

function moved(watch: WatchReading, offsetUs: number): WatchReading {
  const at = (us: number) => us - offsetUs
  return {
    ...watch,
    opened: watch.opened.map((one) => ({ ...one, openedAtUs: at(one.openedAtUs) })),
    writes: watch.writes.map((one) => ({
      ...one,
      sentAtUs: one.sentAtUs.map(at),
      acknowledgedAtUs: one.acknowledgedAtUs.map(at),
    })),
    failures: watch.failures.map((one) => ({ ...one, sentAtUs: at(one.sentAtUs), endedAtUs: at(one.endedAtUs) })),
    open: watch.open.map((one) => ({
      ...one,
      atUs: at(one.atUs),
      unansweredSinceUs: one.unansweredSinceUs === null ? null : at(one.unansweredSinceUs),
    })),
    ends: watch.ends.map((one) => ({ ...one, atUs: at(one.atUs) })),
    refusals: watch.refusals.map((one) => ({ ...one, atUs: at(one.atUs) })),
  }
}
