/** The table of contents against what the app says of itself: routes, keys, timers, names. */
import { beforeAll, expect, test, vi } from 'vitest'
import { openApi, PATHS } from '../../functions/triggers/openapi.ts'
import { readSource, sourceFiles } from '../support/imports.ts'

interface Http {
  readonly route: string
  readonly methods: readonly string[]
  readonly authLevel: string
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

beforeAll(async () => {
  const settings = {
    AZURE_SUBSCRIPTION_ID: '00000000-0000-0000-0000-000000000000',
    DRILL_RESOURCE_GROUP: 'rg',
    DRILL_LOCATION: 'swedencentral',
    POSTGRES_SERVER: 'pg',
    POSTGRES_DATABASE: 'app',
    POSTGRES_USER: 'drill',
    POSTGRES_PASSWORD: 'secret',
    DRILL_BLOB_CONTAINER_URL: 'https://account.blob.core.windows.net/drills',
    LOADGEN_IMAGE: `registry.azurecr.io/loadgen@sha256:${'0'.repeat(64)}`,
    DAILY_DRILL_SCHEDULE: '0 0 3 * * *',
  }
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
  await import('../../functions/app.ts')
})

test('every route of the app is described, and every description is a route', () => {
  const served = [...https.values()].flatMap(({ route, methods }) => methods.map((method) => `${method} /api/${route}`))
  const described = Object.entries(PATHS).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const undescribed = ['GET /api/openapi.json', 'GET /api/dashboard', 'GET /api/dashboard/{asset}']
  expect(served.sort()).toEqual([...described, ...undescribed].sort())
})

test('operations have the names of their functions', () => {
  const ids = Object.values(PATHS).flatMap((operations) =>
    Object.values(operations as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  )
  expect([...https.keys()].filter((name) => !['openApi', 'dashboard', 'dashboardAsset'].includes(name)).sort()).toEqual(
    ids.sort(),
  )
})

test('whatever holds or changes data needs a key; only the page, its files and the description are open', () => {
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
  expect(orchestrations.sort()).toEqual(['drill', 'watch'])
  const called = sourceFiles(['functions/orchestrators']).flatMap((file) =>
    [...readSource(file).matchAll(/\brun\.(\w+)\(|\)\.(observe)\(/g)].map(([, name, other]) => name ?? other),
  )
  expect([...new Set([...called, 'sweep'])].sort()).toEqual([...new Set(activities)].sort())
})

test('references of the description lead somewhere', () => {
  const text = JSON.stringify(openApi)
  const schemas = Object.keys((openApi.components as { schemas: object }).schemas)
  const used = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name)
  expect([...new Set(used)].sort()).toEqual(schemas.sort())
})
