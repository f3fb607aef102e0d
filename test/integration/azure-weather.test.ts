/** The weather of the local Azure endpoint: its choices by seed, and what each lets fall on the app's own clients. */
import { expect, test } from 'vitest'
import { askedPauseOf } from '../../functions/clients/azure/azure-errors.ts'
import type { GroupSpec } from '../../functions/clients/clients.ts'
import { DRILL_TAG } from '../../functions/platform/names.ts'
import { fairWeather, type Weather, weatherOf } from '../../infra/local/azure/arm/weather.ts'
import { eventually } from '../support/eventually.ts'
import { PLACE, REPLICA_PLACE, startLocalAzure, TARGET } from '../support/local-azure.ts'

const FORCED = { call: 'restart', failoverMode: 'forced' } as const

const SUBNET_ID =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-drill/providers/Microsoft.Network/virtualNetworks/v/subnets/load'

const aSpec = (name = 'drill-a-0'): GroupSpec => ({
  name,
  tags: { [DRILL_TAG]: 'a', 'expires-at': '2026-01-01T00:00:00Z' },
  cpu: 1,
  memoryGb: 1,
  environment: {},
  secureEnvironment: {},
})

const start = (weather: Partial<Weather>, settings = {}) => startLocalAzure(settings, { ...fairWeather(), ...weather })
type Azure = Awaited<ReturnType<typeof start>>
const fallen = ({ endpoint }: Azure) => endpoint.fallen.map(({ what, times }) => `${what}, ${times}`)

// ---- The choices ------------------------------------------------------------------------------------------------------

const SEEDS = Array.from({ length: 400 }, (_, seed) => seed)
const KINDS = Object.keys(fairWeather()).filter(
  (key) => !['seed', 'kinds', 'forecast'].includes(key),
) as (keyof Weather)[]
const changed = (weather: Weather) =>
  KINDS.filter((kind) => JSON.stringify(weather[kind]) !== JSON.stringify(fairWeather()[kind]))

test('the same seed is the same weather, and different seeds are different weathers', () => {
  for (const seed of SEEDS) expect(weatherOf(seed)).toEqual(weatherOf(seed))
  expect(new Set(SEEDS.map((seed) => weatherOf(seed).forecast.join())).size).toBeGreaterThan(SEEDS.length * 0.95)
})

test('every seed chooses three to five things, and names each in one sentence', () => {
  for (const seed of SEEDS) {
    const weather = weatherOf(seed)
    expect(weather.forecast.length).toBeGreaterThanOrEqual(3)
    expect(weather.forecast.length).toBeLessThanOrEqual(5)
    expect(new Set(weather.forecast).size).toBe(weather.forecast.length)
    expect(changed(weather).length).toBeGreaterThan(0)
  }
})

test('over many seeds everything falls', () => {
  const seen = new Set(SEEDS.flatMap((seed) => changed(weatherOf(seed))))
  expect([...seen].sort()).toEqual([...KINDS].sort())
})

test('in fair weather nothing falls', async () => {
  const azure = await start({})
  await azure.clients.groups.create(aSpec())
  await azure.clients.groups.get('drill-a-0')
  await azure.clients.servers.get(TARGET)
  expect(fallen(azure)).toEqual([])
})

// ---- What falls -------------------------------------------------------------------------------------------------------

test('a group that was just created is not found, and then is', async () => {
  const azure = await start({ newGroupHiddenMs: 400 })
  const { groups } = azure.clients
  expect(await groups.create(aSpec())).toEqual({ kind: 'created' })
  expect([await groups.get('drill-a-0'), await groups.list()]).toEqual([null, []])
  await eventually('the group is found', 3_000, async () => (await groups.get('drill-a-0')) !== null)
  expect(await groups.list()).toHaveLength(1)
  expect(azure.cluster.containers).toHaveLength(1)
})

test('a group that runs is not found for a while', async () => {
  const azure = await start({ groupHidden: { fromMs: 0, toMs: 400 } })
  const { groups } = azure.clients
  await groups.create(aSpec())
  expect(await groups.get('drill-a-0')).toBeNull()
  await eventually('the group is found', 3_000, async () => (await groups.get('drill-a-0')) !== null)
})

