/** The HTTP API, handler by handler, as it is registered, over storage in memory. */
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { writeIndexEntry } from '../../functions/clients/storage/drill-list.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { ChartData, TimelineRow } from '../../functions/model/chart-data.ts'
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import type { Comparison } from '../../functions/model/history/compared.ts'
import type { DrillStatus } from '../../functions/model/status.ts'
import { openApi } from '../../functions/openapi/openapi.ts'
import { renderers } from '../../functions/render/formats.ts'
import { drillsApi } from '../../functions/triggers/drills-api.ts'
import { compareApi } from '../../functions/triggers/history/compare.ts'
import { historyApi } from '../../functions/triggers/history/list.ts'
import { acceptable, reportsApi } from '../../functions/triggers/reports-api.ts'
import { guarded } from '../../functions/triggers/responses.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { aLivePoint, requestsTo } from '../support/builders.ts'
import { bytesOf, verified } from '../support/evidence.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { breachesOf, parseXml } from '../support/junit.ts'
import { aPlan, playDrill, settings, target } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

function setUp(world: World = createWorld()) {
  const service = new FakeOrchestrations(() => world.clock.now())
  const drills = drillsApi(world.clients, { defaults: requestsTo(target, 20) })
  const history = historyApi(world.clients, { retentionDays: 400 })
  const reports = reportsApi(world.clients)
  const logged: unknown[] = []
  const guard = {
    gate: { auth: 'keys', isGuarded: false },
    needs: null,
    log: { error: (message: string, error: unknown) => void logged.push([message, error]), note: () => {} },
  } as const
  const call = async (
    method: string,
    url: string,
    {
      body,
      headers = {},
      type = 'application/json',
    }: { body?: string; headers?: Record<string, string>; type?: string | null } = {},
  ): Promise<HttpResponseInit> => {
    const { pathname } = new URL(url, 'http://app')
    const [, , , id = '', part, name] = pathname.split('/')
    const sent = body === undefined || type === null ? headers : { 'content-type': type, ...headers }
    const request = new HttpRequest({
      method,
      url: new URL(url, 'http://app').href,
      headers: sent,
      params: { id, ...(name === undefined ? {} : { name }) },
      ...(body === undefined ? {} : { body: { string: body } }),
    })
    const { client } = service
    if (id === 'compare') return guarded(compareApi(world.clients).compare, guard)(request)
    if (part === 'report') return guarded(reports.report, guard)(request, client)
    if (part === 'evidence') return guarded(reports.evidence, guard)(request)
    if (part === 'files') return guarded(reports.file, guard)(request)
    if (method === 'POST') return guarded(drills.start, guard)(request, client)
    if (method === 'DELETE') return guarded(drills.abort, guard)(request, client)
    return id === '' ? guarded(history.list, guard)(request, client) : guarded(drills.read, guard)(request, client)
  }
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    call('POST', '/api/drills', { body: JSON.stringify(body), headers })
  return { world, service, call, post, logged }
}

const headersOf = ({ headers }: HttpResponseInit) => headers as Record<string, string>
const problemOf = ({ body }: HttpResponseInit) => JSON.parse(String(body))
const idOf = (answer: HttpResponseInit) => (answer.jsonBody as { drillId: string }).drillId
const another = { target: { server: 'another-server' } }

// ---- Start --------------------------------------------------------------------------------------------------------------

test('a start answers 202 with the place to look, and starts an orchestration under the id of the drill', async () => {
  const { post, service, world } = setUp()
  const answer = await post({ targetTps: 100 })
  const drillId = idOf(answer)
  expect(answer.status).toBe(202)
  expect(headersOf(answer)).toMatchObject({ location: `/api/drills/${drillId}`, 'retry-after': '5' })
  expect(service.instances.get(drillId)?.input).toMatchObject({ drillId, target, load: { targetTps: 100 } })
  expect(world.blobs.peek(blobNames.request(drillId))).toMatchObject({ plan: { drillId } })
})

test('a start without a body asks for the defaults', async () => {
  const { call } = setUp()
  expect((await call('POST', '/api/drills')).status).toBe(202)
})

