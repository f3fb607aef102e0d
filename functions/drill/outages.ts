/**
 * Outages: every maximal time in which nobody anywhere got an acknowledgement, if it is longer than the service's usual pauses.
 * The blip of one worker, one thread or one container is none, because the others were served.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract-time.ts'
import type { Baseline } from './baseline.ts'
import type { LoadWindow } from './load-window.ts'
import type { Merged, MergedSecond } from './merged.ts'

export interface Outage {
  readonly fromUs: number
  /** Null: it had not ended when the load did. */
  readonly toUs: number | null
}

export const LEAST_OUTAGE_US = US_PER_SECOND
const TIMES_P999 = 10
/** At a low rate nobody may simply have had anything to send: ten arrivals in a row are never late by chance. */
const SILENT_ARRIVALS = 10

export function shortestOutageUs(baseline: Baseline | null): number {
  const slowestUs = TIMES_P999 * 1000 * (baseline?.p999Ms ?? 0)
  const idleUs =
    baseline === null || baseline.offeredTps === 0 ? 0 : (SILENT_ARRIVALS * US_PER_SECOND) / baseline.offeredTps
  return Math.max(LEAST_OUTAGE_US, slowestUs, idleUs)
}

export function outagesOf({ silences, seconds }: Merged, window: LoadWindow, longerThanUs: number): Outage[] {
  const outages: Outage[] = []
  for (let i = 0; i < silences.fromUs.length; i++) {
    const fromUs = Math.max(silences.fromUs[i] as number, window.startUs)
    const endUs = Math.min(silences.toUs[i] as number, window.endUs)
    if (endUs - fromUs - unrecordedUs(seconds, fromUs, endUs) <= longerThanUs) continue
    const isOpen = (silences.toUs[i] as number) > window.endUs
    outages.push({ fromUs, toUs: isOpen ? null : endUs })
  }
  return outages
}

/** Time that nobody recorded: no record of an acknowledgement is not a record of no acknowledgement. */
function unrecordedUs(seconds: readonly MergedSecond[], fromUs: number, toUs: number): number {
  const origin = seconds[0]?.second ?? 0
  let unrecorded = 0
  for (let second = Math.floor(fromUs / US_PER_SECOND); second * US_PER_SECOND < toUs; second++) {
    if ((seconds[second - origin]?.recorded ?? 0) > 0) continue
    unrecorded += Math.min(toUs, (second + 1) * US_PER_SECOND) - Math.max(fromUs, second * US_PER_SECOND)
  }
  return unrecorded
}

/** The longest silence that ends at this acknowledgement; its begin is the acknowledgement before. Null when shorter than recorded. */
export function silenceBefore({ silences }: Merged, ackAtUs: number): Outage | null {
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
