/** How long a failover is followed: not less than its request may be on its way, and not without an end. */
import { expect, test } from 'vitest'
import { observeIdentity } from '../../functions/activities/events/identity.ts'
import { eventEvidence, followEvents } from '../../functions/activities/events/progress.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { EventAnswer } from '../../functions/model/event-answer.ts'
import { aPlan } from '../support/play-drill.ts'
import { restart } from '../support/world/service.ts'
import { createWorld, START_AT_MS } from '../support/world/world.ts'

const FORCED = { call: 'restart', failoverMode: 'forced' } as const

const events = [20, 70].map((atSeconds) => ({ atSeconds, kind: 'failover', mode: 'forced' }))
const plan = aPlan({ durationSeconds: 200, events, timing: { eventTimeoutSeconds: 60 } })
const time = (second: number) => new Date(START_AT_MS + second * 1000).toISOString()
const timeout: EventAnswer = { kind: 'ambiguous', why: 'the sender gave up waiting', sentAt: time(30) }

/** The intent is written at 0 s; the request is sent 30 s later, because the load did not prove itself before. */
async function aRequest(answer: EventAnswer | null, oldZonesMs = 0) {
  const world = createWorld({ server: { oldZonesMs } })
  const { blobs, clock, clients, server } = world
  const put = (name: string, value: unknown) => blobs.put(name, JSON.stringify(value))
  const before = await observeIdentity(clients, plan.target)
  put(drillBlobs.eventIntent(plan.drillId, 0), { index: 0, planned: events[0], before, writtenAt: time(0) })
  const claim = (index: number, second: number) =>
    put(drillBlobs.eventClaim(plan.drillId, index, 0), {
      claimedAt: time(second),
      mayArriveUntil: time(second + 90),
    })
  claim(0, 30)
  if (answer !== null) put(drillBlobs.eventAnswer(plan.drillId, 0, 0), answer)
  const isSettledAt = (second: number) => {
    clock.moveTo(START_AT_MS + second * 1000)
    return followEvents(clients, plan)
  }
  const evidence = async () => (await eventEvidence(clients, plan))[0]
  return { server, claim, isSettledAt, evidence, clock }
}

for (const [what, answer] of [
  ['without an answer', null],
  ['whose sender gave up waiting', timeout],
] as const) {
  test(`a request ${what} is followed until a failover at its latest arrival would be overdue, and no longer`, async () => {
    const { isSettledAt } = await aRequest(answer)
    expect(await isSettledAt(31)).toBe(false)
    // Its timeout counts from its latest arrival, not from the intent.
    expect(await isSettledAt(119)).toBe(false)
    expect(await isSettledAt(179)).toBe(false)
    expect(await isSettledAt(181)).toBe(true)
  })

  test(`a failover by another does not settle a request ${what} while it may arrive`, async () => {
    const { isSettledAt, server, clock, evidence } = await aRequest(answer)
    clock.moveTo(START_AT_MS + 32_000)
    server.failOverByHand()
    for (const second of [36, 45, 60, 80, 100, 119]) expect(await isSettledAt(second)).toBe(false)
    expect(await evidence()).toMatchObject({ request: 'ambiguous', acceptedAt: null, healthyAt: time(60) })
    expect(await isSettledAt(121)).toBe(true)
  })
}

test('a rebuild of the standby that no poll saw is not waited for, and has no T6', async () => {
  const { isSettledAt, server, clock, evidence } = await aRequest(timeout)
  clock.moveTo(START_AT_MS + 32_000)
  server.failOverByHand()
  for (const second of [100, 119]) expect(await isSettledAt(second)).toBe(false)
  expect(await isSettledAt(121)).toBe(true)
  expect(await evidence()).toMatchObject({ after: { timeline: 2, haState: 'Healthy' }, healthyAt: null })
})

test('a request that was sent late has all of its time to complete', async () => {
  const accepted: EventAnswer = {
    kind: 'accepted',
    pollerToken: 'operation-0',
    requestId: null,
    sentAt: time(30),
    acceptedAt: time(30),
  }
  const { isSettledAt, server } = await aRequest(accepted)
  server.operationState = async () => ({ kind: 'running' })
  expect(await isSettledAt(61)).toBe(false)
  expect(await isSettledAt(89)).toBe(false)
  expect(await isSettledAt(91)).toBe(true)
})

test('the failover that the next request causes is no evidence for the one before', async () => {
  const { isSettledAt, server, claim, clock, evidence } = await aRequest(timeout)
  expect(await isSettledAt(130)).toBe(false)
  claim(1, 131)
  clock.moveTo(START_AT_MS + 131_000)
  await server.begin(plan.target, FORCED)
  for (const second of [135, 145, 170]) await isSettledAt(second)
  expect(await evidence()).toMatchObject({ request: 'ambiguous', after: null, healthyAt: null })
})

test('a restart of the same primary is no new primary, and is not waited for without an end', async () => {
  const { isSettledAt, server, evidence } = await aRequest(timeout)
  const [fromMs, toMs] = [START_AT_MS + 40_000, START_AT_MS + 42_000]
  server.service.add(restart('flap', fromMs, toMs))
  for (const second of [45, 60, 130, 179]) expect(await isSettledAt(second)).toBe(false)
  expect(await evidence()).toMatchObject({ after: null, healthyAt: null })
  expect(await isSettledAt(181)).toBe(true)
})

