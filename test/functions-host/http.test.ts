/** Routes, keys, requests and answers of the local Functions host, against what Azure Functions does with them. */
import { symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { parseHostJson } from '../../infra/local/functions-host/host-json.ts'
import { byPrecedence, matchRoute, parseRoute } from '../../infra/local/functions-host/http/route.ts'
import { aFolder, aHost, anApp, KEYS } from './support.ts'

test.each([
  ['drills', 'drills', {}],
  ['drills', 'DRILLS/', {}],
  ['drills', 'drills/x', undefined],
  ['drills/{id}', 'drills/a%20b', { id: 'a b' }],
  ['drills/{id}', 'drills', undefined],
  ['drills/{id?}', 'drills', {}],
  ['drills/{id=first}', 'drills', { id: 'first' }],
  ['drills/{id:int}', 'drills/7', { id: '7' }],
  ['drills/{id:int}', 'drills/seven', undefined],
  ['drills/{id:int?}', 'drills', {}],
  ['drills/{id:guid}', 'drills/0b9f4f5e-6a53-4f57-9a3f-0a3ad5a5d6f1', { id: '0b9f4f5e-6a53-4f57-9a3f-0a3ad5a5d6f1' }],
  ['drills/{id:guid}', 'drills/0b9f', undefined],
  ['drills/{id:alpha}', 'drills/abc', { id: 'abc' }],
  ['drills/{id:alpha}', 'drills/ab1', undefined],
  ['drills/{id:bool}', 'drills/True', { id: 'True' }],
  ['drills/{id:minlength(2):maxlength(3)}', 'drills/ab', { id: 'ab' }],
  ['drills/{id:minlength(2):maxlength(3)}', 'drills/abcd', undefined],
  ['drills/{id:length(2,3)}', 'drills/a', undefined],
  ['drills/{id:range(1,9)}', 'drills/9', { id: '9' }],
  ['drills/{id:range(1,9)}', 'drills/10', undefined],
  ['drills/{id:min(3)}', 'drills/2', undefined],
  ['drills/{id:max(3)}', 'drills/2', { id: '2' }],
  ['drills/{id:regex(^[a-z]{{2}}$)}', 'drills/ab', { id: 'ab' }],
  ['drills/{id:regex(^[a-z]{{2}}$)}', 'drills/abc', undefined],
  ['drills/{id:datetime}', 'drills/2026-01-01', { id: '2026-01-01' }],
  ['files/{*path}', 'files/a/b/c.txt', { path: 'a/b/c.txt' }],
  ['files/{*path}', 'files', {}],
  ['drills/{id}/files/{name}', 'drills/1/files/report.html', { id: '1', name: 'report.html' }],
])('the route %s asked for %s gives %j', (template, path, values) => {
  expect(matchRoute(parseRoute(template), path)).toEqual(values)
})

test.each([
  ['drills/{id:unheard}', 'constraint "unheard"'],
  ['drills/x{id}', 'must be plain text or one parameter'],
  ['{id}/{id}', 'names a parameter twice'],
  ['{*rest}/x', 'only the last parameter'],
])('the route %s is refused', (template, why) => {
  expect(() => parseRoute(template)).toThrow(why)
})

test('routes are asked in the order of what they fix', () => {
  const templates = ['{*rest}', 'a/{id}', '{x}/b', 'a/{id:int}', 'a/b', 'a']
  expect(
    templates
      .map(parseRoute)
      .sort(byPrecedence)
      .map((route) => route.template),
  ).toEqual(['a', 'a/b', 'a/{id:int}', 'a/{id}', '{x}/b', '{*rest}'])
})

test('a request reaches its function with route, query, headers and body, and its answer comes back whole', async () => {
  const { url } = await aHost()
  const response = await fetch(`${url}/api/echo/7/a/b?x=1&x=2&y=z`, {
    method: 'PUT',
    body: 'grüße',
    headers: { 'x-test': 'yes' },
  })
  expect({
    status: response.status,
    header: response.headers.get('x-echo'),
    type: response.headers.get('content-type'),
    cookie: response.headers.getSetCookie(),
    body: (await response.json()) as unknown,
  }).toEqual({
    status: 201,
    header: 'yes',
    type: 'application/json',
    cookie: ['a=b%20c; path=/; httponly'],
    body: {
      method: 'PUT',
      path: '/api/echo/7/a/b',
      params: { id: '7', rest: 'a/b' },
      query: { x: '1,2', y: 'z' },
      header: 'yes',
      body: 'grüße',
    },
  })
})

test('bytes, streams, nothing and failures', async () => {
  const { url, lines } = await aHost()
  const get = async (name: string) => {
    const response = await fetch(`${url}/api/${name}`)
    return [response.status, Buffer.from(await response.arrayBuffer()).toString('latin1')]
  }
  expect(await Promise.all(['bytes', 'stream', 'nothing', 'fails'].map(get))).toEqual([
    [200, '\u0000\u00ff\n'],
    [200, 'one,two'],
    [204, ''],
    [500, ''],
  ])
  expect(lines.filter(({ level }) => level === 'error').map(({ functionName }) => functionName)).toContain('fails')
})

test('an unknown path, a wrong method and a path without the prefix are not found', async () => {
  const { url } = await aHost()
  const codeOf = async (method: string, path: string) => (await fetch(url + path, { method })).status
  expect(
    await Promise.all([
      codeOf('GET', '/api/unknown'),
      codeOf('DELETE', '/api/echo/1/x'),
      codeOf('OPTIONS', '/api/echo/1/x'),
      codeOf('GET', '/echo/1/x'),
      codeOf('HEAD', '/api/echo/1/x'),
      codeOf('GET', '/'),
    ]),
  ).toEqual([404, 404, 404, 404, 201, 200])
})

test.each([
  ['guarded', [401, 401, 200, 200, 200, 401]],
  ['ruled', [401, 401, 401, 401, 200, 401]],
  ['bytes', [200, 200, 200, 200, 200, 200]],
])('who may call %s', async (name, wanted) => {
  const { url } = await aHost()
  const keys = [undefined, 'wrong', KEYS.functions.guarded, KEYS.host, KEYS.master, KEYS.system]
  const byHeader = keys.map((key) =>
    fetch(`${url}/api/${name}`, key === undefined ? {} : { headers: { 'x-functions-key': key } }),
  )
  const byQuery = keys.map((key) => fetch(`${url}/api/${name}${key === undefined ? '' : `?code=${key}`}`))
  const codes = async (calls: Promise<Response>[]) => (await Promise.all(calls)).map(({ status }) => status)
  expect([await codes(byHeader), await codes(byQuery)]).toEqual([wanted, wanted])
})

test('a body over the limit is refused, said or not', async () => {
  const { url } = await aHost({ settings: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '10' } })
  const send = async (body: BodyInit) =>
    (await fetch(`${url}/api/echo/1/x`, { method: 'POST', body, duplex: 'half' } as RequestInit)).status
  expect([
    await send('x'.repeat(10)),
    await send('x'.repeat(11)),
    await send(new Blob(['x'.repeat(11)]).stream()),
  ]).toEqual([201, 413, 413])
})

