/**
 * T4: the first instant from which on the service is sustained again.
 *
 * At an instant t the goodput of the window [t, t + W) must reach 95 % of what is expected, and so must every window that
 * begins later and ends within the hold; the response p99 of the whole seconds of the hold must be near the baseline's. The
 * window looks forward: one that looks back still contains the outage and would report it longer by up to W.
 *
 * Two rules keep a mean from hiding slow seconds. A backlog that is worked off in a burst must not compensate for the slow
 * seconds around it: no second of a window counts for more than the baseline's own scatter allows. And a window must not begin
 * with a gap for which its rest compensates: its first second must reach the 95 % too.
 *
 * Percentiles are known by the second, so t also needs a second whose own p99 is near the baseline's: one in which a backlog
 * was worked off ends before t. And t does not lie in a tenth of a second without a commit.
 *
 * Expected is the baseline, or what was offered where that is less (a profile, the chance of Poisson arrivals).
 */

import { TENTHS, US_PER_SECOND, US_PER_TENTH } from '../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import type { Interval } from '../../loadgen-image/contract/intervals.ts'
import { addPacked, EMPTY } from '../merge/histograms.ts'
import type { MergedSecond } from '../merge/merged.ts'
import { MAD_TO_SIGMA } from '../units/statistics.ts'
import type { Baseline } from './baseline.ts'

export const SUSTAINED_SHARE = 0.95
const MIN_P99_LIMIT_MS = 50
const TIMES_P99 = 2
const SIGMAS = 3
/** Fewer commits are expected of a tenth of a second now and then by chance. */
const MIN_EXPECTED = 2

export interface SustainedRule {
  readonly windowSeconds: number
  readonly holdSeconds: number
}

export interface SustainedSearch {
  /** T2. */
  readonly fromUs: number
  /** The next failover, or the end of the load: by then it must have begun. */
  readonly beforeUs: number
  readonly loadEndUs: number
}

/** The highest p99 response that still counts as recovered. */
const p99LimitMs = (baseline: Baseline): number => Math.max(MIN_P99_LIMIT_MS, TIMES_P99 * (baseline.p99Ms ?? 0))

export class Goodput {
  readonly #seconds: readonly MergedSecond[]
  readonly #origin: number
  readonly #acks: Float64Array
  readonly #expected: Float64Array
  readonly #baseline: Baseline
  readonly #slowSeconds = new Map<number, boolean>()

  constructor(seconds: readonly MergedSecond[], baseline: Baseline, isOpenLoop: boolean) {
    this.#seconds = seconds
    this.#origin = (seconds[0]?.second ?? 0) * TENTHS
    this.#baseline = baseline
    this.#acks = runningSum(seconds.flatMap(({ tenths }) => tenths))
    this.#expected = runningSum(seconds.flatMap((second) => perTenth(expectedOf(second, baseline, isOpenLoop))))
  }

