/** A server that is stopped between drills: who starts it, who stops it, and which server keeps running. */
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { releaseLock, takeLock } from '../../functions/clients/storage/server-lock.ts'
import { forgetUndo, noteUndo } from '../../functions/clients/storage/undo-records.ts'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import type { DrillProgress } from '../../functions/model/status.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { aPlan, criteria, type DrillPlayOptions, playDrill, settings, target } from '../support/play-drill.ts'
import { restError } from '../support/world/rest-error.ts'
import { createWorld, type World } from '../support/world/world.ts'

const ON = { settings: { upkeepOf: () => ({ rowsRetentionDays: 7, stopServerBetweenDrills: true }) } }
const daily = (drillId = 'drill-1') => ({ ...aPlan({ criteria }, drillId), requestedBy: 'timer' as const })
const actions = (world: World) => world.server.power.map(({ action }) => action)

function aStoppedServer(): World {
  const world = createWorld()
  world.server.isStopped = true
  return world
}

test('a scheduled drill starts the server, waits until it is ready, and stops it after the report is gathered', async () => {
  const world = aStoppedServer()
  const { calls, customStatuses, report } = await playDrill(world, daily(), ON)
  expect(report?.verdict).toBe('PASS')
  expect(actions(world)).toEqual(['start', 'stop'])
  const at = (name: string) => calls.filter((call) => call.name === name).map(({ atMs }) => atMs)
  expect(at('check')[0]).toBeGreaterThanOrEqual(240_000)
  expect(at('stopServer')[0]).toBeGreaterThan(at('cleanUp').at(-1) ?? 0)
  expect(at('release')[0]).toBeGreaterThan(at('stopServer')[0] ?? 0)
  const notes = customStatuses.map(({ value }) => (value as DrillProgress).note)
  expect(notes).toContain('pg-under-test is Starting, high availability Healthy')
  expect(report?.journal.map(({ detail }) => detail).join()).toContain('the start of the server was requested')
  expect(world.blobs.names).not.toContain(serverBlobs.started(target))
})

interface Untouched {
  readonly name: string
  readonly plan: ReturnType<typeof aPlan>
  readonly options: DrillPlayOptions
  readonly isStopped: boolean
}

const UNTOUCHED: readonly Untouched[] = [
  { name: 'that ran before the drill', plan: daily(), options: ON, isStopped: false },
  { name: 'of a drill that was started by hand', plan: aPlan({ criteria }), options: ON, isStopped: true },
  { name: 'without the setting', plan: daily(), options: {}, isStopped: true },
]

test.each(UNTOUCHED)('a server $name is neither started nor stopped', async ({ plan, options, isStopped }) => {
  const world = createWorld()
  world.server.isStopped = isStopped
  const { report } = await playDrill(world, plan, options)
  expect(actions(world)).toEqual([])
  expect(report?.verdict).toBe(isStopped ? 'INCONCLUSIVE' : 'PASS')
})

/** The steps alone, of a drill that is reserved by `holder` and has started the server. */
async function stepsOf(plan: ReturnType<typeof aPlan>, holder: string) {
  const world = createWorld()
  const { drillId } = plan
  const at = world.clock.now()
  await world.blobs.writeJson(blobNames.request(drillId), { plan, bodyHash: '' })
  await world.blobs.writeJson(serverBlobs.started(target), { drillId, target, at: at.toISOString() })
  await takeLock(world.blobs, target, holder, at, async () => true)
  const steps = createActivities(world.clients, { ...settings, ...ON.settings })
  return { world, start: () => steps.startServer({ drillId }), stop: () => steps.stopServer({ drillId }) }
}

test('the step that stops the server leaves it running when another drill holds it meanwhile', async () => {
  const other = await stepsOf(daily(), 'drill-2')
  expect(await other.stop()).toEqual({ detail: 'the server is no longer reserved for this drill, so it keeps running' })
  expect(actions(other.world)).toEqual([])
  const own = await stepsOf(daily(), 'drill-1')
  await own.stop()
  expect(actions(own.world)).toEqual(['stop'])
})

