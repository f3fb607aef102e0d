/** Exactly one failover per intent: for every fate of the request, its answer and the host that sent it. */
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { observeIdentity } from '../../functions/activities/events/identity.ts'
import { eventEvidence } from '../../functions/activities/events/progress.ts'
import type { LastPromotion } from '../../functions/clients/storage/last-promotion.ts'
import { secondsBetweenEvents } from '../../functions/live/event-safety.ts'
import { drillBlobs, serverBlobs } from '../../functions/model/blob-paths.ts'
import type { PrimaryIdentity } from '../../functions/model/facts.ts'
import type { Report } from '../../functions/model/report.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { aPlan, criteria, type DrillPlayOptions, playDrill, playRequest, settings } from '../support/play-drill.ts'
import type { PostFate } from '../support/world/server.ts'
import { createWorld, usualCourse, type WorldOptions } from '../support/world/world.ts'

/** Long enough for the silence after which a lost request is given up, and for recovery after that. */
const longRequest = { criteria, targetTps: 16, workers: 2, containers: 1, durationSeconds: 340 }
const aLongPlan = () => aPlan(longRequest)

const run = (world: WorldOptions, options: DrillPlayOptions = {}) => playRequest(longRequest, world, options)

/** How often the request is sent, how many failovers follow, and the verdict. */
const FATES: ReadonlyArray<
  readonly [when: string, posts: readonly PostFate[], sent: number, failovers: number, verdict: Report['verdict']]
> = [
  ['the request is accepted', ['accepted'], 1, 1, 'PASS'],
  ['the connection is reset after it arrived', ['reset after arrival'], 1, 1, 'INCONCLUSIVE'],
  ['the connection is reset before it arrived', ['reset before arrival'], 1, 0, 'INCONCLUSIVE'],
  ['it is answered with 503 and carried out', ['unavailable after arrival'], 1, 1, 'INCONCLUSIVE'],
  ['it times out and is lost', ['timeout before arrival'], 1, 0, 'INCONCLUSIVE'],
  ['the server is busy once', ['busy', 'accepted'], 2, 1, 'PASS'],
  ['the server is not ready twice', ['not ready', 'not ready', 'accepted'], 3, 1, 'PASS'],
  ['the server stays busy', ['busy'], 6, 0, 'INCONCLUSIVE'],
  ['the app may not fail over', ['forbidden'], 1, 0, 'INCONCLUSIVE'],
  ['the host dies after it arrived', ['host dies after arrival'], 1, 1, 'INCONCLUSIVE'],
  ['the host dies before it was sent', ['host dies before arrival', 'accepted'], 2, 1, 'PASS'],
  [
    'hosts die twice before it was sent',
    ['host dies before arrival', 'host dies before arrival', 'accepted'],
    3,
    1,
    'PASS',
  ],
]

for (const [when, posts, sent, failovers, verdict] of FATES)
  test(`when ${when}: ${failovers} failover of ${sent} requests, ${verdict}`, async () => {
    const { status, report, world } = await run({ posts })
    expect({
      status,
      sent: world.server.posts,
      failovers: world.server.failovers.length,
      verdict: report?.verdict,
      left: world.groups.alive.length,
    }).toEqual({ status: 'Completed', sent, failovers, verdict, left: 0 })
  })

test('a step that fails after it may have sent is called again, and observes', async () => {
  const world = createWorld()
  const { causeEvent } = createActivities(world.clients, settings)
  let runs = 0
  const failsAfterSending = async (input: Parameters<typeof causeEvent>[0]) => {
    const step = await causeEvent(input)
    if (++runs === 1) throw new Error('the answer was lost in the queue')
    return step
  }
  const { report } = await playDrill(world, aLongPlan(), { overrides: { causeEvent: failsAfterSending } })
  expect({ posts: world.server.posts, runs, verdict: report?.verdict }).toEqual({ posts: 1, runs: 2, verdict: 'PASS' })
})

