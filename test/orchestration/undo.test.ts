/** What an event changed is changed back at the end of the drill, for every end of it; and never what others changed. */
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { eventEvidence } from '../../functions/activities/events/progress.ts'
import { releaseLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs, serverBlobs } from '../../functions/model/blob-paths.ts'
import type { PlatformRequest } from '../../functions/model/planned-event.ts'
import type { Report } from '../../functions/model/report.ts'
import { putEntry } from '../support/index-entries.ts'
import {
  aPlan,
  criteria,
  type DrillPlayOptions,
  playDrill,
  settings,
  smallRenderers,
  target,
} from '../support/play-drill.ts'
import { USUAL_SKU } from '../support/world/effects.ts'
import type { PostFate, ServerOptions } from '../support/world/server.ts'
import { Throttle } from '../support/world/throttle.ts'
import { createWorld, type World, type WorldOptions } from '../support/world/world.ts'

const BIG = 'Standard_E8ds_v5'
const OTHER = 'Standard_E16ds_v5'
const REPLICA = 'pg-replica'
const scaling = { atSeconds: 15, kind: 'scale', sku: BIG }
const switchover = { atSeconds: 15, kind: 'switchover', mode: 'planned', replica: REPLICA, returnHome: true }
const scaleTo = (sku: string): PlatformRequest => ({ call: 'scale', sku })
const promote = (replica: string): PlatformRequest => ({ call: 'promote', replica, option: 'planned' })

interface Options extends DrillPlayOptions {
  readonly posts?: readonly PostFate[]
  readonly effects?: ServerOptions['effects']
  readonly world?: WorldOptions
  readonly request?: Readonly<Record<string, unknown>>
  readonly onWorld?: (world: World) => void
}

async function run(event: object, { posts, effects, world: more, request, onWorld, ...options }: Options = {}) {
  const world = createWorld({
    ...(posts !== undefined && { posts }),
    ...more,
    server: { effects: { replica: { name: REPLICA }, ...effects }, ...more?.server },
  })
  onWorld?.(world)
  const plan = aPlan({ criteria, containers: 1, durationSeconds: 60, events: [event], ...request })
  const played = await playDrill(world, plan, options)
  return { ...played, world, plan, ...(await stateOf(world, plan)) }
}

async function stateOf(world: World, plan: ReturnType<typeof aPlan>) {
  const [evidence] = await eventEvidence(world.clients, plan)
  const { nowMs } = world.clock
  return {
    evidence,
    requests: world.server.sent.map(({ request }) => request),
    sku: world.server.effects.skuAt('home', nowMs),
    site: world.server.effects.siteAt(nowMs),
    records: world.blobs.names.filter((name) => name.includes(serverBlobs.undoFolder)),
  }
}

const BACK = { sku: USUAL_SKU, site: 'home', records: [] }
const UNDONE = { state: 'undone', detail: `the size of the server is ${USUAL_SKU} again` }

test('a size is scaled back with one request, after the standby of the event is back', async () => {
  const { requests, evidence, world, report, ...rest } = await run(scaling)
  expect(rest).toMatchObject(BACK)
  expect(report?.journal.find(({ step }) => step === 'undo')?.detail).toBe(UNDONE.detail)
  expect(report?.caveats.join()).not.toContain('Not undone')
  expect(requests).toEqual([scaleTo(BIG), scaleTo(USUAL_SKU)])
  expect(evidence?.undo).toMatchObject(UNDONE)
  const [, back] = world.server.sent
  expect(back?.atMs).toBeGreaterThan(Date.parse(evidence?.healthyAt ?? ''))
  expect(world.groups.alive).toEqual([])
})

test('the record of what is undone lies in storage before the request is sent', async () => {
  let seen: readonly string[] = []
  await run(scaling, {
    onWorld: (world) => {
      const begin = world.server.begin.bind(world.server)
      world.server.begin = (...asked) => {
        if (world.server.posts === 0) seen = world.blobs.names
        return begin(...asked)
      }
    },
  })
  expect(seen).toContain(serverBlobs.undo(target, 'drill-1', 0))
})

