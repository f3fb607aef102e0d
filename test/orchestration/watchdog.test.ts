/** Drills that have no live orchestration: the timer closes them as failed and frees their server. */

import { expect, test } from 'vitest'
import { repairedEntry, writeIndexEntry } from '../../functions/clients/storage/drill-list.ts'
import { readLock, takeLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs, serverBlobs } from '../../functions/model/blob-paths.ts'
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import { PARTITIONS } from '../../functions/model/history/keys.ts'
import { drillKey, rowOfAll } from '../../functions/model/history/rows.ts'
import { overallDeadlineSeconds } from '../../functions/model/load-plan.ts'
import { watchId } from '../../functions/model/status.ts'
import { closeDeadDrills } from '../../functions/triggers/dead-drills.ts'
import { startDrill } from '../../functions/triggers/start.ts'
import { readStatus } from '../../functions/triggers/status.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { requestsTo } from '../support/builders.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { entryOf, othersSince, putEntry } from '../support/index-entries.ts'
import { aPlan } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

const MINUTE = 60_000
const plan = aPlan()
const deadlineMs = overallDeadlineSeconds(plan) * 1000

async function aStartedDrill() {
  const world = createWorld()
  const service = new FakeOrchestrations(() => world.clock.now())
  await startDrill(world.clients, service.client, plan, 'hash')
  const notified: string[] = []
  const notify = async ({ drillId }: { readonly drillId: string }) => void notified.push(drillId)
  const look = () => closeDeadDrills(world.clients, service.client, notify)
  const entry = () => entryOf(world, plan)
  const instance = service.instances.get(plan.drillId)
  if (instance === undefined) throw new Error('the drill was not started')
  const passes = (ms: number) => world.clock.moveTo(world.clock.nowMs + ms)
  return { world, service, look, entry, instance, notified, passes }
}

test('a drill within its time is left alone, however long it has been silent', async () => {
  const { look, passes, world, instance } = await aStartedDrill()
  passes(deadlineMs)
  expect(await look()).toEqual([])
  expect(instance.runtimeStatus).toBe('Running')
  expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: 'held' })
})

test('a drill past its deadline is given one more quarter of an hour, then terminated, closed and its server freed', async () => {
  const { look, passes, world, instance, entry, notified, service } = await aStartedDrill()
  passes(deadlineMs + 16 * MINUTE)
  expect(await look()).toEqual([])
  expect(instance.runtimeStatus).toBe('Running')
  passes(15 * MINUTE)
  expect(await look()).toEqual([expect.stringContaining('did not end within the deadline')])
  expect(instance.runtimeStatus).toBe('Terminated')
  expect(entry()).toMatchObject({
    endedAt: world.clock.now().toISOString(),
    verdict: null,
    headline: expect.stringContaining('The drill died'),
  })
  expect(notified).toEqual([plan.drillId])
  expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: 'free' })
  expect((await readStatus(world.clients, service.client, plan.drillId, requestsTo(plan.target, 20)))?.state).toBe(
    'failed',
  )
})

test('a host that was away for hours and resumes its drill in time is not interrupted', async () => {
  const { look, passes, instance, world } = await aStartedDrill()
  passes(9 * 3_600_000)
  expect(await look()).toEqual([])
  instance.runtimeStatus = 'Completed'
  putEntry(world, plan, { endedAt: world.clock.now().toISOString(), verdict: 'INCONCLUSIVE' })
  passes(15 * MINUTE)
  expect(await look()).toEqual([])
  expect(instance.runtimeStatus).toBe('Completed')
})

for (const status of ['Failed', 'Terminated'] as const)
  test(`a drill whose orchestration is ${status} without a final report is closed once`, async () => {
    const { look, passes, instance, entry, notified, world } = await aStartedDrill()
    instance.runtimeStatus = status
    passes(MINUTE)
    expect(await look()).toEqual([`drill drill-1 is dead: its orchestration ended as ${status} without a final report`])
    expect(await look()).toEqual([])
    expect(notified).toEqual(['drill-1'])
    expect(entry()?.endedAt).not.toBeNull()
    expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: 'free' })
  })

test('a drill that the orchestration service does not know is closed, and one that is just being started is not', async () => {
  const { look, passes, service } = await aStartedDrill()
  service.instances.clear()
  passes(5 * MINUTE)
  expect(await look()).toEqual([])
  passes(6 * MINUTE)
  expect(await look()).toEqual([])
  passes(11 * MINUTE)
  expect(await look()).toEqual(['drill drill-1 is dead: the orchestration service does not know it'])
})

