/**
 * T0 to T6 of one event, as the clients saw it:
 *
 *   t0  the platform accepted                          t4  the service is sustained again (sustained-recovery.ts)
 *   t1  last acknowledgement before the outage         t5  and no arrival older than its deadline is left
 *   t2  first acknowledgement on the new timeline      t6  the platform says that HA is healthy again
 *   t3  every client has one on the new timeline
 *
 * The instants are in this order. Clients that return within the hold are part of the recovery, so t4 waits for them; a client
 * that returns later is in the distribution of client outages.
 * Where no timeline rose, t2 is the first acknowledgement after the outage.
 *
 * An event that is faster than any threshold for outages still has t1 and t2: the change of the timeline dates it, or the start of the
 * process. A restart within a usual pause between two commits has neither: no client can have noticed it.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { coveredUs, intersection } from '../../loadgen-image/contract/intervals.ts'
import { blindestUs, TOLERANCE_US, type Watch } from '../measurement/generator-watch.ts'
import { type Outage, silenceOfChange } from '../measurement/outages.ts'
import type { Goodput, SustainedSearch } from '../measurement/sustained-recovery.ts'
import { secondsTouching } from '../measurement/window.ts'
import type { EventSpan } from './attribution.ts'
import { lastReturn, neverReconnectedOf, wereLost } from './client-returns.ts'
import { type QuietRestart, quietRestart, type RestartContext, restartPause } from './restart-pause.ts'

export interface EventTimes {
  readonly span: EventSpan
  readonly t0Us: number | null
  readonly t1Us: number | null
  readonly t2Us: number | null
  readonly t3Us: number | null
  readonly t4Us: number | null
  readonly t5Us: number | null
  readonly t6Us: number | null
  /** Workers that never came back while the load ran. */
  readonly neverReconnected: readonly number[]
  /** It is a restart that no client noticed: it has no t1 to t5. */
  readonly quiet: QuietRestart | null
  /** In the order of time. */
  readonly outages: readonly Outage[]
  /** Until when its outage and its recovery were looked for. */
  readonly endUs: number
  /** The service was certainly not sustained before this instant, also if every unobserved second was good. */
  readonly notBeforeUs: number
  /** A generator watched from t1 to t2; all of them from there to t4, and no standstill of theirs can have delayed it. */
  readonly isOutageWatched: boolean
  readonly isRecoveryWatched: boolean
}

export interface TimesContext extends RestartContext {
  /** Computed as if the service had been healthy while a generator stood still. */
  readonly goodputAtBest: Goodput | null
  readonly controlOffsetUs: number
}

export const beginOf = ({ span, t1Us }: Pick<EventTimes, 'span' | 't1Us'>): number =>
  Math.min(span.beginUs, t1Us ?? Number.POSITIVE_INFINITY)