const ENDS: ReadonlyArray<readonly [how: string, options: Options]> = [
  ['the drill is aborted', { incidents: [{ atMs: 35_000, event: 'abort', data: { reason: 'enough' } }] }],
  ['the load dies', { world: { generator: () => ({ diesAtSecond: 25 }) } }],
  ['an audit fails', { overrides: { audit: () => Promise.reject(new Error('no audit')) } }],
  ['the containers cannot be deleted', { overrides: { cleanUp: () => Promise.reject(new Error('no clean-up')) } }],
  ['the host dies after the request', { crash: onceAfter('causeEvent') }],
  ['the host dies after a look at what is to be undone', { crash: onceAfter('undoEvents') }],
  ['the platform is busy when it is asked to', { posts: ['accepted', 'busy', 'busy', 'not ready', 'accepted'] }],
  ['the platform asks for a pause', { posts: ['accepted', 'throttled', 'accepted'] }],
  ['the answer to the request that undoes it is lost', { posts: ['accepted', 'reset after arrival'] }],
  ['the request that undoes it is lost', { posts: ['accepted', 'reset before arrival', 'accepted'] }],
  ['the host dies with the request that undoes it', { posts: ['accepted', 'host dies after arrival'] }],
  ['the host dies before the request that undoes it', { posts: ['accepted', 'host dies before arrival', 'accepted'] }],
  [
    'the request arrives late',
    { posts: ['timeout, arrives late', 'accepted'], world: lateBy(85_000), request: { durationSeconds: 40 } },
  ],
]

function onceAfter(step: string) {
  let count = 0
  return ({ name }: { readonly name: string }) => name === step && ++count === 1
}

function lateBy(lateArrivalMs: number): WorldOptions {
  return { posts: ['timeout, arrives late', 'accepted'], server: { lateArrivalMs } }
}

for (const [how, options] of ENDS)
  test(`a size is scaled back when ${how}`, async () => {
    const { sku, records, requests, evidence, world, status } = await run(scaling, options)
    expect({ status, sku, records }).toEqual({ status: 'Completed', sku: USUAL_SKU, records: [] })
    expect(evidence?.undo?.state).toBe('undone')
    // A request that provably arrived is sent once; one that was refused or lost is sent again.
    const arrived = world.server.effects.all.map(({ request }) => request)
    expect(arrived).toEqual([scaleTo(BIG), scaleTo(USUAL_SKU)])
    expect(requests.filter((request) => JSON.stringify(request) === JSON.stringify(scaleTo(BIG)))).toHaveLength(1)
  })

for (const [how, options] of ENDS)
  test(`a switchover is returned when ${how}`, async () => {
    const { site, records, requests, evidence, world, status } = await run(switchover, options)
    expect({ status, site, records }).toEqual({ status: 'Completed', site: 'home', records: [] })
    expect(evidence?.undo?.state).toBe('undone')
    const arrived = world.server.effects.all.map(({ request }) => request)
    expect(arrived).toEqual([promote(REPLICA), promote(target.server)])
    expect(requests.filter((request) => JSON.stringify(request) === JSON.stringify(promote(REPLICA)))).toHaveLength(1)
  })

test('two executions at once send one request that undoes it', async () => {
  const world = createWorld()
  const { undoEvents } = createActivities(world.clients, settings)
  const twice = async (input: Parameters<typeof undoEvents>[0]) =>
    (await Promise.all([undoEvents(input), undoEvents(input)]))[0]
  await playDrill(world, aPlan({ criteria, containers: 1, durationSeconds: 60, events: [scaling] }), {
    overrides: { undoEvents: twice },
  })
  expect(world.server.sent.map(({ request }) => request)).toEqual([scaleTo(BIG), scaleTo(USUAL_SKU)])
})