test('refused creations are answered in turn, with what an error wraps and with Retry-After', async () => {
  const azure = await start({
    createRefusals: [
      {
        status: 409,
        code: 'MultipleErrorsOccurred',
        message: 'many',
        inner: { code: 'RegistryErrorResponse', message: 'the registry does not answer' },
      },
      { status: 429, code: 'TooManyRequests', message: 'slow down', retryAfterSeconds: 309 },
    ],
  })
  const { groups } = azure.clients
  expect(await groups.create(aSpec())).toMatchObject({
    kind: 'later',
    code: 'MultipleErrorsOccurred',
    message: 'many (RegistryErrorResponse: the registry does not answer)',
  })
  expect(await groups.create(aSpec())).toMatchObject({ kind: 'later', afterSeconds: 309 })
  expect(await groups.create(aSpec())).toEqual({ kind: 'created' })
  expect(fallen(azure)).toEqual([
    'a creation was answered with 409 RegistryErrorResponse, 1',
    'a creation was answered with 429 TooManyRequests and Retry-After 309, 1',
  ])
})

test('in a fresh subnet the first group makes the link, and others are refused until it has started', async () => {
  const azure = await start({ hasFreshSubnet: true, startDelayMs: 300 }, { LOADGEN_SUBNET_ID: SUBNET_ID })
  const { groups } = azure.clients
  expect(await groups.create(aSpec('drill-a-0'))).toEqual({ kind: 'created' })
  expect(await groups.create(aSpec('drill-a-1'))).toMatchObject({
    kind: 'later',
    code: 'ServiceAssociationLinkNotReady',
  })
  await eventually('the first has started', 3_000, async () => (await groups.get('drill-a-0'))?.container === 'Running')
  expect(await groups.create(aSpec('drill-a-1'))).toEqual({ kind: 'created' })
})

test('a deleted group stays in the list for a while, and a refused deletion is an error', async () => {
  const refused = { status: 409, code: 'ContainerGroupTransitioning', message: 'still transitioning' }
  const azure = await start({ deletionMs: 400, deleteRefusals: [refused] })
  const { groups } = azure.clients
  await groups.create(aSpec())
  await expect(groups.delete('drill-a-0')).rejects.toThrow(/bills until it is gone/)
  await groups.delete('drill-a-0')
  expect(await groups.list()).toHaveLength(1)
  await eventually('the group is gone', 3_000, async () => (await groups.list()).length === 0)
})

test('a busy server refuses failovers, and then accepts one', async () => {
  const busy = { status: 409, code: 'ServerIsBusy', message: "server 'NAME' is busy" }
  const azure = await start({ eventRefusals: [busy, busy] })
  const ask = () => azure.clients.servers.begin(TARGET, FORCED)
  const refusal = { kind: 'refused', status: 409, code: 'ServerIsBusy', message: "server 'pg-drill' is busy" }
  expect([await ask(), await ask(), await ask()]).toMatchObject([refusal, refusal, { kind: 'accepted' }])
  expect(azure.cluster.failovers).toHaveLength(1)
})

test.each(['reset', 'gateway timeout'] as const)(
  'a failover whose answer is lost (%s) has begun, once, and is ambiguous',
  async (eventAnswer) => {
    const azure = await start({ eventAnswer })
    expect(await azure.clients.servers.begin(TARGET, FORCED)).toMatchObject({ kind: 'ambiguous' })
    expect(azure.cluster.failovers).toEqual(['forced'])
  },
)

test.each(['ServerIsNotReady', 'Failed', 'Canceled'])(
  'a failover that is dropped is accepted, changes nothing, and its operation ends as %s',
  async (word) => {
    const fate = { kind: 'dropped', word, code: 'ServerIsNotReady', message: 'not ready' } as const
    const azure = await start({ eventFate: fate })
    const { servers } = azure.clients
    const answer = await servers.begin(TARGET, FORCED)
    if (answer.kind !== 'accepted') throw new Error(`it was ${answer.kind}`)
    const read = () => servers.operationState(TARGET, answer.pollerToken)
    expect(await read()).toEqual({ kind: 'running' })
    await eventually('the operation has ended', 10_000, async () => (await read()).kind === 'failed')
    expect(azure.cluster.failovers).toEqual([])
  },
  20_000,
)

