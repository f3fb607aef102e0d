/** The most dangerous call there is, through the real SDK against the endpoint: one POST, and three ends. */
import { expect, test } from 'vitest'
import { createFlexibleServers } from '../../functions/clients/azure/flexible-server.ts'
import type { EventAnswer } from '../../functions/model/event-answer.ts'
import type { Fault } from '../support/azure-faults.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalAzure, startLocalAzure, TARGET } from '../support/local-azure.ts'

const FORCED = { call: 'restart', failoverMode: 'forced' } as const

const RESTART = { method: 'POST', path: /\/restart$/ } as const
const postsOf = ({ faults }: LocalAzure) => faults.requests.filter(({ method }) => method === 'POST').length

const acceptedOf = (answer: EventAnswer) => {
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`)
  return answer
}

test.each([
  ['forced', 'forced'],
  ['planned', 'planned'],
] as const)('a %s failover is accepted by one POST and then followed by its token alone', async (mode, expected) => {
  const azure = await startLocalAzure()
  const { servers } = azure.clients
  const answer = acceptedOf(await servers.begin(TARGET, { call: 'restart', failoverMode: mode }))
  expect(answer).toEqual({
    kind: 'accepted',
    pollerToken: expect.any(String),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    sentAt: expect.stringMatching(/^\d{4}-.*Z$/),
    acceptedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  const { pollerToken } = answer
  expect(azure.cluster.failovers).toEqual([expected])
  expect(await servers.operationState(TARGET, pollerToken)).toEqual({ kind: 'running' })
  azure.cluster.finishFailover()
  expect(await servers.operationState(TARGET, pollerToken)).toEqual({
    kind: 'succeeded',
    endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(postsOf(azure)).toBe(1)
})

test('a failover that breaks carries the code and the message of the platform', async () => {
  const azure = await startLocalAzure()
  const { pollerToken } = acceptedOf(await azure.clients.servers.begin(TARGET, FORCED))
  azure.cluster.finishFailover(new Error('the standby was not promoted'))
  expect(await azure.clients.servers.operationState(TARGET, pollerToken)).toEqual({
    kind: 'failed',
    code: 'InternalServerError',
    message: 'the standby was not promoted',
  })
})

test('a failover that never completes stays running', async () => {
  const azure = await startLocalAzure()
  azure.endpoint.control.switches.events = 'endless'
  const { pollerToken } = acceptedOf(await azure.clients.servers.begin(TARGET, FORCED))
  azure.cluster.finishFailover()
  await eventually(
    'the server is ready again',
    2_000,
    async () => (await azure.clients.servers.get(TARGET)).state === 'Ready',
  )
  expect(await azure.clients.servers.operationState(TARGET, pollerToken)).toEqual({ kind: 'running' })
  expect((await azure.clients.servers.get(TARGET)).highAvailability?.state).toBe('ReplicatingData')
})

const REFUSALS: ReadonlyArray<
  readonly [what: string, prepare: (azure: LocalAzure) => unknown, status: number, code: string]
> = [
  ['a server that is not Ready', ({ cluster }) => cluster.set({ server: 'Stopped' }), 409, 'ServerIsNotReady'],
  ['a server that is busy', switched({ isBusy: true }), 409, 'ServerIsBusy'],
  ['a server without high availability', switched({ isHighlyAvailable: false }), 400, 'HANotEnabled'],
  ['a missing standby', switched({ isStandbyMissing: true }), 409, 'HighAvailabilityNotHealthy'],
  [
    'throttling',
    ({ faults }) =>
      faults.failNext(RESTART, { kind: 'answer', status: 429, code: 'TooManyRequests', message: 'slow' }, 9),
    429,
    'TooManyRequests',
  ],
  // The request had no effect.
  ['an endpoint that is not there', ({ endpoint }) => endpoint.stop(), 0, 'ECONNREFUSED'],
]

function switched(changes: Partial<LocalAzure['endpoint']['control']['switches']>) {
  return ({ endpoint }: LocalAzure) => void Object.assign(endpoint.control.switches, changes)
}

test.each(REFUSALS)('%s refuses, with its reason, and nothing failed over', async (_, prepare, status, code) => {
  const azure = await startLocalAzure()
  await prepare(azure)
  const answer = await azure.clients.servers.begin(TARGET, FORCED)
  expect(answer).toEqual({
    kind: 'refused',
    status,
    code,
    message: expect.any(String),
    sentAt: expect.toBeOneOf([null, expect.any(String)]),
  })
  expect(azure.cluster.failovers).toEqual([])
})

test('a server that does not exist refuses', async () => {
  const azure = await startLocalAzure()
  const answer = await azure.clients.servers.begin({ ...TARGET, server: 'missing' }, FORCED)
  expect(answer).toMatchObject({ kind: 'refused', status: 404, code: 'ResourceNotFound' })
})

const AMBIGUOUS: ReadonlyArray<{ name: string; fault: Fault; failedOver: number }> = [
  { name: '503', fault: { kind: 'answer', status: 503, code: 'ServiceUnavailable', message: 'later' }, failedOver: 0 },
  { name: '500', fault: { kind: 'answer', status: 500, code: 'InternalServerError', message: '?' }, failedOver: 0 },
  { name: '408', fault: { kind: 'answer', status: 408, code: 'RequestTimeout', message: 'late' }, failedOver: 0 },
  { name: 'a reset before the request was read', fault: { kind: 'reset' }, failedOver: 0 },
  { name: 'a reset after it was carried out', fault: { kind: 'resetAfter' }, failedOver: 1 },
]

test.each(AMBIGUOUS)('$name is ambiguous, and is not sent again', async ({ fault, failedOver }) => {
  const azure = await startLocalAzure()
  azure.faults.failNext(RESTART, fault, 9)
  const answer = await azure.clients.servers.begin(TARGET, FORCED)
  expect(answer).toEqual({ kind: 'ambiguous', why: expect.any(String), sentAt: expect.any(String) })
  expect(postsOf(azure)).toBe(1)
  expect(azure.cluster.failovers).toHaveLength(failedOver)
})

test('an answer that never comes is ambiguous after its time limit, although the failover runs', async () => {
  const azure = await startLocalAzure()
  azure.faults.failNext(RESTART, { kind: 'hang' })
  const servers = createFlexibleServers({ ...azure.access, requestTimeoutMs: 300 }, azure.clients.clock)
  expect(await servers.begin(TARGET, FORCED)).toEqual({
    kind: 'ambiguous',
    why: expect.any(String),
    sentAt: expect.any(String),
  })
  expect(postsOf(azure)).toBe(1)
  expect(azure.cluster.failovers).toEqual(['forced'])
})

test('an accepted POST stays accepted when the poll that the SDK sends behind it fails', async () => {
  const azure = await startLocalAzure()
  azure.faults.failNext({ method: 'GET', path: /azureAsyncOperation/ }, { kind: 'reset' }, 1)
  const { pollerToken } = acceptedOf(await azure.clients.servers.begin(TARGET, FORCED))
  azure.cluster.finishFailover()
  expect((await azure.clients.servers.operationState(TARGET, pollerToken)).kind).toBe('succeeded')
  expect(postsOf(azure)).toBe(1)
})

test('a platform that is done at once has accepted, and there is nothing left to follow', async () => {
  const azure = await startLocalAzure()
  azure.faults.failNext(RESTART, { kind: 'answer', status: 200, code: 'Done', message: 'done' })
  const { pollerToken } = acceptedOf(await azure.clients.servers.begin(TARGET, FORCED))
  expect(await azure.clients.servers.operationState(TARGET, pollerToken)).toEqual({ kind: 'succeeded', endedAt: null })
})

test('a credential that gives no token refuses before anything is sent', async () => {
  const azure = await startLocalAzure()
  const credential = { getToken: () => Promise.reject(new Error('no identity here')) }
  const servers = createFlexibleServers({ ...azure.access, credential }, azure.clients.clock)
  expect(await servers.begin(TARGET, FORCED)).toMatchObject({
    kind: 'refused',
    message: 'no identity here',
    sentAt: null,
  })
  expect(azure.faults.requests).toEqual([])
})

test('a token that the platform does not take refuses', async () => {
  const azure = await startLocalAzure({ AZURE_LOCAL_TOKEN: 'another' })
  const answer = await azure.clients.servers.begin(TARGET, FORCED)
  expect(answer).toMatchObject({ kind: 'refused', status: 401, code: 'InvalidAuthenticationToken' })
})

test('an operation that cannot be read is an error that says so, not an end of the failover', async () => {
  const azure = await startLocalAzure()
  const { pollerToken } = acceptedOf(await azure.clients.servers.begin(TARGET, FORCED))
  const gone = pollerToken.replaceAll(/azureAsyncOperation\/[0-9a-f-]+/g, 'azureAsyncOperation/gone')
  await expect(azure.clients.servers.operationState(TARGET, gone)).rejects.toThrow(
    /reading the failover operation of server pg-drill failed; the failover itself goes on/,
  )
})

test('a token from the wrong call cannot make a POST', async () => {
  const azure = await startLocalAzure()
  await expect(azure.clients.servers.operationState(TARGET, '{}')).rejects.toThrow()
  expect(postsOf(azure)).toBe(0)
})