test('the admin routes: ping for all, the rest for the master key', async () => {
  const { url } = await aHost()
  const master = { headers: { 'x-functions-key': KEYS.master } }
  const codeOf = async (path: string, init: RequestInit = {}) => (await fetch(url + path, init)).status
  expect(
    await Promise.all([
      codeOf('/admin/host/ping'),
      codeOf('/admin/host/status'),
      codeOf('/admin/host/status', master),
      codeOf('/admin/functions', master),
      codeOf('/admin/functions/nobody', { ...master, method: 'POST' }),
      codeOf('/admin/functions/bytes', { ...master, method: 'POST' }),
      codeOf('/admin/functions/tick', { method: 'POST' }),
      codeOf('/admin/unknown', master),
    ]),
  ).toEqual([200, 401, 200, 200, 404, 400, 401, 404])
  expect(await (await fetch(`${url}/admin/host/status`, master)).json()).toMatchObject({ state: 'Running' })
})

test.each([
  [
    "app.storageQueue('q', { queueName: 'q', connection: 'c', handler: () => {} })",
    'cannot run a queuetrigger (function q)',
  ],
  ['', 'registered no functions'],
  ["app.get('same', () => ({})); app.get('same', () => ({}))", 'has already been registered'],
  ["app.get('1st', () => ({}))", 'is no function name'],
  ["app.http('a', { authLevel: 'boss', handler: () => ({}) })", 'unknown authLevel "boss"'],
  ["throw new Error('no such setting')", 'no such setting'],
])('an app with %j is refused with the reason', async (code, why) => {
  await expect(aHost({ app: anApp(code) })).rejects.toThrow(why)
})

test('a folder is started at the main file of its package', async () => {
  const entry = anApp("app.get('hello', () => ({ body: 'hi' }))", {
    'host.json': '{"version":"2.0","extensions":{"http":{"routePrefix":""}}}',
    'package.json': '{"main":"app.mjs","type":"module"}',
  })
  const { url } = await aHost({ app: dirname(entry) })
  expect(await (await fetch(`${url}/hello`)).text()).toBe('hi')
})

test('a zip is unpacked and started', async () => {
  const stateDir = aFolder()
  const zip = join(aFolder(), 'app.zip')
  const main = "import { app } from '@azure/functions'; app.get('hello', () => ({ body: 'from a zip' }))"
  const files = { 'host.json': '{"version":"2.0"}', 'package.json': '{"main":"dist/app.mjs"}', 'dist/app.mjs': main }
  writeFileSync(zip, zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))))
  symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(stateDir, 'node_modules'))
  const { url } = await aHost({ app: zip, stateDir })
  expect(await (await fetch(`${url}/api/hello`)).text()).toBe('from a zip')
})

test('a zip that would write outside of its folder is refused', async () => {
  const zip = join(aFolder(), 'app.zip')
  writeFileSync(zip, zipSync({ '../evil.mjs': strToU8('x') }))
  await expect(aHost({ app: zip })).rejects.toThrow('outside of the app')
})

test.each([
  [{}, '"version" must be "2.0"'],
  [{ version: '2.0', functionTimeout: '10 minutes' }, 'must be a time span'],
  [{ version: '2.0', extensions: { durableTask: { hubName: '1-hub' } } }, 'start with a letter'],
])('the host.json %j is refused', (raw, why) => {
  expect(() => parseHostJson(raw)).toThrow(why)
})

test('host.json is read with the defaults of Azure', () => {
  expect(parseHostJson({ version: '2.0' })).toEqual({
    routePrefix: 'api',
    hubName: 'TestHubName',
    maxConcurrentActivities: 10,
    functionTimeoutMs: 1_800_000,
  })
  expect(parseHostJson({ version: '2.0', functionTimeout: '-1' }).functionTimeoutMs).toBe(Number.POSITIVE_INFINITY)
  expect(parseHostJson({ version: '2.0', functionTimeout: '1.00:00:30' }).functionTimeoutMs).toBe(86_430_000)
})

test('an app that is not there is named', async () => {
  await expect(aHost({ app: join(aFolder(), 'app.ts') })).rejects.toThrow(/there is no function app at/)
})