  /** Null when it was not sustained before the load ended. */
  sustainedFrom(search: SustainedSearch, rule: SustainedRule): number | null {
    const spanTenths = Math.max(rule.windowSeconds, rule.holdSeconds) * TENTHS
    const heldWindows = spanTenths - rule.windowSeconds * TENTHS
    const lastWindow = Math.floor(search.loadEndUs / US_PER_TENTH) - rule.windowSeconds * TENTHS
    let goodSince = Math.floor(search.fromUs / US_PER_TENTH)
    for (let tenth = goodSince; tenth <= lastWindow; tenth++) {
      if (!this.#isWindowGood(Math.max(search.fromUs, tenth * US_PER_TENTH), rule.windowSeconds)) goodSince = tenth + 1
      const start = tenth - heldWindows
      if (start < goodSince) continue
      const atUs = Math.max(search.fromUs, start * US_PER_TENTH)
      if (atUs >= search.beforeUs) return null
      if (this.#isSteady(atUs) && this.#beginsWell(atUs) && this.#isFast(atUs, spanTenths)) return atUs
    }
    return null
  }

  /**
   * Before this instant the service was surely not sustained, where `sustainedFrom` found nothing: the end of the last window
   * that was too weak, or a later begin that was too slow. What the next event or the end of the load cut off proves nothing.
   */
  notSustainedBefore(search: SustainedSearch, rule: SustainedRule): number {
    const spanTenths = Math.max(rule.windowSeconds, rule.holdSeconds) * TENTHS
    const heldWindows = spanTenths - rule.windowSeconds * TENTHS
    const cutUs = Math.min(search.beforeUs, search.loadEndUs)
    const lastWindow = Math.floor(cutUs / US_PER_TENTH) - rule.windowSeconds * TENTHS
    const firstTenth = Math.floor(search.fromUs / US_PER_TENTH)
    let goodSince = firstTenth
    let notBefore = firstTenth
    for (let tenth = firstTenth; tenth <= lastWindow; tenth++) {
      if (!this.#isWindowGood(Math.max(search.fromUs, tenth * US_PER_TENTH), rule.windowSeconds)) goodSince = tenth + 1
      const start = tenth - heldWindows
      notBefore = Math.max(notBefore, goodSince, start >= goodSince ? start + 1 : 0)
    }
    return Math.max(search.fromUs, notBefore * US_PER_TENTH)
  }

  /** The first instant from this one on that may be T4 by its own second and tenth; null when there is none. */
  steadyFrom(fromUs: number): number | null {
    const endTenth = this.#origin + this.#acks.length - 1
    for (let tenth = Math.floor(fromUs / US_PER_TENTH); tenth < endTenth; tenth++) {
      const atUs = Math.max(fromUs, tenth * US_PER_TENTH)
      if (this.#isSteady(atUs)) return atUs
    }
    return null
  }

  #isSteady(atUs: number): boolean {
    const fromUs = alignDown(atUs)
    const isIdle = sumBetween(this.#expected, this.#origin, fromUs, fromUs + US_PER_TENTH) < MIN_EXPECTED
    const hasCommits = this.#acksBetween(fromUs, fromUs + US_PER_TENTH) > 0
    const second = Math.floor(atUs / US_PER_SECOND)
    return (isIdle || hasCommits) && this.#isFastBetween(second, second + 1)
  }

  #isWindowGood(fromUs: number, windowSeconds: number): boolean {
    let counted = 0
    let expected = 0
    for (let i = 0; i < windowSeconds; i++) {
      const blockFromUs = i === 0 ? fromUs : alignDown(fromUs) + i * US_PER_SECOND
      const blockToUs = alignDown(fromUs) + (i + 1) * US_PER_SECOND
      const due = sumBetween(this.#expected, this.#origin, blockFromUs, blockToUs)
      counted += Math.min(this.#acksBetween(blockFromUs, blockToUs), due + this.#surplus())
      expected += due
    }
    return counted >= SUSTAINED_SHARE * expected && expected > 0
  }

  #beginsWell(fromUs: number): boolean {
    const toUs = alignDown(fromUs) + US_PER_SECOND
    const due = sumBetween(this.#expected, this.#origin, fromUs, toUs)
    return this.#acksBetween(fromUs, toUs) >= SUSTAINED_SHARE * due - Math.max(1, this.#scatter())
  }

  /** What a second of the baseline may differ from its median by chance. */
  #scatter(): number {
    return SIGMAS * MAD_TO_SIGMA * this.#baseline.mad
  }

  /** More than this in one second is a backlog, not a sustained rate. */
  #surplus(): number {
    return Math.max((1 - SUSTAINED_SHARE) * this.#baseline.tps, this.#scatter())
  }

  /** The tenth in which the service came back holds no acknowledgement from before it: all of its count. */
  #acksBetween(fromUs: number, toUs: number): number {
    return sumBetween(this.#acks, this.#origin, alignDown(fromUs), toUs)
  }

  /** Only whole seconds: the one in which the backlog was worked off is not the sustained service yet. */
  #isFast(fromUs: number, spanTenths: number): boolean {
    return this.#isFastBetween(
      Math.ceil(fromUs / US_PER_SECOND),
      Math.floor((fromUs + spanTenths * US_PER_TENTH) / US_PER_SECOND),
    )
  }

  #isFastBetween(first: number, end: number): boolean {
    const key = first * 100_000 + (end - first)
    let isSlow = this.#slowSeconds.get(key)
    if (isSlow === undefined) {
      isSlow = this.#p99Ms(first, end) > p99LimitMs(this.#baseline)
      this.#slowSeconds.set(key, isSlow)
    }
    return !isSlow
  }

  #p99Ms(first: number, end: number): number {
    const histogram = new Histogram()
    const origin = this.#origin / TENTHS
    for (const { response } of this.#seconds.slice(first - origin, end - origin)) addPacked(histogram, response)
    return (histogram.percentileUs(0.99) ?? 0) / 1000
  }
}

/** Arrivals that became due in a standstill are sent after it, and make the seconds behind it slow. */
const CATCH_UP_US = US_PER_SECOND

/** The seconds as if the service had been healthy whenever a generator stood still: what remains weak or slow is the service's. */
export function asIfWell(
  seconds: readonly MergedSecond[],
  standstills: readonly Interval[],
  { tps }: Pick<Baseline, 'tps'>,
): readonly MergedSecond[] {
  const origin = seconds[0]?.second ?? 0
  const all = [...seconds]
  for (const { fromUs, toUs } of standstills) {
    const first = Math.max(0, Math.floor(fromUs / US_PER_SECOND) - origin)
    const last = Math.min(all.length - 1, Math.floor((toUs + CATCH_UP_US) / US_PER_SECOND) - origin)
    for (let i = first; i <= last; i++) {
      const second = all[i] as MergedSecond
      const startUs = second.second * US_PER_SECOND
      const tenths = second.tenths.map((acks, tenth) => {
        const tenthUs = startUs + tenth * US_PER_TENTH
        return tenthUs < toUs && tenthUs + US_PER_TENTH > fromUs ? Math.max(acks, tps / TENTHS) : acks
      })
      all[i] = { ...second, tenths, response: EMPTY }
    }
  }
  return all
}

const alignDown = (atUs: number): number => Math.floor(atUs / US_PER_TENTH) * US_PER_TENTH

/** A second that some container did not record has an unknown offer: the baseline is expected. */
function expectedOf({ counts, missing }: MergedSecond, { tps }: Baseline, isOpenLoop: boolean): number {
  return isOpenLoop && missing === 0 ? Math.min(tps, counts.intended) : tps
}

const perTenth = (perSecond: number): number[] => new Array<number>(TENTHS).fill(perSecond / TENTHS)

function runningSum(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1)
  for (const [i, value] of values.entries()) sums[i + 1] = (sums[i] as number) + value
  return sums
}

/** Between two instants, tenths cut in proportion. */
const sumBetween = (sums: Float64Array, origin: number, fromUs: number, toUs: number): number =>
  sumUpTo(sums, toUs / US_PER_TENTH - origin) - sumUpTo(sums, fromUs / US_PER_TENTH - origin)

function sumUpTo(sums: Float64Array, tenths: number): number {
  const inside = Math.min(Math.max(tenths, 0), sums.length - 1)
  const whole = Math.floor(inside)
  const at = sums[whole] as number
  return at + (inside - whole) * ((sums[Math.min(whole + 1, sums.length - 1)] as number) - at)
}
