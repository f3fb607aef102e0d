/**
 * When the load generators were able to observe the service. A thread that stands still reads no reply, and a second without a
 * record contains no observation: an outage in such a time was not observed. A client that the server refuses because its identity got
 * no token observes nothing either: the server may have been there for it. A service is watched while at least
 * one container watches; a client is watched while its own container does.
 */
import { READ_LATE_US, US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { type Interval, intersection, union } from '../../loadgen-image/contract/intervals.ts'
import type { Incarnation, Merged } from '../merge/merged.ts'

/** The generator's own code of a login that was refused after its token had expired and its identity got no other. */
export const NO_TOKEN = 'no-token'

export interface Standstill extends Interval {
  readonly container: number
  readonly kind: 'stood still' | 'left no record' | 'had no database token'
}

export interface Watch {
  /** No container watched at all. The first begins and the last ends at infinity. */
  readonly unwatched: readonly Interval[]
  /** Every time in which some container did not watch with all of its threads, in the order of time. */
  readonly standstills: readonly Standstill[]
}

/** Shorter standstills change no figure of an outage by more than its precision. */
export const TOLERANCE_US = US_PER_SECOND / 4

export function watchOf({ incarnations, seconds }: Pick<Merged, 'incarnations' | 'seconds'>): Watch {
  const shutOut = timesWithoutToken(seconds)
  const blind = incarnations.map((one) => union([...blindTimes(one), ...shutOut]))
  const standstills = incarnations.flatMap((one) => [
    ...standstillsOf(one),
    ...shutOut.map((time) => ({ container: one.container, kind: 'had no database token' as const, ...time })),
  ])
  return {
    unwatched: blind.length === 0 ? [EVER] : blind.reduce(intersection),
    standstills: standstills.sort((a, b) => a.fromUs - b.fromUs || a.container - b.container),
  }
}

/** A client tries again within this. */
const MAX_PAUSE_SECONDS = 10

/** Merged seconds do not show which container it was, so none of them counts. */
function timesWithoutToken(seconds: Merged['seconds']): Interval[] {
  const refused = seconds.filter(({ errors }) => (errors[NO_TOKEN] ?? 0) > 0).map(({ second }) => second)
  return union(
    refused.map((second, index) => {
      const next = refused[index + 1]
      const last = next !== undefined && next - second <= MAX_PAUSE_SECONDS ? next : second
      return { fromUs: second * US_PER_SECOND, toUs: (last + 1) * US_PER_SECOND }
    }),
  )
}

const EVER: Interval = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY }

/** None of its threads ran, or no record shows that one did. */
function blindTimes(incarnation: Incarnation): Interval[] {
  const { firstSecond, lastSecond, threads, stalls } = incarnation
  const ofThreads = Array.from({ length: threads }, (_, thread) =>
    union(stalls.filter((one) => one.thread === thread).map(untilItWatches)),
  )
  const shift = incarnation.clock.offsetUs
  return union([
    { fromUs: Number.NEGATIVE_INFINITY, toUs: firstSecond * US_PER_SECOND - shift },
    { fromUs: (lastSecond + 1) * US_PER_SECOND - shift, toUs: Number.POSITIVE_INFINITY },
    ...ofThreads.reduce(intersection),
    ...missingTimes(incarnation),
  ])
}

/**
 * A thread observes again once it has read the waiting replies. One that stands still repeatedly, and runs only for moments in
 * between, observes nothing during that time.
 */
const untilItWatches = ({ fromUs, toUs }: Interval): Interval => ({ fromUs, toUs: toUs + READ_LATE_US })

/** Seconds of a container are counted on its own clock. */
const missingTimes = ({ missing, clock }: Incarnation): Interval[] =>
  missing.map(({ first, last }) => ({
    fromUs: first * US_PER_SECOND - clock.offsetUs,
    toUs: (last + 1) * US_PER_SECOND - clock.offsetUs,
  }))

const standstillsOf = (incarnation: Incarnation): Standstill[] => {
  const { container, stalls } = incarnation
  return [
    ...union(stalls).map((time) => ({ container, kind: 'stood still' as const, ...time })),
    ...missingTimes(incarnation).map((time) => ({ container, kind: 'left no record' as const, ...time })),
  ]
}

/** How long this container did not watch with all of its threads. */
export const blindUsOf = ({ standstills }: Watch, container: number, fromUs: number, toUs: number): number =>
  union(standstills.filter((one) => one.container === container)).reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.toUs, toUs) - Math.max(one.fromUs, fromUs)),
    0,
  )

/** The longest time for which any one container did not watch in this stretch. */
export const blindestUs = (watch: Watch, fromUs: number, toUs: number): number =>
  [...new Set(watch.standstills.map(({ container }) => container))].reduce(
    (most, container) => Math.max(most, blindUsOf(watch, container, fromUs, toUs)),
    0,
  )
