/** The history of a trend: a server's own drills of the same load and events, however many others there are. */
import { expect, test } from 'vitest'
import type { Blobs } from '../../functions/clients/clients.ts'
import { likenessOf } from '../../functions/event-kinds/likeness.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { Report } from '../../functions/model/report.ts'
import { NO_WORST } from '../support/events.ts'
import { othersSince, putEntry } from '../support/index-entries.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

const HOUR = 3_600_000

function past(world: World, plan: DrillPlan, name: string, hoursAgo: number): void {
  const requestedAt = new Date(world.clock.nowMs - hoursAgo * HOUR).toISOString()
  const drillId = `${name}-${hoursAgo}`
  const figures = { recoveryTimeSeconds: 3 }
  const trend = {
    drillId,
    like: likenessOf(plan),
    startedAt: requestedAt,
    verdict: 'PASS',
    headline: '',
    figures,
    worst: NO_WORST,
  } as const
  putEntry(world, { ...plan, drillId, requestedAt }, { endedAt: requestedAt, verdict: 'PASS', trend })
}

async function reportAfter(prepare: (world: World, plan: DrillPlan) => void): Promise<Report> {
  const world = createWorld()
  const plan = aPlan({}, 'drill-now', world.clock.nowMs)
  prepare(world, plan)
  await playDrill(world, plan)
  const report = await (world.blobs as Blobs).readJson<Report>(drillBlobs.report('drill-now', 'report.json'))
  if (report === null) throw new Error('there is no report')
  return report
}

test('twenty like drills are found behind two hundred of other servers and sixty of another rate', async () => {
  const report = await reportAfter((world, plan) => {
    const unlike = { ...plan, load: { ...plan.load, targetTps: plan.load.targetTps * 2 } }
    for (let i = 1; i <= 60; i++) past(world, unlike, 'unlike', i)
    for (let i = 61; i <= 90; i++) past(world, plan, 'like', i)
    othersSince(world, plan, 200)
  })
  expect(report.likeDrills).toEqual({ what: likenessOf(aPlan()).words, found: 20, lookedAt: 80 })
  const history = report.trend[0]?.history.map(({ drillId }) => drillId)
  expect(history).toEqual(Array.from({ length: 20 }, (_, i) => `like-${80 - i}`))
})

test('what one report reads has a bound', async () => {
  const report = await reportAfter((world, plan) => {
    for (let i = 1; i <= 620; i++) past(world, { ...plan, events: [] }, 'unlike', i)
  })
  expect(report.likeDrills).toMatchObject({ found: 0, lookedAt: 500 })
})
