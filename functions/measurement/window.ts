/** When the load began and ended, and which recorded seconds lie between two instants. All on the database's clock. */

import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import type { Merged, MergedSecond } from '../merge/merged.ts'
import { median } from '../units/statistics.ts'

export interface LoadWindow {
  readonly startUs: number
  /** When the last arrival was due. */
  readonly endUs: number
  /** The records end before the load was to end: the service after them was not observed. */
  readonly isCut: boolean
}

/** Null when nothing was recorded. */
export function loadWindow(
  { seconds, incarnations }: Merged,
  { durationSeconds }: Pick<LoadPlan, 'durationSeconds'>,
  loadStartAtMs: number | null,
): LoadWindow | null {
  const offering = seconds.filter(({ counts }) => counts.intended > 0)
  const first = offering[0]
  const last = offering.at(-1)
  if (first === undefined || last === undefined) return null
  const recordedEndUs = ((seconds.at(-1) ?? last).second + 1) * US_PER_SECOND
  if (loadStartAtMs === null)
    return { startUs: first.second * US_PER_SECOND, endUs: (last.second + 1) * US_PER_SECOND, isCut: false }
  // The start signal names a time on the containers' clocks.
  const offsetUs = median(incarnations.map(({ clock }) => clock.offsetUs)) ?? 0
  const startUs = loadStartAtMs * 1000 - offsetUs
  const plannedEndUs = startUs + durationSeconds * US_PER_SECOND
  if (recordedEndUs >= plannedEndUs - US_PER_SECOND)
    return { startUs, endUs: Math.min(recordedEndUs, plannedEndUs), isCut: false }
  const wasStopped = incarnations.some(({ hasSummary }) => hasSummary)
  return { startUs, endUs: endOfOffer(seconds, last, wasStopped), isCut: true }
}

/** A load that was stopped ends inside its last second, so that is not counted as whole. A killed one left whole seconds only. */
const endOfOffer = (seconds: readonly MergedSecond[], last: MergedSecond, wasStopped: boolean): number =>
  (last.second + (wasStopped && seconds.at(-1) === last ? 0 : 1)) * US_PER_SECOND

/** Seconds that lie wholly inside. */
export const secondsInside = (
  seconds: readonly MergedSecond[],
  fromUs: number,
  toUs: number,
): readonly MergedSecond[] => between(seconds, Math.ceil(fromUs / US_PER_SECOND), Math.floor(toUs / US_PER_SECOND))

/** Seconds that have a part inside. */
export const secondsTouching = (
  seconds: readonly MergedSecond[],
  fromUs: number,
  toUs: number,
): readonly MergedSecond[] => between(seconds, Math.floor(fromUs / US_PER_SECOND), Math.ceil(toUs / US_PER_SECOND))

/** The recorded seconds have no holes, so a stretch of them is a slice. */
function between(seconds: readonly MergedSecond[], first: number, end: number): readonly MergedSecond[] {
  const origin = seconds[0]?.second ?? 0
  return seconds.slice(Math.max(0, first - origin), Math.max(0, end - origin))
}
