/**
 * What each client saw of each failover: from its last acknowledgement before the new timeline to its first one on it. One
 * number hides the tail that back-off, DNS and half-open sockets make, so the whole distribution is kept.
 */
import type { ClientRow } from './chart-data.ts'
import { type FailoverTimes, isOutAt } from './failover-events.ts'
import { isoOfUs, secondsBetween } from './instants.ts'
import type { Merged, WorkerFirstAck, WorkerOutage } from './merged.ts'
import { percentile } from './statistics.ts'

export function clientRows(times: FailoverTimes, merged: Merged, cohortOf: (worker: number) => string): ClientRow[] {
  if (times.t1Us === null) return []
  const windows = new Map<number, WorkerOutage>()
  for (const window of merged.windows) if (isOutAt(window, times.t2Us)) windows.set(window.worker, window)
  const waited = firstAcksAcross(times, merged).filter(({ worker }) => !windows.has(worker))
  return [
    ...[...windows.values()].map((window) => rowOfWindow(window, times)),
    ...waited.map((ack) => rowOfWait(ack, times, cohortOf(ack.worker))),
  ].sort((a, b) => (b.outageSeconds ?? Infinity) - (a.outageSeconds ?? Infinity) || a.worker - b.worker)
}

/** First acknowledgements on the new timeline of workers that had been acknowledged before it. */
function firstAcksAcross({ span, t2Us }: FailoverTimes, { firstAcks }: Merged): WorkerFirstAck[] {
  const { change } = span
  if (change === null || t2Us === null) return []
  const before = new Set(firstAcks.filter(({ timeline }) => timeline < change.timeline).map(({ worker }) => worker))
  const first = new Map<number, WorkerFirstAck>()
  for (const ack of firstAcks) {
    const known = first.get(ack.worker)
    if (ack.timeline < change.timeline || !before.has(ack.worker)) continue
    if (known === undefined || ack.atUs < known.atUs) first.set(ack.worker, ack)
  }
  return [...first.values()]
}

const rowOfWindow = (window: WorkerOutage, { span }: FailoverTimes): ClientRow => ({
  event: span.index + 1,
  worker: window.worker,
  container: window.container,
  cohort: window.cohort,
  ...outageOf(window.lastGoodAtUs, window.firstGoodAtUs),
  refused: window.refused,
  unknown: window.unknown,
  connectFailures: window.connectFailures,
  code: window.code,
})

/** No error, only waiting. Where the generator does not tell the acknowledgement before, everybody's last one stands in. */
const rowOfWait = (ack: WorkerFirstAck, { span, t1Us }: FailoverTimes, cohort: string): ClientRow => ({
  event: span.index + 1,
  worker: ack.worker,
  container: ack.container,
  cohort,
  ...outageOf(ack.previousAtUs ?? t1Us, ack.atUs),
  refused: 0,
  unknown: 0,
  connectFailures: 0,
  code: '',
})

const outageOf = (lastGoodAtUs: number | null, firstGoodAtUs: number | null) => ({
  lastGoodAt: isoOfUs(lastGoodAtUs),
  firstGoodAt: isoOfUs(firstGoodAtUs),
  outageSeconds: secondsBetween(lastGoodAtUs, firstGoodAtUs),
})

export interface ClientOutageSpread {
  readonly p50: number | null
  readonly p95: number | null
  readonly max: number | null
  readonly clients: number
}

/** A client that never came back is longer than all others: a percentile that falls on it has no value. */
export function spreadOf(rows: readonly ClientRow[]): ClientOutageSpread {
  const seconds = rows.filter(wasServedBefore).map(({ outageSeconds }) => outageSeconds ?? Number.POSITIVE_INFINITY)
  const at = (share: number) => finite(percentile(seconds, share))
  return { p50: at(0.5), p95: at(0.95), max: at(1), clients: seconds.length }
}

/** A client that was never served has no outage, only a late start. */
const wasServedBefore = ({ lastGoodAt }: ClientRow): boolean => lastGoodAt !== null

const finite = (value: number | null): number | null => (value === null || Number.isFinite(value) ? value : null)
