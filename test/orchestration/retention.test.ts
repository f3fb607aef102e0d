/** What is removed when, and that no list leads to a drill whose results are gone. */
import { HttpRequest } from '@azure/functions'
import { expect, test } from 'vitest'
import { beginCampaignEntry, startedCampaign } from '../../functions/clients/storage/campaigns.ts'
import { dailyRecords, writeDailyRecord } from '../../functions/clients/storage/daily-records.ts'
import { beginIndexEntry } from '../../functions/clients/storage/drill-list.ts'
import { drillBlobs, serverBlobs } from '../../functions/model/blob-paths.ts'
import { campaignBlobs } from '../../functions/model/campaign/blobs.ts'
import type { CampaignPlan } from '../../functions/model/campaign/campaign.ts'
import { startedEntry } from '../../functions/model/drill-index.ts'
import { PARTITIONS } from '../../functions/model/history/keys.ts'
import { historyApi } from '../../functions/triggers/history/list.ts'
import { DURABLE_HISTORY_DAYS, purgeHistory, removeExpired } from '../../functions/triggers/history/retention.ts'
import { startDrill } from '../../functions/triggers/start.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { putEntry } from '../support/index-entries.ts'
import { aPlan, target } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const DAY = 86_400_000
const KEPT_DAYS = 30

function setUp() {
  const world = createWorld()
  const service = new FakeOrchestrations(() => world.clock.now())
  const drill = (id: string, server = target.server) => {
    const plan = { ...aPlan({}, id, world.clock.nowMs), target: { ...target, server } }
    putEntry(world, plan, { endedAt: world.clock.now().toISOString(), verdict: 'PASS', headline: '' })
    world.blobs.put(blobNames.request(id), JSON.stringify({ plan, bodyHash: 'hash' }))
    world.blobs.put(drillBlobs.report(id, 'report.json'), '{}')
    return plan
  }
  const passes = (ms: number) => world.clock.moveTo(world.clock.nowMs + ms)
  const run = () => removeExpired(world.clients, service.client, KEPT_DAYS)
  const listed = async (query = '') => {
    const api = historyApi(world.clients, { retentionDays: KEPT_DAYS })
    const request = new HttpRequest({ method: 'GET', url: `http://app/api/drills?${query}` })
    const { jsonBody } = await api.list(request, service.client)
    return (jsonBody as { drills: Array<{ drillId: string }> }).drills.map(({ drillId }) => drillId)
  }
  return { world, service, drill, passes, run, listed }
}

test('an expired drill is listed no more at once, and is removed with its blobs and all of its rows', async () => {
  const { world, drill, passes, run, listed } = setUp()
  drill('drill-old')
  passes(DAY)
  drill('drill-new')
  passes((KEPT_DAYS - 1) * DAY)
  expect(await run()).toEqual([])
  expect(await listed()).toEqual(['drill-new', 'drill-old'])
  passes(1)
  expect([await listed(), await listed(`server=${target.server}`)]).toEqual([['drill-new'], ['drill-new']])
  expect(await run()).toEqual(['removed 1 expired drill'])
  expect(world.blobs.names.filter((name) => name.includes('drill-old'))).toEqual([])
  expect(world.blobs.names.filter((name) => name.includes('drill-new')).length).toBe(2)
  for (const partition of [PARTITIONS.all, PARTITIONS.ofServer(target.server)])
    expect(world.table.keys(partition).map((key) => key.slice(14))).toEqual(['drill-new'])
  expect(await run()).toEqual([])
})

test('a removal that fails is said, and is finished by the next run: no row is gone before the blobs are', async () => {
  const { world, drill, passes, run } = setUp()
  drill('drill-old')
  passes((KEPT_DAYS + 1) * DAY)
  const remove = world.blobs.delete.bind(world.blobs)
  let deletions = 0
  world.blobs.delete = async (name) => {
    if (++deletions === 2) throw new Error('storage is away')
    return remove(name)
  }
  expect(await run()).toEqual(['removing drill drill-old failed: storage is away'])
  expect(world.table.keys(PARTITIONS.all).length).toBe(1)
  expect(await run()).toEqual(['removed 1 expired drill'])
  expect(world.blobs.names.filter((name) => name.includes('drill-old'))).toEqual([])
})

