/**
 * T0 to T6 of one failover, as the clients saw it:
 *
 *   t0  the platform accepted                          t4  the service is sustained again (sustained.ts)
 *   t1  last acknowledgement before the outage         t5  and no arrival older than its deadline is left
 *   t2  first acknowledgement on the new timeline      t6  the platform says that HA is healthy again
 *   t3  every client has one on the new timeline
 *
 * Each is a step further than the one before. Clients that come back while the service is being held are part of its recovery,
 * so t4 waits for them; one that comes back later than that is in the distribution of client outages, where it belongs.
 *
 * A failover that is faster than any threshold for outages still has t1 and t2: the timeline itself shows where it was.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract-time.ts'
import type { LoadWindow } from './load-window.ts'
import { secondsTouching } from './load-window.ts'
import type { Merged, WorkerOutage } from './merged.ts'
import { type Outage, silenceBefore } from './outages.ts'
import type { FailoverEvidence } from './outcome.ts'
import type { Goodput, SustainedRule } from './sustained.ts'
import type { FailoverSpan } from './timeline-changes.ts'

export interface FailoverTimes {
  readonly span: FailoverSpan
  readonly t0Us: number | null
  readonly t1Us: number | null
  readonly t2Us: number | null
  readonly t3Us: number | null
  readonly t4Us: number | null
  readonly t5Us: number | null
  readonly t6Us: number | null
  /** Workers that never came back while the load ran. */
  readonly neverBack: readonly number[]
}

export interface EventContext {
  readonly merged: Merged
  readonly window: LoadWindow
  readonly outages: readonly Outage[]
  readonly goodput: Goodput | null
  readonly rule: SustainedRule
  readonly controlOffsetUs: number
}

export function failoverTimes(span: FailoverSpan, evidence: FailoverEvidence, context: EventContext): FailoverTimes {
  const cut = cutOf(span, context)
  const healthyUs = evidence.healthyAt === null ? null : Date.parse(evidence.healthyAt) * 1000 - context.controlOffsetUs
  const base = { span, t0Us: span.t0Us, t1Us: cut?.t1Us ?? null, t2Us: cut?.t2Us ?? null, t6Us: healthyUs }
  if (cut === null || cut.t2Us === null)
    return { ...base, t3Us: null, t4Us: null, t5Us: null, neverBack: cut === null ? [] : stillOut(context, null) }
  const neverBack = [...stillOut(context, cut.t2Us), ...diedWithoutReturn(span, context)]
  const t3Us = neverBack.length > 0 ? null : lastReturn(span, cut.t2Us, context.merged)
  const t4Us = withReturns(sustained(span, cut.t2Us, context), t3Us, context.rule)
  const goneUs = backlogGone(span, cut.t2Us, context)
  return {
    ...base,
    t3Us,
    t4Us,
    t5Us: goneUs === null ? null : Math.max(goneUs, t4Us ?? cut.t2Us),
    neverBack: [...new Set(neverBack)].sort((a, b) => a - b),
  }
}

interface Cut {
  readonly t1Us: number
  readonly t2Us: number | null
}

function cutOf(span: FailoverSpan, context: EventContext): Cut | null {
  if (span.change !== null) return atChange(span, span.change.firstAtUs, span.change.lastOldAtUs, context)
  const outage = context.outages.find(({ fromUs, toUs }) => fromUs < span.untilUs && (toUs ?? Infinity) > span.orderUs)
  if (outage === undefined) return null
  if (outage.toUs === null) return { t1Us: outage.fromUs, t2Us: null }
  // Rows without a timeline column: the end of the outage is the best that can be said.
  return context.merged.timelines.length === 0 ? { t1Us: outage.fromUs, t2Us: outage.toUs } : null
}

function atChange(span: FailoverSpan, t2Us: number, lastOldAtUs: number, context: EventContext): Cut {
  const silence = silenceBefore(context.merged, t2Us)
  return { t1Us: beforeFlaps(silence?.fromUs ?? Math.min(lastOldAtUs, t2Us), span, context), t2Us }
}

