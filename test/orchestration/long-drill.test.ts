/** A drill of five hours, and one of half an hour: the orchestrations of both are equally small. */
import { expect, test } from 'vitest'
import type { DrillProgress, Live } from '../../functions/drill/status.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld, usualCourse } from '../support/world/world.ts'

const criteria = ['recovery_time_s <= 30', 'lost_commits == 0']

async function run(durationSeconds: number) {
  const world = createWorld({ courses: [{ ...usualCourse, rebuildMs: 300_000 }] })
  const plan = aPlan({
    criteria,
    targetTps: 2,
    workers: 2,
    containers: 1,
    durationSeconds,
    timing: { watchIntervalSeconds: 15, recoveryWindowSeconds: 10, recoveryHoldSeconds: 30 },
  })
  let largestStatus = 0
  const played = await playDrill(world, plan, {
    onTurn: ({ turn }) => {
      largestStatus = Math.max(largestStatus, (turn.customStatus ?? '').length)
    },
  })
  return { ...played, world, largestStatus }
}

test('history does not grow with the length of the drill', async () => {
  const [short, long] = [await run(1_800), await run(18_000)]
  expect([short.status, long.status]).toEqual(['Completed', 'Completed'])
  expect([short.report?.verdict, long.report?.verdict]).toEqual(['PASS', 'PASS'])
  expect(long.turns).toBeGreaterThan(short.turns * 5)
  expect(long.longestHistory).toBeLessThanOrEqual(short.longestHistory + 20)
  expect(long.longestHistory).toBeLessThan(600)
}, 120_000)

test('a custom status stays far below the 16 KB that the platform allows', async () => {
  const { customStatuses, largestStatus } = await run(1_800)
  expect(largestStatus * 2).toBeLessThan(16 * 1024)
  expect(customStatuses.map(({ value }) => (value as DrillProgress).live satisfies Live | null)).toEqual(
    customStatuses.map(() => null),
  )
}, 60_000)
