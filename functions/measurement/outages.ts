/**
 * Outages: every maximal interval in which no client got an acknowledgement, if it is longer than the service's usual pauses.
 * An interruption of one worker, one thread or one container is not an outage, because the others were served. A pause in which
 * almost nothing was due is not one either. An interval that no generator observed is kept apart: it may contain an outage.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { coveredUs, type Interval, intersection, lengthUs } from '../../loadgen-image/contract/intervals.ts'
import type { Merged, MergedSecond } from '../merge/merged.ts'
import type { Baseline } from './baseline.ts'
import type { Watch } from './generator-watch.ts'
import type { LoadWindow } from './window.ts'

export interface Outage {
  readonly fromUs: number
  /** From here on the service was certainly out; the unobserved beginning may lie before it. */
  readonly surelyFromUs: number
  /** Null: it had not ended when the load did. */
  readonly toUs: number | null
  /** Parts of it in which no generator watched. */
  readonly unwatched: readonly Interval[]
  /** False: the observed part is too short to be an outage. Whether there was one is not known. */
  readonly isSeen: boolean
}

export const MIN_OUTAGE_US = US_PER_SECOND
/**
 * A service that is always slow has longer pauses. By its own time: the response time also holds the wait for a free worker, which
 * grows to the deadline where workers are too few, and says nothing about pauses of the service.
 */
const TIMES_P50 = 10
/** At a low rate a pause shorter than ten arrivals is normal. */
const SILENT_ARRIVALS = 10

export const minOutageUs = (baseline: Baseline | null): number =>
  Math.max(MIN_OUTAGE_US, TIMES_P50 * 1000 * (baseline?.serviceP50Ms ?? 0))

export interface OutageRule {
  readonly window: LoadWindow
  readonly watch: Watch
  readonly longerThanUs: number
  /** Between two acknowledgements of a healthy service. */
  readonly usualPauseUs: number
  /** A closed loop offers nothing while it waits, so what was due says nothing. */
  readonly isOpenLoop: boolean
}

export function outagesOf({ silences, seconds }: Merged, rule: OutageRule): Outage[] {
  const { window, watch, longerThanUs, usualPauseUs, isOpenLoop } = rule
  const outages: Outage[] = []
  for (let i = 0; i < silences.fromUs.length; i++) {
    const fromUs = Math.max(silences.fromUs[i] as number, window.startUs)
    const endUs = Math.min(silences.toUs[i] as number, window.endUs)
    if (endUs - fromUs <= longerThanUs) continue
    const unwatched = intersection(watch.unwatched, [{ fromUs, toUs: endUs }])
    const { arrivals, hasHole } = dueBetween(seconds, fromUs, endUs)
    const isDue = !isOpenLoop || arrivals >= SILENT_ARRIVALS
    const isSeen = isDue && endUs - fromUs - lengthUs(unwatched) > longerThanUs
    if (!isSeen && !((isDue || hasHole) && lengthUs(unwatched) > longerThanUs)) continue
    const isOpen = (silences.toUs[i] as number) > window.endUs
    const surelyFromUs = surelyFrom(fromUs, unwatched[0], usualPauseUs)
    outages.push({ fromUs, surelyFromUs, toUs: isOpen ? null : endUs, unwatched, isSeen })
  }
  return outages
}

/** A second counts by the share of it that lies inside; of one without a record it is not known what was due. */
function dueBetween(seconds: readonly MergedSecond[], fromUs: number, toUs: number) {
  const origin = seconds[0]?.second ?? 0
  let arrivals = 0
  let hasHole = false
  for (let second = Math.floor(fromUs / US_PER_SECOND); second * US_PER_SECOND < toUs; second++) {
    const startUs = second * US_PER_SECOND
    const inside = coveredUs([{ fromUs, toUs }], startUs, startUs + US_PER_SECOND)
    const found = seconds[second - origin]
    if (found === undefined || found.recorded === 0) hasHole = true
    else arrivals += (found.counts.intended * inside) / US_PER_SECOND
  }
  return { arrivals, hasHole }
}

/** A thread notices that it stood still by a timer, so its standstill begins within this of its last reply. */
const SOON_US = 100_000

/** The acknowledgement before a standstill is as old as a usual pause, and the service may have been alive until the end of it. */
function surelyFrom(fromUs: number, first: Interval | undefined, usualPauseUs: number): number {
  return first !== undefined && first.fromUs - fromUs < Math.max(SOON_US, usualPauseUs) ? first.toUs : fromUs
}

/** The longest silence that ends at this acknowledgement; its begin is the acknowledgement before. Null when shorter than recorded. */
function silenceBefore({ silences }: Merged, ackAtUs: number): Interval | null {
  let low = 0
  let high = silences.toUs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((silences.toUs[middle] as number) < ackAtUs) low = middle + 1
    else high = middle
  }
  const fromUs = silences.fromUs[low]
  const toUs = silences.toUs[low]
  return fromUs !== undefined && toUs === ackAtUs && Number.isFinite(fromUs) ? { fromUs, toUs } : null
}

/**
 * The silence in which a timeline rose: the longest one between the last commit on an older timeline and the first on the new.
 * Second tries that find their rows are acknowledged without a timeline, so it need not end at that first commit. That last
 * commit may lie inside of it: a generator that stood still dates a reply by when it reads it.
 */
export function silenceOfChange(
  merged: Merged,
  { firstAtUs, lastOldAtUs }: { readonly firstAtUs: number; readonly lastOldAtUs: number },
): Interval | null {
  let longest = silenceBefore(merged, firstAtUs)
  const { fromUs, toUs } = merged.silences
  for (let i = 0; i < fromUs.length; i++) {
    const silence = { fromUs: fromUs[i] as number, toUs: toUs[i] as number }
    if (silence.toUs <= lastOldAtUs || silence.toUs > firstAtUs) continue
    if (longest === null || silence.toUs - silence.fromUs > longest.toUs - longest.fromUs) longest = silence
  }
  return longest
}