test('every wrong field is a problem of one answer, and nothing is started', async () => {
  const { post, service } = setUp()
  const answer = await post({ targetTps: -1, workers: 'many', unknown: true })
  expect(answer.status).toBe(400)
  expect(headersOf(answer)['content-type']).toContain('application/problem+json')
  expect(problemOf(answer).problems).toHaveLength(3)
  expect(service.instances.size).toBe(0)
})

for (const [what, body, type, status] of [
  ['no JSON', '{', 'application/json', 400],
  ['a list', '[]', 'application/json', 400],
  ['a form', 'a=b', 'application/x-www-form-urlencoded', 415],
  ['text', '{}', 'text/plain', 415],
  ['no type', '{}', null, 415],
  ['JSON of its own kind', '{}', 'application/vnd.drill+json; charset=utf-8', 202],
  ['too much', JSON.stringify({ note: 'x'.repeat(70_000) }), 'application/json', 413],
] as const)
  test(`a body that is ${what} answers ${status}`, async () => {
    const { call } = setUp()
    expect((await call('POST', '/api/drills', { body, type })).status).toBe(status)
  })

test('of two simultaneous starts on one server one runs, and the other is refused with its id', async () => {
  const { post, service } = setUp()
  const answers = await Promise.all([post({}), post({})])
  const [started, refused] = answers.sort((a, b) => (a.status ?? 0) - (b.status ?? 0)) as [
    HttpResponseInit,
    HttpResponseInit,
  ]
  expect([started.status, refused.status]).toEqual([202, 409])
  const instance = `/api/drills/${idOf(started)}`
  expect(problemOf(refused)).toMatchObject({ instance, title: 'A drill is already running' })
  expect(headersOf(refused).link).toBe(`<${instance}>; rel="related"`)
  expect(service.instances.size).toBe(1)
})

test('two servers run two drills', async () => {
  const { post, service } = setUp()
  expect([(await post({})).status, (await post(another)).status]).toEqual([202, 202])
  expect(service.instances.size).toBe(2)
})

for (const status of ['Completed', 'Failed', 'Terminated'])
  test(`a server whose drill is ${status} and never gave it back is taken over`, async () => {
    const { post, service } = setUp()
    const first = idOf(await post({}))
    service.end(first, status)
    expect((await post({})).status).toBe(202)
  })

test('a server that was reserved by a start that died is taken over after the grace period, and not before', async () => {
  const { post, service, world } = setUp()
  service.startFails = true
  service.isAway = () => true
  await post({})
  service.startFails = false
  service.isAway = () => false
  expect((await post({})).status).toBe(409)
  world.clock.moveTo(world.clock.nowMs + 121_000)
  expect((await post({})).status).toBe(202)
})

test('a start that the orchestration service refuses frees the server at once', async () => {
  const { post, service } = setUp()
  service.startFails = true
  expect((await post({})).status).toBe(503)
  service.startFails = false
  expect((await post({})).status).toBe(202)
})

test('the same Idempotency-Key with the same body is the same drill, even at the same time and when it has ended', async () => {
  const { post, service } = setUp()
  const key = { 'idempotency-key': 'nightly-2026-01-01' }
  const [one, two] = await Promise.all([post({}, key), post({}, key)])
  expect([one.status, two.status]).toEqual([202, 202])
  expect(idOf(one)).toBe(idOf(two))
  service.end(idOf(one), 'Completed')
  expect(idOf(await post({}, key))).toBe(idOf(one))
  expect(service.instances.get(idOf(one))?.runtimeStatus).toBe('Completed')
})

test('a key in the form of an id is the id of the drill, so that its caller knows it without an answer', async () => {
  const { post } = setUp()
  const key = '20260102-030405-0a1b2c'
  expect(idOf(await post({}, { 'idempotency-key': key }))).toBe(key)
  const { post: another } = setUp()
  expect(idOf(await another({}, { 'idempotency-key': `${key}0` }))).toMatch(/^key-[0-9a-f]{24}$/)
})

test('the same Idempotency-Key with another body is refused', async () => {
  const { post } = setUp()
  const key = { 'idempotency-key': 'k-1' }
  await post({}, key)
  const answer = await post({ targetTps: 5 }, key)
  expect([answer.status, problemOf(answer).title]).toEqual([409, 'Idempotency-Key was used for another request'])
})

