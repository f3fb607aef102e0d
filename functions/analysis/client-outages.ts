/**
 * What each client saw of each event: from its last acknowledgement before the outage to its first one after it, on the new
 * timeline where one rose. Back-off, DNS and half-open sockets make a tail that one number would hide, so the whole
 * distribution is kept. A client whose container did not watch meanwhile was not measured.
 */

import type { Cohort } from '../../loadgen-image/contract/load-plan.ts'
import { blindUsOf, TOLERANCE_US, type Watch } from '../measurement/generator-watch.ts'
import { MIN_OUTAGE_US } from '../measurement/outages.ts'
import type { Merged, WorkerFirstAck, WorkerOutage } from '../merge/merged.ts'
import type { ClientRow } from '../model/chart-data.ts'
import type { Report } from '../model/report.ts'
import { percentile } from '../units/statistics.ts'
import { isoOfUs, secondsBetween } from '../units/units.ts'
import { isOutAt } from './client-returns.ts'
import type { Event } from './events.ts'

/** The cohort of a worker. */
type CohortOf = (worker: number) => Pick<Cohort, 'name' | 'client'>

export function clientRows(event: Event, merged: Merged, watch: Watch, cohortOf: CohortOf): ClientRow[] {
  if (event.t1Us === null) return []
  const windows = new Map<number, WorkerOutage>()
  for (const window of merged.windows) if (isOfEvent(window, event)) windows.set(window.worker, window)
  const waited = firstAcksAcross(event, merged).filter(({ worker }) => !windows.has(worker))
  return [
    ...[...windows.values()].map((window) => rowOfWindow(window, event, watch, cohortOf)),
    ...waited.map((ack) => rowOfWait(ack, event, watch, cohortOf)),
  ].sort((a, b) => lengthOf(b) - lengthOf(a) || a.worker - b.worker)
}

/** Clients that were out for a second or more outside of every event: the others were served meanwhile. */
export function loneRows(
  merged: Merged,
  watch: Watch,
  rows: readonly ClientRow[],
  endUs: number,
  cohortOf: CohortOf,
): ClientRow[] {
  const known = new Set(rows.map(keyOf))
  return merged.windows
    .filter(
      ({ lastGoodAtUs, firstGoodAtUs }) =>
        lastGoodAtUs !== null && (firstGoodAtUs ?? endUs) - lastGoodAtUs >= MIN_OUTAGE_US,
    )
    .map((window) => rowOfWindow(window, { number: null, t1Us: null, endUs }, watch, cohortOf))
    .filter((row) => !known.has(keyOf(row)))
}

export function loneClientsOf(rows: readonly ClientRow[]): Report['loneClients'] {
  const lone = rows.filter(({ event, isMeasured }) => event === null && isMeasured)
  const seconds = lone.map(({ outageSeconds }) => outageSeconds)
  const isOpen = seconds.some((length) => length === null)
  return {
    clients: new Set(lone.map(({ worker }) => worker)).size,
    maxOutageSeconds: isOpen || lone.length === 0 ? null : Math.max(...seconds.map((length) => length ?? 0)),
  }
}

const keyOf = ({ worker, lastGoodAt }: ClientRow): string => `${worker} ${lastGoodAt}`

const lengthOf = ({ outageSeconds, isMeasured }: ClientRow): number =>
  isMeasured ? (outageSeconds ?? Number.POSITIVE_INFINITY) : -1

/** A service that is out at the end leaves the windows that nothing closed. */
const isOfEvent = (window: WorkerOutage, { t2Us, outages }: Event): boolean =>
  isOutAt(window, t2Us) || (outages.some(({ toUs }) => toUs === null) && isOutAt(window, null))

/** First acknowledgements on the new timeline of workers that had been acknowledged before it. */
function firstAcksAcross({ span, t2Us }: Event, { firstAcks }: Merged): WorkerFirstAck[] {
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

type Of = Pick<Event, 't1Us' | 'endUs'> & { readonly number: number | null }

const rowOfWindow = (window: WorkerOutage, event: Of, watch: Watch, cohortOf: CohortOf): ClientRow => ({
  event: event.number,
  worker: window.worker,
  container: window.container,
  cohort: window.cohort,
  client: cohortOf(window.worker).client ?? null,
  ...outageOf(window, event, watch),
  refused: window.refused,
  unknown: window.unknown,
  connectFailures: window.connectFailures,
  code: window.code,
})

/** A client that saw no error and only waited. Where the generator does not report its last acknowledgement, the last one of all clients is used. */
const rowOfWait = (ack: WorkerFirstAck, event: Event, watch: Watch, cohortOf: CohortOf): ClientRow => ({
  event: event.number,
  worker: ack.worker,
  container: ack.container,
  cohort: cohortOf(ack.worker).name,
  client: cohortOf(ack.worker).client ?? null,
  ...outageOf(
    { container: ack.container, lastGoodAtUs: ack.previousAtUs ?? event.t1Us, firstGoodAtUs: ack.atUs },
    event,
    watch,
  ),
  refused: 0,
  unknown: 0,
  connectFailures: 0,
  code: '',
})

function outageOf(
  { container, lastGoodAtUs, firstGoodAtUs }: Pick<WorkerOutage, 'container' | 'lastGoodAtUs' | 'firstGoodAtUs'>,
  { t1Us, endUs }: Of,
  watch: Watch,
) {
  const blindUs = blindUsOf(watch, container, lastGoodAtUs ?? t1Us ?? endUs, firstGoodAtUs ?? endUs)
  const isMeasured = blindUs <= TOLERANCE_US
  return {
    lastGoodAt: isoOfUs(lastGoodAtUs),
    firstGoodAt: isoOfUs(firstGoodAtUs),
    outageSeconds: isMeasured ? secondsBetween(lastGoodAtUs, firstGoodAtUs) : null,
    isMeasured,
  }
}

export interface ClientOutageSpread {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
  readonly clients: number
  readonly notMeasured: number
}

/** A client that never reconnected ranks above all others: a percentile that falls on it has no value. */
export function spreadOf(rows: readonly ClientRow[]): ClientOutageSpread {
  const served = rows.filter(wasServedBefore)
  const measured = served.filter(({ isMeasured }) => isMeasured)
  const seconds = measured.map(({ outageSeconds }) => outageSeconds ?? Number.POSITIVE_INFINITY)
  const at = (share: number) => finite(percentile(seconds, share))
  return {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    clients: seconds.length,
    notMeasured: served.length - seconds.length,
  }
}

/** A client that was never served has no outage, only a late start. */
const wasServedBefore = ({ lastGoodAt }: ClientRow): boolean => lastGoodAt !== null

const finite = (value: number | null): number | null => (value === null || Number.isFinite(value) ? value : null)
