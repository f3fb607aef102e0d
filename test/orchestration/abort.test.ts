/** Aborting: at every phase, by event, by blob, or both, and never without a report. */

import { expect, test } from 'vitest'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { DrillProgress } from '../../functions/model/status.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Incident } from '../support/play.ts'
import { aPlan, criteria, playDrill } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

const reason = 'aborted by request'

/** The app that receives DELETE can die after its first write. */
const abortRecord = (world: World, atMs: number, alsoStops = false): Incident => ({
  atMs,
  run: () => {
    world.clock.moveTo(world.clock.nowMs)
    world.blobs.put(drillBlobs.abort('drill-1'), JSON.stringify({ reason, at: '' }))
    if (alsoStops) world.blobs.put(blobNames.stop('drill-1'), JSON.stringify({ reason }))
  },
})
/** What DELETE does. */
const abortRequest = (world: World, atMs: number): Incident => abortRecord(world, atMs, true)
const event = (atMs: number): Incident => ({ atMs, event: 'abort', data: { reason } })

/** When the drill asks for the failover, in a play that nothing disturbs; the POST leaves in the same moment. */
const undisturbed = await playDrill(createWorld(), aPlan({ criteria }))
const asksAtMs = undisturbed.calls.find(({ name }) => name === 'causeEvent')?.atMs ?? Number.NaN

const MOMENTS: ReadonlyArray<readonly [phase: string, atMs: number, posts: number]> = [
  ['reserve', 0, 0],
  ['check', 60, 0],
  ['provision', 110, 0],
  ['ready', 2_000, 0],
  ['ready, all but started', 7_000, 0],
  ['before the load starts', 10_000, 0],
  ['warm-up', 15_000, 0],
  ['baseline', 20_000, 0],
  ['event', asksAtMs + 20, 1],
  ['outage', 31_000, 1],
  ['watch', 45_000, 1],
]

for (const [phase, atMs, posts] of MOMENTS)
  for (const how of ['event and blobs', 'blobs alone', 'abort record alone'] as const)
    test(`an abort by ${how} in the phase ${phase} stops the load, cleans up and reports`, async () => {
      const world = createWorld()
      const incidents = [abortRecord(world, atMs, how !== 'abort record alone')]
      if (how === 'event and blobs') incidents.push(event(atMs))
      const { status, report, endedAtMs } = await playDrill(
        world,
        aPlan({ criteria, timing: { lateMetricsSeconds: 600 } }),
        {
          incidents,
        },
      )
      expect({
        status,
        verdict: report?.verdict,
        posts: world.server.posts,
        left: world.groups.alive.length,
      }).toEqual({ status: 'Completed', verdict: 'ABORTED', posts, left: 0 })
      expect(report?.reasons.join()).toContain(reason)
      expect(endedAtMs - atMs).toBeLessThan(60_000)
    })

for (const [phase, atMs] of [
  ['collect or audit', 57_000],
  ['clean up', 68_000],
] as const)
  test(`an abort in the phase ${phase} comes too late to change anything`, async () => {
    const world = createWorld()
    const { report } = await playDrill(world, aPlan({ criteria }), {
      incidents: [abortRequest(world, atMs), event(atMs)],
    })
    expect(report?.verdict).toBe('PASS')
    expect(world.groups.alive).toEqual([])
  })

test('an abort while late metrics are awaited ends the wait', async () => {
  const world = createWorld()
  const plan = aPlan({ criteria, timing: { lateMetricsSeconds: 600 } })
  const { report, endedAtMs } = await playDrill(world, plan, {
    incidents: [abortRequest(world, 120_000), event(120_000)],
  })
  expect(endedAtMs).toBeLessThan(150_000)
  expect(report?.verdict).toBe('PASS')
})

test('while late metrics are awaited the status says until when', async () => {
  const world = createWorld()
  const plan = aPlan({ criteria, timing: { lateMetricsSeconds: 600 } })
  const { customStatuses } = await playDrill(world, plan)
  const late = customStatuses.map(({ value }) => value as DrillProgress).filter(({ phase }) => phase === 'late metrics')
  const until = new Date(Date.parse(late[0]?.phaseStartedAt ?? '') + 600_000).toISOString().slice(11, 19)
  expect(late.findLast(({ note }) => note !== null)?.note).toBe(`waits for the platform's metrics, until ${until} UTC`)
})

test('an abort that arrives while the host is down is not lost', async () => {
  const world = createWorld()
  const incidents: Incident[] = [{ atMs: 22_000, crash: true }, abortRequest(world, 22_500), event(22_500)]
  const { report } = await playDrill(world, aPlan({ criteria }), { incidents, restartAfterMs: 5_000 })
  expect(report?.verdict).toBe('ABORTED')
  expect(world.server.posts).toBe(0)
})

test('a second abort changes nothing', async () => {
  const world = createWorld()
  const incidents = [abortRequest(world, 22_000), event(22_000), event(22_100), event(24_000)]
  const { status, report } = await playDrill(world, aPlan({ criteria }), { incidents })
  expect({ status, verdict: report?.verdict }).toEqual({ status: 'Completed', verdict: 'ABORTED' })
})

test('an abort by abort record alone ends the wait for a container that never becomes ready', async () => {
  const world = createWorld({ generator: () => ({ readyAfterMs: null }) })
  const plan = aPlan({ criteria, timing: { readyTimeoutSeconds: 600 } })
  const { report, endedAtMs } = await playDrill(world, plan, { incidents: [abortRecord(world, 20_000)] })
  expect(report?.verdict).toBe('ABORTED')
  expect(world.groups.alive).toEqual([])
  expect(endedAtMs).toBeLessThan(80_000)
})
