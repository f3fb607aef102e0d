import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProfileStep } from '../../../../loadgen-image/contract/load-plan.ts'
import {
  ArrivalCursor,
  type RatePlan,
  type Share,
  share,
  shareStart,
} from '../../../../loadgen-image/schedule/schedule.ts'

const aRate = (changes: Partial<RatePlan> = {}): RatePlan => ({
  targetTps: 100,
  durationSeconds: 2,
  arrivals: 'even',
  profile: [],
  seed: 1,
  ...changes,
})

const ALONE: Share = { container: 0, containers: 1, thread: 0, threads: 1 }

function dueTimesUs(plan: RatePlan, own: Share = ALONE): number[] {
  const times: number[] = []
  for (const cursor = new ArrivalCursor(plan, own); cursor.dueUs < Number.POSITIVE_INFINITY; cursor.advance())
    times.push(cursor.dueUs)
  return times
}

const sharesOf = (containers: number, threads: number): Share[] =>
  Array.from({ length: containers * threads }, (_, i) => ({
    container: Math.floor(i / threads),
    containers,
    thread: i % threads,
    threads,
  }))

test('the n-th arrival is due at n divided by the rate', () => {
  expect(dueTimesUs(aRate({ targetTps: 4, durationSeconds: 1.5 }))).toEqual([0, 250_000, 500_000, 750_000, 1e6, 1.25e6])
})

test.each([
  [0.1, 60, 6],
  [0.1, 61, 7],
  [100, 60, 6000],
  [8000, 300, 2_400_000],
  [50_000, 18_000, 900_000_000],
  [8000 / 3, 300, 800_000],
  [1.7, 10, 17],
  [1.1, 100, 110],
])('%d TPS for %d s are %d arrivals, rounding errors or not', (targetTps, durationSeconds, arrivals) => {
  const isOffered = (n: number) => {
    const own = { container: n, containers: arrivals + 1, thread: 0, threads: 1 }
    return new ArrivalCursor(aRate({ targetTps, durationSeconds }), own).dueUs < Number.POSITIVE_INFINITY
  }
  expect([isOffered(arrivals - 1), isOffered(arrivals)]).toEqual([true, false])
})

test('any total over any number of parts is shared without a rest and without an overlap', () => {
  fc.assert(
    fc.property(fc.nat({ max: 100_000 }), fc.integer({ min: 1, max: 64 }), (total, parts) => {
      const indexes = Array.from({ length: parts }, (_, i) => i)
      const shares = indexes.map((index) => share(total, parts, index))
      expect(shares.reduce((sum, part) => sum + part, 0)).toBe(total)
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      for (const index of indexes.slice(1))
        expect(shareStart(total, parts, index)).toBe(
          shareStart(total, parts, index - 1) + (shares[index - 1] as number),
        )
    }),
  )
})

test('containers and threads together offer exactly the arrivals that one alone would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 1, max: 900, noNaN: true }),
      (containers, threads, targetTps) => {
        const plan = aRate({ targetTps, profile: [{ fromSecond: 1, factor: 1.5, shape: 'step' }] })
        const together = sharesOf(containers, threads).flatMap((own) => dueTimesUs(plan, own))
        expect(together.sort((a, b) => a - b)).toEqual(dueTimesUs(plan))
      },
    ),
  )
})

test('arrivals never go back in time and never pass the end', () => {
  const factor = fc.double({ min: 0, max: 3, noNaN: true })
  const step = fc.record({
    fromSecond: fc.double({ min: 0, max: 4, noNaN: true }),
    factor,
    shape: fc.constantFrom<ProfileStep['shape']>('step', 'ramp'),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 4 }),
      fc.constantFrom('even' as const, 'poisson' as const),
      (steps, arrivals) => {
        const profile = steps.sort((a, b) => a.fromSecond - b.fromSecond)
        const times = dueTimesUs(aRate({ profile, arrivals, durationSeconds: 3, targetTps: 200 }))
        expect(times).toEqual([...times].sort((a, b) => a - b))
        expect(times.every((time) => time >= 0 && time <= 3e6)).toBe(true)
      },
    ),
  )
})

const perSecond = (times: readonly number[], seconds: number): number[] =>
  Array.from({ length: seconds }, (_, s) => times.filter((us) => us >= s * 1e6 && us < (s + 1) * 1e6).length)

test('a ramp from nothing offers the area below it, second by second', () => {
  const profile: ProfileStep[] = [
    { fromSecond: 0, factor: 0, shape: 'step' },
    { fromSecond: 0, factor: 1, shape: 'ramp' },
    { fromSecond: 4, factor: 1, shape: 'step' },
  ]
  const times = dueTimesUs(aRate({ targetTps: 800, durationSeconds: 6, profile }))
  // The first arrival of each second may fall on either side of the boundary.
  perSecond(times, 6).forEach((count, second) => {
    expect(Math.abs(count - ([100, 300, 500, 700, 800, 800][second] as number))).toBeLessThanOrEqual(1)
  })
  expect(times).toHaveLength(3200)
})

test('a spike offers its factor while it lasts, and a pause offers nothing', () => {
  const profile: ProfileStep[] = [
    { fromSecond: 1, factor: 3, shape: 'step' },
    { fromSecond: 2, factor: 0, shape: 'step' },
    { fromSecond: 4, factor: 1, shape: 'step' },
  ]
  expect(perSecond(dueTimesUs(aRate({ durationSeconds: 5, profile })), 5)).toEqual([100, 300, 0, 0, 100])
})

test('Poisson arrivals keep the rate, and their gaps spread like an exponential', () => {
  const times = dueTimesUs(aRate({ targetTps: 1000, durationSeconds: 100, arrivals: 'poisson', seed: 42 }))
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
  expect(times.length).toBeGreaterThan(99_000)
  expect(times.length).toBeLessThan(101_000)
  expect(deviation / mean).toBeCloseTo(1, 1)
})

test('the same seed offers the same Poisson arrivals again, another thread or seed others', () => {
  const poisson = aRate({ arrivals: 'poisson' })
  const [first, second] = sharesOf(1, 2) as [Share, Share]
  expect(dueTimesUs(poisson, first)).toEqual(dueTimesUs(poisson, first))
  expect(dueTimesUs(poisson, first)).not.toEqual(dueTimesUs(poisson, second))
  expect(dueTimesUs(poisson, first)).not.toEqual(dueTimesUs({ ...poisson, seed: 2 }, first))
})
