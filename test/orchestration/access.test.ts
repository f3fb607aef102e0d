/** Every route of the app, as it is registered, with each kind of access and each kind of caller. */
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { campaignBlobs } from '../../functions/model/campaign/blobs.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { Orchestrations } from '../../functions/triggers/orchestrations.ts'
import { DEPLOYED_SETTINGS } from '../support/deployed-settings.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { aCampaign, putCampaign } from '../support/play-campaign.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { base64, OBJECT_ID, principalHeader } from '../support/principal.ts'
import { createWorld, type World } from '../support/world/world.ts'

interface Http {
  readonly route: string
  readonly methods: readonly string[]
  readonly authLevel: string
  readonly handler: (request: HttpRequest, client: Orchestrations) => Promise<HttpResponseInit>
}

const state = vi.hoisted(() => ({ https: new Map<string, unknown>(), world: null as unknown }))
vi.mock('@azure/functions', async (original) => ({
  ...(await original<typeof import('@azure/functions')>()),
  app: { http: (name: string, options: Http) => state.https.set(name, options), timer: () => {} },
}))
vi.mock('durable-functions', () => ({
  app: {
    client: { http: (name: string, options: Http) => state.https.set(name, options), timer: () => {} },
    orchestration: () => {},
    activity: () => {},
  },
}))
vi.mock('../../functions/connect.ts', () => ({ connect: () => (state.world as World).clients }))

/** What each route needs. Written here a second time: a route that is added without a role of its own fails. */
const NEEDS: Readonly<Record<string, 'Drill.Read' | 'Drill.Run' | null>> = {
  'POST drills': 'Drill.Run',
  'DELETE drills/{id}': 'Drill.Run',
  'GET drills': 'Drill.Read',
  'GET drills/{id}': 'Drill.Read',
  'GET drills/{id}/report': 'Drill.Read',
  'GET drills/{id}/files/{name}': 'Drill.Read',
  'GET drills/{id}/evidence': 'Drill.Read',
  'GET drills/compare': 'Drill.Read',
  'POST campaigns': 'Drill.Run',
  'DELETE campaigns/{id}': 'Drill.Run',
  'GET campaigns': 'Drill.Read',
  'GET campaigns/{id}': 'Drill.Read',
  'GET containers': 'Drill.Read',
  'DELETE containers/{id}': 'Drill.Run',
  'GET daily': 'Drill.Read',
  'GET defaults': 'Drill.Read',
  'GET dashboard': null,
  'GET dashboard/{asset}': null,
  'GET openapi.json': null,
}
const ROUTES = Object.keys(NEEDS)
const PROTECTED = ROUTES.filter((route) => NEEDS[route] !== null)
const CHANGES = [
  'POST drills',
  'DELETE drills/{id}',
  'POST campaigns',
  'DELETE campaigns/{id}',
  'DELETE containers/{id}',
]

const GUARDED = { API_AUTH: 'entra', WEBSITE_AUTH_ENABLED: 'True' }
const PARAMS: Readonly<Record<string, string>> = { id: 'drill-1', name: 'report.json', asset: 'dashboard.css' }

let service: FakeOrchestrations
let lines: string[]

async function startApp(settings: Readonly<Record<string, string>>): Promise<void> {
  const world = createWorld()
  state.world = world
  state.https.clear()
  service = new FakeOrchestrations(() => world.clock.now())
  await playDrill(world, aPlan({}, 'drill-1'), { renderers })
  putCampaign(world, aCampaign(world, {}, 'drill-1'))
  vi.unstubAllEnvs()
  for (const [name, value] of Object.entries({ ...DEPLOYED_SETTINGS, ...settings })) vi.stubEnv(name, value)
  vi.resetModules()
  await import('../../functions/app.ts')
}

beforeEach(() => {
  lines = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
})

/** The app of a group of tests; what one of them started or aborted is gone before the next. */
function withApp(settings: Readonly<Record<string, string>>): void {
  beforeAll(() => startApp(settings))
  beforeEach(async () => {
    service.instances.clear()
    await (state.world as World).blobs.delete(drillBlobs.abort('drill-1'))
    await (state.world as World).blobs.delete(campaignBlobs.abort('drill-1'))
  })
}

const registered = () => [...(state.https as Map<string, Http>).values()]
const serving = (route: string): Http => {
  const found = registered().find(({ methods, route: path }) => `${methods[0]} ${path}` === route)
  if (found === undefined) throw new Error(`no function serves ${route}`)
  return found
}

