import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import type { AppProbe, AppProbeRecord } from '../../../../loadgen-image/contract/app-probe.ts'
import { AppProber, type ProberOptions } from '../../../../loadgen-image/probe/app-prober.ts'
import { eventually } from '../../../support/eventually.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const aProbe = (own: Partial<AppProbe> = {}): AppProbe => ({
  name: 'checkout',
  url: 'http://127.0.0.1:1/checkout',
  method: 'GET',
  expectStatus: 200,
  everyMs: 50,
  timeoutMs: 300,
  headers: {},
  body: null,
  ...own,
})

async function probe(own: Partial<AppProbe>, options: Partial<ProberOptions> = {}, seconds = 0.5) {
  const records: AppProbeRecord[] = []
  const nowUs = () => (performance.timeOrigin + performance.now()) * 1000
  const prober = new AppProber({
    probes: [aProbe(own)],
    container: 0,
    containers: 1,
    incarnation: 'a',
    secrets: new Map(),
    allowLoopback: true,
    nowUs,
    onRecord: (record) => records.push(record),
    ...options,
  })
  const startUs = nowUs()
  prober.start(startUs, startUs + seconds * 1_000_000)
  await prober.ended(30_000)
  const sums = [0, 1, 2].map((kind) =>
    records.flatMap(({ seconds: all }) => all).reduce((sum, counts) => sum + (counts[kind] as number), 0),
  )
  const errors = Object.assign({}, ...records.map((record) => record.errors)) as Record<string, number>
  const windows = records.flatMap((record) => [...record.windows, ...(record.open ? [record.open] : [])])
  return { good: sums[0], failed: sums[1], unobserved: sums[2], errors, windows, records }
}

test('requests are due at fixed times, however long the answers take', async () => {
  const url = await serve((_, response) => setTimeout(() => response.end('ok'), 250))
  const { good, failed, unobserved } = await probe({ url, timeoutMs: 5_000 })
  expect((good ?? 0) + (unobserved ?? 0)).toBe(10)
  expect(failed).toBe(0)
})

test('another status is a failure, and a redirect is never followed', async () => {
  let elsewhere = 0
  const url = await serve((request, response) => {
    if (request.url === '/elsewhere') elsewhere++
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  const { good, errors } = await probe({ url })
  expect(good).toBe(0)
  expect(Object.keys(errors)).toEqual(['status-302'])
  expect(elsewhere).toBe(0)
  expect((await probe({ url, expectStatus: 302 })).good).toBeGreaterThan(0)
})

test('an answer that does not end in time, or breaks off, is a failure', async () => {
  const slow = await serve((_, response) => void response.writeHead(200).write('the beginning'))
  expect(Object.keys((await probe({ url: slow, timeoutMs: 100 })).errors)).toEqual(['timeout'])
  const broken = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('the beginning')
    setTimeout(() => response.destroy(), 10)
  })
  expect((await probe({ url: broken })).errors).toMatchObject({ ECONNRESET: expect.any(Number) })
})

test('a load that ends early leaves what is under way as not observed, soon', async () => {
  let requests = 0
  const url = await serve(() => requests++)
  const records: AppProbeRecord[] = []
  const nowUs = () => (performance.timeOrigin + performance.now()) * 1000
  const settings = { container: 0, containers: 1, incarnation: 'a', secrets: new Map(), allowLoopback: true, nowUs }
  const prober = new AppProber({
    ...settings,
    probes: [aProbe({ url, timeoutMs: 5_000 })],
    onRecord: (record) => records.push(record),
  })
  prober.start(nowUs(), nowUs() + 60e6)
  await eventually('some are under way', 5_000, () => requests >= 3)
  prober.stop()
  await prober.ended(50)
  const [last] = records
  expect(last).toMatchObject({ isLast: true, windows: [], open: null, errors: {} })
  const sums = [0, 1, 2].map((kind) =>
    records.flatMap(({ seconds }) => seconds).reduce((sum, one) => sum + (one[kind] as number), 0),
  )
  expect(sums.slice(0, 2)).toEqual([0, 0])
  expect(sums[2]).toBeGreaterThanOrEqual(3)
})

test('a port that refuses is an outage from the first request on', async () => {
  const { windows, failed } = await probe({ url: 'http://127.0.0.1:1/' })
  expect(windows).toHaveLength(1)
  expect(windows[0]).toMatchObject({ code: 'ECONNREFUSED', failed, goodAtUs: null })
})