test('a standby that was being rebuilt before the request and is back before the failover is not its T6', async () => {
  const world = createWorld()
  const { clients, server, clock, blobs } = world
  server.failOverByHand()
  clock.moveTo(START_AT_MS + 8_000)
  const before = await observeIdentity(clients, plan.target)
  expect(before).toMatchObject({ timeline: 2, haState: 'ReplicatingData' })
  const put = (name: string, value: unknown) => blobs.put(name, JSON.stringify(value))
  put(drillBlobs.eventIntent(plan.drillId, 0), { index: 0, planned: events[0], before, writtenAt: time(8) })
  put(drillBlobs.eventClaim(plan.drillId, 0, 0), { claimedAt: time(8), mayArriveUntil: time(98) })
  const looks = async (seconds: readonly number[]) => {
    for (const second of seconds) {
      clock.moveTo(START_AT_MS + second * 1000)
      await followEvents(clients, plan)
    }
    return (await eventEvidence(clients, plan))[0]
  }
  expect(await looks([10, 15, 25])).toMatchObject({ after: null, healthyAt: null })
  server.failOverByHand()
  expect(await looks([34, 36, 50])).toMatchObject({ after: { timeline: 3 }, healthyAt: time(50) })
})

/** A restart without a failover; `upAt`: when its process started. */
async function aRestart(haStates: Readonly<Record<number, string>>) {
  const world = createWorld()
  const { blobs, clock, clients, server } = world
  const restarts = aPlan({
    durationSeconds: 200,
    events: [{ atSeconds: 20, kind: 'restart' }],
    timing: { eventTimeoutSeconds: 60 },
  })
  const put = (name: string, value: unknown) => blobs.put(name, JSON.stringify(value))
  const before = await observeIdentity(clients, restarts.target)
  put(drillBlobs.eventIntent(restarts.drillId, 0), {
    index: 0,
    planned: restarts.events[0],
    before,
    writtenAt: time(0),
  })
  put(drillBlobs.eventClaim(restarts.drillId, 0, 0), { claimedAt: time(20), mayArriveUntil: time(110) })
  const answer: EventAnswer = {
    kind: 'accepted',
    pollerToken: 'restart-0',
    requestId: null,
    sentAt: time(20),
    acceptedAt: time(20),
  }
  put(drillBlobs.eventAnswer(restarts.drillId, 0, 0), answer)
  server.service.add(restart('flap', START_AT_MS + 22_000, START_AT_MS + 25_000))
  server.operationState = async () =>
    clock.nowMs < START_AT_MS + 40_000 ? { kind: 'running' } : { kind: 'succeeded', endedAt: time(40) }
  const get = server.get.bind(server)
  server.get = async (target) => {
    const facts = await get(target)
    const second = (clock.nowMs - START_AT_MS) / 1000
    const state = Object.entries(haStates).findLast(([from]) => second >= Number(from))?.[1] ?? 'Healthy'
    return { ...facts, highAvailability: facts.highAvailability && { ...facts.highAvailability, state } }
  }
  const isSettledAt = (second: number) => {
    clock.moveTo(START_AT_MS + second * 1000)
    return followEvents(clients, restarts)
  }
  return { isSettledAt, evidence: async () => (await eventEvidence(clients, restarts))[0] }
}

test('a restart that disturbed no standby is over with its operation, and has no T6', async () => {
  const { isSettledAt, evidence } = await aRestart({})
  for (const second of [21, 27, 39]) expect(await isSettledAt(second)).toBe(false)
  expect(await isSettledAt(41)).toBe(true)
  expect(await evidence()).toMatchObject({ after: { timeline: 1, postmasterStartedAt: time(25) }, healthyAt: null })
})

test('a restart that disturbed the standby is followed until high availability is healthy again', async () => {
  const { isSettledAt, evidence } = await aRestart({ 26: 'ReplicatingData', 60: 'Healthy' })
  for (const second of [21, 27, 41, 59]) expect(await isSettledAt(second)).toBe(false)
  expect(await isSettledAt(61)).toBe(true)
  expect(await evidence()).toMatchObject({ healthyAt: time(61) })
})

test('without high availability nothing is waited for after the operation', async () => {
  const { isSettledAt } = await aRestart({ 0: 'NotEnabled' })
  expect(await isSettledAt(39)).toBe(false)
  expect(await isSettledAt(41)).toBe(true)
})

test('the zones that the platform shows after high availability is healthy again are those of the new primary', async () => {
  const { isSettledAt, server, clock, evidence } = await aRequest(timeout, 60_000)
  clock.moveTo(START_AT_MS + 32_000)
  server.failOverByHand()
  for (const second of [45, 60]) await isSettledAt(second)
  const zones = { availabilityZone: '1', standbyZone: '2' }
  expect(await evidence()).toMatchObject({ healthyAt: time(60), after: { timeline: 2, ...zones } })
  expect(await isSettledAt(121), 'they are not waited for').toBe(true)
  expect(await evidence()).toMatchObject({
    healthyAt: time(60),
    after: { timeline: 2, availabilityZone: '2', standbyZone: '1' },
  })
})