async function ask(
  route: string,
  headers: Readonly<Record<string, string>> = {},
  body = route === 'POST campaigns' ? '{"drills": 2}' : '{}',
): Promise<HttpResponseInit> {
  const { methods, route: path, handler } = serving(route)
  const url = `https://app/api/${path.replace(/\{(\w+)\}/g, (_, key: string) => PARAMS[key] ?? key)}`
  const query = path === 'drills/compare' ? '?ids=drill-1,drill-1' : ''
  const isPost = methods[0] === 'POST'
  const request = new HttpRequest({
    method: methods[0] as string,
    url: url + query,
    params: { ...PARAMS },
    headers: { ...(isPost && { 'content-type': 'application/json' }), ...headers },
    ...(isPost && { body: { string: body } }),
  })
  return await handler(request, service.client)
}

const problemOf = ({ body }: HttpResponseInit) =>
  JSON.parse(String(body)) as { readonly title: string; readonly detail: string; readonly status: number }

const as = (...roles: string[]) => ({ 'x-ms-client-principal': principalHeader({ roles }) })
/** Found, started, or nothing left to abort: the handler itself has answered. */
const isServed = ({ status }: HttpResponseInit): boolean => [200, 202, 409].includes(status ?? 0)

/** Drills and campaigns that were started, and abort requests. */
async function changes(): Promise<number> {
  const { blobs } = state.world as World
  const aborts = [drillBlobs.abort('drill-1'), campaignBlobs.abort('drill-1')].filter((name) => blobs.has(name))
  return service.instances.size + aborts.length
}

describe('with keys, as by default', () => {
  withApp({})

  test('the host asks for a key where data is read or changed, and nowhere else', async () => {
    expect(
      registered()
        .map(({ methods, route }) => `${methods[0]} ${route}`)
        .sort(),
    ).toEqual([...ROUTES].sort())
    for (const route of ROUTES)
      expect(serving(route).authLevel, route).toBe(NEEDS[route] === null ? 'anonymous' : 'function')
  })

  test.each(ROUTES)('%s is served without a login, and a login in a header changes nothing', async (route) => {
    expect(await ask(route)).toSatisfy(isServed)
    expect(await ask(route, as())).toSatisfy(isServed)
    expect(await ask(route, { 'x-ms-client-principal': 'nonsense', origin: 'https://other.example' })).toSatisfy(
      isServed,
    )
  })
})