test('headers and body carry the values of their secrets', async () => {
  const seen: unknown[] = []
  const url = await serve((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      seen.push({ method: request.method, authorization: request.headers.authorization, body })
      response.end()
    })
  })
  const secrets = new Map([
    ['token', 'Bearer very-secret-value'],
    ['order', '{"item":1}'],
  ])
  const { records } = await probe(
    { url, method: 'POST', headers: { authorization: 'token' }, body: 'order' },
    { secrets },
  )
  expect(seen[0]).toEqual({ method: 'POST', authorization: 'Bearer very-secret-value', body: '{"item":1}' })
  expect(JSON.stringify(records)).not.toContain('very-secret-value')
})

test('a secret that is missing or cannot be sent is named, and its value is not', () => {
  const settings = { container: 0, containers: 1, incarnation: 'a', allowLoopback: true, nowUs: () => 0, onRecord() {} }
  const withSecret = (secrets: ReadonlyMap<string, string>) => () =>
    new AppProber({ ...settings, probes: [aProbe({ headers: { authorization: 'token' } })], secrets })
  expect(withSecret(new Map())).toThrow(/the secret token of the application probe checkout/)
  expect(withSecret(new Map([['token', 'broken\nvalue']]))).toThrow(/authorization/)
  expect(withSecret(new Map([['token', 'broken\nvalue']]))).not.toThrow(/broken/)
})

test.each([
  'http://127.0.0.1:1/',
  'http://localhost:1/',
  'http://[::1]:1/',
  'http://2130706433:1/',
  'http://169.254.169.254/',
])('%s is not requested where this machine and the platform are not allowed', async (url) => {
  const { failed, good, errors, unobserved } = await probe({ url }, { allowLoopback: false })
  expect({ failed, good }).toEqual({ failed: 0, good: 0 })
  expect(errors).toEqual({ 'address-not-allowed': unobserved })
})

const PROBER = new URL('../../../../loadgen-image/probe/app-request.ts', import.meta.url).href

/** In a process of its own: Node reads the proxies of the environment when it starts. */
const SEND_ONE = `
  const { AppRequest } = await import(${JSON.stringify(PROBER)})
  const probe = { name: 'a', method: 'GET', expectStatus: 200, everyMs: 50, timeoutMs: 300, headers: {}, body: null }
  const settings = { secrets: new Map(), allowLoopback: true }
  new AppRequest({ ...probe, url: process.env.URL_OF_APP }, settings).send((answer) => console.log(answer.kind))
`

test('the proxies of the environment are not used', async () => {
  const proxied: unknown[] = []
  const proxy = await serve((request, response) => {
    proxied.push(request.url)
    response.end()
  })
  const url = await serve((_, response) => response.end())
  const env = { URL_OF_APP: url, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', SEND_ONE], { env })
  expect(stdout.trim()).toBe('good')
  expect(proxied).toEqual([])
})

test('what a process that stood still could not send is not observed, and no failure', async () => {
  const url = await serve((_, response) => response.end('ok'))
  setTimeout(() => {
    const until = performance.now() + 800
    while (performance.now() < until);
  }, 200)
  const { good, failed, unobserved, windows } = await probe({ url, timeoutMs: 5_000 }, {}, 1.5)
  expect(failed).toBe(0)
  expect(windows).toEqual([])
  expect(unobserved).toBeGreaterThan(5)
  expect((good ?? 0) + (unobserved ?? 0)).toBe(30)
})

test.each([
  ['dead-connection', 'status-503:dead-connection'],
  ['Bearer eyJhbGciOi', 'status-503'],
  ['password=secret', 'status-503'],
  ['a'.repeat(41), 'status-503'],
  ['', 'status-503'],
])('an application that gives %j as its reason is recorded as %s', async (reason, code) => {
  const url = await serve((_, response) => response.writeHead(503, { 'failure-reason': reason }).end())
  const { errors, windows } = await probe({ url }, {}, 0.15)
  expect(Object.keys(errors)).toEqual([code])
  expect(windows).toMatchObject([{ code, lastCode: code }])
})

test('an application that gives another reason with every answer makes no record grow', async () => {
  let answers = 0
  const url = await serve((_, response) => response.writeHead(503, { 'failure-reason': `order-${answers++}` }).end())
  const { errors, failed } = await probe({ url, everyMs: 50 }, {}, 0.8)
  expect(failed).toBeGreaterThan(10)
  expect(Object.keys(errors).length).toBeLessThanOrEqual(9)
})

test('the reason of a good answer is not recorded', async () => {
  const url = await serve((_, response) => response.writeHead(200, { 'failure-reason': 'dead-connection' }).end())
  const { good, errors } = await probe({ url }, {}, 0.15)
  expect(good).toBeGreaterThan(0)
  expect(errors).toEqual({})
})