test('an Idempotency-Key that is no key is a bad request', async () => {
  const { post } = setUp()
  expect((await post({}, { 'idempotency-key': 'x'.repeat(201) })).status).toBe(400)
})

// ---- Look ---------------------------------------------------------------------------------------------------------------

test('a status has the phase, the live figures and links', async () => {
  const { post, call, service, world } = setUp()
  const drillId = idOf(await post({}))
  const progress = { phase: 'baseline', phaseStartedAt: '', loadStartAtMs: 1, live: null, note: null }
  const instance = service.instances.get(drillId)
  if (instance !== undefined) instance.customStatus = progress
  const point = aLivePoint()
  world.blobs.put(drillBlobs.live(drillId), JSON.stringify({ live: { acknowledged: 7 }, history: [point] }))
  world.clock.moveTo(world.clock.nowMs + 30_000)
  const { jsonBody } = await call('GET', `/api/drills/${drillId}`)
  expect(jsonBody).toMatchObject({
    drillId,
    state: 'running',
    verdict: null,
    elapsedSeconds: 30,
    progress: { phase: 'baseline', live: { acknowledged: 7 } },
    history: [point],
    links: { self: `/api/drills/${drillId}`, report: null, files: [] },
  } satisfies Partial<DrillStatus> | Record<string, unknown>)
})

test('a drill between its request and its first turn is waiting; one that vanished has failed', async () => {
  const { post, call, service, world } = setUp()
  const drillId = idOf(await post({}))
  service.instances.delete(drillId)
  const state = async () => ((await call('GET', `/api/drills/${drillId}`)).jsonBody as DrillStatus).state
  expect(await state()).toBe('waiting')
  world.clock.moveTo(world.clock.nowMs + 121_000)
  expect(await state()).toBe('failed')
})

for (const id of ['nothing', 'drill-1-watch-0', '../secrets', 'a', '%2e%2e'])
  test(`there is no drill ${id}`, async () => {
    const { call } = setUp()
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/report'],
      ['GET', '/files/report.json'],
    ] as const)
      expect((await call(method, `/api/drills/${encodeURIComponent(id)}${path}`)).status).toBe(404)
  })

test('a list is newest first, in pages that a new drill does not shift', async () => {
  const { post, call, world } = setUp()
  const ids: string[] = []
  for (let i = 0; i < 5; i++) {
    world.clock.moveTo(world.clock.nowMs + 60_000)
    ids.unshift(idOf(await post({ target: { server: `server-${i}` } })))
  }
  const first = (await call('GET', '/api/drills?limit=2')).jsonBody as { drills: DrillStatus[]; next: string }
  expect(first.drills.map(({ drillId }) => drillId)).toEqual(ids.slice(0, 2))
  world.clock.moveTo(world.clock.nowMs + 60_000)
  await post({ target: { server: 'server-new' } })
  const second = (await call('GET', first.next)).jsonBody as { drills: DrillStatus[]; next: string }
  expect(second.drills.map(({ drillId }) => drillId)).toEqual(ids.slice(2, 4))
  const third = (await call('GET', second.next)).jsonBody as { drills: DrillStatus[]; next: string | null }
  expect([third.drills.map(({ drillId }) => drillId), third.next]).toEqual([ids.slice(4), null])
})

test('the list is reduced to a server and to a verdict, and its next page keeps both', async () => {
  const { world, call } = setUp()
  const entry = (number: number, own: Partial<IndexEntry>): IndexEntry => ({
    ...startedEntry(aPlan({}, `other-${number}`, Date.parse('2026-01-05T00:00:00.000Z') + number * 1_000)),
    endedAt: '2026-01-05T01:00:00.000Z',
    verdict: 'INCONCLUSIVE',
    headline: 'x',
    ...own,
  })
  const stoppedBy = { phase: 'check', checks: ['server-sku'], why: 'x', advice: 'y' } as const
  for (let number = 0; number < 6; number++)
    await writeIndexEntry(
      world.table,
      entry(number, number % 2 === 0 ? { stoppedBy: { ...stoppedBy, checks: [] } } : {}),
    )
  const idsOf = async (query: string) => {
    const { drills, next } = (await call('GET', `/api/drills?${query}`)).jsonBody as {
      drills: DrillStatus[]
      next: string | null
    }
    return { ids: drills.map(({ drillId }) => drillId), next }
  }
  expect((await idsOf('verdict=NOT%20STARTED')).ids).toEqual(['other-4', 'other-2', 'other-0'])
  expect((await idsOf('verdict=INCONCLUSIVE')).ids).toEqual(['other-5', 'other-3', 'other-1'])
  expect((await idsOf('verdict=PASS')).ids).toEqual([])
  expect((await idsOf('server=no-such-server')).ids).toEqual([])
  const first = await idsOf('verdict=NOT%20STARTED&server=pg-under-test&limit=2')
  expect(first.ids).toEqual(['other-4', 'other-2'])
  expect(first.next).toContain('&server=pg-under-test&verdict=NOT%20STARTED')
  expect((await idsOf(String(first.next).split('?')[1] ?? '')).ids).toEqual(['other-0'])
})

