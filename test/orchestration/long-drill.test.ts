/** A drill of five hours, and one of half an hour: the orchestrations of both are equally small. */
import { expect, test } from 'vitest'
import type { DrillProgress, Live } from '../../functions/model/status.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld, usualCourse } from '../support/world/world.ts'

const criteria = ['recovery_time_s <= 30', 'lost_commits == 0']

interface Turn {
  readonly afterMs: number
  readonly name: string
  /** Events that the next turn replays. */
  readonly replayed: number
  readonly durationMs: number
}

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
  const taken: Turn[] = []
  const startedAtMs = world.clock.nowMs
  const played = await playDrill(world, plan, {
    onTurn: ({ instance, turn, durationMs }) => {
      const afterMs = Date.parse(turn.at) - startedAtMs
      taken.push({ afterMs, name: instance.name, replayed: instance.history.length, durationMs })
      largestStatus = Math.max(largestStatus, (turn.customStatus ?? '').length)
    },
  })
  return { ...played, world, largestStatus, taken }
}

const median = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0

/** Of the watch: what the drill itself replays is counted by its history. */
const hourOf = (taken: readonly Turn[], nth: number) =>
  taken.filter(({ afterMs, name }) => name === 'watch' && Math.floor(afterMs / 3_600_000) === nth)

test('neither history nor the cost of a turn grows with the length of the drill', async () => {
  const [short, long] = [await run(1_800), await run(18_000)]
  expect([short.status, long.status]).toEqual(['Completed', 'Completed'])
  expect([short.report?.verdict, long.report?.verdict]).toEqual(['PASS', 'PASS'])
  expect(long.turns).toBeGreaterThan(short.turns * 5)
  expect(long.longestHistory).toBeLessThanOrEqual(short.longestHistory + 20)
  expect(long.longestHistory).toBeLessThan(600)
  const [first, fifth] = [hourOf(long.taken, 0), hourOf(long.taken, 4)]
  const replayed = (some: readonly Turn[]) => some.map(({ replayed: events }) => events)
  const took = (some: readonly Turn[]) => some.map(({ durationMs }) => durationMs)
  expect(Math.abs(first.length - fifth.length)).toBeLessThan(first.length / 5)
  expect(Math.max(...replayed(fifth))).toBeLessThanOrEqual(Math.max(...replayed(first)))
  expect(median(replayed(fifth))).toBeLessThanOrEqual(median(replayed(first)) * 1.1)
  // The machine is not ours alone; what grows with the drill would take several times as long.
  expect(median(took(fifth))).toBeLessThan(median(took(first)) * 3)
}, 120_000)

test('a custom status stays far below the 16 KB that the platform allows', async () => {
  const { customStatuses, largestStatus } = await run(1_800)
  expect(largestStatus * 2).toBeLessThan(16 * 1024)
  expect(customStatuses.map(({ value }) => (value as DrillProgress).live satisfies Live | null)).toEqual(
    customStatuses.map(() => null),
  )
}, 60_000)