/** `outages`: those that no other event has; of them the event takes what began before its service was sustained again. */
export function eventTimes(span: EventSpan, outages: readonly Outage[], context: TimesContext): EventTimes {
  const within = outages.filter(
    ({ fromUs, surelyFromUs }) => surelyFromUs >= span.beginUs - context.boundUs && fromUs < span.untilUs,
  )
  const pause = restartPause(span, within, context)
  const quiet = pause === null ? null : quietRestart(pause, span, context)
  if (pause !== null && quiet !== null) return quietTimes(span, quiet, pause.toUs, context)
  const cut = pause === null ? cutOf(span, within, context) : { t1Us: pause.fromUs, t2Us: pause.toUs }
  const t0Us = span.t0Us
  const t6Us = healthyUs(span, context)
  const open = within.find(({ toUs }) => toUs === null)
  if (cut === null || cut.t2Us === null) {
    const endUs = span.untilUs
    const own = cut === null ? [] : within
    const none = { t3Us: null, t4Us: null, t5Us: null, outages: own, endUs, notBeforeUs: endUs }
    const neverReconnected = cut === null ? [] : neverReconnectedOf(null, context.merged)
    const times = { span, t0Us, t1Us: cut?.t1Us ?? null, t2Us: null, t6Us, neverReconnected, quiet, ...none }
    const isOutageWatched = wasOutageWatched(times, context)
    return { ...times, isOutageWatched, isRecoveryWatched: isOutageWatched }
  }
  const { t1Us, t2Us } = cut
  const neverReconnected = neverReconnectedOf(t2Us, context.merged)
  const search = { fromUs: t2Us, beforeUs: span.untilUs, loadEndUs: context.window.endUs }
  const held = context.goodput?.sustainedFrom(search, context.rule) ?? null
  const isOut = open !== undefined && open.fromUs < (held ?? span.untilUs)
  const isT3Open = neverReconnected.length > 0 || isOut || wereLost(span, context.merged)
  const t3Us = isT3Open ? null : lastReturn(span, t2Us, context.merged)
  const t4Us = isOut ? null : withReturns(held, t3Us, context)
  const endUs = t4Us ?? span.untilUs
  const backlogClearedUs = isOut ? null : backlogCleared(span, t2Us, context)
  const own = ownOutages(cut, within, t4Us, span.untilUs, context.watch)
  const t5Us = backlogClearedUs === null ? null : Math.max(backlogClearedUs, t4Us ?? t2Us)
  const isBlind = blindestUs(context.watch, t2Us, endUs) > RECOVERY_TOLERANCE_US
  const best =
    isBlind || isOut ? { isPutOff: false, notBeforeUs: isBlind ? t2Us : endUs } : atBest(held, search, context)
  const { isPutOff, notBeforeUs } = best
  const moments = { t0Us, t1Us, t2Us, t3Us, t4Us, t5Us, t6Us }
  const times = { span, ...moments, neverReconnected, quiet, outages: own, endUs, notBeforeUs }
  const isOutageWatched = wasOutageWatched(times, context)
  const isRecoveryWatched = isOutageWatched && own.every(({ isSeen }) => isSeen) && !isBlind && !isPutOff
  return { ...times, isOutageWatched, isRecoveryWatched }
}

const quietTimes = (span: EventSpan, quiet: QuietRestart, endUs: number, context: TimesContext): EventTimes => ({
  span,
  t0Us: span.t0Us,
  t1Us: null,
  t2Us: null,
  t3Us: null,
  t4Us: null,
  t5Us: null,
  t6Us: healthyUs(span, context),
  neverReconnected: [],
  quiet,
  outages: [],
  endUs,
  notBeforeUs: endUs,
  isOutageWatched: true,
  isRecoveryWatched: true,
})

const healthyUs = ({ evidence }: EventSpan, { controlOffsetUs }: TimesContext): number | null =>
  evidence === null || evidence.healthyAt === null ? null : Date.parse(evidence.healthyAt) * 1000 - controlOffsetUs

interface Cut {
  /** Null: what ended at t2 had begun before the event. */
  readonly t1Us: number | null
  readonly t2Us: number | null
}

function cutOf(span: EventSpan, within: readonly Outage[], context: TimesContext): Cut | null {
  const { change, earlierOutage } = span
  if (earlierOutage !== null) return { t1Us: null, t2Us: change?.firstAtUs ?? earlierOutage.toUs }
  if (change !== null) return atChange(change.firstAtUs, change.lastOldAtUs, within, context)
  const [first, ...later] = within
  if (first === undefined) return null
  return { t1Us: first.fromUs, t2Us: endOfFlaps(first, later, context) }
}

function atChange(t2Us: number, lastOldAtUs: number, within: readonly Outage[], context: TimesContext): Cut {
  const silence = silenceOfChange(context.merged, { firstAtUs: t2Us, lastOldAtUs })
  return { t1Us: beforeFlaps(silence?.fromUs ?? Math.min(lastOldAtUs, t2Us), within, context), t2Us }
}

/** A service that returned for less than the rolling window had not recovered: its outage began before. */
function beforeFlaps(t1Us: number, within: readonly Outage[], context: TimesContext): number {
  const windowUs = context.rule.windowSeconds * US_PER_SECOND
  const earlier = within.findLast(({ toUs }) => toUs !== null && toUs <= t1Us && t1Us - toUs < windowUs)
  return earlier === undefined ? t1Us : beforeFlaps(earlier.fromUs, within, context)
}