test('a reported drill whose orchestration hangs keeps its report and its end, and gives the server back', async () => {
  const { look, passes, world, service, entry, notified, instance } = await aStartedDrill()
  const endedAt = world.clock.now().toISOString()
  const reported = putEntry(world, plan, { endedAt, verdict: 'PASS', headline: 'good' })
  passes(deadlineMs + 20 * MINUTE)
  expect((await readStatus(world.clients, service.client, plan.drillId, requestsTo(plan.target, 20)))?.state).toBe(
    'finished',
  )
  await look()
  passes(15 * MINUTE)
  expect((await look()).length).toBe(1)
  expect(instance.runtimeStatus).toBe('Terminated')
  expect(entry()).toEqual(reported)
  expect(notified).toEqual([])
  expect(await readLock(world.blobs, plan.target)).toMatchObject({ state: 'free' })
})

test('the lock of a later drill on the same server is not touched', async () => {
  const { look, passes, world, instance } = await aStartedDrill()
  instance.runtimeStatus = 'Failed'
  await takeLock(world.blobs, plan.target, 'drill-2', world.clock.now(), async () => true)
  passes(MINUTE)
  expect((await look()).length).toBe(1)
  expect(await readLock(world.blobs, plan.target)).toMatchObject({ drillId: 'drill-2', state: 'held' })
})

test('a webhook that fails does not stop a dead drill from being closed', async () => {
  const { world, service, instance, passes } = await aStartedDrill()
  instance.runtimeStatus = 'Failed'
  passes(MINUTE)
  const failing = () => Promise.reject(new Error('the webhook answered 500'))
  expect((await closeDeadDrills(world.clients, service.client, failing)).length).toBe(1)
})

test('a drill that cannot be looked at is named, and keeps no drill of another server from being closed', async () => {
  const { world, service, look, passes } = await aStartedDrill()
  const other = { ...plan, drillId: 'drill-2', target: { ...plan.target, server: 'pg-other' } }
  await startDrill(world.clients, service.client, other, 'hash')
  for (const instance of service.instances.values()) instance.runtimeStatus = 'Failed'
  passes(MINUTE)
  world.blobs.put(blobNames.request('drill-1'), 'cut o')
  expect((await look()).toSorted()).toEqual([
    expect.stringContaining('drill drill-2 is dead'),
    expect.stringMatching(/^looking at drill drill-1 failed: /),
  ])
  expect(await readLock(world.blobs, other.target)).toMatchObject({ state: 'free' })
})

test('a dead drill is found behind a hundred newer ones of other servers', async () => {
  const { look, passes, instance, world } = await aStartedDrill()
  instance.runtimeStatus = 'Failed'
  passes(MINUTE)
  othersSince(world, plan, 60)
  passes(90 * MINUTE)
  othersSince(world, { ...plan, drillId: 'later' }, 120)
  expect(await look()).toEqual([expect.stringContaining('drill drill-1 is dead')])
})

/** As the drill leaves them: one watch that has ended and one that goes on. */
function leaveWatches({ service }: Awaited<ReturnType<typeof aStartedDrill>>) {
  const watch = (runtimeStatus: string) => ({
    runtimeStatus,
    input: null,
    customStatus: null,
    output: null,
    events: [],
  })
  service.instances.set(watchId(plan.drillId, 0), watch('Completed'))
  service.instances.set(watchId(plan.drillId, 1), watch('Running'))
  return () => [0, 1].map((number) => service.instances.get(watchId(plan.drillId, number))?.runtimeStatus)
}

test('a drill that was terminated by hand takes its watch and its load with it at the next look', async () => {
  const started = await aStartedDrill()
  const watches = leaveWatches(started)
  started.instance.runtimeStatus = 'Terminated'
  expect(await started.look()).toEqual([expect.stringContaining('ended as Terminated')])
  expect(watches()).toEqual(['Completed', 'Terminated'])
  expect(started.world.blobs.peek(blobNames.stop(plan.drillId))).toMatchObject({
    reason: expect.stringContaining('died'),
  })
})

test('a drill that takes over the server of a terminated one ends its watch and its load first', async () => {
  const started = await aStartedDrill()
  const watches = leaveWatches(started)
  started.instance.runtimeStatus = 'Terminated'
  const { world, service } = started
  const next = await startDrill(world.clients, service.client, aPlan({}, 'drill-2', world.clock.nowMs), 'hash')
  expect(next.kind).toBe('started')
  expect(watches()).toEqual(['Completed', 'Terminated'])
  expect(world.blobs.has(blobNames.stop(plan.drillId))).toBe(true)
})

test('the server of a terminated drill that may have sent a request is kept until that request cannot arrive any more', async () => {
  const { world, service, instance } = await aStartedDrill()
  const claimedAt = world.clock.now().toISOString()
  const mayArriveUntil = new Date(world.clock.nowMs + 90_000).toISOString()
  world.blobs.put(drillBlobs.eventClaim(plan.drillId, 0, 0), JSON.stringify({ claimedAt, mayArriveUntil }))
  instance.runtimeStatus = 'Terminated'
  await startDrill(world.clients, service.client, aPlan({}, 'drill-2', world.clock.nowMs), 'hash')
  expect(world.blobs.peek(serverBlobs.lastPromotion(plan.target))).toMatchObject({ at: mayArriveUntil })
})

