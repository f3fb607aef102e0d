/**
 * The Durable extension's HTTP API, seen by durable-functions' own client inside an app and by plain HTTP from
 * outside. Codes and messages follow the public sources of the extension.
 */
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { VirtualClock } from '../../infra/local/functions-host/engine/clock.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder, aHost, durable, type HostInTest, KEYS, notesOf } from './support.ts'

const WEBHOOK = '/runtime/webhooks/durabletask'
const statusNow = async (host: HostInTest, id: string) =>
  (await durable(host.url, 'getStatus', id)).result as { runtimeStatus: string; output: unknown } | undefined
const reaches = (host: HostInTest, id: string, wanted: string) =>
  eventually(`${id} is ${wanted}`, 5_000, async () => {
    const status = await statusNow(host, id)
    return status?.runtimeStatus === wanted && status
  })

async function webhook(
  host: HostInTest,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
) {
  const separator = path.includes('?') ? '&' : '?'
  const response = await fetch(`${host.url}${WEBHOOK}${path}${separator}code=${KEYS.system}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : (JSON.parse(text) as unknown),
  }
}

test('startNew, getStatus with and without input', async () => {
  const host = await aHost()
  expect(await durable(host.url, 'startNew', 'greet', { instanceId: 'g', input: 'bob' })).toEqual({ result: 'g' })
  const done = await reaches(host, 'g', 'Completed')
  expect(done).toEqual({
    name: 'greet',
    instanceId: 'g',
    createdTime: expect.stringMatching(/^\d{4}-.*T.*:\d{2}\.000Z$/),
    lastUpdatedTime: expect.any(String),
    input: 'bob',
    output: 'hello bob',
    runtimeStatus: 'Completed',
    customStatus: null,
  })
})

test('the input can be left out of a status, though the client of 3.5.0 never passes that wish on', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'greet', { instanceId: 'g', input: 'bob' })
  expect((await webhook(host, 'GET', '/instances/g?showInput=false')).body).toMatchObject({ input: null })
  expect((await durable(host.url, 'getStatus', 'g', { showInput: false })).result).toMatchObject({ input: 'bob' })
})

test('an instance without an id gets one', async () => {
  const host = await aHost()
  const { result } = await durable(host.url, 'startNew', 'greet', { input: 'bob' })
  expect(result).toMatch(/^[0-9a-f]{32}$/)
})

test('the history shows tasks with their answers, and outputs only on request', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'greet', { instanceId: 'g', input: 'bob' })
  await reaches(host, 'g', 'Completed')
  const show = async (query: string) =>
    (await webhook(host, 'GET', `/instances/g?${query}`)).body as { historyEvents: unknown }
  const time = expect.any(String)
  expect((await show('showHistory=true')).historyEvents).toEqual([
    { EventType: 'ExecutionStarted', Timestamp: time, FunctionName: 'greet' },
    { EventType: 'TaskCompleted', Timestamp: time, ScheduledTime: time, FunctionName: 'greet-one' },
    { EventType: 'ExecutionCompleted', Timestamp: time, OrchestrationStatus: 'Completed' },
  ])
  expect((await show('showHistory=true&showHistoryOutput=true')).historyEvents).toMatchObject([
    {},
    { Result: 'hello bob' },
    { Result: 'hello bob' },
  ])
  expect((await show('')).historyEvents).toBeNull()
})

test.each(['Running', 'Suspended'])('a start under the id of an instance that is %s is refused', async (state) => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'waits', { instanceId: 'w' })
  await reaches(host, 'w', 'Running')
  if (state === 'Suspended') await durable(host.url, 'suspend', 'w', 'wait')
  await reaches(host, 'w', state)
  expect((await durable(host.url, 'startNew', 'waits', { instanceId: 'w' })).error).toContain(
    `An Orchestration instance with the status ${state} already exists`,
  )
  expect((await webhook(host, 'POST', '/orchestrators/waits/w', '1')).status).toBe(409)
  expect(await statusNow(host, 'w')).toMatchObject({ runtimeStatus: state })
})

test('two starts at once under one id: one is taken, one refused', async () => {
  const host = await aHost()
  const answers = await Promise.all([1, 2].map(() => durable(host.url, 'startNew', 'waits', { instanceId: 'w' })))
  expect(answers.map(({ error }) => error === undefined).sort()).toEqual([false, true])
})

test.each(['Completed', 'Failed', 'Terminated'])(
  'an instance that is %s gives its id to the next start',
  async (state) => {
    const host = await aHost()
    await durable(host.url, 'startNew', state === 'Failed' ? 'breaks' : 'waits', { instanceId: 'i' })
    if (state === 'Completed') await durable(host.url, 'raiseEvent', 'i', 'go', 1)
    if (state === 'Terminated') await durable(host.url, 'terminate', 'i', 'enough')
    await reaches(host, 'i', state)
    expect(await durable(host.url, 'startNew', 'greet', { instanceId: 'i', input: 'x' })).toEqual({ result: 'i' })
    expect(await reaches(host, 'i', 'Completed')).toMatchObject({ name: 'greet', output: 'hello x' })
  },
)

test('what the client says of an instance that nobody knows', async () => {
  const host = await aHost()
  const calls = ['getStatus', 'terminate', 'suspend', 'resume', 'raiseEvent', 'rewind']
  const answers = await Promise.all(calls.map((call) => durable(host.url, call, 'nobody', 'x', 1)))
  expect(answers.map(({ error }) => /find any data|No instance with ID 'nobody' found/.test(error ?? ''))).toEqual(
    calls.map(() => true),
  )
  expect((await durable(host.url, 'purgeInstanceHistory', 'nobody')).result).toEqual({ instancesDeleted: 0 })
})

const CODES: readonly [string, string, string | undefined, number][] = [
  ['POST', '/instances/done/raiseEvent/go', '1', 410],
  ['POST', '/instances/done/terminate?reason=x', undefined, 410],
  ['POST', '/instances/done/suspend?reason=x', undefined, 410],
  ['POST', '/instances/done/resume?reason=x', undefined, 410],
  ['POST', '/instances/done/rewind?reason=x', undefined, 410],
  ['POST', '/instances/open/rewind?reason=x', undefined, 412],
  ['GET', '/instances/nobody', undefined, 404],
  ['DELETE', '/instances/nobody', undefined, 404],
  ['POST', '/instances/nobody/raiseEvent/go', '1', 404],
  ['GET', '/instances/open', undefined, 202],
  ['GET', '/instances/done', undefined, 200],
  ['GET', '/instances/failed', undefined, 200],
  ['GET', '/instances/failed?returnInternalServerErrorOnFailure=true', undefined, 500],
  ['GET', '/instances/open?taskHub=Other', undefined, 404],
  ['GET', '/instances/open?taskHub=smallapp', undefined, 202],
  ['PUT', '/instances/open', undefined, 404],
  ['GET', '/instances/open/terminate', undefined, 404],
  ['POST', '/instances/open/dance', undefined, 404],
  ['GET', '/orchestrators/greet', undefined, 404],
  ['POST', '/orchestrators/nobody', '1', 400],
  ['POST', '/orchestrators/greet/@me', '1', 400],
  ['POST', `/orchestrators/greet/${'x'.repeat(257)}`, '1', 400],
  ['POST', '/orchestrators/greet/a%2Fb', '1', 400],
  ['POST', '/orchestrators/greet', '{', 400],
  ['POST', '/orchestrators/greet', '"x"', 202],
  ['POST', '/instances/open/raiseEvent/other', '{', 400],
  ['POST', '/instances/open/raiseEvent/other', '', 400],
  ['POST', '/instances/open/raiseEvent/other', '1', 202],
  ['DELETE', '/instances', undefined, 400],
  ['DELETE', '/instances?createdTimeFrom=2999-01-01', undefined, 404],
  ['GET', '/entities/counter/one', undefined, 501],
  ['GET', '/unknown', undefined, 404],
]

test('every call answers with its code', async () => {
  const host = await aHost()
  await Promise.all([
    durable(host.url, 'startNew', 'waits', { instanceId: 'open' }),
    durable(host.url, 'startNew', 'greet', { instanceId: 'done', input: 'x' }),
    durable(host.url, 'startNew', 'breaks', { instanceId: 'failed' }),
  ])
  await reaches(host, 'done', 'Completed')
  await reaches(host, 'failed', 'Failed')
  const seen: unknown[] = []
  for (const [method, path, body] of CODES) {
    const { status } = await webhook(host, method, path, body)
    seen.push([method, path, body, status])
  }
  expect(seen).toEqual(CODES)
})

test('an event must be JSON', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'waits', { instanceId: 'w' })
  const answer = await webhook(host, 'POST', '/instances/w/raiseEvent/go', '1', { 'content-type': 'text/plain' })
  expect([answer.status, answer.body]).toEqual([400, { Message: 'Only application/json request content is supported' }])
  expect((await durable(host.url, 'raiseEvent', 'w', 'go')).error).toContain('400')
})

test('a status that is not final says where and when to ask again', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'waits', { instanceId: 'w' })
  const { headers } = await webhook(host, 'GET', '/instances/w')
  expect([headers.get('retry-after'), headers.get('location')]).toEqual([
    '5',
    `${host.url}${WEBHOOK}/instances/w?code=${KEYS.system}`,
  ])
})

test('the answer of a start holds the management addresses, and they work', async () => {
  const host = await aHost()
  const response = await fetch(`${host.url}/api/check`, { method: 'POST' })
  const links = (await response.json()) as Record<string, string>
  expect([response.status, response.headers.get('location')]).toEqual([202, links.statusQueryGetUri])
  expect(Object.keys(links)).toEqual([
    'id',
    'statusQueryGetUri',
    'sendEventPostUri',
    'terminatePostUri',
    'rewindPostUri',
    'purgeHistoryDeleteUri',
    'restartPostUri',
    'suspendPostUri',
    'resumePostUri',
  ])
  const status = await eventually('it has ended', 5_000, async () => {
    const answer = await fetch(links.statusQueryGetUri ?? '')
    return answer.status === 200 && ((await answer.json()) as unknown)
  })
  expect(status).toMatchObject({ instanceId: links.id, output: 'hello x' })
})

test('a start can wait for the end', async () => {
  const host = await aHost()
  const quick = await webhook(host, 'POST', '/orchestrators/greet?timeout=5&pollingInterval=1', '"x"')
  expect([quick.status, quick.body]).toEqual([200, 'hello x'])
  const slow = await webhook(host, 'POST', '/orchestrators/waits?timeout=0.2&pollingInterval=0.1', '1')
  expect(slow.status).toBe(202)
})

test('terminate, suspend, resume and raiseEvent reach the instance', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'waits', { instanceId: 'a' })
  await durable(host.url, 'startNew', 'waits', { instanceId: 'b' })
  await durable(host.url, 'suspend', 'a', 'wait')
  await reaches(host, 'a', 'Suspended')
  await durable(host.url, 'raiseEvent', 'a', 'go', { n: 1 })
  expect(await statusNow(host, 'a')).toMatchObject({ runtimeStatus: 'Suspended' })
  await durable(host.url, 'resume', 'a', 'go on')
  expect(await reaches(host, 'a', 'Completed')).toMatchObject({ output: { n: 1 } })
  await durable(host.url, 'terminate', 'b', 'enough')
  expect(await reaches(host, 'b', 'Terminated')).toMatchObject({ output: 'enough' })
  expect(await durable(host.url, 'terminate', 'b', 'again')).toEqual({ result: null })
})

test('a failed instance says why, and can be rewound to the task that failed it', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'breaks', { instanceId: 'f' })
  const failed = await reaches(host, 'f', 'Failed')
  expect(failed.output).toMatch(/^Orchestrator function 'breaks' failed: Activity function 'boom' failed: .*no quota/s)
  await durable(host.url, 'startNew', 'recovers', { instanceId: 'r' })
  await reaches(host, 'r', 'Failed')
  expect(await durable(host.url, 'rewind', 'r', 'it is back')).toEqual({ result: null })
  expect(await reaches(host, 'r', 'Completed')).toMatchObject({ output: ['hello me', 2] })
})

test('restart runs the same orchestrator with the same input again', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'greet', { instanceId: 'g', input: 'bob' })
  await reaches(host, 'g', 'Completed')
  const { status, body } = await webhook(host, 'POST', '/instances/g/restart')
  const { id } = body as { id: string }
  expect([status, id === 'g']).toEqual([202, false])
  expect(await reaches(host, id, 'Completed')).toMatchObject({ output: 'hello bob' })
})

test('the list is filtered and paged, and the client follows the pages', async () => {
  const host = await aHost()
  for (const id of ['b', 'a', 'c', 'z1', 'z2'])
    await durable(host.url, 'startNew', id.startsWith('z') ? 'waits' : 'greet', { instanceId: id, input: id })
  for (const id of ['a', 'b', 'c']) await reaches(host, id, 'Completed')
  const ids = (value: unknown) => (value as { instanceId: string }[]).map(({ instanceId }) => instanceId)
  expect(ids((await durable(host.url, 'getStatusAll')).result)).toEqual(['a', 'b', 'c', 'z1', 'z2'])
  expect(ids((await durable(host.url, 'getStatusBy', { runtimeStatus: ['Completed'] })).result)).toEqual([
    'a',
    'b',
    'c',
  ])
  expect(ids((await webhook(host, 'GET', '/instances?instanceIdPrefix=z')).body)).toEqual(['z1', 'z2'])
  expect(ids((await webhook(host, 'GET', '/instances?createdTimeFrom=2999-01-01')).body)).toEqual([])
  const first = await webhook(host, 'GET', '/instances?top=3')
  const token = first.headers.get('x-ms-continuation-token') ?? ''
  const second = await webhook(host, 'GET', '/instances?top=3', undefined, { 'x-ms-continuation-token': token })
  expect([ids(first.body), ids(second.body), second.headers.get('x-ms-continuation-token')]).toEqual([
    ['a', 'b', 'c'],
    ['z1', 'z2'],
    null,
  ])
})

test('purging takes what has ended, one or many, and nothing that runs', async () => {
  const host = await aHost()
  for (const id of ['a', 'b']) await durable(host.url, 'startNew', 'greet', { instanceId: id, input: id })
  await durable(host.url, 'startNew', 'waits', { instanceId: 'w' })
  for (const id of ['a', 'b']) await reaches(host, id, 'Completed')
  expect((await durable(host.url, 'purgeInstanceHistory', 'a')).result).toEqual({ instancesDeleted: 1 })
  expect((await durable(host.url, 'purgeInstanceHistory', 'w')).result).toEqual({ instancesDeleted: 0 })
  expect(
    (await durable(host.url, 'purgeInstanceHistoryBy', { createdTimeFrom: '2020-01-01T00:00:00Z' })).result,
  ).toEqual({
    instancesDeleted: 1,
  })
  expect(
    ((await webhook(host, 'GET', '/instances')).body as { instanceId: string }[]).map((one) => one.instanceId),
  ).toEqual(['w'])
})

test('a custom status of 17 KB of UTF-16 fails the instance and says so', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'status', { instanceId: 'fits', input: 'x'.repeat(8_701) })
  await durable(host.url, 'startNew', 'status', { instanceId: 'over', input: 'x'.repeat(8_702) })
  await reaches(host, 'fits', 'Running')
  expect((await reaches(host, 'over', 'Failed')).output).toContain('must not exceed 16 KB')
})

test('a large payload goes through as it is', async () => {
  const host = await aHost()
  const input = 'ü'.repeat(200_000)
  await durable(host.url, 'startNew', 'greet', { instanceId: 'g', input })
  expect(await reaches(host, 'g', 'Completed')).toMatchObject({ output: `hello ${input}` })
})

test('an orchestrator that is not deterministic fails', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'moody', { instanceId: 'm' })
  expect((await reaches(host, 'm', 'Failed')).output).toContain('Non-Deterministic workflow detected')
})

test('the webhook opens to the system key and to the master key', async () => {
  const host = await aHost()
  const codeFor = async (key: string) => (await fetch(`${host.url}${WEBHOOK}/instances/nobody?code=${key}`)).status
  const keys = ['', 'wrong', KEYS.host, KEYS.functions.guarded, KEYS.system, KEYS.master]
  expect(await Promise.all(keys.map(codeFor))).toEqual([401, 401, 401, 401, 404, 404])
})

test('an activity can be made to run twice, and only its first answer counts', async () => {
  const folder = aFolder()
  vi.stubEnv('SMALL_APP_NOTES', join(folder, 'notes'))
  onTestFinished(() => void vi.unstubAllEnvs())
  const host = await aHost({ mishaps: { duplicate: (name) => name === 'slow' } })
  await durable(host.url, 'startNew', 'steps', { instanceId: 's', input: { count: 2, ms: 10 } })
  const { output } = await reaches(host, 's', 'Completed')
  const begun = notesOf(join(folder, 'notes')).filter((line) => line.startsWith('begin'))
  expect([output, begun]).toEqual([
    [1, 2],
    ['begin 1', 'begin 1', 'begin 2', 'begin 2'],
  ])
})

test('on a virtual clock five hours pass at once', async () => {
  const host = await aHost({ clock: new VirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
  await durable(host.url, 'startNew', 'sleeps', { instanceId: 's', input: 5 * 3_600_000 })
  expect(await reaches(host, 's', 'Completed')).toMatchObject({
    createdTime: '2026-01-01T00:00:00.000Z',
    lastUpdatedTime: '2026-01-01T05:00:00.000Z',
    output: 5 * 3_600_000,
  })
})
