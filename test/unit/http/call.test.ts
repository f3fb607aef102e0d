/** Calls over HTTP against a server of the test: cut connections, refusals, pauses, redirects, and that no key is repeated. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createDrillApi, NotStarted } from '../../../infra/local/cli/drill-client.ts'
import { createCall, NoAnswer, Refused } from '../../../infra/local/http/call.ts'
import { realClock, untilAnswered } from '../../../infra/local/http/patience.ts'
import { freePort, listening } from '../../support/ports.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serve(handler: Handler): Promise<string> {
  const server: Server = createServer(handler)
  const port = await listening(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}/api`
}

const KEY = 'kqzjxv-0123456789'
const callerOf = (key = KEY) => ({ headers: async () => ({ 'x-functions-key': key }), advice: 'Give another key' })
type Thrown = Error & Partial<Pick<Refused, 'status' | 'mayPass' | 'afterMs' | 'problems' | 'instance'>>
const errorOf = (call: Promise<unknown>): Promise<Thrown> =>
  call.then(
    () => new Error('there was an answer'),
    (error: Thrown) => error,
  )
const get = { method: 'GET', path: '/drills' } as const
const FAST = { forMs: 5_000, maxPauseMs: 20, clock: realClock }

test.each([
  [500, true],
  [502, true],
  [503, true],
  [504, true],
  [429, true],
  [408, true],
  [400, false],
  [401, false],
  [403, false],
  [404, false],
  [409, false],
  [501, false],
])('HTTP %i may pass: %s', async (status, mayPass) => {
  const url = await serve((_, response) => response.writeHead(status, { 'retry-after': '7' }).end('{}'))
  const error = await errorOf(createCall(url, callerOf())(get))
  expect([error instanceof Refused, error.status, error.mayPass, error.afterMs]).toEqual([true, status, mayPass, 7_000])
})

test('a date behind Retry-After is a pause too, and what is no time is none', async () => {
  const texts = [new Date(Date.now() + 60_000).toUTCString(), 'soon']
  const url = await serve((_, response) => response.writeHead(503, { 'retry-after': texts.shift() ?? '' }).end())
  const call = createCall(url, callerOf())
  const { afterMs } = await errorOf(call(get))
  expect(afterMs).toBeGreaterThan(50_000)
  expect((await errorOf(call(get))).afterMs).toBeNull()
})

test.each<[string, Handler]>([
  ['before an answer', (request) => request.socket.destroy()],
  [
    'in the middle of an answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => request.socket.destroy(), 20)
    },
  ],
])('a connection that ends %s is no answer, and may pass', async (_, handler) => {
  const error = await errorOf(createCall(await serve(handler), callerOf())(get))
  expect([error instanceof NoAnswer, error.mayPass]).toEqual([true, true])
})

test('an answer that stops for too long is no answer', async () => {
  const url = await serve((_, response) => void response.writeHead(200, { 'content-length': '100' }).write('half'))
  const error = await errorOf(createCall(url, callerOf(), 100)(get))
  expect([error instanceof NoAnswer, error.mayPass, error.message]).toEqual([true, true, 'no answer within 0.1 s'])
})

test('a slow answer that goes on is waited for', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200)
    let sent = 0
    const timer = setInterval(() => {
      response.write('x')
      if (++sent < 8) return
      clearInterval(timer)
      response.end()
    }, 60)
  })
  expect((await createCall(url, callerOf(), 300)(get)).content).toHaveLength(8)
})

test('a closed port is no answer, and may pass', async () => {
  const error = await errorOf(createCall(`http://127.0.0.1:${await freePort()}/api`, callerOf())(get))
  expect([error.message, error.mayPass]).toEqual(['the connection is refused (ECONNREFUSED)', true])
})

test('a port that no HTTP client calls does not pass', async () => {
  const error = await errorOf(createCall('http://127.0.0.1:1/api', callerOf())(get))
  expect([error.message, error.mayPass]).toEqual(['the call is not possible (fetch failed: bad port)', false])
})

test('what is no TLS behind https:// does not pass', async () => {
  const url = (await serve((_, response) => response.end())).replace('http:', 'https:')
  expect((await errorOf(createCall(url, callerOf())(get))).mayPass).toBe(false)
})

test('a redirect is not followed: another host would get the key', async () => {
  const seen: string[] = []
  const other = await serve((request, response) => {
    seen.push(String(request.headers['x-functions-key']))
    response.end('{}')
  })
  const url = await serve((_, response) => response.writeHead(302, { location: other }).end())
  expect((await errorOf(createCall(url, callerOf())(get))).message).toContain("Give the app's own address")
  expect(seen).toEqual([])
})

test('no error repeats a piece of the key, even when the app does', async () => {
  const url = await serve((request, response) => {
    const key = String(request.headers['x-functions-key'])
    const problems = [{ field: key, problem: key, expected: key }]
    response
      .writeHead(401)
      .end(JSON.stringify({ title: 'no', detail: `the key ${key} is wrong`, problems, instance: key }))
  })
  const error = await errorOf(createCall(url, callerOf())(get))
  expect(error.message).toContain('HTTP 401: the key ... is wrong. Give another key')
  expect(JSON.stringify([error.message, error.problems, error.instance])).not.toContain(KEY.slice(0, 6))
})

test('a refused token is fetched again, once', async () => {
  const seen: string[] = []
  const url = await serve((request, response) => {
    seen.push(String(request.headers.authorization))
    response.writeHead(request.headers.authorization === 'new' ? 200 : 401).end('{}')
  })
  const headers = async (isRefused: boolean) => ({ authorization: isRefused ? 'new' : 'old' })
  expect((await createCall(url, { headers, advice: '' })(get)).status).toBe(200)
  expect(seen).toEqual(['old', 'new'])
})

test('a start whose answers are lost is repeated under one key, and is one drill', async () => {
  const started = new Map<string, string>()
  let requests = 0
  const url = await serve((request, response) => {
    const key = String(request.headers['idempotency-key'])
    request.resume().on('end', () => {
      requests += 1
      started.set(key, key)
      // The app has it, and the caller does not learn of it.
      if (requests < 3) return void request.socket.destroy()
      response.writeHead(202, { location: `/api/drills/${key}` }).end('{}')
    })
  })
  const api = createDrillApi(url, callerOf(), (attempt) => untilAnswered(attempt, FAST))
  expect(await api.start({}, '20260102-030405-0a1b2c')).toBe('20260102-030405-0a1b2c')
  expect([requests, started.size]).toEqual([3, 1])
})

test('a server that is held names the drill that holds it', async () => {
  const body = { title: 'busy', detail: 'Drill d-1 is running', instance: '/api/drills/d-1' }
  const url = await serve((_, response) => response.writeHead(409).end(JSON.stringify(body)))
  const error = await createDrillApi(url, KEY)
    .start({}, 'k')
    .catch((one: unknown) => one)
  expect(error).toBeInstanceOf(NotStarted)
  expect(error).toMatchObject({
    message: 'The drill was not started: HTTP 409: Drill d-1 is running',
    instance: '/api/drills/d-1',
  })
})
