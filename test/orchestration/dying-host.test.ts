/**
 * The host dies in every phase of a drill, and comes back at once, a minute later or after hours: the drill goes on where it
 * was and ends rightly. Virtual clock, the engine of the local host, and a journal that has been through JSON.
 */
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { readLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { overallDeadlineSeconds } from '../../functions/model/load-plan.ts'
import { type DrillProgress, PHASES, type Phase } from '../../functions/model/status.ts'
import { casesOf } from '../support/depth.ts'
import { entryOf } from '../support/index-entries.ts'
import { aPlan, criteria, type DrillPlay, playDrill, settings, smallRenderers } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

const plan = aPlan({ criteria, timing: { lateMetricsSeconds: 400 } })
const HOURS_MS = 6 * 3_600_000

interface Dies {
  readonly afterMs: number
  readonly crash?: (call: { readonly name: string; readonly run: number }) => boolean
  readonly atMs?: number
}

async function run({ afterMs, crash, atMs }: Dies): Promise<DrillPlay & { readonly world: World }> {
  const world = createWorld()
  const played = await playDrill(world, plan, {
    restartAfterMs: afterMs,
    ...(crash === undefined ? {} : { crash }),
    incidents: atMs === undefined ? [] : [{ atMs, crash: true }],
  })
  return { ...played, world }
}

/** Once, when this step has done its work for the nth time and before that is recorded. */
function onceAfter(step: string, nth = 1): Required<Pick<Dies, 'crash'>> {
  let count = 0
  return { crash: ({ name }) => name === step && ++count === nth }
}

const ended = async ({ status, crashes, report, world }: Awaited<ReturnType<typeof run>>) => ({
  status,
  crashes,
  verdict: report?.verdict,
  posts: world.server.posts,
  left: world.groups.alive.length,
  reportedLeft: report?.cleanup.containersLeft,
  lock: (await readLock(world.blobs, plan.target))?.state,
})
const allWell = { status: 'Completed', crashes: 1, verdict: 'PASS', posts: 1, left: 0, reportedLeft: 0, lock: 'free' }

const STEPS: ReadonlyArray<readonly [phase: string, step: string, nth?: number]> = [
  ['reserve', 'reserve'],
  ['check', 'check'],
  ['provision', 'provision'],
  ['ready', 'pollReady'],
  ['ready', 'startLoad'],
  ['warm-up', 'pollLoad'],
  ['baseline', 'pollLoad', 4],
  ['event', 'causeEvent'],
  ['watch', 'pollLoad', 12],
  ['collect', 'noteContainers'],
  ['collect', 'collect'],
  ['audit', 'audit'],
  ['audit', 'audit', 2],
  ['clean up', 'cleanUp'],
  ['report', 'gatherMetrics'],
  ['report', 'writeReport'],
  ['late metrics', 'pollHealth'],
  ['late metrics', 'gatherMetrics', 2],
  ['report', 'deleteOldRows'],
  ['report', 'release'],
  ['report', 'writeReport', 2],
  ['report', 'notify'],
]

for (const [phase, step, nth = 1] of casesOf(STEPS))
  test(`a host that dies in the phase ${phase}, when ${step} has done its work for the ${nth}. time, resumes`, async () => {
    expect(await ended(await run({ afterMs: 1_000, ...onceAfter(step, nth) }))).toEqual(allWell)
  })

test('the first report, carried out once more after the final one, changes nothing', async () => {
  const world = createWorld()
  const { endedAtMs, report } = await playDrill(world, plan)
  world.clock.moveTo(world.clock.nowMs + endedAtMs + HOURS_MS)
  const entry = entryOf(world, plan)
  expect(entry?.endedAt).not.toBeNull()
  const { writeReport } = createActivities(world.clients, settings, smallRenderers)
  const again = { drillId: plan.drillId, edition: 'first', earlyEnd: null, journal: [] } as const
  expect(await writeReport(again, { log: () => {} } as never)).toMatchObject({ verdict: report?.verdict })
  expect(entryOf(world, plan)).toEqual(entry)
  expect(await world.blobs.readJson(drillBlobs.report(plan.drillId, 'report.json'))).toEqual(report)
})

/** The middle of each phase in a drill that nothing disturbs. */
async function middles(): Promise<Map<Phase, number>> {
  const { customStatuses, endedAtMs } = await run({ afterMs: 0 })
  const begins = customStatuses.map(({ atMs, value }) => ({ atMs, phase: (value as DrillProgress).phase }))
  const middle = ({ atMs }: { readonly atMs: number }, i: number) =>
    Math.floor((atMs + (begins.slice(i + 1).find((next) => next.atMs > atMs)?.atMs ?? endedAtMs)) / 2)
  return new Map(begins.map((begin, i) => [begin.phase, middle(begin, i)]))
}

/** Without its drill the load goes on; for a minute this is not an error. */
test('a host that is away for a minute in the middle of any phase resumes, and the drill proves what it would have', async () => {
  const at = await middles()
  expect([...at.keys()].sort()).toEqual([...PHASES].sort())
  for (const [phase, atMs] of at) {
    const played = await run({ afterMs: 60_000, atMs })
    const { verdict, ...rest } = await ended(played)
    const { verdict: _wanted, posts: _posts, ...well } = allWell
    expect({ phase, ...rest }).toEqual({ phase, ...well, posts: rest.posts })
    expect(rest.posts).toBeLessThanOrEqual(1)
    // Away over the failover's time, it is not asked for when the load is over; away at any other time nothing is missing.
    expect({ phase, verdict }).toEqual({ phase, verdict: rest.posts === 1 ? 'PASS' : 'INCONCLUSIVE' })
  }
}, 60_000)

test('a host that is away for hours in the middle of any phase ends the drill soon after it is back, with a true report', async () => {
  for (const [phase, atMs] of await middles()) {
    const played = await run({ afterMs: HOURS_MS, atMs })
    const { verdict, posts, ...rest } = await ended(played)
    expect({ phase, ...rest }).toEqual({
      phase,
      status: 'Completed',
      crashes: 1,
      left: 0,
      reportedLeft: 0,
      lock: 'free',
    })
    expect(posts).toBeLessThanOrEqual(1)
    const isWhole = AFTER_THE_FAILOVER.includes(phase)
    expect({ phase, isPass: verdict === 'PASS' }).toEqual({ phase, isPass: isWhole })
    const backMs = atMs + HOURS_MS
    expect(played.endedAtMs - backMs).toBeLessThan(overallDeadlineSeconds(plan) * 1000)
  }
}, 60_000)

/** Once the failover is under way the load, which runs by itself, has all that it needs. */
const AFTER_THE_FAILOVER: readonly string[] = ['watch', 'collect', 'audit', 'clean up', 'report', 'late metrics']
