/** The list of drills as a reader walks it: page by page, as CSV, and with what it does not accept. */
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { expect, test } from 'vitest'
import { campaignsApi } from '../../functions/triggers/campaigns/campaigns-api.ts'
import { historyApi } from '../../functions/triggers/history/list.ts'
import { requestsTo } from '../support/builders.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { putEntry } from '../support/index-entries.ts'
import { aPlan, target } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const FIRST_MS = Date.parse('2026-01-05T00:00:00.000Z')

function setUp(drills: number) {
  const world = createWorld()
  world.clock.moveTo(FIRST_MS + drills * 1_000)
  const service = new FakeOrchestrations(() => world.clock.now())
  const plan = aPlan()
  for (let number = 0; number < drills; number++) {
    const requestedAt = new Date(FIRST_MS + number * 1_000).toISOString()
    putEntry(
      world,
      { ...plan, drillId: `drill-${number}`, requestedAt },
      { endedAt: '2026-01-05T00:00:00.000Z', verdict: 'PASS', headline: 'x' },
    )
  }
  const history = historyApi(world.clients, { retentionDays: 400 })
  const campaigns = campaignsApi(world.clients, { defaults: requestsTo(target, 20), retentionDays: 400 })
  const get = (path: string): Promise<HttpResponseInit> => {
    const request = new HttpRequest({ method: 'GET', url: new URL(path, 'http://app').href })
    return path.startsWith('/api/campaigns')
      ? campaigns.list(request, service.client)
      : history.list(request, service.client)
  }
  return { get, world, service }
}

const headerOf = ({ headers }: HttpResponseInit, name: string) => (headers as Record<string, string | undefined>)[name]
const nextOf = (answer: HttpResponseInit) => /^<(.+)>; rel="next"$/.exec(headerOf(answer, 'link') ?? '')?.[1] ?? null
const problemsOf = ({ body }: HttpResponseInit): Array<{ field: string; problem: string }> =>
  JSON.parse(String(body)).problems

async function walk(get: (path: string) => Promise<HttpResponseInit>, first: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let path: string | null = first; path !== null; ) {
    const answer = await get(path)
    const rows = String(answer.body).trim().split('\n').slice(1)
    pages.push(rows.map((row) => row.split(',')[1] ?? ''))
    path = nextOf(answer)
  }
  return pages
}

test('the rest of a long history comes in pieces as large as the first', async () => {
  const { get } = setUp(10_050)
  const pages = await walk(get, '/api/drills?format=csv')
  expect(pages.map(({ length }) => length)).toEqual([10_000, 50])
  expect(new Set(pages.flat()).size).toBe(10_050)
})

test('a history in pieces of a chosen size keeps that size', async () => {
  const { get } = setUp(7)
  expect((await walk(get, '/api/drills?format=csv&limit=3')).map(({ length }) => length)).toEqual([3, 3, 1])
})

test('the place of one list is none of another', async () => {
  const { get } = setUp(3)
  const after = new URL(nextOf(await get('/api/drills?limit=1')) ?? '', 'http://app').searchParams.get('after')
  expect((await get(`/api/drills?after=${after}`)).status).toBe(200)
  for (const path of ['/api/campaigns?', '/api/drills?server=pg-under-test&']) {
    const answer = await get(`${path}after=${after}`)
    expect(answer.status).toBe(400)
    expect(problemsOf(answer)).toMatchObject([{ field: 'after' }])
  }
})