test('a drill of which the service once knows nothing lives as long as its lease is renewed, and is seen absent twice', async () => {
  const { world, service, look, passes } = await aStartedDrill()
  service.instances.delete(plan.drillId)
  const renew = () => world.blobs.put(blobNames.lease(plan.drillId), JSON.stringify({ renewedAtMs: world.clock.nowMs }))
  passes(11 * MINUTE)
  renew()
  expect(await look()).toEqual([])
  expect(await startDrill(world.clients, service.client, aPlan({}, 'drill-2'), 'hash')).toMatchObject({ kind: 'busy' })
  passes(6 * MINUTE)
  expect(await look()).toEqual([])
  passes(11 * MINUTE)
  expect(await look()).toEqual([expect.stringContaining('does not know it')])
})

// ---- The two rows of a drill --------------------------------------------------------------------------------------------

const key = drillKey(plan)
const rowsOf = ({ table }: World) => ({
  ofServer: table.peek<IndexEntry>(PARTITIONS.ofServer(plan.target.server), key),
  ofAll: table.peek<IndexEntry>(PARTITIONS.all, key),
  open: table.keys(PARTITIONS.open),
})

test('a drill is looked at until it has ended with its report, and no longer', async () => {
  const { world, look, instance } = await aStartedDrill()
  expect(rowsOf(world).open).toEqual([key])
  await look()
  expect(rowsOf(world).open).toEqual([key])
  await writeIndexEntry(world.table, { ...startedEntry(plan), endedAt: world.clock.now().toISOString() })
  await look()
  expect(rowsOf(world).open, 'its orchestration goes on').toEqual([key])
  instance.runtimeStatus = 'Completed'
  expect(await look()).toEqual([])
  expect(rowsOf(world).open).toEqual([])
})

for (const place of [0, 1, 2])
  test(`a start that dies before write ${place + 1} of its three rows leaves no drill that is listed nowhere or twice`, async () => {
    const world = createWorld()
    const service = new FakeOrchestrations(() => world.clock.now())
    let writes = 0
    world.table.beforeWrite = () => {
      if (writes++ === place) throw new Error('the host died')
    }
    await expect(startDrill(world.clients, service.client, plan, 'hash')).rejects.toThrow('the host died')
    world.table.beforeWrite = () => {}
    world.clock.moveTo(world.clock.nowMs + 11 * MINUTE)
    const look = () => closeDeadDrills(world.clients, service.client, async () => undefined)
    await look()
    world.clock.moveTo(world.clock.nowMs + 11 * MINUTE)
    const closed = await look()
    await look()
    const { ofServer, ofAll, open } = rowsOf(world)
    expect(ofAll).toEqual(ofServer)
    expect(open).toEqual([])
    // Without any row the start has left nothing but its request, and the next one takes its place.
    expect(closed.length).toBe(place === 0 ? 0 : 1)
    expect(ofServer?.endedAt ?? null).toEqual(place === 0 ? null : expect.any(String))
  })

test('a final report that was written for the server alone is copied among all drills', async () => {
  const { world, look, instance } = await aStartedDrill()
  const ended: IndexEntry = { ...startedEntry(plan), endedAt: world.clock.now().toISOString(), verdict: 'PASS' }
  world.table.beforeWrite = ({ partition }) => {
    if (partition === PARTITIONS.all) throw new Error('the host died')
  }
  await expect(writeIndexEntry(world.table, ended)).rejects.toThrow()
  world.table.beforeWrite = () => {}
  expect(rowsOf(world).ofAll?.verdict).toBeNull()
  instance.runtimeStatus = 'Completed'
  expect(await look()).toEqual([])
  expect(rowsOf(world)).toEqual({ ofServer: ended, ofAll: ended, open: [] })
})

test('a copy never replaces what a writer has written meanwhile', async () => {
  const { world } = await aStartedDrill()
  const { table } = world
  const ended: IndexEntry = { ...startedEntry(plan), endedAt: world.clock.now().toISOString(), verdict: 'PASS' }
  table.store({ ...rowOfAll(startedEntry(plan)), value: { old: true } })
  // Between the two reads of the repair.
  const read = table.read.bind(table)
  let reads = 0
  table.read = async <T>(partition: string, name: string) => {
    const found = await read<T>(partition, name)
    if (reads++ === 1) await writeIndexEntry(table, ended)
    return found
  }
  await repairedEntry(table, plan)
  expect(rowsOf(world).ofAll).toEqual(ended)
})
