/** The table of contents against what the app says of itself: routes, keys, timers, names. */
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { beforeAll, expect, test, vi } from 'vitest'
import { openApi, PATHS } from '../../functions/openapi/openapi.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { Orchestrations } from '../../functions/triggers/orchestrations.ts'
import { DEPLOYED_SETTINGS } from '../support/deployed-settings.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { readSource, sourceFiles } from '../support/imports.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

interface Http {
  readonly route: string
  readonly methods: readonly string[]
  readonly authLevel: string
  readonly handler: (request: HttpRequest, client: Orchestrations) => Promise<HttpResponseInit>
}

const https = new Map<string, Http>()
const timers = new Map<string, { readonly schedule: string }>()
const orchestrations: string[] = []
const activities: string[] = []

vi.mock('@azure/functions', async (original) => ({
  ...(await original<typeof import('@azure/functions')>()),
  app: {
    http: (name: string, options: Http) => https.set(name, options),
    timer: (name: string, options: { schedule: string }) => timers.set(name, options),
  },
}))
vi.mock('durable-functions', () => ({
  app: {
    client: {
      http: (name: string, options: Http) => https.set(name, options),
      timer: (name: string, options: { schedule: string }) => timers.set(name, options),
    },
    orchestration: (name: string) => orchestrations.push(name),
    activity: (name: string) => activities.push(name),
  },
}))

const world = createWorld()
const service = new FakeOrchestrations(() => world.clock.now())
/** Nothing outside is reached: the handlers run over storage in memory. */
vi.mock('../../functions/connect.ts', () => ({ connect: () => world.clients }))

beforeAll(async () => {
  const settings = { ...DEPLOYED_SETTINGS, DAILY_DRILL_SCHEDULE: '0 0 3 * * *' }
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
  await import('../../functions/app.ts')
})

test('every route of the app is described, and every description is a route', () => {
  const served = [...https.values()].flatMap(({ route, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} /api/${route}`),
  )
  const described = Object.entries(PATHS).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const undescribed = ['GET /api/openapi.json', 'GET /api/dashboard', 'GET /api/dashboard/{asset}']
  expect(served.sort()).toEqual([...described, ...undescribed].sort())
})

test('what can be read can be asked for with HEAD, which is answered with the same headers', async () => {
  const withHead = [...https.values()].filter(({ methods }) => methods.includes('HEAD'))
  expect(withHead).toEqual([...https.values()].filter(({ methods }) => methods.includes('GET')))
  await playDrill(world, aPlan({}, 'drill-head'), { renderers })
  const ask = async (method: string) => {
    const params = { id: 'drill-head', name: 'report.json' }
    const request = new HttpRequest({ method, url: 'http://app/api/drills/drill-head/files/report.json', params })
    const answer = await https.get('readFile')?.handler(request, service.client)
    return [answer?.status, answer?.headers]
  }
  expect((await ask('HEAD'))[0]).toBe(200)
  expect(await ask('HEAD')).toEqual(await ask('GET'))
})

test('operations have the names of their functions', () => {
  const ids = Object.values(PATHS).flatMap((operations) =>
    Object.values(operations as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  )
  expect([...https.keys()].filter((name) => !['openApi', 'dashboard', 'dashboardAsset'].includes(name)).sort()).toEqual(
    ids.sort(),
  )
})

test('every function that holds or changes data needs a key; only the page, its files and the description are open', () => {
  const open = [...https]
    .filter(([, { authLevel }]) => authLevel !== 'function')
    .map(([name, { authLevel }]) => [name, authLevel])
  expect(open).toEqual([
    ['dashboard', 'anonymous'],
    ['dashboardAsset', 'anonymous'],
    ['openApi', 'anonymous'],
  ])
})

test('timers run in UTC and by six fields', () => {
  expect(Object.fromEntries([...timers].map(([name, { schedule }]) => [name, schedule]))).toEqual({
    dailyDrill: '0 0 3 * * *',
    sweeper: '0 */15 * * * *',
  })
})

test('orchestrations and activities are registered by the names that the code calls', () => {
  expect(orchestrations.sort()).toEqual(['campaign', 'drill', 'watch'])
  const called = sourceFiles(['functions/orchestrators']).flatMap((file) =>
    [...readSource(file).matchAll(/\brun\.(\w+)\(|\)\.(observe)\(/g)].map(([, name, other]) => name ?? other),
  )
  expect([...new Set([...called, 'sweep', 'stopStartedServers', 'finishUndo'])].sort()).toEqual(
    [...new Set(activities)].sort(),
  )
})

test('references of the description lead somewhere', () => {
  const text = JSON.stringify(openApi('keys'))
  const schemas = Object.keys((openApi('keys').components as { schemas: object }).schemas)
  const used = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name)
  expect([...new Set(used)].sort()).toEqual(schemas.sort())
})

test('a page that is known by the validator of its compressed form is not sent again', async () => {
  const page = https.get('dashboard')
  const ask = (headers: Readonly<Record<string, string>>) =>
    page?.handler(new HttpRequest({ method: 'GET', url: 'http://app/api/dashboard', headers }), service.client)
  const first = await ask({ 'accept-encoding': 'gzip' })
  const { etag, ...headers } = (first?.headers ?? {}) as Record<string, string>
  expect([headers['content-encoding'], etag?.slice(0, 2)]).toEqual(['gzip', 'W/'])
  expect((await ask({ 'accept-encoding': 'gzip', 'if-none-match': String(etag) }))?.status).toBe(304)
})

// ---- What every answer carries ----------------------------------------------------------------------------------------

interface Asked {
  readonly name: string
  readonly method: string
  readonly answer: HttpResponseInit
}

/** Every route and method with the given values for `{id}`, `{name}` and `{asset}`, query and headers. */
async function askEveryRoute(
  params: Readonly<Record<string, string>>,
  query = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked[]> {
  const asked = [...https].flatMap(([name, { route, methods, handler }]) =>
    methods.map(async (method): Promise<Asked> => {
      const path = route.replace(/\{(\w+)\}/g, (_, key: string) => params[key] ?? key)
      const request = new HttpRequest({ method, url: `http://app/api/${path}${query}`, params, headers })
      return { name, method, answer: await handler(request, service.client) }
    }),
  )
  return await Promise.all(asked)
}

