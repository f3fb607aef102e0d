/** An activity that never answers, in every phase: the drill ends in its time, cleans up, reports and frees the server. */
import { expect, test } from 'vitest'
import { readLock } from '../../functions/clients/storage/server-lock.ts'
import { overallDeadlineSeconds } from '../../functions/model/load-plan.ts'
import type { Report } from '../../functions/model/report.ts'
import type { Call } from '../support/play.ts'
import { aPlan, criteria, playDrill } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const DAY_MS = 86_400_000
/** Longer than anybody waits; the play itself ends when even this has answered. */
const never = (_input: unknown, call: Call): void => call.takes(30 * DAY_MS)

/** How the world stood when the drill's last words were written, long before the answer that hangs. */
async function hangingIn(step: string, request: Readonly<Record<string, unknown>> = {}) {
  const world = createWorld({ webhook: ['ok'] })
  const plan = aPlan({ criteria, ...request })
  const played = await playDrill(world, plan, { overrides: { [step]: never } })
  const lastMs = Math.max(...played.calls.filter(({ name }) => name !== step).map(({ atMs }) => atMs))
  return { world, plan, played, report: played.report, lastSeconds: lastMs / 1000 }
}

interface Row {
  readonly step: string
  readonly verdict: Report['verdict']
  readonly posts: number
  readonly journal: string
  readonly lock?: 'held'
}

const ROWS: readonly Row[] = [
  { step: 'reserve', verdict: 'INCONCLUSIVE', posts: 0, journal: 'reserve failed' },
  { step: 'check', verdict: 'INCONCLUSIVE', posts: 0, journal: 'check failed' },
  { step: 'provision', verdict: 'INCONCLUSIVE', posts: 0, journal: 'provision failed' },
  { step: 'pollReady', verdict: 'INCONCLUSIVE', posts: 0, journal: 'pollReady failed' },
  { step: 'startLoad', verdict: 'INCONCLUSIVE', posts: 0, journal: 'startLoad failed' },
  { step: 'pollLoad', verdict: 'INCONCLUSIVE', posts: 0, journal: 'the watch over the load hangs' },
  { step: 'causeEvent', verdict: 'INCONCLUSIVE', posts: 0, journal: 'no load is left for event 0' },
  { step: 'noteContainers', verdict: 'PASS', posts: 1, journal: 'no answer within' },
  { step: 'collect', verdict: 'PASS', posts: 1, journal: 'no answer within' },
  { step: 'audit', verdict: 'INCONCLUSIVE', posts: 1, journal: 'no answer within' },
  { step: 'pollHealth', verdict: 'PASS', posts: 1, journal: 'no answer within' },
  { step: 'gatherMetrics', verdict: 'PASS', posts: 1, journal: 'no answer within' },
  { step: 'deleteOldRows', verdict: 'PASS', posts: 1, journal: 'no answer within' },
  { step: 'notify', verdict: 'PASS', posts: 1, journal: '' },
  { step: 'release', verdict: 'PASS', posts: 1, journal: '', lock: 'held' },
]

for (const { step, verdict, posts, journal, lock = 'free' } of ROWS)
  test(`when ${step} never answers the drill ends in its time, cleaned up, released and reported`, async () => {
    const { world, plan, report, lastSeconds } = await hangingIn(step)
    expect({ verdict: report?.verdict, posts: world.server.posts, left: world.groups.alive.length }).toEqual({
      verdict,
      posts,
      left: 0,
    })
    expect(JSON.stringify(report?.journal)).toContain(journal)
    expect(report?.cleanup.containersLeft).toBe(0)
    expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: lock })
    expect(lastSeconds).toBeLessThan(overallDeadlineSeconds(plan))
  })

test('when the clean-up never answers the report says that it was not verified, and containers end by themselves', async () => {
  const { world, plan, report, lastSeconds } = await hangingIn('cleanUp')
  expect(report?.cleanup).toEqual({ containersLeft: null, verifiedAt: null })
  expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: 'free' })
  expect(lastSeconds).toBeLessThan(overallDeadlineSeconds(plan))
})

test('when the report never gets written the server is free, nothing is left, and the drill has failed', async () => {
  const { world, plan, played, lastSeconds } = await hangingIn('writeReport')
  expect(played.status).toBe('Failed')
  expect(world.groups.alive).toEqual([])
  expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: 'free' })
  expect(lastSeconds).toBeLessThan(overallDeadlineSeconds(plan))
})

test('one look that hangs costs a gap and nothing else: the watch goes on', async () => {
  const world = createWorld()
  const plan = aPlan({
    criteria,
    durationSeconds: 1_200,
    targetTps: 4,
    events: [{ atSeconds: 700, kind: 'failover', mode: 'forced' }],
  })
  let looks = 0
  const { report } = await playDrill(world, plan, {
    delayMs: (name) => (name === 'pollLoad' && ++looks === 5 ? 600_000 : 0),
  })
  expect(report?.verdict).toBe('PASS')
  expect(looks).toBeGreaterThan(50)
})

test('when every step after the load never answers the drill still reports within its deadline and some minutes', async () => {
  const world = createWorld()
  const plan = aPlan({ criteria, timing: { lateMetricsSeconds: 600 } })
  const steps = ['noteContainers', 'collect', 'audit', 'cleanUp']
  const { calls, report } = await playDrill(world, plan, {
    overrides: Object.fromEntries(steps.map((step) => [step, never])),
  })
  const reportedMs = calls.filter(({ name }) => name === 'writeReport').map(({ atMs }) => atMs)
  expect(report?.verdict).toBe('INCONCLUSIVE')
  expect(Math.max(...reportedMs) / 1000).toBeLessThan(overallDeadlineSeconds(plan) + 600)
})
