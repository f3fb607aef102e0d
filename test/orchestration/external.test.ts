/** Drills that cause nothing: what others do to the server while the load runs is recognised, measured and judged. */
import { expect, test } from 'vitest'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld, type WorldOptions } from '../support/world/world.ts'

const plan = aPlan({
  durationSeconds: 90,
  containers: 1,
  events: [{ atSeconds: 15, kind: 'external' }],
  criteria: ['recovery_time_s <= 30'],
  timing: { cooldownMinutes: 0, recoveryHoldSeconds: 10 },
})

const watch = async (troubles: NonNullable<WorldOptions['server']>['troubles'] = []) => {
  const world = createWorld({ server: { troubles } })
  const { report, status } = await playDrill(world, plan)
  expect(status).toBe('Completed')
  expect([world.server.posts, world.groups.alive.length]).toEqual([0, 0])
  return { world, report }
}

test('a failover by hand is recognised, measured and judged, and no request is sent', async () => {
  const { world, report } = await watch([{ kind: 'hand', atSecond: 30.2, seconds: 6 }])
  expect(report?.events).toMatchObject([
    { kind: 'failover', cause: 'other', request: null, service: 'recovered', proof: { proven: true } },
  ])
  expect(report?.requests).toMatchObject([{ kind: 'external', state: 'watched', event: 1 }])
  expect(report?.verdict, report?.reasons.join('\n')).toBe('PASS')
  // The standby is rebuilt 20 s after the promotion.
  expect(report?.recovery.exposureSeconds).toBeGreaterThan(15)
  expect(world.blobs.peek(serverBlobs.lastPromotion(plan.target))).toBeNull()
})

test('several events of one watch are recognised, each of its kind, and the worst is judged', async () => {
  const { report } = await watch([
    { kind: 'flap', atSecond: 20.2, seconds: 3 },
    { kind: 'hand', atSecond: 40.2, seconds: 6 },
    { kind: 'flap', atSecond: 65.2, seconds: 2 },
  ])
  expect(report?.events.map(({ kind, cause }) => [kind, cause])).toEqual([
    ['restart', 'other'],
    ['failover', 'other'],
    ['restart', 'other'],
  ])
  expect(report?.worstEvent).toBe(2)
  // High availability is healthy again only after the third event began.
  expect(report?.events.map(({ moments }) => moments.t6 !== null)).toEqual([false, true, false])
})

test('a recovery that takes too long fails the drill', async () => {
  const { report } = await watch([{ kind: 'hand', atSecond: 30.2, seconds: 35 }])
  expect(report?.verdict).toBe('FAIL')
  expect(report?.headline).toMatch(/^Watch of \S+: failover that this drill did not request: /)
})

test('when nothing happens, the drill is inconclusive', async () => {
  const { report } = await watch()
  expect(report?.events).toEqual([])
  expect(report?.verdict).toBe('INCONCLUSIVE')
  expect(report?.reasons).toContain('No event was seen while the drill watched for what others do.')
})

test('high availability that is not healthy does not stop a drill that needs no standby', async () => {
  const world = createWorld({
    server: { facts: { highAvailability: null }, troubles: [{ kind: 'flap', atSecond: 30.2, seconds: 3 }] },
  })
  const { report } = await playDrill(world, plan)
  expect(report?.checklist.map(({ id }) => id)).not.toContain('ha-healthy')
  expect(report?.events).toMatchObject([{ kind: 'restart' }])
})

// ---- What the platform recorded -------------------------------------------------------------------------------------------

const HAND = { kind: 'hand', atSecond: 30.2, seconds: 6 } as const
const recordedIn = async (own: Pick<WorldOptions, 'activities' | 'health'>, drill = plan) =>
  (await playDrill(createWorld({ server: { troubles: [HAND] }, ...own }), drill)).report

test('what the platform recorded is context of a watch: rows by time, and no proof', async () => {
  const by = 'Restart with failover: Succeeded, by dba@example.com'
  const report = await recordedIn({
    activities: () => [{ at: '2026-01-01T00:00:50.000Z', what: by }],
    health: () => [
      { at: '2025-12-01T00:00:00.000Z', what: 'Unavailable: long ago' },
      { at: '2025-12-31T00:00:00.000Z', what: 'Available' },
      { at: '2026-01-01T00:00:48.000Z', what: 'Unavailable (Unplanned)' },
      { at: '2026-02-01T00:00:00.000Z', what: 'after the drill' },
    ],
  })
  expect(report?.platformLog).toEqual({
    records: [
      { at: '2025-12-31T00:00:00.000Z', source: 'resource health', what: 'Available' },
      { at: '2026-01-01T00:00:48.000Z', source: 'resource health', what: 'Unavailable (Unplanned)' },
      { at: '2026-01-01T00:00:50.000Z', source: 'activity log', what: by },
    ],
    notRead: [],
  })
  expect(JSON.stringify(report?.eventsProof)).not.toContain('dba@example.com')
})

test('what the app may not read is named with its reason, and the drill goes on', async () => {
  const report = await recordedIn({
    activities: () => {
      throw new Error('it could not be read', { cause: new Error('AuthorizationFailed') })
    },
  })
  expect(report?.verdict).toBe('PASS')
  expect(report?.platformLog).toEqual({
    records: [],
    notRead: [expect.stringMatching(/^activity log: it could not be read.*AuthorizationFailed/)],
  })
})

test('a drill that causes its event reads none of it', async () => {
  const own = aPlan({ durationSeconds: 60, containers: 1, criteria: ['recovery_time_s <= 30'] })
  let reads = 0
  const activities = () => {
    reads++
    return []
  }
  const { report } = await playDrill(createWorld({ activities }), own)
  expect([report?.platformLog, reads]).toEqual([null, 0])
})