test('a request that was refused undoes nothing, also when others scale to the same size', async () => {
  const byHand =
    ({ server }: World) =>
    () =>
      void server.doByHand(scaleTo(BIG))
  const world = createWorld({ posts: ['forbidden'] })
  const plan = aPlan({ criteria, containers: 1, durationSeconds: 60, events: [scaling] })
  await playDrill(world, plan, { incidents: [{ atMs: 40_000, run: byHand(world) }] })
  const { requests, sku, records, evidence } = await stateOf(world, plan)
  expect({ requests, sku, records }).toEqual({ requests: [scaleTo(BIG)], sku: BIG, records: [] })
  expect(evidence?.undo).toMatchObject({ state: 'not needed', detail: expect.stringContaining('no request reached') })
})

test('a request that took no effect is not undone', async () => {
  const { requests, evidence } = await run(scaling, { posts: ['timeout before arrival'] })
  expect(requests).toEqual([scaleTo(BIG)])
  expect(evidence?.undo?.state).toBe('not needed')
})

test('a size that others chose meanwhile stays, and the report knows both', async () => {
  const world = createWorld()
  const plan = aPlan({ criteria, containers: 1, durationSeconds: 60, events: [scaling] })
  const byHand = () => void world.server.doByHand(scaleTo(OTHER))
  const { report } = await playDrill(world, plan, { incidents: [{ atMs: 60_000, run: byHand }] })
  const { requests, sku, records, evidence } = await stateOf(world, plan)
  expect({ requests, sku, records }).toEqual({ requests: [scaleTo(BIG)], sku: OTHER, records: [] })
  expect(evidence?.undo).toMatchObject({ state: 'changed by others', detail: expect.stringContaining(OTHER) })
  expect(report?.caveats).toContain(`Not undone: ${evidence?.undo?.detail}.`)
})

test('two scalings are undone with one request, to the size before the first', async () => {
  const events = [scaling, { ...scaling, atSeconds: 60, sku: OTHER }]
  const { requests, sku, records } = await run(scaling, { request: { events, durationSeconds: 100 } })
  expect({ requests, sku, records }).toEqual({
    requests: [scaleTo(BIG), scaleTo(OTHER), scaleTo(USUAL_SKU)],
    sku: USUAL_SKU,
    records: [],
  })
})

test('a scaling whose size before is not known is withheld, because it could not be undone', async () => {
  const { requests, evidence } = await run(scaling, { world: { server: { facts: { sku: null } } } })
  expect(requests).toEqual([])
  expect(evidence).toMatchObject({ request: 'withheld', detail: expect.stringContaining('could not be undone') })
})

// ---- Switchover ---------------------------------------------------------------------------------------------------------

test('a switchover is returned by a planned promotion, once the old primary follows', async () => {
  const { requests, evidence, site, records, world } = await run(switchover, {
    effects: { replica: { name: REPLICA, readyMs: 150_000 } },
  })
  expect({ requests, site, records }).toEqual({
    requests: [promote(REPLICA), promote(target.server)],
    site: 'home',
    records: [],
  })
  const [there, back] = world.server.effects.all
  expect((back?.acceptedAtMs ?? 0) - (there?.upAtMs ?? 0)).toBeGreaterThanOrEqual(150_000)
  expect(evidence?.undo).toMatchObject({
    state: 'undone',
    detail: `the server behind the name is ${target.server} again`,
  })
})

test('the checks of a switchover read a replica of another resource group', async () => {
  const { report } = await run(switchover)
  const verdicts = report?.checklist
    .filter(({ id }) => id.startsWith('switchover-'))
    .map(({ id, verdict }) => [id, verdict])
  expect(Object.fromEntries(verdicts ?? [])).toMatchObject({
    'switchover-replica': 'pass',
    'switchover-symmetry': 'pass',
    'switchover-parameters': 'pass',
    'switchover-pgbouncer': 'pass',
  })
})