/** A service that came back for less than the rolling window and failed again was not back: its outage began before. */
function beforeFlaps(t1Us: number, span: FailoverSpan, { outages, rule }: EventContext): number {
  const earlier = outages.findLast(
    ({ toUs }) =>
      toUs !== null && toUs > span.orderUs && toUs <= t1Us && t1Us - toUs < rule.windowSeconds * US_PER_SECOND,
  )
  return earlier === undefined ? t1Us : beforeFlaps(earlier.fromUs, span, { outages, rule } as EventContext)
}

/** The window of a worker that was out at that moment; with `null`, at the end of the load. */
export const isOutAt = ({ lastGoodAtUs, firstGoodAtUs }: WorkerOutage, atUs: number | null): boolean =>
  atUs === null
    ? firstGoodAtUs === null
    : (lastGoodAtUs ?? Number.NEGATIVE_INFINITY) < atUs && (firstGoodAtUs ?? Number.POSITIVE_INFINITY) >= atUs

const stillOut = ({ merged }: EventContext, t2Us: number | null): number[] =>
  merged.windows.filter((window) => window.firstGoodAtUs === null && isOutAt(window, t2Us)).map(({ worker }) => worker)

/** A container that died tells no window: its workers count as gone unless they were seen on the new timeline. */
function diedWithoutReturn({ change }: FailoverSpan, { merged }: EventContext): number[] {
  if (change === null) return []
  const dead = new Set(merged.incarnations.filter(({ hasSummary }) => !hasSummary).map(({ container }) => container))
  const seen = new Set(
    merged.firstAcks.filter(({ timeline }) => timeline >= change.timeline).map(({ worker }) => worker),
  )
  return merged.firstAcks
    .filter(({ container, worker }) => dead.has(container) && !seen.has(worker))
    .map(({ worker }) => worker)
}

/** Of all workers that had something to send: an idle one has nothing to come back with. */
function lastReturn({ change }: FailoverSpan, t2Us: number, merged: Merged): number {
  const windows = merged.windows
    .filter((window) => isOutAt(window, t2Us))
    .map(({ firstGoodAtUs }) => firstGoodAtUs ?? t2Us)
  const returns = change === null ? windows : firstReturns(merged, change.timeline)
  return returns.reduce((latest, atUs) => Math.max(latest, atUs), t2Us)
}

/** A worker that only came back on a later timeline came back then. One that had never been good before is new, not back. */
function firstReturns({ firstAcks }: Merged, timeline: number): number[] {
  const known = new Set(firstAcks.filter((ack) => ack.timeline < timeline).map(({ worker }) => worker))
  const first = new Map<number, number>()
  for (const ack of firstAcks)
    if (ack.timeline >= timeline && known.has(ack.worker))
      first.set(ack.worker, Math.min(ack.atUs, first.get(ack.worker) ?? Number.POSITIVE_INFINITY))
  return [...first.values()]
}

function sustained(span: FailoverSpan, t2Us: number, { goodput, window, rule }: EventContext): number | null {
  const search = { fromUs: t2Us, beforeUs: span.untilUs, loadEndUs: window.endUs }
  return goodput?.sustainedFrom(search, rule) ?? null
}

function withReturns(sustainedUs: number | null, t3Us: number | null, { holdSeconds }: SustainedRule): number | null {
  if (sustainedUs === null || t3Us === null || t3Us < sustainedUs) return sustainedUs
  return t3Us - sustainedUs <= holdSeconds * US_PER_SECOND ? t3Us : sustainedUs
}

/** The last missed arrival of the backlog: missed ones that follow each other within the rolling window. */
function backlogGone(span: FailoverSpan, t2Us: number, { merged, window, rule }: EventContext): number | null {
  let goneUs = t2Us
  for (const { second, lastMissedAtUs } of secondsTouching(merged.seconds, t2Us, span.untilUs)) {
    if (second * US_PER_SECOND > goneUs + rule.windowSeconds * US_PER_SECOND) return goneUs
    if (lastMissedAtUs !== null) goneUs = Math.max(goneUs, lastMissedAtUs)
  }
  return window.endUs - goneUs < US_PER_SECOND && goneUs > t2Us ? null : goneUs
}
