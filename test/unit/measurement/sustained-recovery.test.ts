import { expect, test } from 'vitest'
import { type Baseline, baselineOf } from '../../../functions/measurement/baseline.ts'
import { Goodput } from '../../../functions/measurement/sustained-recovery.ts'
import { packed } from '../../../functions/merge/histograms.ts'
import type { MergedSecond } from '../../../functions/merge/merged.ts'
import { Histogram } from '../../../loadgen-image/contract/histogram.ts'

const RATE = 100
const RULE = { windowSeconds: 10, holdSeconds: 30 }
/** The story begins at this second, behind a baseline of as many. */
const START = 60

/** Goodput per tenth of a second as a share of the rate, from START on, and then at the full rate until second 180. */
function world(
  tenthShares: readonly number[],
  own: { readonly offeredShare?: number; readonly slowMs?: (second: number) => number } = {},
) {
  const seconds = Array.from({ length: 180 }, (_, second) => {
    const tenths = Array.from({ length: 10 }, (_, i) => {
      const share = second < START ? 1 : (tenthShares[(second - START) * 10 + i] ?? 1)
      return (share * RATE) / 10
    })
    return aSecond(second, tenths, own.slowMs?.(second) ?? 5, second < START ? 1 : (own.offeredShare ?? 1))
  })
  const baseline = baselineOf(seconds.slice(0, START), { deadlineMs: 1000, targetTps: RATE }) as Baseline
  return new Goodput(seconds, baseline, true)
}

function aSecond(second: number, tenths: readonly number[], latencyMs: number, offeredShare: number): MergedSecond {
  const acknowledged = Math.round(tenths.reduce((sum, acks) => sum + acks))
  const histogram = new Histogram()
  for (let i = 0; i < acknowledged; i++) histogram.record(latencyMs * 1000)
  return {
    second,
    counts: { intended: RATE * offeredShare, acknowledged, refused: 0, unknown: 0, missed: 0, weakAcks: 0 },
    tenths,
    response: packed(histogram),
    service: packed(histogram),
    sendLagP99Us: 100,
    errors: {},
    connectionsOpen: 10,
    connectionsWanted: 10,
    waiting: 0,
    lastMissedAtUs: null,
    eventLoopDelayP99Us: 1000,
    recorded: 1,
    missing: 0,
  }
}

const repeat = (share: number, seconds: number): number[] => new Array(Math.round(seconds * 10)).fill(share)

const sustainedFrom = (goodput: Goodput, fromSecond: number, loadEndSecond = 180): number | null => {
  const at = goodput.sustainedFrom(
    { fromUs: fromSecond * 1e6, beforeUs: loadEndSecond * 1e6, loadEndUs: loadEndSecond * 1e6 },
    RULE,
  )
  return at === null ? null : at / 1e6
}

test.each([0.1, 1, 5.4, 20])('service that is back at once after %f s is sustained from that moment', (outage) => {
  expect(sustainedFrom(world(repeat(0, outage)), START + outage)).toBeCloseTo(START + outage, 6)
})

test('the instant of the first commit itself counts, not the tenth of a second in which it lies', () => {
  expect(sustainedFrom(world([...repeat(0, 5), 0.5]), START + 5.05)).toBeCloseTo(START + 5.05, 6)
})

test('a burst of backlog does not pay for slow seconds before it', () => {
  const found = sustainedFrom(world([...repeat(0, 5), ...repeat(0.1, 3), ...repeat(3, 2)]), START + 5)
  expect(found).toBeGreaterThanOrEqual(START + 7)
  expect(found).toBeLessThanOrEqual(START + 8)
})

test('a burst of backlog does not pay for slow seconds behind it', () => {
  const found = sustainedFrom(world([...repeat(0, 5), ...repeat(5, 1), ...repeat(0.5, 9)]), START + 5)
  expect(found).toBeGreaterThanOrEqual(START + 14)
  expect(found).toBeLessThanOrEqual(START + 15)
})

test('a burst of backlog does not pay for slow seconds between a good start and itself', () => {
  const relapse = [...repeat(0, 5), ...repeat(1, 1), ...repeat(0.3, 3), ...repeat(2, 2.1)]
  const found = sustainedFrom(world(relapse), START + 5)
  expect(found).toBeGreaterThanOrEqual(START + 8)
  expect(found).toBeLessThanOrEqual(START + 9)
})

test('a window does not begin with the hole that its rest makes up for', () => {
  expect(sustainedFrom(world([...repeat(0, 5), 0.1, ...repeat(0, 0.4)]), START + 5)).toBeCloseTo(START + 5.5, 1)
})

test('a relapse within the hold moves the recovery behind it', () => {
  const relapse = [...repeat(0, 5), ...repeat(1, 20), ...repeat(0, 3)]
  expect(sustainedFrom(world(relapse), START + 5)).toBeGreaterThan(START + 27)
})

test('a dip that a window of ten seconds bears does not', () => {
  const dip = [...repeat(0, 5), ...repeat(1, 20), ...repeat(0, 0.3)]
  expect(sustainedFrom(world(dip), START + 5)).toBeCloseTo(START + 5, 6)
})

test('replies that stay slow keep the service from being recovered', () => {
  const slowMs = (second: number) => (second >= START && second < START + 25 ? 80 : 5)
  const found = sustainedFrom(world(repeat(0, 5), { slowMs }), START + 5)
  expect(found).toBeGreaterThan(START + 23)
})

test('79 % of the baseline is never sustained', () => {
  expect(sustainedFrom(world([...repeat(0, 5), ...repeat(0.79, 200)]), START + 5)).toBeNull()
})

test('a load that offers less is expected to carry less', () => {
  expect(sustainedFrom(world([...repeat(0, 5), ...repeat(0.5, 200)], { offeredShare: 0.5 }), START + 5)).toBeCloseTo(
    START + 5,
    6,
  )
})

test('a load that ends before the hold is over leaves it open', () => {
  const goodput = world(repeat(0, 5))
  expect(sustainedFrom(goodput, START + 5, START + 34)).toBeNull()
  expect(sustainedFrom(goodput, START + 5, START + 35)).toBeCloseTo(START + 5, 6)
})

test('T4 does not lie in a second whose own p99 is over the limit', () => {
  const goodput = world(repeat(0, 5.3), { slowMs: (second) => (second === START + 5 ? 400 : 5) })
  expect(sustainedFrom(goodput, START + 5.3)).toBeCloseTo(START + 6, 6)
})

test('T4 does not lie in a tenth of a second without a commit', () => {
  const goodput = world([...repeat(0, 5), 1, 0, 0, 3, 1, 1, 1, 1, 1, 1])
  expect(goodput.steadyFrom(START * 1e6 + 5_100_000)).toBe(START * 1e6 + 5_300_000)
})