test('two executions of the step at once send one request', async () => {
  const world = createWorld()
  const { causeEvent } = createActivities(world.clients, settings)
  const steps: string[] = []
  const twice = async (input: Parameters<typeof causeEvent>[0]) => {
    const both = await Promise.all([causeEvent(input), causeEvent(input)])
    steps.push(...both.map(({ detail }) => detail))
    return both.find(({ next }) => next === 'watch') ?? both[0]
  }
  const { report } = await playDrill(world, aLongPlan(), { overrides: { causeEvent: twice } })
  expect({ posts: world.server.posts, failovers: world.server.failovers.length, verdict: report?.verdict }).toEqual({
    posts: 1,
    failovers: 1,
    verdict: 'PASS',
  })
  expect(steps).toContain('another execution of this step is sending the request')
})

test('an execution that stood still for long after its claim sends nothing: its request would arrive out of time', async () => {
  const world = createWorld()
  const writeOnce = world.blobs.writeOnce.bind(world.blobs)
  let claims = 0
  world.blobs.writeOnce = async (name, value) => {
    const isFirstClaim = name === drillBlobs.eventClaim('drill-1', 0, 0) && ++claims === 1
    if (isFirstClaim) world.clock.moveTo(world.clock.nowMs + 11_000)
    return writeOnce(name, value)
  }
  const { causeEvent } = createActivities(world.clients, settings)
  const postsAfterFirst: number[] = []
  const counted = async (input: Parameters<typeof causeEvent>[0]) => {
    const step = await causeEvent(input)
    postsAfterFirst.push(world.server.posts)
    return step
  }
  const { report } = await playDrill(world, aLongPlan(), { overrides: { causeEvent: counted } })
  expect({ posts: postsAfterFirst[0], verdict: report?.verdict, failovers: world.server.failovers.length }).toEqual({
    posts: 0,
    verdict: 'PASS',
    failovers: 1,
  })
})

test('the answer that was lost with its host is recorded with the signs that replaced it', async () => {
  const { world } = await run({ posts: ['host dies after arrival'] })
  const answer = world.blobs.peek<{ kind: string; why: string }>(drillBlobs.eventAnswer('drill-1', 0, 0))
  expect(answer?.kind).toBe('ambiguous')
  expect(answer?.why).toContain(
    'the answer was lost; seen since the request was prepared, of any cause: timeline 1 -> 2',
  )
})

test('a failover that never completes fails the drill, and is not waited for without end', async () => {
  const { status, report, world } = await run({ courses: [{ ...usualCourse, outageMs: null }] })
  expect(status).toBe('Completed')
  expect(world.groups.alive).toEqual([])
  expect(report).toMatchObject({
    verdict: expect.stringMatching(/FAIL|INCONCLUSIVE/),
    eventsProof: { proven: false },
  })
  expect(report?.recovery.recoveryTimeSeconds).toBeNull()
})

test('a standby that is never rebuilt leaves t6 open', async () => {
  const { report } = await run({ courses: [{ ...usualCourse, rebuildMs: null }] })
  expect(report?.moments).toMatchObject({ t2: expect.any(String), t6: null })
})

test('a drill whose reservation was taken over does not fail anything over', async () => {
  const world = createWorld()
  const takeOver = () =>
    world.blobs.put(
      'servers/rg/pg-under-test/lock.json',
      JSON.stringify({ drillId: 'other', state: 'held', since: '' }),
    )
  const { report } = await playDrill(world, aLongPlan(), { incidents: [{ atMs: 20_000, run: takeOver }] })
  expect(world.server.posts).toBe(0)
  expect(JSON.stringify(report?.journal)).toContain('no longer reserved')
})

test('a request without a known outcome starts the cool-down when its drill ends early', async () => {
  const lastPromotion = async (posts: readonly PostFate[]) => {
    const world = createWorld({ posts, generator: () => ({ diesAtSecond: 18 }) })
    const { report } = await playDrill(world, aPlan({ criteria, containers: 1 }), {
      settings: { eventSilenceSeconds: 90 },
    })
    expect(report?.verdict).toBe('ABORTED')
    return world.blobs.peek<{ drillId: string }>('servers/rg/pg-under-test/last-promotion.json')
  }
  expect(await lastPromotion(['host dies before arrival'])).toMatchObject({ drillId: 'drill-1' })
  expect(await lastPromotion(['forbidden'])).toBeNull()
})