function expectSecured({ name, method, answer }: Asked): void {
  const headers = answer.headers as Readonly<Record<string, string>>
  const what = `${method} ${name} ${answer.status}`
  expect(headers['x-content-type-options'], what).toBe('nosniff')
  const isPage = name.startsWith('dashboard') && [200, 304].includes(Number(answer.status))
  expect(headers['referrer-policy'], what).toBe(isPage ? 'same-origin' : 'no-referrer')
  expect(headers['cross-origin-resource-policy'], what).toBe('same-origin')
  expect(headers['content-security-policy'], what).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/)
  // What holds data of drills is never kept by a cache that does not ask first.
  expect(headers['cache-control'], what).toMatch(
    ['dashboard', 'dashboardAsset', 'openApi'].includes(name) ? /./ : /no-store|private, no-cache/,
  )
}

const statusesOf = (asked: readonly Asked[]) => new Set(asked.map(({ answer }) => answer.status))

test('every answer of every route carries the security headers: found, unchanged, missing, refused and failed', async () => {
  await playDrill(world, aPlan({}, 'drill-1'), { renderers })
  const found = { id: 'drill-1', name: 'report.json', asset: 'dashboard.css' }
  const pages = await askEveryRoute(found, '?ids=drill-1,drill-1', { accept: 'text/html' })
  const known = pages.map(({ answer }) => (answer.headers as Record<string, string>).etag).filter(Boolean)
  const unchanged = await Promise.all(
    known.map((etag) => askEveryRoute(found, '', { accept: 'text/html', 'if-none-match': String(etag) })),
  )
  const missing = await askEveryRoute({ id: 'no-such-drill', name: 'none.txt', asset: 'none.js' })
  const refused = await askEveryRoute(found, '?limit=x&format=x&ids=x', { 'content-length': '9999999' })
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  world.blobs.isAway = () => true
  const failed = await askEveryRoute(found)
  world.blobs.isAway = () => false
  log.mockRestore()
  const all = [...pages, ...unchanged.flat(), ...missing, ...refused, ...failed]
  for (const asked of all) expectSecured(asked)
  const seen = statusesOf(all)
  for (const status of [200, 202, 304, 400, 404, 413, 503]) expect(seen, String(status)).toContain(status)
})
