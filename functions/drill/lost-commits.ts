/**
 * Which event lost which commits: the first one that took commits away after they had been acknowledged. The measured recovery
 * point of an event reaches from its oldest lost commit to its last one before the outage; commits that the old primary still
 * acknowledged afterwards reach beyond that.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract-time.ts'
import type { Event } from './events.ts'
import { secondsBetween } from './instants.ts'
import type { AuditPass } from './outcome.ts'

type LosingEvent = Pick<Event, 'number' | 't1Us' | 't2Us' | 'span'>

/** By the event's number. An event that is missing here lost nothing. */
export function lostSecondsPerEvent(
  { lostPerSecond }: Pick<AuditPass, 'lostPerSecond'>,
  events: readonly LosingEvent[],
): ReadonlyMap<number, number> {
  const losers = events.filter(({ t1Us, t2Us }) => t1Us !== null || t2Us !== null)
  const stretches = new Map<LosingEvent, { readonly oldest: number; readonly newest: number }>()
  for (const { second } of lostPerSecond) {
    const loser = losers.find((event) => lastTakenUs(event) >= second * US_PER_SECOND)
    if (loser === undefined) continue
    stretches.set(loser, { oldest: stretches.get(loser)?.oldest ?? second, newest: second })
  }
  return new Map(
    [...stretches].map(([event, { oldest, newest }]) => {
      const endUs = Math.max(event.t1Us ?? event.t2Us ?? 0, newest * US_PER_SECOND)
      return [event.number, Math.max(0, secondsBetween(oldest * US_PER_SECOND, endUs) ?? 0)]
    }),
  )
}

/** The last acknowledgement that this event can have taken away. */
const lastTakenUs = ({ t1Us, t2Us, span }: LosingEvent): number =>
  Math.max(t1Us ?? t2Us ?? Number.NEGATIVE_INFINITY, span.change?.lastOldAtUs ?? Number.NEGATIVE_INFINITY)
