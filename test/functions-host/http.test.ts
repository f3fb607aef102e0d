/** Routes, keys, requests and answers of the local Functions host, as Azure Functions handles them; how it starts and stops. */
import { symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join, resolve } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { newServer } from '../../infra/local/functions-host/http/server.ts'
import { aFolder } from '../support/folder.ts'
import { aHost, aHostProcess, anApp, KEYS } from './support.ts'

test('a request reaches its function with route, query, headers and body, and its answer comes back whole', async () => {
  const { url } = await aHost()
  const response = await fetch(`${url}/api/ECHO/a%20b/files/report.html/?x=1&x=2&y=z`, {
    method: 'PUT',
    body: 'grüße',
    headers: { 'x-test': 'yes', 'content-type': 'no media type' },
  })
  expect({
    status: response.status,
    header: response.headers.get('x-echo'),
    type: response.headers.get('content-type'),
    body: (await response.json()) as unknown,
  }).toEqual({
    status: 201,
    header: 'yes',
    type: 'application/json',
    body: {
      method: 'PUT',
      path: '/api/ECHO/a%20b/files/report.html/',
      params: { id: 'a b', name: 'report.html' },
      query: { x: '1,2', y: 'z' },
      header: 'yes, no media type',
      body: 'grüße',
    },
  })
})

test('an answer of bytes, of a stream, of nothing, and of a failure, whose reason only the log has', async () => {
  const { url, lines } = await aHost()
  const get = async (name: string) => {
    const response = await fetch(`${url}/api/${name}?code=${KEYS.host}`)
    return [response.status, Buffer.from(await response.arrayBuffer()).toString('latin1')]
  }
  expect(await Promise.all(['bytes', 'stream', 'nothing', 'fails'].map(get))).toEqual([
    [200, '\u0000\u00ff\n'],
    [200, 'one,two'],
    [204, ''],
    [500, ''],
  ])
  const errors = lines.filter(({ level }) => level === 'error')
  expect(errors.map(({ functionName }) => functionName)).toEqual(['fails'])
  expect(errors[0]?.message).toContain('a secret of the app')
  expect(JSON.stringify(lines)).not.toContain(KEYS.host)
})

test("an error of the host's own gets 500 without its reason, and the log has it without the query", async () => {
  const logged: string[] = []
  const server = newServer((message) => logged.push(message))
  server.get('/breaks', () => Promise.reject(new Error('the reason')))
  const { statusCode, body } = await server.inject(`/breaks?code=${KEYS.host}`)
  expect([statusCode, body, logged.length]).toEqual([500, '', 1])
  expect(logged[0]).toMatch(/^GET \/breaks failed: Error: the reason/)
})

test.each([
  ['GET', '/api/items/7', 200],
  ['GET', '/api/items/newest', 200],
  ['HEAD', '/api/items/7', 404],
  ['DELETE', '/api/items/7', 404],
  ['GET', '/api/items', 404],
  ['GET', '/api/items/7/8', 404],
  ['GET', '/items/7', 404],
  ['GET', '/api/items/%zz', 400],
])('%s %s gets %i', async (method, path, status) => {
  const { url } = await aHost()
  const answer = await fetch(url + path, { method })
  expect(answer.status).toBe(status)
  if (status !== 200) expect(await answer.text()).toBe('')
})

test('a plain segment is tried before a parameter', async () => {
  const { url } = await aHost()
  const textOf = async (id: string) => (await fetch(`${url}/api/items/${id}`)).text()
  expect([await textOf('newest'), await textOf('older')]).toEqual(['the newest', 'item older'])
})

test.each([
  ['/api/guarded', [401, 401, 200, 200]],
  ['/api/bytes', [200, 200, 200, 200]],
  ['/admin/host/status', [401, 401, 401, 200]],
])('%s without a key, with a wrong key, the host key and the master key', async (path, wanted) => {
  const { url } = await aHost()
  const keys = [undefined, 'wrong', KEYS.host, KEYS.master]
  const byHeader = keys.map((key) =>
    fetch(url + path, key === undefined ? {} : { headers: { 'x-functions-key': key } }),
  )
  const byQuery = keys.map((key) => fetch(`${url}${path}${key === undefined ? '' : `?code=${key}`}`))
  const codes = async (calls: Promise<Response>[]) => (await Promise.all(calls)).map(({ status }) => status)
  expect([await codes(byHeader), await codes(byQuery)]).toEqual([wanted, wanted])
})

test('a body over 100 MB is refused before it is read', async () => {
  const { url } = await aHost()
  const port = Number(new URL(url).port)
  const sent = request({ port, path: '/api/echo/1/files/x', method: 'PUT', headers: { 'content-length': 104_857_601 } })
  const status = new Promise<unknown>((answer, fail) =>
    sent.once('response', ({ statusCode }) => answer(statusCode)).once('error', fail),
  )
  sent.flushHeaders()
  expect(await status).toBe(413)
  sent.destroy()
})

test.each([
  [
    "app.storageQueue('q', { queueName: 'q', connection: 'c', handler: () => {} })",
    'cannot run a queueTrigger (function q)',
  ],
  ['', 'registered no functions'],
  ["app.get('same', () => ({})); app.get('same', () => ({}))", 'has already been registered'],
  ["app.http('a', { authLevel: 'admin', handler: () => ({}) })", 'has the authLevel "admin"'],
  ["app.http('a', { route: 'a/{*rest}', handler: () => ({}) })", 'must consist of plain segments and parameters'],
  ["app.http('a', { route: 'a/{id:int}', handler: () => ({}) })", 'must consist of plain segments and parameters'],
  ["throw new Error('no such setting')", 'no such setting'],
])('an app with %j is refused with the reason', async (code, why) => {
  await expect(aHost({ app: anApp(code) })).rejects.toThrow(why)
})

test('an app that is not there is named', async () => {
  await expect(aHost({ app: join(aFolder(), 'app.ts') })).rejects.toThrow(/there is no function app at/)
})

test('a folder is started at the main file of its package', async () => {
  const hostJson = '{"version":"2.0","extensions":{"http":{"routePrefix":""}}}'
  const folder = dirname(anApp("app.get('hello', () => ({ body: 'hi' }))", hostJson))
  writeFileSync(join(folder, 'package.json'), '{"main":"app.mjs","type":"module"}')
  const { url } = await aHost({ app: folder })
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
  ['{}', 'version'],
  ['{"version":"2.0","functionTimeout":"10 minutes"}', 'must be a time span'],
])('the host.json %s is refused', async (hostJson, why) => {
  await expect(aHost({ app: anApp("app.get('a', () => ({}))", hostJson) })).rejects.toThrow(why)
})

test('a function that runs longer than functionTimeout fails, and the log says so', async () => {
  const hostJson = '{"version":"2.0","functionTimeout":"00:00:01"}'
  const { url, lines } = await aHost({ app: anApp("app.get('hangs', () => new Promise(() => {}))", hostJson) })
  expect((await fetch(`${url}/api/hangs`)).status).toBe(500)
  expect(lines.at(-1)?.message).toContain("Timeout value of 1 s exceeded by function 'hangs'")
})

test('SIGTERM stops the host cleanly', { timeout: 20_000 }, async () => {
  expect(await (await aHostProcess(join(aFolder(), 'state'))).kill('SIGTERM')).toBe(0)
})

test('a taken port is named', async () => {
  const { url } = await aHost()
  const port = Number(new URL(url).port)
  await expect(aHost({ port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`)
})