test('a drill that has lost its server changes nothing back while another drill uses it, and reports that', async () => {
  const { requests, report, sku } = await run(scaling, {
    onWorld: (world) => {
      const begin = world.server.begin.bind(world.server)
      world.server.begin = async (...asked) => {
        const answer = await begin(...asked)
        world.blobs.put(serverBlobs.lock(target), JSON.stringify({ drillId: 'other', state: 'held', since: '' }))
        return answer
      }
    },
  })
  expect({ requests, sku }).toEqual({ requests: [scaleTo(BIG)], sku: BIG })
  expect(report?.caveats.join()).toMatch(/when no other drill uses the server/)
})

test('a switchover that is not to be returned stays', async () => {
  const { requests, evidence, site } = await run({ ...switchover, returnHome: false })
  expect({ requests, site, undo: evidence?.undo }).toEqual({ requests: [promote(REPLICA)], site: 'remote', undo: null })
})

test('an old primary that never follows is left, and the report says what is missing', async () => {
  const { requests, evidence, site, records, report } = await run(switchover, {
    effects: { replica: { name: REPLICA, readyMs: null } },
  })
  expect({ requests, site }).toEqual({ requests: [promote(REPLICA)], site: 'remote' })
  expect(JSON.stringify(report?.journal)).toContain('left to the sweeping timer')
  expect(report?.caveats.join()).toMatch(
    /Not undone at 2026-01-01 .* UTC: the server behind the name is still pg-replica: .*\. It was left to the sweeping/,
  )
  expect(evidence?.undo).toMatchObject({
    state: 'waiting',
    detail: `the server behind the name is still ${REPLICA}: replica ${target.server} is Reconfiguring`,
  })
  expect(records).toEqual([serverBlobs.undo(target, 'drill-1', 0)])
})

// ---- The sweeping timer -------------------------------------------------------------------------------------------------

/** A drill that is terminated in the middle of its load: nothing of it runs again. */
async function aDeadDrill(event: object = scaling) {
  const world = createWorld({ server: { effects: { replica: { name: REPLICA } } } })
  const plan = aPlan({ criteria, containers: 1, durationSeconds: 60, events: [event] })
  await playDrill(world, plan, { incidents: [{ atMs: 45_000, terminate: 'by its operator' }] })
  world.clock.moveTo(world.clock.nowMs + 30_000)
  const { finishUndo } = createActivities(world.clients, settings)
  const release = () => releaseLock(world.blobs, target, plan.drillId, world.clock.now())
  const end = () => putEntry(world, plan, { endedAt: world.clock.now().toISOString() })
  return { world, plan, finishUndo, release, end }
}

test('the sweeper undoes what a dead drill changed, once its server is free', async () => {
  const { world, plan, finishUndo, release, end } = await aDeadDrill()
  expect(await stateOf(world, plan)).toMatchObject({ sku: BIG, requests: [scaleTo(BIG)] })
  expect(await finishUndo(), 'the drill may live').toEqual([])
  end()
  expect(await finishUndo(), 'the server is reserved').toEqual([])
  await release()
  expect(await finishUndo()).toEqual([expect.stringContaining(`changes back to ${USUAL_SKU}: accepted`)])
  world.clock.moveTo(world.clock.nowMs + 900_000)
  expect(await finishUndo()).toEqual([expect.stringContaining(`is ${USUAL_SKU} again`)])
  expect(await stateOf(world, plan)).toMatchObject(BACK)
  expect(await finishUndo(), 'nothing is left').toEqual([])
})

test('the sweeper takes over a drill that is past its time and has no end on record', async () => {
  const { world, plan, finishUndo, release } = await aDeadDrill()
  await release()
  expect(await finishUndo()).toEqual([])
  world.clock.moveTo(world.clock.nowMs + 4 * 3_600_000)
  expect(await finishUndo()).toEqual([expect.stringContaining('accepted')])
  expect((await stateOf(world, plan)).requests).toEqual([scaleTo(BIG), scaleTo(USUAL_SKU)])
})

test('the sweeper leaves a size that others chose after the drill died, and forgets it', async () => {
  const { world, plan, finishUndo, release, end } = await aDeadDrill()
  world.server.doByHand(scaleTo(OTHER))
  world.clock.moveTo(world.clock.nowMs + 60_000)
  await release()
  end()
  expect(await finishUndo()).toEqual([expect.stringContaining('others changed it')])
  expect(await stateOf(world, plan)).toMatchObject({ sku: OTHER, records: [], requests: [scaleTo(BIG)] })
})