for (const query of ['limit=0', 'limit=101', 'limit=x', 'after=../x', 'server=a.b', 'verdict=pass'])
  test(`a list with ${query} is a bad request`, async () => {
    const { call } = setUp()
    expect((await call('GET', `/api/drills?${query}`)).status).toBe(400)
  })

// ---- Abort --------------------------------------------------------------------------------------------------------------

test('an abort stops the load by blob and wakes the orchestration by event', async () => {
  const { post, call, service, world } = setUp()
  const drillId = idOf(await post({}))
  const answer = await call('DELETE', `/api/drills/${drillId}?reason=enough`)
  expect(answer.status).toBe(202)
  const reason = 'aborted by request: enough'
  expect(world.blobs.peek(drillBlobs.abort(drillId))).toMatchObject({ reason })
  expect(world.blobs.peek(blobNames.stop(drillId))).toEqual({ reason })
  expect(service.instances.get(drillId)?.events).toEqual([{ name: 'abort', data: { reason } }])
})

test('an abort of a drill that has ended changes nothing', async () => {
  const { post, call, service, world } = setUp()
  const drillId = idOf(await post({}))
  service.end(drillId, 'Completed')
  expect((await call('DELETE', `/api/drills/${drillId}`)).status).toBe(409)
  expect(world.blobs.names).not.toContain(blobNames.stop(drillId))
})

// ---- Reports ------------------------------------------------------------------------------------------------------------

async function withReports() {
  const world = createWorld()
  const criteria = ['recovery_time_s <= 10', 'lost_commits == 0']
  for (const drillId of ['drill-1', 'drill-2']) {
    await playDrill(world, aPlan({ criteria }, drillId, world.clock.nowMs), { renderers })
    world.clock.moveTo(world.clock.nowMs + 3_600_000)
  }
  return setUp(world)
}

test('a report comes in four formats, by query or by Accept, with a validator', async () => {
  const { call } = await withReports()
  const typeOf = async (path: string, accept?: string) =>
    headersOf(await call('GET', path, { headers: accept === undefined ? {} : { accept } }))['content-type']
  expect(await typeOf('/api/drills/drill-1/report?format=html')).toContain('text/html')
  expect(await typeOf('/api/drills/drill-1/report?format=md')).toContain('text/markdown')
  expect(await typeOf('/api/drills/drill-1/report?format=csv')).toContain('text/csv')
  expect(await typeOf('/api/drills/drill-1/report', 'text/html,application/xhtml+xml,*/*;q=0.8')).toContain('text/html')
  expect(await typeOf('/api/drills/drill-1/report')).toContain('application/json')
  const first = await call('GET', '/api/drills/drill-1/report?format=json')
  const { etag } = headersOf(first) as { etag: string }
  const again = await call('GET', '/api/drills/drill-1/report?format=json', {
    headers: { 'if-none-match': `W/${etag}, "x"` },
  })
  expect([first.status, again.status, again.body]).toEqual([200, 304, undefined])
  expect(JSON.parse(String(first.body))).toMatchObject({ schema: 1, drillId: 'drill-1' })
})

test('a pipeline gets the report as JUnit', async () => {
  const { call } = await withReports()
  const answer = await call('GET', '/api/drills/drill-1/report?format=junit')
  expect([answer.status, headersOf(answer)['content-type']]).toEqual([200, 'application/xml; charset=utf-8'])
  expect(breachesOf(parseXml(String(answer.body)))).toEqual([])
})