describe('with Microsoft Entra', () => {
  withApp(GUARDED)

  test('no route asks for a key', async () => {
    for (const { authLevel, route } of registered()) expect(authLevel, route).toBe('anonymous')
  })

  test.each(PROTECTED)('%s: without a login 401, and nothing is done', async (route) => {
    for (const headers of [{}, { 'x-ms-client-principal': '' }, { 'x-ms-client-principal': 'bm90IGEgbG9naW4=' }]) {
      const answer = await ask(route, headers)
      expect(answer.status).toBe(401)
      expect(answer.headers).toMatchObject({
        'content-type': 'application/problem+json; charset=utf-8',
        'www-authenticate': 'Bearer',
        'cache-control': 'no-store',
      })
      expect(problemOf(answer)).toMatchObject({ title: 'Sign in', detail: expect.stringContaining('/.auth/login/aad') })
    }
    expect(await changes()).toBe(0)
  })

  test.each(PROTECTED)('%s: only the role that it needs opens it', async (route) => {
    const reader = await ask(route, as('Drill.Read'))
    if (NEEDS[route] === 'Drill.Read') expect(reader).toSatisfy(isServed)
    else {
      expect(reader.status).toBe(403)
      expect(problemOf(reader)).toMatchObject({
        title: 'Drill.Run is needed',
        detail: expect.stringContaining('This account has only Drill.Read. Next: let an owner'),
      })
    }
    for (const roles of [[], ['Admin'], ['drill.run']]) {
      const stranger = await ask(route, as(...roles))
      expect(stranger.status).toBe(403)
      expect(problemOf(stranger).detail).toContain('has no role of this app')
    }
    expect(await changes()).toBe(0)
    expect(await ask(route, as('Drill.Run'))).toSatisfy(isServed)
    expect(await ask(route, as('Other', 'Drill.Read', 'Drill.Run'))).toSatisfy(isServed)
  })

  test.each(PROTECTED)('%s: an application with its own token needs the same role', async (route) => {
    const application = (...roles: string[]) => ({
      authorization: 'Bearer x',
      'x-ms-client-principal': principalHeader({ roles, claims: [['idtyp', 'app']] }),
    })
    const refused = await ask(route, application())
    expect(problemOf(refused).detail).toContain('This application has no role of this app')
    expect(await ask(route, application(NEEDS[route] as string))).toSatisfy(isServed)
  })

  test.each(ROUTES.filter((route) => NEEDS[route] === null))('%s holds no data and is open', async (route) => {
    expect(await ask(route)).toSatisfy(isServed)
  })

  test.each(CHANGES)(
    '%s: a page of another site changes nothing, although the browser sends the login along',
    async (route) => {
      for (const sent of [
        { 'sec-fetch-site': 'cross-site', origin: 'https://other.example' },
        { 'sec-fetch-site': 'same-site', origin: 'https://sibling.example' },
        { origin: 'https://other.example' },
        { origin: 'null' },
      ]) {
        const answer = await ask(route, { ...as('Drill.Run'), cookie: 'AppServiceAuthSession=x', ...sent })
        expect(answer.status, JSON.stringify(sent)).toBe(403)
        expect(problemOf(answer).title).toBe('Sent by another site')
      }
      expect(await changes()).toBe(0)
      expect(
        await ask(route, { ...as('Drill.Run'), 'sec-fetch-site': 'same-origin', origin: 'https://app' }),
      ).toSatisfy(isServed)
    },
  )

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'a form of the type "%s" starts no drill, not even one with the defaults',
    async (type) => {
      for (const body of ['', 'a=b', '{}']) {
        const answer = await ask('POST drills', { ...as('Drill.Run'), 'content-type': type }, body)
        expect(answer.status, body).toBe(415)
      }
      expect(await changes()).toBe(0)
    },
  )

  test('reading from another site is refused by the browser, which every answer asks for', async () => {
    for (const route of ROUTES)
      expect((await ask(route, as('Drill.Run'))).headers, route).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
      })
  })

  test('the log holds who started and who was refused, by object id and without the header', async () => {
    const header = as('Drill.Run')
    await ask('POST drills', header)
    await ask('POST drills', as('Drill.Read'))
    await ask('GET drills', header)
    expect(lines.filter((line) => line.startsWith('POST'))).toEqual([
      `POST /api/drills by user ${OBJECT_ID}`,
      'POST /api/drills refused: 403 Drill.Run is needed',
    ])
    expect(lines.join('\n')).not.toContain(header['x-ms-client-principal'])
  })

  test('the description of the API names the role of each operation', async () => {
    const { paths, components } = JSON.parse(String((await ask('GET openapi.json')).body)) as {
      paths: Record<string, Record<string, { security: unknown; responses: object }>>
      components: { securitySchemes: object }
    }
    for (const route of PROTECTED) {
      const [method = '', path = ''] = route.split(' ')
      const operation = paths[`/api/${path}`]?.[method.toLowerCase()]
      expect(operation?.security, route).toEqual([{ entra: [NEEDS[route]] }])
      expect(Object.keys(operation?.responses ?? {}), route).toEqual(expect.arrayContaining(['401', '403']))
    }
    expect(components.securitySchemes).toMatchObject({ entra: { scheme: 'bearer' } })
  })

  test('the page knows that it needs no key, and sends its address to this app alone', async () => {
    const page = await ask('GET dashboard')
    expect(String(page.body)).toContain('<html lang="en" data-auth="entra">')
    expect(String(page.body)).toContain('../.auth/logout')
    expect(page.headers).toMatchObject({ 'referrer-policy': 'same-origin' })
  })
})

describe('behind no authentication of the platform', () => {
  test.each([
    ['does not report that it is in front', {}],
    ['reports that its authentication is off', { WEBSITE_AUTH_ENABLED: 'False' }],
    ['reports another word', { WEBSITE_AUTH_ENABLED: '1' }],
  ])('where the platform %s, every protected route is refused, with any headers', async (_, front) => {
    await startApp({ API_AUTH: 'entra', WEBSITE_AUTH_ENABLED: '', ...front })
    for (const route of PROTECTED) {
      const answer = await ask(route, { ...as('Drill.Run'), 'x-ms-client-principal-id': OBJECT_ID })
      expect(answer.status, route).toBe(403)
      expect(problemOf(answer), route).toMatchObject({
        title: "The platform's authentication is not in front of this app",
        detail: expect.stringContaining('WEBSITE_AUTH_ENABLED'),
      })
    }
    expect(await changes()).toBe(0)
  })
})

test('a header with two principals is no login', async () => {
  await startApp(GUARDED)
  const both = `${principalHeader({ roles: ['Drill.Run'] })}, ${base64('{}')}`
  expect((await ask('GET drills', { 'x-ms-client-principal': both })).status).toBe(401)
})

test.each(['Entra', 'key', 'none', 'entra,keys'])(
  'API_AUTH=%s stops the app at its start, with the values that it takes',
  async (value) => {
    await expect(startApp({ API_AUTH: value })).rejects.toThrow(/API_AUTH must be keys or entra$/)
  },
)
