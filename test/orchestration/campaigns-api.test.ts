/** `/api/campaigns`, handler by handler, over storage in memory. */

import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { campaignBlobs } from '../../functions/model/campaign/blobs.ts'
import { campaignDrillId } from '../../functions/model/campaign/campaign.ts'
import type { CampaignStatus } from '../../functions/model/campaign/status.ts'
import { openApi } from '../../functions/openapi/openapi.ts'
import { campaignsApi } from '../../functions/triggers/campaigns/campaigns-api.ts'
import { guarded } from '../../functions/triggers/responses.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { DRILL_ID } from '../../loadgen-image/contract/load-plan.ts'
import { requestsTo } from '../support/builders.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { breachesOf, parseXml } from '../support/junit.ts'
import { aCampaign, CAMPAIGN_ID, playCampaign } from '../support/play-campaign.ts'
import { target } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

const BODY = { drills: 5, gapMinutes: 25, request: { targetTps: 100 } }

function setUp(world: World = createWorld()) {
  const service = new FakeOrchestrations(() => world.clock.now())
  const api = campaignsApi(world.clients, { defaults: requestsTo(target, 20), retentionDays: 400 })
  const guard = {
    gate: { auth: 'keys', isGuarded: false },
    needs: null,
    log: { error: () => {}, note: () => {} },
  } as const
  const call = async (
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<HttpResponseInit> => {
    const url = new URL(path, 'http://app')
    const id = url.pathname.split('/')[3]
    const request = new HttpRequest({
      method,
      url: url.href,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      params: id === undefined ? {} : { id },
      ...(body === undefined ? {} : { body: { string: JSON.stringify(body) } }),
    })
    const handler = { POST: api.start, DELETE: api.abort, GET: id === undefined ? api.list : api.read }[method]
    return guarded(handler as typeof api.start, guard)(request, service.client)
  }
  const post = (body: unknown = BODY, headers: Readonly<Record<string, string>> = {}) =>
    call('POST', '/api/campaigns', { body, headers })
  const status = async (id: string) => (await call('GET', `/api/campaigns/${id}`)).jsonBody as CampaignStatus
  return { world, service, call, post, status }
}

const idOf = ({ jsonBody }: HttpResponseInit) => (jsonBody as { readonly campaignId: string }).campaignId
const headersOf = ({ headers }: HttpResponseInit) => headers as Readonly<Record<string, string>>
const problemOf = ({ body }: HttpResponseInit) => JSON.parse(String(body))
const fieldsOf = (answer: HttpResponseInit): string[] =>
  problemOf(answer).problems.map(({ field }: { readonly field: string }) => field)

// ---- Start --------------------------------------------------------------------------------------------------------------

test('a start answers 202 with the place to look, and starts one orchestration under the id of the campaign', async () => {
  const { post, service, world } = setUp()
  const answer = await post()
  const campaignId = idOf(answer)
  expect([answer.status, headersOf(answer).location]).toEqual([202, `/api/campaigns/${campaignId}`])
  expect(service.instances.get(campaignId)?.input).toEqual({ campaignId, number: 1, lastError: null, failedTurns: 0 })
  expect(world.blobs.peek(campaignBlobs.request(campaignId))).toMatchObject({
    campaign: { drills: 5, gapMinutes: 25, plan: { requestedBy: 'campaign', load: { targetTps: 100 } } },
  })
})

test('the ids of its drills are ids of drills, also under a key', async () => {
  const { post } = setUp()
  for (const headers of [{}, { 'idempotency-key': 'x'.repeat(200) }])
    expect(campaignDrillId(idOf(await post(BODY, headers)), 20)).toMatch(DRILL_ID)
})

test('it takes no server: each of its drills reserves it', async () => {
  const { post, service } = setUp()
  expect([(await post()).status, (await post()).status, service.instances.size]).toEqual([202, 202, 2])
})

test('every bad field is named in one answer, those of the drill with their place in it, and nothing is started', async () => {
  const { post, service } = setUp()
  const answer = await post({
    drills: 1,
    gapMinutes: -1,
    speed: 3,
    criteria: [7],
    request: { targetTps: 'fast', timing: { warmupSeconds: -1 }, color: 'blue' },
  })
  expect([answer.status, headersOf(answer)['content-type']]).toEqual([400, 'application/problem+json; charset=utf-8'])
  expect(fieldsOf(answer).sort()).toEqual(
    [
      'criteria[0]',
      'drills',
      'gapMinutes',
      'request.color',
      'request.targetTps',
      'request.timing.warmupSeconds',
      'speed',
    ].sort(),
  )
  expect(service.instances.size).toBe(0)
})

test.each([
  ['[]', [], ''],
  ['no number of drills', {}, 'drills'],
  ['too many drills', { drills: 21 }, 'drills'],
  ['a request that is a list', { drills: 2, request: [] }, 'request'],
  ['a gap below the cool-down', { drills: 2, gapMinutes: 19 }, 'gapMinutes'],
  [
    'a gap below the own cool-down',
    { drills: 2, gapMinutes: 25, request: { timing: { cooldownMinutes: 26 } } },
    'gapMinutes',
  ],
  ['an objective without a statistic', { drills: 2, criteria: ['recovery_time_s <= 120'] }, 'criteria[0]'],
  ['more drills that pass than there are', { drills: 2, criteria: ['drills_passed >= 3'] }, 'criteria[0]'],
  [
    'the target of a closed loop',
    {
      drills: 2,
      request: { targetTps: 0, criteria: ['lost_commits == 0'] },
      criteria: ['baseline_tps[min] >= 0.9 * target'],
    },
    'criteria[0]',
  ],
  [
    'lost commits without a ledger',
    { drills: 2, request: { transactions: 'compat' }, criteria: ['lost_commits[max] == 0'] },
    'criteria[0]',
  ],
])('a body with %s is a bad request', async (_, body, field) => {
  const { post } = setUp()
  const answer = await post(body)
  expect([answer.status, fieldsOf(answer)]).toEqual([400, [field]])
})

test.each([
  ['no gap is the cool-down and five minutes', { drills: 2 }, 25],
  ['a drill without an event needs no cool-down', { drills: 2, gapMinutes: 0, request: { events: [] } }, 0],
  ['the gap may be the cool-down', { drills: 2, gapMinutes: 20 }, 20],
])('%s', async (_, body, gapMinutes) => {
  const { post, status } = setUp()
  expect((await status(idOf(await post(body)))).gapMinutes).toBe(gapMinutes)
})

test('the same Idempotency-Key with the same body is the same campaign, and with another body it is refused', async () => {
  const { post, service } = setUp()
  const key = { 'idempotency-key': 'monthly-2026-01' }
  const [one, two] = await Promise.all([post(BODY, key), post(BODY, key)])
  expect([one.status, two.status, idOf(one) === idOf(two), service.instances.size]).toEqual([202, 202, true, 1])
  const other = await post({ ...BODY, drills: 4 }, key)
  expect([other.status, problemOf(other).title]).toEqual([409, 'Idempotency-Key was used for another request'])
})

test('a start that died between its request and its orchestration is finished by the next one with its key', async () => {
  const { post, service } = setUp()
  const key = { 'idempotency-key': 'k' }
  service.startFails = true
  expect((await post(BODY, key)).status).toBe(503)
  service.startFails = false
  expect([(await post(BODY, key)).status, service.instances.size]).toEqual([202, 1])
})

// ---- Look ---------------------------------------------------------------------------------------------------------------

test('a status says where the campaign is', async () => {
  const { post, service, status } = setUp()
  const campaignId = idOf(await post())
  const instance = service.instances.get(campaignId)
  const progress = { step: 'waiting', number: 2, drillId: null, note: 'drill 2 is due' }
  if (instance !== undefined) instance.customStatus = progress
  expect(await status(campaignId)).toMatchObject({
    state: 'running',
    verdict: null,
    drills: 5,
    what: expect.stringMatching(/^100 TPS, 200 clients/),
    progress,
    points: [],
    report: null,
    links: { self: `/api/campaigns/${campaignId}`, report: null, drills: [] },
  })
})

test('a campaign whose orchestration failed or vanished has failed, and its page is 404; before that it is 409', async () => {
  const { post, service, status, call, world } = setUp()
  const campaignId = idOf(await post())
  const page = async () => (await call('GET', `/api/campaigns/${campaignId}?format=html`)).status
  expect([(await status(campaignId)).state, await page()]).toEqual(['running', 409])
  service.end(campaignId, 'Failed')
  expect([(await status(campaignId)).state, await page()]).toEqual(['failed', 404])
  service.instances.delete(campaignId)
  expect((await status(campaignId)).state).toBe('waiting')
  world.clock.moveTo(world.clock.nowMs + 121_000)
  expect((await status(campaignId)).state).toBe('failed')
})

for (const id of ['nothing', '../secrets', 'a', '%2e%2e'])
  test(`there is no campaign ${id}`, async () => {
    const { call } = setUp()
    for (const method of ['GET', 'DELETE'])
      expect((await call(method, `/api/campaigns/${encodeURIComponent(id)}`)).status).toBe(404)
  })

test('a list is newest first, in pages that a new campaign does not shift', async () => {
  const { post, call, world } = setUp()
  const ids: string[] = []
  for (let i = 0; i < 5; i++) {
    world.clock.moveTo(world.clock.nowMs + 60_000)
    ids.unshift(idOf(await post()))
  }
  const page = async (path: string) =>
    (await call('GET', path)).jsonBody as { readonly campaigns: CampaignStatus[]; readonly next: string | null }
  const first = await page('/api/campaigns?limit=3')
  expect(first.campaigns.map(({ campaignId }) => campaignId)).toEqual(ids.slice(0, 3))
  world.clock.moveTo(world.clock.nowMs + 60_000)
  await post()
  const second = await page(String(first.next))
  expect([second.campaigns.map(({ campaignId }) => campaignId), second.next]).toEqual([ids.slice(3), null])
  expect((await call('GET', '/api/campaigns?limit=0')).status).toBe(400)
})

async function withReport() {
  const world = createWorld()
  await playCampaign(world, aCampaign(world, { drills: 2 }))
  return setUp(world)
}

test('a campaign that has ended holds its report: JSON, or the page by format or Accept, with a validator', async () => {
  const { call, status } = await withReport()
  const path = `/api/campaigns/${CAMPAIGN_ID}`
  expect(await status(CAMPAIGN_ID)).toMatchObject({
    state: 'finished',
    verdict: 'PASS',
    report: { schema: 1, verdict: 'PASS', planned: 2 },
    links: {
      report: `${path}?format=html`,
      drills: [`/api/drills/${CAMPAIGN_ID}-1`, `/api/drills/${CAMPAIGN_ID}-2`],
    },
  })
  const typeOf = async (query: string, accept?: string) =>
    headersOf(await call('GET', `${path}${query}`, { headers: accept === undefined ? {} : { accept } }))['content-type']
  expect(await typeOf('?format=html')).toContain('text/html')
  expect(await typeOf('', 'text/html,application/xhtml+xml,*/*;q=0.8')).toContain('text/html')
  expect(await typeOf('', 'text/html, application/json;q=0.1')).toContain('text/html')
  expect(await typeOf('?format=json', 'text/html')).toContain('application/json')
  expect(await typeOf('?format=md')).toBe('text/markdown; charset=utf-8')
  expect(await typeOf('', 'text/markdown')).toContain('text/markdown')
  expect(String((await call('GET', `${path}?format=md`)).body)).toMatch(/^# PASS: 2 drills of pg-under-test/)
  expect(await typeOf('?format=junit')).toBe('application/xml; charset=utf-8')
  expect(breachesOf(parseXml(String((await call('GET', `${path}?format=junit`)).body)))).toEqual([])
  expect((await call('GET', `${path}?format=csv`)).status).toBe(400)
  expect((await call('GET', path, { headers: { accept: 'text/csv' } })).status).toBe(406)
  const { etag } = headersOf(await call('GET', `${path}?format=html`)) as { readonly etag: string }
  expect((await call('GET', `${path}?format=html`, { headers: { 'if-none-match': etag } })).status).toBe(304)
})

// ---- Abort --------------------------------------------------------------------------------------------------------------

test('an abort reaches the campaign and the drill that runs, and no drill that has ended', async () => {
  const { post, call, service, world } = setUp()
  const campaignId = idOf(await post())
  const [first, second] = [1, 2].map((number) => campaignDrillId(campaignId, number)) as [string, string]
  world.blobs.put(blobNames.request(first), '{}')
  world.blobs.put(campaignBlobs.point(campaignId, 1), '{}')
  world.blobs.put(blobNames.request(second), '{}')
  await service.client.startNew('drill', { instanceId: second })
  const answer = await call('DELETE', `/api/campaigns/${campaignId}?reason=enough`)
  const reason = 'aborted by request: enough'
  expect(answer.status).toBe(202)
  expect(world.blobs.peek(campaignBlobs.abort(campaignId))).toMatchObject({ reason })
  expect(world.blobs.peek(drillBlobs.abort(second))).toMatchObject({ reason })
  expect(world.blobs.peek(blobNames.stop(second))).toEqual({ reason })
  expect(service.instances.get(second)?.events).toEqual([{ name: 'abort', data: { reason } }])
  expect(world.blobs.names).not.toContain(drillBlobs.abort(first))
})

test('an abort between two drills is one of the campaign alone', async () => {
  const { post, call, world } = setUp()
  const campaignId = idOf(await post())
  expect((await call('DELETE', `/api/campaigns/${campaignId}`)).status).toBe(202)
  expect(world.blobs.names.filter((name) => name.endsWith('abort.json'))).toEqual([campaignBlobs.abort(campaignId)])
})

test('an abort of a campaign that has ended changes nothing', async () => {
  const { call, world } = await withReport()
  const answer = await call('DELETE', `/api/campaigns/${CAMPAIGN_ID}`)
  expect([answer.status, problemOf(answer).title]).toEqual([409, 'The campaign has ended'])
  expect(world.blobs.names).not.toContain(campaignBlobs.abort(CAMPAIGN_ID))
})

// ---- The description ------------------------------------------------------------------------------------------------------

test('answers have the shapes that the description promises', async () => {
  const { post, call, status } = await withReport()
  const started = await post()
  const bodies: ReadonlyArray<readonly [schema: string, body: unknown]> = [
    ['StartedCampaign', started.jsonBody],
    ['Problem', problemOf(await post({ drills: 0 }))],
    ['CampaignStatus', await status(idOf(started))],
    ['CampaignStatus', await status(CAMPAIGN_ID)],
    ['CampaignReport', (await status(CAMPAIGN_ID)).report],
    ['CampaignPage', (await call('GET', '/api/campaigns')).jsonBody],
    ['CampaignRequest', BODY],
  ]
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
  ajv.addSchema(openApi('keys'), 'api')
  for (const [schema, body] of bodies) {
    const isValid = ajv.validate({ $ref: `api#/components/schemas/${schema}` }, body)
    expect([schema, isValid, ajv.errorsText()]).toEqual([schema, true, 'No errors'])
  }
  for (const bad of [{}, { drills: 1 }, { drills: 2, request: { speed: 1 } }, { drills: 2, more: 1 }])
    expect(ajv.validate({ $ref: 'api#/components/schemas/CampaignRequest' }, bad)).toBe(false)
})