function endOfFlaps({ toUs }: Outage, later: readonly Outage[], context: TimesContext): number | null {
  const [next, ...rest] = later
  if (toUs === null || next === undefined) return toUs
  return next.fromUs - toUs < context.rule.windowSeconds * US_PER_SECOND ? endOfFlaps(next, rest, context) : toUs
}

/** Also its own one when that is shorter than the threshold. */
function ownOutages(
  { t1Us, t2Us }: Cut,
  within: readonly Outage[],
  t4Us: number | null,
  untilUs: number,
  watch: Watch,
): Outage[] {
  const listed = within.filter(({ fromUs }) => fromUs < (t4Us ?? untilUs))
  if (t1Us === null || t2Us === null || t2Us <= t1Us) return listed
  if (listed.some(({ fromUs, toUs }) => fromUs < t2Us && (toUs ?? t2Us) > t1Us)) return listed
  const unwatched = intersection(watch.unwatched, [{ fromUs: t1Us, toUs: t2Us }])
  return [...listed, { fromUs: t1Us, surelyFromUs: t1Us, toUs: t2Us, unwatched, isSeen: true }].sort(
    (a, b) => a.fromUs - b.fromUs,
  )
}

function withReturns(sustainedUs: number | null, t3Us: number | null, { goodput, rule }: TimesContext): number | null {
  if (sustainedUs === null || t3Us === null || t3Us < sustainedUs) return sustainedUs
  const waitsFor = t3Us - sustainedUs <= rule.holdSeconds * US_PER_SECOND
  return waitsFor ? (goodput?.steadyFrom(t3Us) ?? t3Us) : sustainedUs
}

/** The last missed arrival of the backlog: missed ones that follow each other within the rolling window. */
function backlogCleared(span: EventSpan, t2Us: number, { merged, window, rule }: TimesContext): number | null {
  let backlogClearedUs = t2Us
  for (const { second, lastMissedAtUs } of secondsTouching(merged.seconds, t2Us, span.untilUs)) {
    if (second * US_PER_SECOND > backlogClearedUs + rule.windowSeconds * US_PER_SECOND) return backlogClearedUs
    if (lastMissedAtUs !== null) backlogClearedUs = Math.max(backlogClearedUs, lastMissedAtUs)
  }
  return window.endUs - backlogClearedUs < US_PER_SECOND && backlogClearedUs > t2Us ? null : backlogClearedUs
}

/** What was not watched behind t2 says nothing of the outage itself. */
function wasOutageWatched(
  { t1Us, t2Us, endUs, outages }: Pick<EventTimes, 't1Us' | 't2Us' | 'endUs' | 'outages'>,
  { watch }: TimesContext,
): boolean {
  return (
    outages.every(({ isSeen, fromUs }) => isSeen || (t2Us !== null && fromUs >= t2Us)) &&
    (t1Us === null || coveredUs(watch.unwatched, t1Us, t2Us ?? endUs) <= TOLERANCE_US)
  )
}

/** A container that stands still holds its share of the goodput back. */
const RECOVERY_TOLERANCE_US = US_PER_SECOND

/**
 * How much of t4 the generators may have caused. A standstill of a fraction of a second in the hold makes a window weak or a
 * second slow, and delays t4 until it is over: such a t4 is not the service's. A window that is weak without it is.
 */
function atBest(
  heldUs: number | null,
  search: SustainedSearch,
  { goodputAtBest, rule }: TimesContext,
): { readonly isPutOff: boolean; readonly notBeforeUs: number } {
  // Without a baseline nothing is known of the service after its first commit.
  if (goodputAtBest === null) return { isPutOff: false, notBeforeUs: search.fromUs }
  const earliestUs = goodputAtBest.sustainedFrom(search, rule)
  if (earliestUs === null) return { isPutOff: false, notBeforeUs: goodputAtBest.notSustainedBefore(search, rule) }
  return { isPutOff: heldUs === null || heldUs - earliestUs > RECOVERY_TOLERANCE_US, notBeforeUs: earliestUs }
}