test('the weather of events falls on every request for one: restart, scaling and promotion', async () => {
  const busy = { status: 409, code: 'ServerIsBusy', message: "server 'NAME' is busy" }
  const azure = await start({ eventRefusals: [busy, busy, busy] })
  const pathOf = ({ resourceGroup, server }: typeof PLACE | typeof REPLICA_PLACE) =>
    `/subscriptions/${PLACE.subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}`
  const promotion = { properties: { replica: { role: 'Primary', promoteMode: 'Switchover', promoteOption: 'Forced' } } }
  const ask = async () => [
    await azure.ask('POST', `${pathOf(PLACE)}/restart`),
    await azure.ask('PATCH', pathOf(PLACE), { body: { sku: { name: 'Local_8vCores' } } }),
    await azure.ask('PATCH', pathOf(REPLICA_PLACE), { body: promotion }),
  ]
  const messageOf = (name: string) => ({ error: { code: 'ServerIsBusy', message: `server '${name}' is busy` } })
  expect(await ask()).toMatchObject([
    { status: 409, body: messageOf(PLACE.server) },
    { status: 409, body: messageOf(PLACE.server) },
    { status: 409, body: messageOf(REPLICA_PLACE.server) },
  ])
  expect(azure.cluster.asked).toEqual([])
  expect((await ask()).map(({ status }) => status)).toEqual([202, 202, 202])
  expect(fallen(azure)).toEqual(['an event request was answered with 409 ServerIsBusy, 3'])
})

test('an operation goes on in every word of the platform, and ends', async () => {
  const words = weatherOf(SEEDS.find((seed) => weatherOf(seed).operationWords.length > 1) ?? 0).operationWords
  const azure = await start({ operationWords: words.slice(0, 3) })
  const { servers } = azure.clients
  const answer = await servers.begin(TARGET, FORCED)
  if (answer.kind !== 'accepted') throw new Error(`it was ${answer.kind}`)
  const read = () => servers.operationState(TARGET, answer.pollerToken)
  for (let i = 0; i < 12; i++) {
    expect(await read()).toEqual({ kind: 'running' })
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  azure.cluster.finishFailover()
  expect(await read()).toMatchObject({ kind: 'succeeded' })
  expect(azure.endpoint.fallen.length).toBeGreaterThanOrEqual(2)
})

test('the server shows its old zones for a while, and the other words for its high availability', async () => {
  const azure = await start({ oldZonesMs: 400, haWords: { CreatingStandby: 'RecreatingStandby' } })
  const { servers } = azure.clients
  await servers.get(TARGET)
  azure.cluster.set({ primaryZone: '2', standbyZone: '1', highAvailability: 'CreatingStandby' })
  expect(await servers.get(TARGET)).toMatchObject({
    availabilityZone: '1',
    highAvailability: { state: 'RecreatingStandby', standbyZone: '2' },
  })
  await eventually('the new zones show', 3_000, async () => (await servers.get(TARGET)).availabilityZone === '2')
})

test('reads are refused one in so many, and the clients read on', async () => {
  const azure = await start({ readRefusalEvery: 2 })
  for (let i = 0; i < 4; i++) expect((await azure.clients.servers.get(TARGET)).state).toBe('Ready')
  expect(fallen(azure)).toEqual([expect.stringMatching(/^a read was answered with 503 ServiceUnavailable, \d$/)])
})

test('every answer takes longer', async () => {
  const azure = await start({ answerMs: 50 })
  await azure.clients.servers.get(TARGET)
  expect(fallen(azure)).toEqual([expect.stringMatching(/^an answer took 50 ms longer, \d$/)])
})

test('metrics come late, and their first read is refused with a pause', async () => {
  const throttled = { status: 429, code: 'TooManyRequests', message: 'slow down', retryAfterSeconds: 40 }
  const azure = await start({ metricsRefusals: [throttled], metricsDelayMs: 60_000 })
  const { metrics, servers } = azure.clients
  const now = Date.now()
  azure.cluster.recorded.push({ atMs: now - 30_000, values: { cpu_percent: 10 } })
  const { id } = await servers.get(TARGET)
  const read = () => metrics.series(id, new Date(now - 120_000).toISOString(), new Date(now).toISOString())
  expect(askedPauseOf(await read().catch((error: unknown) => error))).toBe(40)
  expect(await read(), 'half a minute old, and published after a minute').toEqual([])
  expect(fallen(azure)).toContainEqual(expect.stringMatching(/^metrics of the last 60 s were not published yet, \d$/))
})