const TWICE = { criteria, containers: 1, durationSeconds: 340, events: [at(15), at(70)] }
function at(atSeconds: number) {
  return { atSeconds, kind: 'failover', mode: 'forced' }
}
/** Another failover while the answer to the first request is lost: its signs are those that the request would show. */
const crash = [{ kind: 'crash', atSecond: 18, seconds: 3 }] as const

test.each([
  ['its host died', 'host dies, arrives late'],
  ['its sender gave up waiting', 'timeout, arrives late'],
] as const)(
  'when %s, a crash does not release the next failover while the lost request may arrive',
  async (_, late) => {
    const world = createWorld({ posts: [late, 'accepted'], server: { lateArrivalMs: 80_000, troubles: crash } })
    const { report } = await playDrill(world, aPlan(TWICE))
    const [lost] = world.server.sent
    const after = world.server.sent.slice(1).map(({ atMs }) => (atMs - (lost?.atMs ?? 0)) / 1000)
    expect(after.filter((seconds) => seconds < 100)).toEqual([])
    expect(world.server.failovers).toHaveLength(1)
    expect(report?.requests.map(({ state }) => state)).toEqual(['ambiguous', 'withheld'])
    expect(report?.verdict).toBe('INCONCLUSIVE')
  },
)

test.each(['host dies before arrival', 'timeout before arrival'] as const)(
  'the next failover waits until a request of which is known "%s" cannot arrive any more, and is then asked for',
  async (fate) => {
    const world = createWorld({ posts: [fate, 'accepted'], server: { troubles: crash } })
    const plan = aPlan(TWICE)
    const { report } = await playDrill(world, plan)
    const wanted = settings.eventSilenceSeconds + secondsBetweenEvents(plan, 0)
    const [first, second, ...more] = world.server.sent.map(({ atMs }) => atMs / 1000)
    expect(more).toEqual([])
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(wanted)
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(wanted + 15)
    expect(report?.requests.map(({ state }) => state)).toEqual(['ambiguous', 'accepted'])
    // The answer to the first request proves nothing, and the second failover is no proof of the first.
    expect(report?.eventsProof.proven).toBe(false)
    expect(report?.verdict).toBe('INCONCLUSIVE')
  },
)

/** A claim of its host, which died: nothing shows whether it sent. `lookAt`: seconds after the claim. */
async function aLostRequest(known: Partial<PrimaryIdentity>) {
  const world = createWorld()
  const plan = aLongPlan()
  const { causeEvent } = createActivities(world.clients, settings)
  const nowMs = world.clock.nowMs
  const before = { ...(await observeIdentity(world.clients, plan.target)), ...known }
  const time = (seconds: number) => new Date(nowMs + seconds * 1000).toISOString()
  const claim = { claimedAt: time(0), mayArriveUntil: time(90) }
  world.blobs.put(blobNames.request('drill-1'), JSON.stringify({ plan, bodyHash: 'hash' }))
  const intent = { index: 0, planned: at(15), before, writtenAt: time(-60) }
  world.blobs.put(drillBlobs.eventIntent('drill-1', 0), JSON.stringify(intent))
  world.blobs.put(drillBlobs.eventClaim('drill-1', 0, 0), JSON.stringify(claim))
  const lookAt = (second: number, attempt = 0) => {
    world.clock.moveTo(nowMs + second * 1000)
    return causeEvent({ drillId: 'drill-1', index: 0, attempt })
  }
  const reserveFor = (drillId: string) =>
    world.blobs.put(serverBlobs.lock(plan.target), JSON.stringify({ drillId, state: 'held', since: '' }))
  const coolDownFrom = () => world.blobs.peek<LastPromotion>(serverBlobs.lastPromotion(plan.target))?.at ?? null
  return { world, time, lookAt, reserveFor, coolDownFrom }
}

