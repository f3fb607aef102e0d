/**
 * When each arrival is due. Arrival n of the whole drill is due at a moment that depends on n alone, so a slow reply never moves
 * the arrivals behind it.
 *
 * The offered rate is a piecewise linear function of time: its integral is the number of arrivals that are due by a moment, and the
 * inverse of the integral is the moment at which the n-th is due. Containers and threads take arrivals in turn (container k of N
 * takes k, k+N, k+2N ...), so shares are exact for any N and the whole stays evenly spaced.
 */
import { US_PER_SECOND } from '../contract/glossary.ts'
import type { LoadPlan, ProfileStep } from '../contract/load-plan.ts'
import { type Random, seededRandom } from './random.ts'

/** Rounding of 8000 x 300 must not add or drop an arrival. */
const COUNT_TOLERANCE = 1e-6

export type RatePlan = Pick<LoadPlan, 'targetTps' | 'durationSeconds' | 'arrivals' | 'profile' | 'seed'>

/** Whose arrivals: one thread of one container takes every n-th arrival of the drill. */
export interface Share {
  readonly container: number
  readonly containers: number
  readonly thread: number
  readonly threads: number
}

interface Segment {
  readonly fromSecond: number
  readonly seconds: number
  readonly fromTps: number
  readonly tpsPerSecond: number
  readonly arrivalsBefore: number
  readonly arrivals: number
}

/** Splits a total so that the shares add up again: share(8000, 3, 0..2) is 2667, 2667, 2666. */
export const share = (total: number, parts: number, index: number): number =>
  Math.floor(total / parts) + (index < total % parts ? 1 : 0)

export const shareStart = (total: number, parts: number, index: number): number =>
  index * Math.floor(total / parts) + Math.min(index, total % parts)

/** The arrivals of one thread, one after the other. Two cursors over the same share walk through the same moments. */
export class ArrivalCursor {
  /** Microseconds after the start of the load; Infinity when there are no more. */
  dueUs = 0
  readonly #segments: readonly Segment[]
  readonly #total: number
  readonly #step: () => number
  #position: number
  #segment = 0

  constructor(plan: RatePlan, own: Share) {
    this.#segments = rateSegments(plan)
    this.#total = expectedArrivals(this.#segments) - COUNT_TOLERANCE
    const threads = own.containers * own.threads
    const random = seededRandom(plan.seed, own.container, own.thread)
    this.#step = plan.arrivals === 'even' ? () => threads : () => threads * exponential(random)
    this.#position = plan.arrivals === 'even' ? own.container + own.containers * own.thread : this.#step()
    this.#locate()
  }

  advance(): void {
    this.#position += this.#step()
    this.#locate()
  }

  #locate(): void {
    if (this.#position >= this.#total) {
      this.dueUs = Number.POSITIVE_INFINITY
      return
    }
    let segment = this.#segments[this.#segment] as Segment
    while (this.#position >= segment.arrivalsBefore + segment.arrivals && this.#segment + 1 < this.#segments.length)
      segment = this.#segments[++this.#segment] as Segment
    this.dueUs = (segment.fromSecond + secondsUntil(segment, this.#position - segment.arrivalsBefore)) * US_PER_SECOND
  }
}

/** The solution of rate x t + slope x t^2 / 2 = arrivals, in the form that does not cancel out. */
function secondsUntil(segment: Segment, arrivals: number): number {
  if (arrivals <= 0) return 0
  const root = Math.sqrt(Math.max(0, segment.fromTps ** 2 + 2 * segment.tpsPerSecond * arrivals))
  return Math.min(segment.seconds, (2 * arrivals) / (segment.fromTps + root))
}

/** Gaps of a Poisson process; 1 - random() is never 0. */
const exponential = (random: Random): number => -Math.log(1 - random())

const expectedArrivals = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + segment.arrivals, 0)

/** A step jumps to its factor at once; a ramp reaches it when the next step begins, or the load ends. */
function rateSegments({ targetTps, profile, durationSeconds }: RatePlan): readonly Segment[] {
  const steps: ProfileStep[] = [{ fromSecond: 0, factor: 1, shape: 'step' }, ...profile]
  const segments: Segment[] = []
  let tps = targetTps
  let arrivalsBefore = 0
  steps.forEach((step, index) => {
    const until = Math.min(steps[index + 1]?.fromSecond ?? durationSeconds, durationSeconds)
    const seconds = Math.max(0, until - step.fromSecond)
    const endTps = step.factor * targetTps
    const fromTps = step.shape === 'step' ? endTps : tps
    const arrivals = ((fromTps + endTps) / 2) * seconds
    if (arrivals > 0)
      segments.push({
        fromSecond: step.fromSecond,
        seconds,
        fromTps,
        tpsPerSecond: (endTps - fromTps) / seconds,
        arrivalsBefore,
        arrivals,
      })
    arrivalsBefore += arrivals
    if (seconds > 0 || step.shape === 'step') tps = endTps
  })
  return segments
}