test('neither the drill nor the sweep stops a server of which a change is not undone', async () => {
  const { world, stop } = await stepsOf(daily(), 'drill-1')
  const undo = { change: 'size', original: 'a', asked: 'b', request: { call: 'scale', sku: 'a' } } as const
  const record = { drillId: 'drill-1', target, index: 0, undo, expiresAt: '2100-01-01T00:00:00.000Z' }
  await noteUndo(world.blobs, record)
  expect(await stop()).toMatchObject({ detail: expect.stringMatching(/is not undone yet/) })
  await releaseLock(world.blobs, target, 'drill-1', world.clock.now())
  const { stopStartedServers } = createActivities(world.clients, settings)
  expect(await stopStartedServers()).toEqual([])
  expect(actions(world)).toEqual([])
  await forgetUndo(world.blobs, record)
  expect(await stopStartedServers()).toHaveLength(1)
  expect(actions(world)).toEqual(['stop'])
})

test('the step that starts the server leaves a stopped one alone for a drill that was started by hand', async () => {
  const { world, start } = await stepsOf(aPlan({ criteria }, 'drill-1'), 'drill-1')
  world.server.isStopped = true
  expect(await start()).toMatchObject({ isReady: true, detail: 'the server is left as it is' })
  expect(actions(world)).toEqual([])
})

test('a drill that fails at its checklist, or is aborted, stops the server that it started', async () => {
  const failing = aStoppedServer()
  const failed = await playDrill(failing, { ...daily(), force: [] }, { ...ON, overrides: { check: failCheck } })
  expect(failed.report?.verdict).toBe('INCONCLUSIVE')
  expect(actions(failing)).toEqual(['start', 'stop'])
  const aborted = aStoppedServer()
  const incidents = [{ atMs: 100_000, event: 'abort', data: { reason: 'by hand' } }] as const
  expect((await playDrill(aborted, daily(), { ...ON, incidents })).report?.verdict).toBe('ABORTED')
  expect(actions(aborted)).toEqual(['start', 'stop'])
})

const failCheck = () => ({ passed: false, abort: null, detail: 'the checklist failed: by hand' })

test('a start that the platform cannot make now is requested again, and one that it refuses ends the drill with its words', async () => {
  const busy = aStoppedServer()
  let refusals = 0
  busy.server.powerRefusal = () => (busy.server.isStopped && ++refusals <= 3 ? restError(409, 'ServerIsBusy') : null)
  expect((await playDrill(busy, daily(), ON)).report?.verdict).toBe('PASS')
  expect(actions(busy)).toEqual(['start', 'stop'])
  const denied = aStoppedServer()
  denied.server.powerRefusal = () => restError(403, 'AuthorizationFailed')
  const { report, endedAtMs } = await playDrill(denied, daily(), ON)
  expect(report?.headline).toContain('Not started: the start of the server was answered with 403 AuthorizationFailed')
  expect(report?.stoppedBy?.phase).toBe('start server')
  expect(endedAtMs).toBeLessThan(300_000)
})

test('a server that a dead drill started is stopped by the sweeping timer, unless a drill holds it', async () => {
  const world = aStoppedServer()
  const incidents = [{ atMs: 300_000, terminate: 'by hand' }] as const
  await playDrill(world, daily(), { ...ON, incidents })
  const { stopStartedServers } = createActivities(world.clients, settings)
  expect(actions(world)).toEqual(['start'])
  expect(await stopStartedServers(), 'the dead drill still holds the server').toEqual([])
  await releaseLock(world.blobs, target, 'drill-1', world.clock.now())
  await takeLock(world.blobs, target, 'drill-2', world.clock.now(), async () => true)
  expect(await stopStartedServers(), 'another drill holds it').toEqual([])
  await releaseLock(world.blobs, target, 'drill-2', world.clock.now())
  expect(await stopStartedServers()).toEqual([
    'server pg-under-test, which drill drill-1 started and did not stop, was stopped',
  ])
  expect(actions(world)).toEqual(['start', 'stop'])
  expect(await stopStartedServers(), 'it is stopped once').toEqual([])
})

test('a stop that the platform refuses is tried again by the sweeping timer, and the next scheduled drill takes the server over', async () => {
  const world = aStoppedServer()
  world.server.powerRefusal = () => (world.server.isStopped ? null : restError(409, 'ServerIsBusy'))
  const first = await playDrill(world, daily(), ON)
  expect(first.report?.verdict).toBe('PASS')
  expect(actions(world)).toEqual(['start'])
  const { stopStartedServers } = createActivities(world.clients, settings)
  expect((await stopStartedServers()).join()).toContain('could not be stopped')
  world.server.powerRefusal = () => null
  world.clock.moveTo(world.clock.nowMs + 3_600_000)
  const second = { ...aPlan({ criteria }, 'drill-2', world.clock.nowMs), requestedBy: 'timer' as const }
  await playDrill(world, second, ON)
  expect(actions(world)).toEqual(['start', 'stop'])
})
