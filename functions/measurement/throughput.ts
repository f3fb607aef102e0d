/** Throughput and availability. TPS is acknowledged commits per second; availability is the share of intended transactions that was acknowledged in time. */

import { addUp } from '../../loadgen-image/contract/counts.ts'
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import { addPacked } from '../merge/histograms.ts'
import type { MergedSecond } from '../merge/merged.ts'
import type { Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import type { Baseline } from './baseline.ts'
import { countUpTo, type Latency } from './latency.ts'
import type { Outage } from './outages.ts'
import { SUSTAINED_SHARE } from './sustained-recovery.ts'
import { type LoadWindow, secondsInside, secondsTouching } from './window.ts'

/** 99.99 % of 30 days. */
const MONTHLY_BUDGET_SECONDS = 259.2
const AROUND_EVENT_US = 150 * US_PER_SECOND

const perSecond = (count: number, seconds: number): number | null => (seconds > 0 ? round(count / seconds, 1) : null)

/** `measured`: all seconds after the warm-up. */
export function throughputOf(
  measured: readonly MergedSecond[],
  baseline: Baseline | null,
  window: LoadWindow,
  warmupSeconds: number,
): Report['throughput'] {
  const lengthSeconds = (window.endUs - window.startUs) / US_PER_SECOND - warmupSeconds
  const { acknowledged } = addUp(measured.map(({ counts }) => counts))
  return {
    offeredTps: baseline === null ? null : round(baseline.offeredTps, 1),
    baselineTps: baseline === null ? null : round(baseline.tps, 1),
    baselineMad: baseline === null ? null : round(baseline.mad, 1),
    meanTps: perSecond(acknowledged, lengthSeconds),
    peakTps:
      measured.length === 0 ? null : measured.reduce((most, { counts }) => Math.max(most, counts.acknowledged), 0),
  }
}

/** At most 1: the first of the seconds also has replies to arrivals of the one before. */
const share = (part: number, whole: number): number | null => (whole > 0 ? round(Math.min(1, part / whole), 6) : null)

function availabilityOver(seconds: readonly MergedSecond[], deadlineMs: number): number | null {
  const histogram = new Histogram()
  for (const { response } of seconds) addPacked(histogram, response)
  return share(countUpTo(histogram, deadlineMs), addUp(seconds.map(({ counts }) => counts)).intended)
}

export function availabilityOf(
  measured: readonly MergedSecond[],
  parts: {
    readonly baseline: Baseline | null
    /** Of the measured seconds. */
    readonly whole: Latency | null
    readonly window: LoadWindow
    readonly outages: readonly Outage[]
    /** When each event began: its acceptance, or the last commit before it. */
    readonly beginsUs: readonly number[]
    readonly deadlineMs: number
  },
): Report['availability'] {
  const { baseline, whole, window, outages, beginsUs, deadlineMs } = parts
  const { intended, acknowledged, refused, unknown } = addUp(measured.map(({ counts }) => counts))
  const around = beginsUs.flatMap(
    (beginUs) =>
      availabilityOver(secondsTouching(measured, beginUs - AROUND_EVENT_US, beginUs + AROUND_EVENT_US), deadlineMs) ??
      [],
  )
  const outageUs = outages.reduce((sum, { fromUs, toUs }) => sum + (toUs ?? window.endUs) - fromUs, 0)
  const isWatched = outages.every(({ isSeen }) => isSeen)
  return {
    whole: whole === null ? null : share(countUpTo(whole.response.histogram, deadlineMs), intended),
    aroundEvent: around.length === 0 ? null : Math.min(...around),
    successOfAttempts: share(acknowledged, acknowledged + refused + unknown),
    secondsAtBaseline: shareAtBaseline(measured, baseline, window),
    monthlyBudgetShare: isWatched ? round(outageUs / US_PER_SECOND / MONTHLY_BUDGET_SECONDS, 4) : null,
  }
}

/** Whole seconds of the load in which 95 % of what was offered, or of the baseline where that is less, was acknowledged. */
function shareAtBaseline(
  measured: readonly MergedSecond[],
  baseline: Baseline | null,
  window: LoadWindow,
): number | null {
  if (baseline === null) return null
  const whole = secondsInside(measured, window.startUs, window.endUs)
  const good = whole.filter(
    ({ counts }) => counts.acknowledged >= SUSTAINED_SHARE * Math.min(baseline.tps, counts.intended),
  )
  return share(good.length, whole.length)
}
