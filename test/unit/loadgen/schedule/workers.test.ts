import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../../../loadgen-image/schedule/random.ts'
import { chooseThreads, workersOfContainer, workersOfThread } from '../../../../loadgen-image/schedule/workers.ts'

const retry = { firstDelayMs: 100, maxDelayMs: 1000, multiplier: 2, jitter: false }
const cohort = (name: string, share: number) => ({ name, share, via: 'pgbouncer' as const, retry })

test('every worker of the drill runs in exactly one thread of one container', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 4 }),
      (workers, containers, threads) => {
        const plan = { workers: Math.max(workers, containers), containers, cohorts: [cohort('all', 1)] }
        const numbers: number[] = []
        for (let container = 0; container < containers; container++) {
          const used = Math.min(threads, workersOfContainer(plan, container))
          for (let thread = 0; thread < used; thread++)
            numbers.push(...workersOfThread(plan, container, used, thread).map(({ worker }) => worker))
        }
        expect(numbers).toEqual(Array.from({ length: plan.workers }, (_, i) => i))
      },
    ),
  )
})

test('cohorts get their shares, in the whole and in every container', () => {
  const plan = { workers: 200, containers: 4, cohorts: [cohort('a', 0.5), cohort('b', 0.3), cohort('c', 0.2)] }
  const names = [0, 1, 2, 3].map((container) =>
    workersOfThread(plan, container, 1, 0).map((worker) => worker.cohort.name),
  )
  const count = (list: readonly string[], name: string) => list.filter((each) => each === name).length
  expect(['a', 'b', 'c'].map((name) => count(names.flat(), name))).toEqual([100, 60, 40])
  for (const own of names)
    for (const [name, wanted] of [
      ['a', 25],
      ['b', 15],
      ['c', 10],
    ] as const)
      expect(Math.abs(count(own, name) - wanted)).toBeLessThanOrEqual(2)
})

test.each([
  [{ threads: 0, targetTps: 8000, containers: 1 }, 200, 4, 1],
  [{ threads: 0, targetTps: 40_000, containers: 1 }, 200, 4, 4],
  [{ threads: 0, targetTps: 40_000, containers: 1 }, 200, 2, 2],
  [{ threads: 0, targetTps: 40_000, containers: 4 }, 200, 4, 1],
  [{ threads: 0, targetTps: 0, containers: 1 }, 200, 4, 2],
  [{ threads: 3, targetTps: 10, containers: 1 }, 200, 1, 3],
  [{ threads: 8, targetTps: 8000, containers: 1 }, 2, 8, 2],
])('%j with %i workers on %i cores runs %i threads', (plan, workers, cores, threads) => {
  expect(chooseThreads(plan, workers, cores)).toBe(threads)
})

test('the same seed gives the same numbers, evenly spread; another part of it others', () => {
  const numbers = (...parts: number[]) => {
    const random = seededRandom(9, ...parts)
    return Array.from({ length: 10_000 }, random)
  }
  expect(numbers(1, 2)).toEqual(numbers(1, 2))
  expect(numbers(1, 2)).not.toEqual(numbers(2, 1))
  expect(numbers(0).reduce((sum, n) => sum + n, 0) / 10_000).toBeCloseTo(0.5, 1)
})
