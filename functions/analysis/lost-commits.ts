/**
 * Which event lost which commits: the first event after their acknowledgement that can have discarded them. The measured recovery
 * point of an event reaches from its oldest lost commit to its last one before the outage; commits that the old primary still
 * acknowledged afterwards reach beyond that.
 */
import { US_PER_SECOND, US_PER_TENTH } from '../../loadgen-image/contract/glossary.ts'
import type { MergedSecond } from '../merge/merged.ts'
import type { AuditPass, LostSecond } from '../model/evidence.ts'
import { secondsBetween } from '../units/units.ts'
import type { Event } from './events.ts'

type LosingEvent = Pick<Event, 'number' | 't1Us' | 't2Us' | 'span'>
type Seconds = readonly Pick<MergedSecond, 'second' | 'tenths'>[]

/** By the event's number. An event that is missing here lost nothing. */
export function lostSecondsPerEvent(
  { lostPerSecond }: Pick<AuditPass, 'lostPerSecond'>,
  events: readonly LosingEvent[],
  seconds: Seconds,
): ReadonlyMap<number, number> {
  const losers = events.filter(({ t1Us, t2Us }) => t1Us !== null || t2Us !== null)
  const losses = new Map<LosingEvent, LostSecond[]>()
  for (const lost of lostPerSecond) {
    const loser = losers.find((event) => lastTakenUs(event) >= lost.second * US_PER_SECOND)
    if (loser !== undefined) losses.set(loser, [...(losses.get(loser) ?? []), lost])
  }
  return new Map(
    [...losses].map(([event, lost]) => {
      const newest = (lost.at(-1) as LostSecond).second
      const endUs = Math.max(event.t1Us ?? event.t2Us ?? 0, newest * US_PER_SECOND)
      return [event.number, Math.max(0, secondsBetween(oldestUs(lost, endUs, seconds), endUs) ?? 0)]
    }),
  )
}

/**
 * When the oldest of them was acknowledged. The ledger knows the second. Where everything from then to the outage was lost, the
 * lost ones of that second are its last ones, and its tenths show where they begin.
 */
function oldestUs(losses: readonly LostSecond[], endUs: number, seconds: Seconds): number {
  const { second, lost } = losses[0] as LostSecond
  const lostIn = new Map(losses.map((one) => [one.second, one.lost]))
  const startUs = second * US_PER_SECOND
  const lastSecond = Math.floor(endUs / US_PER_SECOND)
  for (let later = second + 1; later <= lastSecond; later++)
    if (acksOf(later, endUs, seconds).reduce((sum, acks) => sum + acks, 0) !== (lostIn.get(later) ?? 0)) return startUs
  const tenths = acksOf(second, endUs, seconds)
  let left = lost
  for (let tenth = tenths.length - 1; tenth > 0; tenth--) {
    left -= tenths[tenth] as number
    if (left <= 0) return startUs + tenth * US_PER_TENTH
  }
  return startUs
}

/** Per tenth of this second, without those that begin after the end. */
const acksOf = (second: number, endUs: number, seconds: Seconds): readonly number[] =>
  (seconds[second - (seconds[0]?.second ?? 0)]?.tenths ?? []).filter(
    (_, tenth) => second * US_PER_SECOND + tenth * US_PER_TENTH <= endUs,
  )

/** The last acknowledgement that this event can have discarded. */
const lastTakenUs = ({ t1Us, t2Us, span }: LosingEvent): number =>
  Math.max(t1Us ?? t2Us ?? Number.NEGATIVE_INFINITY, span.change?.lastOldAtUs ?? Number.NEGATIVE_INFINITY)