test('silence after a lost answer releases no other request when the timeline before is not known', async () => {
  const { world, lookAt } = await aLostRequest({ timeline: null, haState: 'ReplicatingData' })
  expect(await lookAt(89)).toMatchObject({ next: 'look again' })
  expect(await lookAt(91)).toMatchObject({ next: 'watch', detail: expect.stringContaining('is not known') })
  expect(world.server.posts).toBe(0)
})

test('a sign settles a lost answer at once, and its cool-down still begins at the latest arrival', async () => {
  const { world, time, lookAt, coolDownFrom } = await aLostRequest({})
  world.server.failOverByHand()
  expect(await lookAt(10)).toMatchObject({ next: 'watch', detail: expect.stringContaining('of any cause') })
  expect(coolDownFrom()).toBe(time(90))
})

test('a sign that comes after the latest arrival begins the cool-down when it is seen', async () => {
  const { world, time, lookAt, coolDownFrom } = await aLostRequest({})
  expect(await lookAt(89)).toMatchObject({ next: 'look again' })
  world.server.failOverByHand()
  expect(await lookAt(97)).toMatchObject({ next: 'watch' })
  expect(coolDownFrom()).toBe(time(97))
})

test('the cool-down after a lost answer is on record from the first look: the next drill may begin before this one ends', async () => {
  const { time, lookAt, coolDownFrom } = await aLostRequest({})
  expect(coolDownFrom()).toBeNull()
  expect(await lookAt(1)).toMatchObject({ next: 'look again' })
  expect(coolDownFrom()).toBe(time(90))
})

test('a request that arrives after it was taken for lost is recorded, also when the drill has lost its reservation', async () => {
  const { world, time, lookAt, reserveFor, coolDownFrom } = await aLostRequest({})
  expect(await lookAt(91)).toMatchObject({ next: 'try again' })
  reserveFor('other')
  world.server.failOverByHand()
  const why = expect.stringMatching(/^not requested again, because of: timeline 1 -> 2/)
  expect(await lookAt(100, 1)).toMatchObject({ next: 'watch', detail: why })
  expect(world.blobs.peek(drillBlobs.eventAnswer('drill-1', 0, 1))).toEqual({
    kind: 'ambiguous',
    why,
    sentAt: time(0),
  })
  expect(coolDownFrom()).toBe(time(100))
  expect(world.server.posts).toBe(0)
})

test('a drill that has lost its reservation does not ask again, with no sign of its lost request', async () => {
  const { world, lookAt, reserveFor } = await aLostRequest({})
  reserveFor('other')
  const detail = expect.stringContaining('no longer reserved')
  expect(await lookAt(100, 1)).toMatchObject({ next: 'give up', detail })
  expect(world.server.posts).toBe(0)
})

test('a failover by another, seen after a refusal, is not asked for again and is not called ambiguous', async () => {
  const world = createWorld({ posts: ['busy', 'accepted'] })
  const plan = aLongPlan()
  // The platform carries out the request of another at the moment at which it refuses this drill's.
  world.server.begin = async () => {
    const sentAt = world.clock.now().toISOString()
    world.server.failOverByHand()
    return { kind: 'refused', status: 409, code: 'ServerIsBusy', message: 'busy', sentAt }
  }
  const { report } = await playDrill(world, plan)
  const [evidence] = await eventEvidence(world.clients, plan)
  expect(evidence).toMatchObject({
    request: 'refused',
    acceptedAt: null,
    detail: expect.stringMatching(/^409 ServerIsBusy: busy; not requested, because of: .*/),
  })
  expect(report?.requests).toMatchObject([{ state: 'refused', event: null }])
  expect(report?.events).toMatchObject([{ cause: 'other', kind: 'promotion', outcome: 'only seen' }])
  expect(report?.verdict).toBe('INCONCLUSIVE')
})

test('a failover that the drill did not live to see is not reached, and says so', async () => {
  const world = createWorld({ generator: () => ({ diesAtSecond: 5 }) })
  const plan = aPlan({ criteria })
  await playDrill(world, plan)
  expect(await eventEvidence(world.clients, plan)).toMatchObject([{ request: 'not reached', sentAt: null }])
})