test('a drill that was never settled keeps what the sweeping timer needs to close it', async () => {
  const { world, passes, run } = setUp()
  await beginIndexEntry(world.table, startedEntry(aPlan({}, 'drill-open')))
  world.blobs.put(blobNames.request('drill-open'), '{}')
  passes((KEPT_DAYS + 1) * DAY)
  expect(await run()).toEqual([])
  expect(world.blobs.has(blobNames.request('drill-open'))).toBe(true)
})

test('drills that cannot be removed yet do not keep older ones from being removed', async () => {
  const { world, drill, passes, run } = setUp()
  drill('drill-oldest')
  for (let i = 0; i < 40; i++) {
    passes(1_000)
    await beginIndexEntry(world.table, startedEntry(drill(`drill-open-${i}`)))
  }
  passes((KEPT_DAYS + 1) * DAY)
  expect(await run()).toEqual(['removed 1 expired drill'])
  expect(world.table.keys(PARTITIONS.all).length).toBe(40)
})

test('a storage that removes nothing is tried fifty times, and not once for each drill', async () => {
  const { world, drill, passes, run } = setUp()
  for (let i = 0; i < 80; i++) drill(`drill-${i}`)
  passes((KEPT_DAYS + 1) * DAY)
  world.blobs.delete = () => Promise.reject(new Error('storage is away'))
  expect((await run()).length).toBe(50)
})

test('more than one run can remove is removed by the next ones, and locks and cool-downs stay', async () => {
  const { world, drill, passes, run } = setUp()
  for (let i = 0; i < 30; i++) drill(`drill-${i}`, `pg-${i}`)
  world.blobs.put(serverBlobs.lock(target), '{}')
  world.blobs.put(serverBlobs.lastPromotion(target), '{}')
  passes((KEPT_DAYS + 1) * DAY)
  expect([await run(), await run(), await run()]).toEqual([
    ['removed 25 expired drills'],
    ['removed 5 expired drills'],
    [],
  ])
  expect(world.blobs.names).toEqual([serverBlobs.lastPromotion(target), serverBlobs.lock(target)].sort())
})

test('campaigns and records of the daily timer expire too, and a campaign that runs does not', async () => {
  const { world, service, passes, run } = setUp()
  const at = world.clock.now().toISOString()
  const campaign = (campaignId: string) =>
    ({ campaignId, requestedAt: at, drills: 2, gapMinutes: 0, plan: aPlan() }) as CampaignPlan
  for (const id of ['campaign-a', 'campaign-b']) {
    await beginCampaignEntry(world.table, startedCampaign(campaign(id)))
    world.blobs.put(campaignBlobs.request(id), '{}')
  }
  await service.client.startNew('campaign', { instanceId: 'campaign-b', input: {} })
  await writeDailyRecord(world.table, {
    at,
    target,
    outcome: 'skipped',
    why: '',
    drillId: null,
    requestHash: '',
  })
  passes((KEPT_DAYS + 1) * DAY)
  expect(await run()).toEqual(['removed 1 expired campaign, 1 record of the daily timer'])
  expect(world.blobs.names).toEqual([campaignBlobs.request('campaign-b')])
  for (const server of [null, target.server]) expect(await dailyRecords(world.table, 10, server)).toEqual([])
})

test('histories of orchestrations are purged once a day, of those that ended and began 30 days ago', async () => {
  const { world, service, passes } = setUp()
  const startMs = world.clock.nowMs
  for (let quarter = 0; quarter < 96; quarter++) {
    await purgeHistory(world.clients, service.client)
    passes(900_000)
  }
  expect(service.purges).toEqual([
    {
      createdTimeFrom: new Date(0),
      createdTimeTo: new Date(startMs + 3 * 3_600_000 - DURABLE_HISTORY_DAYS * DAY),
      runtimeStatus: ['Completed', 'Failed', 'Terminated', 'Canceled'],
    },
  ])
})

test('a key that is used again after its history was purged is still the same drill', async () => {
  const { world, service, drill } = setUp()
  const plan = drill('key-1')
  expect(await startDrill(world.clients, service.client, plan, 'hash')).toMatchObject({ kind: 'known' })
  expect(service.instances.size).toBe(0)
})
