/** A 404 of the platform for something that is there: seen once it proves nothing, above all while records arrive. */
import { expect, test, vi } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { readAbsences } from '../../functions/activities/records/absence.ts'
import type { GroupState } from '../../functions/clients/clients.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { aPlan, criteria, playDrill, playRequest, settings } from '../support/play-drill.ts'
import { restError } from '../support/world/rest-error.ts'
import { Throttle } from '../support/world/throttle.ts'
import { createWorld } from '../support/world/world.ts'

const there = { container: 'Running' } as GroupState

/** The platform does not know the only container at these times of the drill. */
async function overlooked(fromMs: number, toMs: number) {
  let isAway = (_name: string) => false
  const world = createWorld({ groups: { isOverlooked: (name) => isAway(name) } })
  const startMs = world.clock.nowMs
  isAway = () => world.clock.nowMs - startMs >= fromMs && world.clock.nowMs - startMs < toMs
  const played = await playDrill(world, aPlan({ criteria, containers: 1, targetTps: 20 }))
  return { ...played, world }
}

test.each([
  ['while it gets ready', 1_000, 4_000],
  ['in the baseline', 18_000, 23_000],
  ['right after the failover was asked for', 24_000, 40_000],
])('a container that the platform does not know %s is not given up', async (_, fromMs, toMs) => {
  const { report, world } = await overlooked(fromMs, toMs)
  expect({ verdict: report?.verdict, posts: world.server.posts, left: world.groups.alive.length }).toEqual({
    verdict: 'PASS',
    posts: 1,
    left: 0,
  })
})

test('a container is gone after a minute of absence at every poll, and never while records of it arrive', async () => {
  const world = createWorld()
  const look = async (group: GroupState | null, receivedAgoMs: number | null) => {
    const absences = await readAbsences(world.clients, 'drill-1')
    const receivedAtMs = receivedAgoMs === null ? null : world.clock.nowMs - receivedAgoMs
    const isGone = absences.isGone(0, group, receivedAtMs)
    await absences.save()
    return isGone
  }
  const pass = (ms: number) => world.clock.moveTo(world.clock.nowMs + ms)
  expect(await look(null, null)).toBe(false)
  pass(59_000)
  expect(await look(null, null)).toBe(false)
  expect(await look(there, null)).toBe(false)
  pass(2_000)
  expect(await look(null, null)).toBe(false)
  pass(61_000)
  expect(await look(null, 29_000)).toBe(false)
  expect(await look(null, 31_000)).toBe(false)
  pass(60_000)
  expect(await look(null, 91_000)).toBe(true)
})

test('a container that the platform does not know at the first look of the clean-up is deleted at the second', async () => {
  let isAway = false
  const world = createWorld({ groups: { isUnlisted: () => isAway, isOverlooked: () => isAway } })
  const { cleanUp } = createActivities(world.clients, settings)
  let looks = 0
  const overlooksAtFirst = async (input: Parameters<typeof cleanUp>[0]) => {
    isAway = looks++ === 0
    return cleanUp(input)
  }
  const plan = aPlan({ criteria, containers: 1, targetTps: 20 })
  const { report } = await playDrill(world, plan, { overrides: { cleanUp: overlooksAtFirst } })
  expect({ alive: world.groups.alive.length, left: report?.cleanup.containersLeft }).toEqual({ alive: 0, left: 0 })
})

test('a clean-up whose deletion fails is repeated, although the platform shows no container', async () => {
  let tries = 0
  const world = createWorld({ groups: { isUnlisted: () => tries < 3, isOverlooked: () => tries < 3 } })
  const remove = world.clients.groups.delete.bind(world.clients.groups)
  vi.spyOn(world.clients.groups, 'delete').mockImplementation(async (name) => {
    if (++tries < 3) throw new Error('500')
    return remove(name)
  })
  const plan = aPlan({ criteria, containers: 1, targetTps: 20 })
  const { report } = await playDrill(world, plan)
  expect({ alive: world.groups.alive.length, left: report?.cleanup.containersLeft }).toEqual({ alive: 0, left: 0 })
})

test('what the platform cannot do now is requested again, after the pause that it asks for', async () => {
  let tries = 0
  const world = createWorld({
    groups: {
      refuse: (container) =>
        container === 1 && ++tries <= 3
          ? { kind: 'later', code: 'ServiceAssociationLinkNotReady', message: 'not ready', afterSeconds: 40 }
          : null,
    },
  })
  const { calls, report } = await playDrill(world, aPlan({ criteria }))
  const asked = calls.filter(({ name }) => name === 'provision').map(({ atMs }) => atMs)
  expect(report?.verdict).toBe('PASS')
  expect(asked).toHaveLength(4)
  for (const [i, atMs] of asked.slice(1).entries()) expect(atMs - (asked[i] ?? 0)).toBeGreaterThanOrEqual(40_000)
})