test('the sweeper returns a switchover of a dead drill, once the old primary follows, with one request', async () => {
  const { world, plan, finishUndo, release, end } = await aDeadDrill(switchover)
  expect(await stateOf(world, plan)).toMatchObject({ site: 'remote', requests: [promote(REPLICA)] })
  end()
  await release()
  world.clock.moveTo(world.clock.nowMs + 600_000)
  expect(await finishUndo()).toEqual([expect.stringContaining(`changes back to ${target.server}: accepted`)])
  expect(await finishUndo()).toEqual([expect.stringContaining('has accepted the request')])
  world.clock.moveTo(world.clock.nowMs + 900_000)
  expect(await finishUndo()).toEqual([expect.stringContaining(`the server behind the name is ${target.server} again`)])
  expect(await stateOf(world, plan)).toMatchObject({ ...BACK, requests: [promote(REPLICA), promote(target.server)] })
  expect(await finishUndo(), 'nothing is left').toEqual([])
})

test('the sweeper leaves a server that others made the primary again after the drill died, and forgets it', async () => {
  const { world, plan, finishUndo, release, end } = await aDeadDrill(switchover)
  world.clock.moveTo(world.clock.nowMs + 600_000)
  world.server.doByHand(promote(target.server))
  world.clock.moveTo(world.clock.nowMs + 600_000)
  await release()
  end()
  expect(await finishUndo()).toEqual([expect.stringContaining(`is ${target.server}, as before the drill`)])
  expect(await stateOf(world, plan)).toMatchObject({ site: 'home', records: [], requests: [promote(REPLICA)] })
})

test('the report of a drill says what the sweeper did after it, in each of its files', async () => {
  const world = createWorld({ server: { effects: { replica: { name: REPLICA, readyMs: 1_500_000 } } } })
  const plan = aPlan({ criteria, containers: 1, durationSeconds: 60, events: [switchover] })
  const { report } = await playDrill(world, plan)
  expect(report?.caveats.join()).toMatch(/Not undone at .* It was left to the sweeping timer/)
  const { finishUndo } = createActivities(world.clients, settings, smallRenderers)
  const sweepAfter = async (ms: number) => {
    world.clock.moveTo(world.clock.nowMs + ms)
    await finishUndo()
    return world.blobs.peek<Report>(drillBlobs.report(plan.drillId, 'report.json'))
  }
  expect(await sweepAfter(1_800_000), 'it is only asked for').toEqual(report)
  const amended = await sweepAfter(900_000)
  const detail = `the sweeping timer looked, and the server behind the name is ${target.server} again`
  expect(amended?.caveats).toEqual([
    ...(report?.caveats ?? []),
    expect.stringMatching(`^After the drill, at 2026-.* UTC, ${detail}.$`),
  ])
  expect(amended?.journal.at(-1)).toMatchObject({ phase: 'after the drill', step: 'undo', result: 'note', detail })
  expect({ ...amended, caveats: [], journal: [] }).toEqual({ ...report, caveats: [], journal: [] })
  expect(await world.clients.blobs.readText(drillBlobs.report(plan.drillId, 'report.md'))).toContain('After the drill')
  expect(await sweepAfter(900_000), 'nothing is left').toEqual(amended)
})

test('a pause that the platform asks for is kept, also when it was asked for while the event was followed', async () => {
  let asked: Throttle | undefined
  const { evidence, sku } = await run(scaling, {
    onWorld: (world) => {
      const throttle = new Throttle(() => world.clock.nowMs, 300)
      world.server.operationRefusal = () => throttle.refuse()
      asked = throttle
    },
  })
  expect({ sku, undo: evidence?.undo?.state }).toEqual({ sku: USUAL_SKU, undo: 'undone' })
  expect(asked).toMatchObject({ hasRefused: true, earlyMs: [] })
})
