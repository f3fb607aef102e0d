/** Plays one scenario: the deployed orchestrators, activities, merge, audit and report, in the world of a seed. */
import { drillBlobs } from '../../functions/drill/blob-paths.ts'
import { renderers } from '../../functions/report/formats.ts'
import { blobNames } from '../../loadgen-image/contract.ts'
import type { Incident } from '../support/play.ts'
import { type DrillPlay, playDrill } from '../support/play-drill.ts'
import { createWorld, START_AT_MS, type World } from '../support/world/world.ts'
import { Random } from './random.ts'
import type { Scenario } from './scenario.ts'

export interface Simulated {
  readonly scenario: Scenario
  readonly world: World
  readonly played: DrillPlay
}

const jsonOnly = renderers.filter(({ name }) => name === 'report.json')

export async function simulate(scenario: Scenario): Promise<Simulated> {
  const { plan } = scenario
  const mishaps = new Random(scenario.mishapSeed)
  const world = createWorld({
    courses: scenario.courses,
    posts: scenario.posts,
    generator: (container) => scenario.generators[container] ?? {},
    groups: { deleteFails: () => mishaps.chance(scenario.deleteFailsShare) },
  })
  world.server.isAway = () => isIn(scenario.platformAwayMs, world)
  world.blobs.isAway = () => isIn(scenario.storageAwayMs, world)
  const played = await playDrill(world, plan, {
    incidents: incidentsOf(scenario, world),
    duplicate: () => mishaps.chance(scenario.duplicateShare),
    lose: () => mishaps.chance(scenario.loseShare),
    delayMs: () => (mishaps.chance(scenario.lateShare) ? mishaps.whole(100, 8_000) : 0),
    redeliverAfterMs: 5_000,
    restartAfterMs: 4_000,
    renderers: jsonOnly,
    settings: { failoverSilenceSeconds: scenario.failoverSilenceSeconds },
    deadlineMs: 4 * 3_600_000,
  })
  return { scenario, world, played }
}

const isIn = (spans: Scenario['platformAwayMs'], { clock }: World): boolean =>
  spans.some(([from, to]) => clock.nowMs - START_AT_MS >= from && clock.nowMs - START_AT_MS < to)

function incidentsOf({ plan, abortAtMs, abortRaisesEvent, hostDiesAtMs }: Scenario, { blobs }: World): Incident[] {
  const incidents: Incident[] = hostDiesAtMs.map((atMs) => ({ atMs, crash: true }))
  if (abortAtMs === null) return incidents
  const reason = 'aborted by the simulation'
  const write = () => {
    blobs.put(drillBlobs.abort(plan.drillId), JSON.stringify({ reason, at: '' }))
    blobs.put(blobNames.stop(plan.drillId), JSON.stringify({ reason }))
  }
  incidents.push({ atMs: abortAtMs, run: write })
  if (abortRaisesEvent) incidents.push({ atMs: abortAtMs, event: 'abort', data: { reason } })
  return incidents
}
