/**
 * Which event lost which commits: the first outage after their acknowledgement can have discarded them, and its event is the one. The
 * measured recovery point reaches from the oldest lost commit to the last one before that outage; commits that the old primary still
 * acknowledged afterwards reach beyond that.
 */
import { US_PER_SECOND, US_PER_TENTH } from '../../loadgen-image/contract/glossary.ts'
import type { MergedSecond } from '../merge/merged.ts'
import type { AuditPass, LostSecond } from '../model/evidence.ts'
import { secondsBetween } from '../units/units.ts'
import type { Event } from './events.ts'

type LosingEvent = Pick<Event, 'number' | 't1Us' | 'span' | 'outages'>
type Seconds = readonly Pick<MergedSecond, 'second' | 'tenths'>[]

/** By the event's number: of its outages the one that lost most. An event that is missing here lost nothing. */
export function lostSecondsPerEvent(
  { lostPerSecond }: Pick<AuditPass, 'lostPerSecond'>,
  events: readonly LosingEvent[],
  seconds: Seconds,
): ReadonlyMap<number, number> {
  const breaks = events.flatMap(breaksOf)
  const losses = new Map<Break, LostSecond[]>()
  for (const lost of lostPerSecond) {
    const loser = breaks.find(({ lastTakenUs }) => lastTakenUs >= lost.second * US_PER_SECOND)
    if (loser !== undefined) losses.set(loser, [...(losses.get(loser) ?? []), lost])
  }
  const longest = new Map<number, number>()
  for (const [{ event, lastUs }, lost] of losses) {
    const newest = (lost.at(-1) as LostSecond).second
    const endUs = Math.max(lastUs, newest * US_PER_SECOND)
    const lostSeconds = Math.max(0, secondsBetween(oldestUs(lost, endUs, seconds), endUs) ?? 0)
    longest.set(event, Math.max(longest.get(event) ?? 0, lostSeconds))
  }
  return longest
}

/** Where an event can have discarded commits: where commits stopped, and at each outage before the service was sustained again. */
interface Break {
  readonly event: number
  /** The last acknowledgement before the outage. */
  readonly lastUs: number
  /** The last one that can have been discarded; the old primary may have acknowledged some after the outage had begun. */
  readonly lastTakenUs: number
}

function breaksOf({ number, t1Us, span, outages }: LosingEvent): Break[] {
  const beganUs = t1Us ?? span.earlierOutage?.fromUs ?? null
  if (beganUs === null) return []
  const later = outages.map(({ fromUs }) => fromUs).filter((fromUs) => fromUs > beganUs)
  const lastOldUs = span.change?.lastOldAtUs ?? Number.NEGATIVE_INFINITY
  return [beganUs, ...later].map((lastUs, i) => {
    const isLastOfOldPrimary = lastUs <= lastOldUs && (later[i] ?? Number.POSITIVE_INFINITY) > lastOldUs
    return { event: number, lastUs, lastTakenUs: isLastOfOldPrimary ? lastOldUs : lastUs }
  })
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
