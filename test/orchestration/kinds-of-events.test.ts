/** Whole drills with an event of each kind, and the way home after a failover. */
import { describe, expect, test } from 'vitest'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld, type WorldOptions } from '../support/world/world.ts'

async function drillOf(request: Readonly<Record<string, unknown>>, options: WorldOptions = {}) {
  const plan = aPlan({
    durationSeconds: 90,
    containers: 1,
    criteria: ['recovery_time_s <= 30', 'events_proven == true'],
    timing: { cooldownMinutes: 0, recoveryHoldSeconds: 10 },
    ...request,
  })
  const world = createWorld(options)
  const { report, status } = await playDrill(world, plan)
  if (report === null) throw new Error(`${status} without a report`)
  return { world, report, coolDown: world.blobs.peek(serverBlobs.lastPromotion(plan.target)) }
}

test('a restart is asked for once, proven, and starts no cool-down', async () => {
  const { world, report, coolDown } = await drillOf({ events: [{ atSeconds: 20, kind: 'restart' }] })
  expect(world.server.posts).toBe(1)
  expect(report.events).toMatchObject([
    { kind: 'restart', cause: 'drill', proof: { proven: true }, moments: { t6: null } },
  ])
  expect(report.verdict, report.reasons.join('\n')).toBe('PASS')
  expect(coolDown).toBeNull()
})

test.each([
  ['near zero', 'Another server took over: the platform scaled with near-zero downtime.'],
  ['in place', 'The same server started again: the platform scaled in place.'],
] as const)(
  'a scaling %s is proven by the size, and the report says which path it took',
  async (scalePath, sentence) => {
    const { report, coolDown } = await drillOf(
      { events: [{ atSeconds: 20, kind: 'scale', sku: 'Standard_E8ds_v5' }] },
      { server: { effects: { scalePath } } },
    )
    expect(report.events).toMatchObject([{ kind: 'scale', cause: 'drill', proof: { proven: true } }])
    expect(report.eventsProof.evidence).toContain(sentence)
    expect(report.verdict, report.reasons.join('\n')).toBe('PASS')
    expect(coolDown).not.toBeNull()
  },
)

test.each(['planned', 'forced'] as const)('a %s switchover is proven by the server behind the name', async (mode) => {
  const { report } = await drillOf(
    { events: [{ atSeconds: 20, kind: 'switchover', mode, replica: 'pg-dr' }] },
    { server: { effects: { replica: { name: 'pg-dr', lagMs: 800 } } } },
  )
  expect(report.events).toMatchObject([{ kind: 'switchover', cause: 'drill', proof: { proven: true } }])
  expect(report.eventsProof.after?.serverId).toMatch(/\/pg-dr$/)
  // The replica lies in a resource group of its own, and the address of the primary changed with it.
  const { address, timeline } = report.eventsProof.after ?? {}
  expect(report.ledger.audits).toMatchObject(
    [1, 2].map(() => ({ serverId: report.eventsProof.after?.serverId, address, timeline })),
  )
  expect(report.eventsProof.evidence.at(-1)).toBe(
    `An audit read a server at ${address} on timeline 2, and the platform showed pg-dr as the primary, as after the event.`,
  )
  expect((report.ledger.lost ?? 0) > 0).toBe(mode === 'forced')
  expect(report.verdict, report.reasons.join('\n')).toBe(mode === 'forced' ? 'FAIL' : 'PASS')
})

test.each([
  [{ kind: 'scale', sku: 'Standard_E8ds_v5' }, 'allowScalingAndSwitchover=true (docs'],
  [{ kind: 'switchover', mode: 'planned', replica: 'pg-dr' }, 'the id of the replica in replicaServerId'],
])('without the right to it, the report on %j names what grants it', async (event, parameter) => {
  const server = { effects: { replica: { name: 'pg-dr' } } }
  const { world, report } = await drillOf({ events: [{ atSeconds: 20, ...event }] }, { posts: ['forbidden'], server })
  expect(world.server.posts).toBe(1)
  expect(report.requests).toMatchObject([{ state: 'refused', detail: expect.stringContaining(parameter) }])
})

describe('a drill that returns home', () => {
  const request = {
    durationSeconds: 120,
    returnHome: true,
    events: [{ atSeconds: 20, kind: 'failover', mode: 'forced' }],
  }

  test('ends with the zones as they were, by a failover of its own', async () => {
    const { world, report } = await drillOf(request)
    expect(world.server.failovers.map(({ mode }) => mode)).toEqual(['forced', 'planned'])
    expect(report.events.map(({ what }) => what)).toEqual(['forced failover', 'planned failover that returns home'])
    expect(report.events.at(-1)?.proof.after?.availabilityZone).toBe(report.events[0]?.proof.before?.availabilityZone)
    expect(report.verdict, report.reasons.join('\n')).toBe('PASS')
  })

  test('leaves the second failover out where the zones are as they were', async () => {
    const { world, report } = await drillOf(request, { posts: ['forbidden'] })
    expect(world.server.posts).toBe(1)
    expect(report.requests.map(({ state, detail }) => [state, detail])).toEqual([
      ['refused', expect.any(String)],
      ['left out', 'the primary is in zone 1, as before the first event'],
    ])
  })

  test('two failovers are at home already: the proof rests on them alone', async () => {
    const events = [20, 60].map((atSeconds) => ({ atSeconds, kind: 'failover', mode: 'forced' }))
    const { world, report } = await drillOf({ ...request, durationSeconds: 160, events })
    expect(world.server.failovers).toHaveLength(2)
    expect(report.requests.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'left out'])
    expect([report.eventsProof.proven, report.verdict]).toEqual([true, 'PASS'])
  })

  const course = { detectMs: 1_000, outageMs: 5_000, rebuildMs: 5_000, lostMs: 0 }

  test.each<[string, WorldOptions]>([
    ['the first failover is still under way', { courses: [{ ...course, outageMs: 40_000 }, course] }],
    ['the platform still shows the old zone', { server: { oldZonesMs: 40_000 } }],
  ])('waits for its time while %s, and then asks for the way home', async (_, options) => {
    const { world, report } = await drillOf({ ...request, durationSeconds: 180 }, options)
    expect(world.server.failovers.map(({ mode }) => mode)).toEqual(['forced', 'planned'])
    expect(report.requests.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
  })

  test('never takes a zone that the platform shows late for the one of before', async () => {
    const { world, report } = await drillOf(request, { server: { oldZonesMs: 600_000 } })
    expect(world.server.failovers).toHaveLength(1)
    expect(report.requests[1]).toMatchObject({
      state: 'withheld',
      detail: expect.stringMatching(
        /the timeline rose once since the first event, and the platform still shows zone 1/,
      ),
    })
  })

  test('waits, and asks for nothing, while the zone cannot be seen', async () => {
    const { world, report } = await drillOf(request, { server: { facts: { availabilityZone: null } } })
    expect(world.server.failovers).toHaveLength(1)
    expect(report.requests[1]).toMatchObject({ state: 'withheld', detail: expect.stringMatching(/could not be seen/) })
  })
})
