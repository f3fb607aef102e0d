/** When each client had its first commit after an event, and which clients had none. */

import type { Merged, WorkerOutage } from '../merge/merged.ts'
import type { EventSpan } from './attribution.ts'

/** The window of a worker that was out at that moment; with `null`, at the end of the load. */
export const isOutAt = ({ lastGoodAtUs, firstGoodAtUs }: WorkerOutage, atUs: number | null): boolean =>
  atUs === null
    ? firstGoodAtUs === null
    : (lastGoodAtUs ?? Number.NEGATIVE_INFINITY) < atUs && (firstGoodAtUs ?? Number.POSITIVE_INFINITY) >= atUs

/** Workers that never came back while the load ran, rising. */
export function neverReconnectedOf(t2Us: number | null, { windows }: Merged): number[] {
  const out = windows.filter((window) => window.firstGoodAtUs === null && isOutAt(window, t2Us))
  return [...new Set(out.map(({ worker }) => worker))].sort((a, b) => a - b)
}

/** Workers of a container that died before they were seen on the new timeline: whether they reconnected is not known. */
export function wereLost({ change }: EventSpan, merged: Merged): boolean {
  if (change === null) return false
  const dead = new Set(merged.incarnations.filter(({ hasSummary }) => !hasSummary).map(({ container }) => container))
  const seen = new Set(
    merged.firstAcks.filter(({ timeline }) => timeline >= change.timeline).map(({ worker }) => worker),
  )
  return merged.firstAcks.some(({ container, worker }) => dead.has(container) && !seen.has(worker))
}

/** Of all workers that had something to send: an idle worker sends nothing, so its return cannot be seen. */
export function lastReturn({ change }: EventSpan, t2Us: number, merged: Merged): number {
  const windows = merged.windows
    .filter((window) => isOutAt(window, t2Us))
    .map(({ firstGoodAtUs }) => firstGoodAtUs ?? t2Us)
  const returns = change === null ? windows : firstReturns(merged, change.timeline)
  return returns.reduce((latest, atUs) => Math.max(latest, atUs), t2Us)
}

/** A worker whose next commit is on a later timeline returned then. One without an earlier commit is new and did not return. */
function firstReturns({ firstAcks }: Merged, timeline: number): number[] {
  const known = new Set(firstAcks.filter((ack) => ack.timeline < timeline).map(({ worker }) => worker))
  const first = new Map<number, number>()
  for (const ack of firstAcks)
    if (ack.timeline >= timeline && known.has(ack.worker))
      first.set(ack.worker, Math.min(ack.atUs, first.get(ack.worker) ?? Number.POSITIVE_INFINITY))
  return [...first.values()]
}