test('a format that does not exist is a bad request, and a type that cannot be had is not acceptable', async () => {
  const { call } = await withReports()
  expect((await call('GET', '/api/drills/drill-1/report?format=pdf')).status).toBe(400)
  expect((await call('GET', '/api/drills/drill-1/report', { headers: { accept: 'application/pdf' } })).status).toBe(406)
})

for (const [accept, format] of [
  [null, 'json'],
  ['*/*', 'json'],
  ['text/*', 'html'],
  ['text/csv', 'csv'],
  ['text/markdown;q=0.5, text/html;q=0.4', 'md'],
  ['application/xml', 'junit'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  ['application/json;q=0, text/html', 'html'],
  ['application/pdf, */*;q=0.1', 'json'],
  ['image/png', null],
] as const)
  test(`who accepts ${accept} gets ${format}`, () => expect(acceptable(accept)).toBe(format))

test('a report that is not there yet answers 409 with the time to come back; one that never will be answers 404', async () => {
  const { post, call, service } = setUp()
  const drillId = idOf(await post({}))
  const answer = await call('GET', `/api/drills/${drillId}/report`)
  expect([answer.status, headersOf(answer)['retry-after'], problemOf(answer).instance]).toEqual([
    409,
    '15',
    `/api/drills/${drillId}`,
  ])
  service.end(drillId, 'Failed')
  expect((await call('GET', `/api/drills/${drillId}/report`)).status).toBe(404)
})

test('files are served by name, those of containers too, and nothing outside the drill', async () => {
  const { call } = await withReports()
  const status = async (name: string) => (await call('GET', `/api/drills/drill-1/files/${name}`)).status
  for (const { name } of renderers) expect([name, await status(name)]).toEqual([name, 200])
  expect(await status('chart-data.json')).toBe(200)
  expect(await status('container-0.log.txt')).toBe(200)
  expect(await status('container-0.summary.json')).toBe(200)
  for (const name of ['..%2f..%2frequest.json', 'evidence%2ffacts.json', '..json', 'container-7.log.txt', 'x.exe'])
    expect([name, await status(name)]).toEqual([name, 404])
})

test('evidence.zip is sent with the records of the load when asked for, and verifies', async () => {
  const { call } = await withReports()
  const get = (query: string, drillId = 'drill-1') => call('GET', `/api/drills/${drillId}/files/evidence.zip${query}`)
  const answer = await get('?chunks=true')
  expect([answer.status, headersOf(answer)['content-type'], headersOf(answer)['content-disposition']]).toEqual([
    200,
    'application/zip',
    'attachment; filename="drill-1-evidence.zip"',
  ])
  const files = unzipSync(await bytesOf(answer.body as AsyncIterable<Uint8Array>))
  expect((await verified(files)).differences).toEqual([])
  const small = unzipSync(await bytesOf((await get('')).body as AsyncIterable<Uint8Array>))
  expect(Object.keys(small).filter((path) => path.endsWith('.bin'))).toEqual([])
  expect((await get('?chunks=maybe')).status).toBe(400)
  expect((await get('', 'drill-7')).status).toBe(404)
})

test('evidence.zip that is larger than an answer can be says where its files are', async () => {
  const { call, world } = await withReports()
  const list = world.blobs.list.bind(world.blobs)
  world.blobs.list = async (prefix) => (await list(prefix)).map((blob) => ({ ...blob, size: 50_000_000 }))
  const answer = await call('GET', '/api/drills/drill-1/files/evidence.zip?chunks=true')
  expect([answer.status, problemOf(answer).detail]).toEqual([413, expect.stringContaining('download drill-1')])
  expect(problemOf(answer).instance).toBe('/api/drills/drill-1/evidence')
})

test('the files of evidence.zip are listed, and each is sent from any byte on, without addresses of operations', async () => {
  const { call, world } = await withReports()
  const get = (query: string, drillId = 'drill-1') => call('GET', `/api/drills/${drillId}/evidence${query}`)
  const { files } = (await get('')).jsonBody as { files: { path: string; bytes: number }[] }
  const whole = unzipSync(
    await bytesOf(
      (await call('GET', '/api/drills/drill-1/files/evidence.zip?chunks=true')).body as AsyncIterable<Uint8Array>,
    ),
  )
  expect([...files.map(({ path }) => path), 'manifest.json']).toEqual(Object.keys(whole))
  for (const { path } of files) {
    const piece = async (from: number) =>
      Buffer.from((await get(`?path=${encodeURIComponent(path)}&from=${from}`)).body as Uint8Array)
    const wanted = Buffer.from(whole[path] as Uint8Array)
    expect([path, (await piece(0)).equals(wanted)]).toEqual([path, true])
    expect([path, (await piece(7)).equals(wanted.subarray(7))]).toEqual([path, true])
    expect(await piece(wanted.length)).toHaveLength(0)
  }
  const answers = files.filter(({ path }) => path.includes('/answer-'))
  expect(answers.length).toBeGreaterThan(0)
  expect(world.blobs.dump()).toContain('pollerToken')
  // An address with ".." leads out of the drill's folder before storage sees it.
  const read: string[] = []
  const readFrom = world.blobs.readFrom.bind(world.blobs)
  world.blobs.readFrom = (name, ...more) => {
    read.push(name)
    return readFrom(name, ...more)
  }
  for (const query of ['?path=none.json', '?path=../drill-2/request.json', '?path=report//report.json', '?path=/x'])
    expect([query, (await get(query)).status]).toEqual([query, 404])
  expect(read).toEqual(['drills/drill-1/none.json'])
  expect((await get('?path=request.json&from=-1')).status).toBe(400)
  expect((await get('', 'drill-7')).status).toBe(404)
})

test('a piece of a file has 16 MB at most', async () => {
  const { call, world } = await withReports()
  world.blobs.put('drills/drill-1/containers/9/0.bin', Buffer.alloc(20_000_000, 7))
  const piece = async (from: number) =>
    ((await call('GET', `/api/drills/drill-1/evidence?path=containers/9/0.bin&from=${from}`)).body as Uint8Array).length
  expect([await piece(0), await piece(16_777_216), await piece(20_000_000)]).toEqual([16_777_216, 3_222_784, 0])
})

test('drills are compared in the order asked for, aligned on their last commit before the outage', async () => {
  const { call } = await withReports()
  const { jsonBody } = await call('GET', '/api/drills/compare?ids=drill-2,drill-1')
  const { drills } = jsonBody as {
    drills: Array<{ drillId: string; timeline: Array<{ alignedSeconds: number; goodput: number }> }>
  }
  expect(drills.map(({ drillId }) => drillId)).toEqual(['drill-2', 'drill-1'])
  for (const { timeline } of drills) {
    const inOutage = timeline.filter(({ alignedSeconds }) => alignedSeconds > 1 && alignedSeconds < 4)
    expect(inOutage.map(({ goodput }) => goodput)).toEqual(inOutage.map(() => 0))
    expect(inOutage.length).toBeGreaterThan(1)
  }
})

test('ten drills of five hours are compared in a small answer that keeps the second without a commit', async () => {
  const { call, world } = await withReports()
  const chartData = await world.clients.blobs.readJson<ChartData>(drillBlobs.chartData('drill-1'))
  const [first] = chartData?.timeline ?? []
  const timeline = Array.from({ length: 18_000 }, (_, i) => ({
    ...(first as TimelineRow),
    second: (first as TimelineRow).second + i,
    goodput: i === 7_777 ? 0 : 8_000,
  }))
  await world.clients.blobs.writeJson(drillBlobs.chartData('drill-1'), { ...chartData, timeline })
  const ids = Array.from({ length: 10 }, () => 'drill-1').join(',')
  const { jsonBody } = await call('GET', `/api/drills/compare?ids=${ids}`)
  const { drills } = jsonBody as Comparison
  for (const drill of drills) expect(drill.timeline.filter(({ goodput }) => goodput === 0)).toHaveLength(1)
  expect(JSON.stringify(jsonBody).length).toBeLessThan(1_000_000)
})

for (const ids of ['', 'drill-1', 'drill-1,../x', Array.from({ length: 11 }, (_, i) => `drill-${i}`).join(',')])
  test(`a comparison of ${JSON.stringify(ids)} is a bad request`, async () => {
    const { call } = setUp()
    expect((await call('GET', `/api/drills/compare?ids=${encodeURIComponent(ids)}`)).status).toBe(400)
  })

// ---- When something is away -----------------------------------------------------------------------------------------------

test('when the orchestration service is away the answer is 503, without its address or its key', async () => {
  const { post, call, service, logged } = setUp()
  const drillId = idOf(await post({}))
  service.isAway = () => true
  const answer = await call('GET', `/api/drills/${drillId}`)
  expect([answer.status, headersOf(answer)['retry-after']]).toEqual([503, '10'])
  expect(String(answer.body)).not.toContain('system-key')
  expect(logged).toHaveLength(1)
})

test('when storage is away the answer is 503, and nothing is started', async () => {
  const { post, service, world } = setUp()
  world.blobs.isAway = () => true
  expect((await post({})).status).toBe(503)
  expect(service.instances.size).toBe(0)
})

// ---- Notifications --------------------------------------------------------------------------------------------------------

test('the webhook gets the verdict, one line and the address of the report', async () => {
  const world = createWorld({ webhook: ['fails', 'ok'] })
  await playDrill(world, aPlan({ criteria: ['recovery_time_s <= 10', 'lost_commits == 0'] }))
  expect(world.webhook.sent).toEqual([
    {
      type: 'drill.ended',
      id: 'drill-1.ended',
      text: expect.stringMatching(
        /^PASS pg-under-test: Forced failover of .*\nhttps:\/\/drills\.example\.com\/api\/dashboard#\/drills\/drill-1$/,
      ),
      drillId: 'drill-1',
      verdict: 'PASS',
      summary: expect.stringContaining('Forced failover of pg-under-test'),
      stoppedBy: null,
      server: 'pg-under-test',
      resourceGroup: 'rg',
      links: {
        page: 'https://drills.example.com/api/dashboard#/drills/drill-1',
        report: 'https://drills.example.com/api/drills/drill-1/report?format=html',
      },
    },
  ])
  const ajv = new Ajv2020({ strict: false })
  ajv.addSchema(openApi('keys'), 'api')
  ajv.validate({ $ref: 'api#/components/schemas/DrillMessage' }, world.webhook.sent[0])
  expect(ajv.errorsText()).toBe('No errors')
})

test('without a webhook nothing is sent', async () => {
  const { notify } = createActivities(createWorld().clients, settings)
  expect(await notify({ drillId: 'drill-1' })).toEqual({ detail: 'no webhook is configured' })
})

// ---- The description ------------------------------------------------------------------------------------------------------

test('answers have the shapes that the description promises', async () => {
  const { post, call } = await withReports()
  const started = await post({ target: { server: 'another-one' } })
  const drillId = idOf(started)
  const bodies: ReadonlyArray<readonly [schema: string, body: unknown]> = [
    ['Started', started.jsonBody],
    ['Problem', problemOf(await post({ workers: 0 }))],
    ['Problem', problemOf(await post({ target: { server: 'another-one' } }))],
    ['DrillStatus', (await call('GET', `/api/drills/${drillId}`)).jsonBody],
    ['DrillPage', (await call('GET', '/api/drills')).jsonBody],
    ['Comparison', (await call('GET', '/api/drills/compare?ids=drill-1,drill-2')).jsonBody],
    ['Report', JSON.parse(String((await call('GET', '/api/drills/drill-1/report')).body))],
  ]
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
  ajv.addSchema(openApi('keys'), 'api')
  for (const [schema, body] of bodies) {
    const isValid = ajv.validate({ $ref: `api#/components/schemas/${schema}` }, body)
    expect([schema, isValid, ajv.errorsText()]).toEqual([schema, true, 'No errors'])
  }
})

test('the description accepts the requests that the parser accepts, and refuses unknown fields', () => {
  const ajv = new Ajv2020({ strict: false })
  const isValid = ajv.compile(
    (openApi('keys').components as { schemas: { DrillRequest: object } }).schemas.DrillRequest,
  )
  expect(
    isValid({ targetTps: 400, workers: 20, events: [{ atSeconds: 120, kind: 'failover', mode: 'planned' }] }),
  ).toBe(true)
  expect(isValid({ targetTps: 'x' })).toBe(false)
  expect(isValid({ speed: 1 })).toBe(false)
})