test('containers that wait for others live through a pause that is longer than their lease', async () => {
  let tries = 0
  const world = createWorld({
    groups: {
      refuse: (container) =>
        container === 1 && ++tries === 1
          ? { kind: 'later', code: 'TooManyRequests', message: 'slow down', afterSeconds: 400 }
          : null,
    },
  })
  const { calls, report } = await playDrill(world, aPlan({ criteria, timing: { readyTimeoutSeconds: 600 } }))
  expect(world.groups.died).toEqual([])
  expect(report?.verdict).toBe('PASS')
  const provisions = report?.journal.filter(({ step }) => step === 'provision').map(({ detail }) => detail)
  expect(provisions?.[0]).toContain('(TooManyRequests): slow down The platform asks for a pause of 400 s')
  expect(calls.filter(({ name }) => name === 'holdContainers').length).toBeGreaterThanOrEqual(6)
})

test('a pause that is longer than the time for containers ends the drill at once, and the report names it', async () => {
  const refuse = () => ({ kind: 'later', code: 'TooManyRequests', message: 'slow down', afterSeconds: 309 }) as const
  const world = createWorld({ groups: { refuse } })
  const { report, endedAtMs } = await playDrill(world, aPlan({ criteria, timing: { readyTimeoutSeconds: 90 } }))
  expect(report?.reasons.join()).toMatch(/slow down The platform asks for a pause of 309 s; not within 90 s/)
  expect(endedAtMs).toBeLessThan(30_000)
})

test('an abort that is requested in such a pause ends it, also when its event is lost', async () => {
  const refuse = () => ({ kind: 'later', code: 'TooManyRequests', message: 'slow down', afterSeconds: 400 }) as const
  const world = createWorld({ groups: { refuse } })
  const plan = aPlan({ criteria, timing: { readyTimeoutSeconds: 600 } })
  const request = () => world.blobs.put(drillBlobs.abort(plan.drillId), JSON.stringify({ reason: 'by hand' }))
  const { report, endedAtMs } = await playDrill(world, plan, { incidents: [{ atMs: 30_000, run: request }] })
  expect(report?.verdict).toBe('ABORTED')
  expect(endedAtMs).toBeLessThan(120_000)
})

test('metrics are not read again before the pause that the platform asks for, and then they are', async () => {
  let throttle = null as Throttle | null
  const world = createWorld({ metricsRefusal: () => throttle?.refuse() ?? null })
  // Behind the checklist, which reads the disk's figure and does not come back for it.
  const refuse = () => {
    throttle = new Throttle(() => world.clock.nowMs, 309)
  }
  const { report } = await playDrill(world, aPlan({ criteria }), { incidents: [{ atMs: 30_000, run: refuse }] })
  expect(throttle).toMatchObject({ hasRefused: true, earlyMs: [] })
  expect(report?.metrics.series.length).toBeGreaterThan(0)
})

/** A drill whose reads of metrics after the load are answered with these pauses, one after another, and then with metrics. */
async function lateReads(pausesSeconds: readonly number[]) {
  const plan = aPlan({ criteria })
  const gathers = (await playDrill(createWorld(), plan)).calls.filter(({ name }) => name === 'gatherMetrics')
  const startMs = createWorld().clock.nowMs
  const readAtMs: number[] = []
  const world = createWorld({
    metricsRefusal: () => {
      const atMs = world.clock.nowMs - startMs
      if (atMs < (gathers[0]?.atMs ?? 0)) return null
      const pause = pausesSeconds[readAtMs.push(atMs) - 1]
      return pause === undefined ? null : restError(429, 'TooManyRequests', pause)
    },
  })
  const { report, endedAtMs } = await playDrill(world, plan)
  return { report, endedAtMs, readAtMs, pauses: readAtMs.slice(1).map((atMs, i) => atMs - (readAtMs[i] ?? 0)) }
}

test('a second pause that the platform asks for is waited for as well, and then metrics are there', async () => {
  const { report, pauses } = await lateReads([60, 120])
  expect(pauses).toHaveLength(2)
  expect(pauses[0]).toBeGreaterThanOrEqual(60_000)
  expect(pauses[1]).toBeGreaterThanOrEqual(120_000)
  expect(report?.metrics.series.length).toBeGreaterThan(0)
})

test('for metrics the server does not stay reserved longer than a quarter of an hour', async () => {
  const { report, endedAtMs, readAtMs } = await lateReads([901, 901, 901])
  expect(endedAtMs - (readAtMs[0] ?? 0)).toBeLessThan(300_000)
  expect(report).toMatchObject({ verdict: 'PASS', metrics: { series: [] } })
})

test('what the platform does not do in the time for it ends the drill, with its own words', async () => {
  const refuse = () => ({ kind: 'later', code: 'NetworkNotReady', message: 'try again', afterSeconds: null }) as const
  const { report, endedAtMs, world } = await playRequest(
    { timing: { readyTimeoutSeconds: 60 } },
    { groups: { refuse } },
  )
  expect(report?.reasons.join()).toMatch(/NetworkNotReady\): try again; not within 60 s/)
  expect(world.server.posts).toBe(0)
  expect(endedAtMs).toBeLessThan(120_000)
})
