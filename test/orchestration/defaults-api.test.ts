/** GET /api/defaults: presets that run, and the checks that would stop them, without a write and within a limit. */

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { releaseLock, takeLock } from '../../functions/clients/storage/server-lock.ts'
import { openApi } from '../../functions/openapi/openapi.ts'
import type { Offer } from '../../functions/request/offer.ts'
import { parseRequest } from '../../functions/request/request.ts'
import { defaultsApi } from '../../functions/triggers/defaults/defaults-api.ts'
import { requestsTo } from '../support/builders.ts'
import { playDrill } from '../support/play-drill.ts'
import { createWorld, type World, type WorldOptions } from '../support/world/world.ts'

const target = { resourceGroup: 'rg', server: 'pg-under-test', database: 'app' }
const defaults = requestsTo(target, 20)

async function offerOf(world: World, pace: 'local' | 'azure' = 'azure', limitMs = 5_000): Promise<Offer> {
  const answer = await defaultsApi(world.clients, { defaults, pace, limitMs }).read({
    query: new URLSearchParams(),
  } as never)
  expect(answer.status).toBe(200)
  return answer.jsonBody as Offer
}

const small: WorldOptions = { server: { facts: { vCores: 2, availabilityZone: '2' } } }

test('a server without a fault: no check would fail, and the first preset is a request that runs', async () => {
  const world = createWorld()
  const offer = await offerOf(world)
  expect(offer.presets.map(({ id, failing }) => [id, failing])).toEqual(
    ['quick', 'planned', 'standard', 'five-hours', 'watch'].map((id) => [id, []]),
  )
  expect(offer).toMatchObject({
    target,
    runningDrill: null,
    limits: { maxDurationSeconds: 18_000, cooldownMinutes: 20 },
  })
  expect(offer.defaults).toMatchObject({ targetTps: 8_000, workers: 200, durationSeconds: 300 })
})

test('a small server: its size is overridden where the load is light alone, and what else would stop the drill is named', async () => {
  const offer = await offerOf(createWorld(small))
  const of = (id: string) => offer.presets.find((preset) => preset.id === id)
  expect(of('quick')?.request.force).toEqual(['server-sku'])
  expect(of('quick')?.failing).toMatchObject([
    { id: 'server-sku', forced: true, seen: expect.stringContaining('2 vCores') },
    { id: 'zones-differ', forced: false, wanted: 'two different zones', advice: expect.stringMatching(/another zone/) },
  ])
  expect(of('standard')?.request).toEqual({})
  expect(of('standard')?.failing.map(({ id, forced }) => [id, forced])).toEqual([
    ['server-sku', false],
    ['zones-differ', false],
  ])
})

test('what it offers for a small server starts a load there', async () => {
  const world = createWorld({ server: { facts: { vCores: 2 } } })
  const [quick] = (await offerOf(world, 'local')).presets
  const context = {
    drillId: 'drill-1',
    requestedAt: new Date(world.clock.nowMs).toISOString(),
    requestedBy: 'http',
  } as const
  const parsed = parseRequest(quick?.request, { ...context, defaults })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { report } = await playDrill(world, parsed.plan)
  expect([report?.stoppedBy, report?.verdict]).toEqual([null, 'PASS'])
})

test('it writes nothing, and what only a write would show is not seen', async () => {
  const world = createWorld()
  const before = world.blobs.names
  const vias: number[] = []
  const { schema } = world.clients.database
  const clients = {
    ...world.clients,
    blobs: Object.assign(Object.create(world.blobs), { isWritable: () => Promise.reject(new Error('tried to write')) }),
    database: {
      ...world.clients.database,
      schema: (one: typeof target, ways: Parameters<typeof schema>[1]) => {
        vias.push(ways.vias.length)
        return schema(one, ways)
      },
    },
  }
  const offer = await offerOf({ ...world, clients })
  expect([world.blobs.names, vias]).toEqual([before, [0]])
  expect(offer.checks).toMatchObject({
    notJudgedWhy: null,
    notSeen: expect.arrayContaining(['canary', 'blob-writable']),
  })
})

test('a server that does not answer leaves the checks unjudged within the limit, and a drill that runs is named', async () => {
  const world = createWorld()
  const database = { ...world.clients.database, session: () => new Promise<never>(() => undefined) }
  await takeLock(world.blobs, target, 'drill-7', world.clock.now(), async () => false)
  const offer = await offerOf({ ...world, clients: { ...world.clients, database } }, 'azure', 50)
  expect([offer.runningDrill, offer.checks.notJudgedWhy]).toEqual([
    'drill-7',
    'the server did not answer within 0.05 s',
  ])
  expect(offer.presets.map(({ failing }) => failing)).toEqual([[], [], [], [], []])
})

test('a server that cannot be looked at is unjudged with the reason, and a drill that has ended holds nothing', async () => {
  const world = createWorld()
  const servers = {
    ...world.clients.servers,
    get: () => {
      throw new Error('no route to host')
    },
  }
  await takeLock(world.blobs, target, 'drill-7', world.clock.now(), async () => false)
  await releaseLock(world.blobs, target, 'drill-7', world.clock.now())
  const offer = await offerOf({ ...world, clients: { ...world.clients, servers } })
  expect(offer.runningDrill).toBeNull()
  expect(offer.checks.notJudgedWhy).toContain('no route to host')
})

test('a preset that the settings of the app do not allow is not offered', async () => {
  // Its two failovers are two hours apart.
  const answer = await defaultsApi(createWorld().clients, {
    defaults: requestsTo(target, 180),
    pace: 'azure',
  }).read({ query: new URLSearchParams() } as never)
  const { presets } = answer.jsonBody as Offer
  expect(presets.map(({ id }) => id)).toEqual(['quick', 'planned', 'standard', 'watch'])
})

test('a server that is named by another field than target is not answered for the first one', async () => {
  const { read } = defaultsApi(createWorld().clients, { defaults: requestsTo(target, 180), pace: 'azure' })
  expect((await read({ query: new URLSearchParams({ server: 'pg-billing' }) } as never)).status).toBe(400)
})

test('the answer has the shape of the description', async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(openApi('keys'), 'api')
  const isValid = ajv.compile({ $ref: 'api#/components/schemas/Defaults' })
  expect([isValid(await offerOf(createWorld(small))), isValid.errors]).toEqual([true, null])
})
