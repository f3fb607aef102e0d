/**
 * Every event of a load, in the order of time: those that a request or a timeline shows, and every outage that none of
 * them explains.
 */

import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { Outage } from '../measurement/outages.ts'
import type { EventEvidence } from '../model/evidence.ts'
import type { EventSpan } from './attribution.ts'
import { beginOf, type EventTimes, eventTimes, type TimesContext } from './event-times.ts'
import { recognise, type Unnoticed } from './recognition.ts'

export interface Event extends EventTimes {
  /** From 1. */
  readonly number: number
  /** Of a drill that watches: it certainly began before the watch did. */
  readonly isBeforeWatch: boolean
}

/** `watched`: the evidence of a drill that causes nothing, and recognises what others did. */
export function eventsOf(
  spans: readonly EventSpan[],
  outages: readonly Outage[],
  watched: EventEvidence | null,
  context: TimesContext,
): Event[] {
  const left = new Set(outages)
  const take = (span: EventSpan): EventTimes => {
    const times = eventTimes(span, [...left], context)
    for (const outage of times.outages) left.delete(outage)
    return times
  }
  const events = spans.map(take)
  for (const outage of outages) if (left.has(outage)) events.push(take(onlySeen(outage, spans, context)))
  const unnoticed = (change: Unnoticed) => eventTimes(unnoticedSpan(change), [], context)
  const watchFromUs = watched === null ? null : watchBeginUs(watched, context)
  return recognise(events, watched, context, unnoticed)
    .sort((a, b) => beginOf(a) - beginOf(b))
    .map((times, i) => ({
      ...times,
      number: i + 1,
      isBeforeWatch: watchFromUs !== null && beginOf(times) < watchFromUs,
    }))
}

/** With the error of the clocks: what is not known to be earlier belongs to the watch. */
const watchBeginUs = ({ planned }: EventEvidence, { window, boundUs }: TimesContext): number =>
  window.startUs + planned.atSeconds * US_PER_SECOND - boundUs

const SEEN = {
  cause: 'other',
  kind: 'outage',
  evidence: null,
  identities: null,
  t0Us: null,
  change: null,
  startedUs: null,
  earlierOutage: null,
  causeWhy: null,
} as const

/** What a poll of the primary saw, and no client. */
const unnoticedSpan = ({ atUs, isRestart, untilUs }: Unnoticed): EventSpan => ({
  ...SEEN,
  beginUs: atUs,
  untilUs,
  startedUs: isRestart ? atUs : null,
})

/** Commits stopped, no timeline rose, and no request explains it. */
const onlySeen = (outage: Outage, spans: readonly EventSpan[], { window }: TimesContext): EventSpan => ({
  ...SEEN,
  beginUs: outage.fromUs,
  untilUs: spans.find(({ beginUs }) => beginUs > (outage.toUs ?? window.endUs))?.beginUs ?? window.endUs,
})
