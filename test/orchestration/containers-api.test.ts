/** `/api/containers`, handler by handler: what runs, what it costs, and that only what a drill left behind is deleted. */
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import type { Prices } from '../../functions/model/evidence.ts'
import { openApi } from '../../functions/openapi/openapi.ts'
import { CONTAINER_TAG, DRILL_TAG, EXPIRES_TAG } from '../../functions/platform/names.ts'
import { type ContainerList, containersApi } from '../../functions/triggers/containers/containers-api.ts'
import { guarded } from '../../functions/triggers/responses.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { aPlan } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const PRICES: Prices = { currency: 'USD', perVCpuSecond: 0.001, perGbSecond: 0.0001, source: 'a list' }
const EXPIRES = '2026-01-01T12:00:00.000Z'

function setUp(prices: Prices | null = PRICES, deleteFails: (name: string) => boolean = () => false) {
  const world = createWorld({ groups: { deleteFails } })
  const service = new FakeOrchestrations(() => world.clock.now())
  const api = containersApi(world.clients, { prices })
  const guard = {
    gate: { auth: 'keys', isGuarded: false },
    needs: null,
    log: { error: () => {}, note: () => {} },
  } as const
  const call = (method: 'GET' | 'DELETE', id?: string): Promise<HttpResponseInit> => {
    const request = new HttpRequest({
      method,
      url: 'http://app/api/containers',
      params: id === undefined ? {} : { id },
    })
    return guarded(method === 'GET' ? api.list : api.remove, guard)(request, service.client)
  }
  const plant = (drillId: string | null, container: number) =>
    world.groups.plant({
      name: `loadgen-${drillId ?? 'of-another'}-${container}`,
      tags:
        drillId === null
          ? { owner: 'another team' }
          : { [DRILL_TAG]: drillId, [CONTAINER_TAG]: String(container), [EXPIRES_TAG]: EXPIRES },
      cpu: 2,
      memoryGb: 4,
      zone: null,
      environment: {},
      secureEnvironment: {},
    })
  const stored = async (drillId: string) => {
    const plan = { ...aPlan(), drillId }
    await world.blobs.writeJson(blobNames.request(drillId), { plan, bodyHash: 'h' })
    return plan
  }
  const alive = () => world.groups.alive.map(({ name }) => name)
  return { world, service, call, plant, stored, alive }
}

const schema = (name: string) => {
  const { components } = openApi('keys') as { components: { schemas: object } }
  return new Ajv2020({ strict: false }).compile({ $ref: `#/components/schemas/${name}`, components })
}

test('containers are listed with their drill, what they have cost since their start, and the sum', async () => {
  const { world, service, call, plant, stored } = setUp()
  const plan = await stored('drill-a')
  await service.client.startNew('drill', { instanceId: 'drill-a', input: plan })
  plant('drill-a', 0)
  plant('drill-a', 1)
  plant(null, 2)
  world.clock.moveTo(world.clock.nowMs + 100_000)
  const { status, jsonBody } = await call('GET')
  const { containers, amount, currency } = jsonBody as ContainerList
  expect([status, schema('ContainerList')(jsonBody)]).toEqual([200, true])
  expect(containers.map(({ name }) => name)).toEqual(['loadgen-drill-a-0', 'loadgen-drill-a-1'])
  const [first] = containers
  expect(first).toMatchObject({ drillId: 'drill-a', drillRuns: true, expiresAt: EXPIRES, cpu: 2, memoryGb: 4 })
  const seconds = first?.seconds ?? 0
  expect(seconds).toBeGreaterThan(60)
  expect(first?.cost).toBeCloseTo(seconds * (2 * 0.001 + 4 * 0.0001), 3)
  expect([currency, amount]).toEqual(['USD', expect.closeTo(2 * (first?.cost ?? 0), 3)])
})

test('without prices, and of a drill that this storage does not know, no cost is stated', async () => {
  const { call, plant, stored } = setUp(null)
  await stored('drill-a')
  plant('drill-a', 0)
  expect((await call('GET')).jsonBody).toMatchObject({ amount: null, source: 'no prices are configured' })
  const other = setUp()
  other.plant('drill-b', 0)
  expect((await other.call('GET')).jsonBody).toMatchObject({ amount: null, containers: [{ cost: null, cpu: null }] })
})

test('what a drill left behind is deleted by its id, and nothing else', async () => {
  const { call, plant, alive, world } = setUp()
  plant('drill-a', 0)
  plant('drill-a', 1)
  plant('drill-b', 0)
  plant(null, 0)
  const answer = await call('DELETE', 'drill-a')
  expect([answer.status, schema('DeletedContainers')(answer.jsonBody)]).toEqual([200, true])
  expect(answer.jsonBody).toMatchObject({ deleted: ['loadgen-drill-a-0', 'loadgen-drill-a-1'], problems: [] })
  world.clock.moveTo(world.clock.nowMs + 600_000)
  expect(alive()).toEqual(['loadgen-drill-b-0', 'loadgen-of-another-0'])
  expect((await call('DELETE', 'drill-a')).jsonBody).toMatchObject({ deleted: [] })
})

test('containers of a drill that runs are not deleted, whether its orchestration or its lease says so', async () => {
  const { call, plant, stored, service, world, alive } = setUp()
  const plan = await stored('drill-a')
  await service.client.startNew('drill', { instanceId: 'drill-a', input: plan })
  await world.blobs.writeJson(blobNames.lease('drill-b'), { renewedAtMs: world.clock.now().getTime() })
  for (const drillId of ['drill-a', 'drill-b']) {
    plant(drillId, 0)
    const answer = await call('DELETE', drillId)
    expect(answer.status).toBe(409)
    expect(JSON.parse(String(answer.body))).toMatchObject({ instance: `/api/drills/${drillId}` })
  }
  expect(alive()).toHaveLength(2)
})

test('a deletion that the platform refuses is named, and the others are attempted', async () => {
  const { call, plant } = setUp(PRICES, (name) => name.endsWith('-0'))
  plant('drill-a', 0)
  plant('drill-a', 1)
  const { jsonBody } = await call('DELETE', 'drill-a')
  expect(jsonBody).toMatchObject({ deleted: ['loadgen-drill-a-1'] })
  expect((jsonBody as { readonly problems: readonly string[] }).problems).toHaveLength(1)
})

test('what is no id of a drill is not found', async () => expect((await setUp().call('DELETE', 'x!')).status).toBe(404))
