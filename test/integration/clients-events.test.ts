/** The calls that begin an event, through the real SDK against the endpoint: one request each, and three ends. */
import { expect, test } from 'vitest'
import { createFlexibleServers } from '../../functions/clients/azure/flexible-server.ts'
import type { EventAnswer } from '../../functions/model/event-answer.ts'
import type { FailoverMode, PlatformRequest } from '../../functions/model/planned-event.ts'
import type { Fault } from '../support/azure-faults.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalAzure, startLocalAzure, TARGET } from '../support/local-azure.ts'

const FORCED = { call: 'restart', failoverMode: 'forced' } as const

interface BeginCall {
  readonly name: string
  readonly request: PlatformRequest
  /** What the cluster is asked for. */
  readonly asks: string
  readonly match: { readonly method: string; readonly path: RegExp }
  /** Exactly what must be in the request, and no more. */
  readonly body: object
}

const FAILOVER = { method: 'POST', path: /\/pg-drill\/restart$/ } as const
const PATCH = { method: 'PATCH', path: /\/flexibleServers\/pg-drill$/ } as const
const promotion = (promoteOption: string) => ({
  properties: { replica: { role: 'Primary', promoteMode: 'Switchover', promoteOption } },
})
const PROMOTION = { method: 'PATCH', path: /\/rg-drill-dr\/.*\/flexibleServers\/pg-drill-replica$/ } as const
const failoverTo = (failoverMode: FailoverMode, word: string): BeginCall => ({
  name: `failover, ${failoverMode}`,
  request: { call: 'restart', failoverMode },
  asks: failoverMode,
  match: FAILOVER,
  body: { restartWithFailover: true, failoverMode: word },
})
const scaleTo = (sku: string, tier: string): BeginCall => ({
  name: `scaling to ${sku}`,
  request: { call: 'scale', sku },
  asks: `scale home to ${sku}`,
  match: PATCH,
  // The SDK adds the empty object.
  body: { sku: { name: sku, tier }, properties: {} },
})
const promoteBy = (option: 'planned' | 'forced', word: string): BeginCall => ({
  name: `promotion, ${option}`,
  request: { call: 'promote', replica: 'pg-drill-replica', option },
  asks: `promote ${option}`,
  match: PROMOTION,
  body: promotion(word),
})

const CALLS: readonly BeginCall[] = [
  failoverTo('forced', 'ForcedFailover'),
  failoverTo('planned', 'PlannedFailover'),
  failoverTo('forcedSwitchover', 'ForcedSwitchover'),
  failoverTo('plannedSwitchover', 'PlannedSwitchover'),
  {
    name: 'restart',
    request: { call: 'restart', failoverMode: null },
    asks: 'restart home',
    match: FAILOVER,
    body: { restartWithFailover: false },
  },
  scaleTo('Local_8vCores', 'GeneralPurpose'),
  scaleTo('Local_Memory_8vCores', 'MemoryOptimized'),
  promoteBy('planned', 'Planned'),
  promoteBy('forced', 'Forced'),
]
const askedOf = ({ cluster }: LocalAzure) => [...cluster.failovers, ...cluster.asked]
/** The requests that could begin an event. */
const begunOf = ({ faults }: LocalAzure) => faults.requests.filter(({ method }) => method !== 'GET')

const acceptedOf = (answer: EventAnswer) => {
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`)
  return answer
}

test.each(CALLS)('a $name is accepted by one request and then followed by its token alone', async (call) => {
  const azure = await startLocalAzure()
  const { servers } = azure.clients
  const answer = acceptedOf(await servers.begin(TARGET, call.request))
  expect(answer).toEqual({
    kind: 'accepted',
    pollerToken: expect.any(String),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    sentAt: expect.stringMatching(/^\d{4}-.*Z$/),
    acceptedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  const { pollerToken } = answer
  expect(askedOf(azure)).toEqual([call.asks])
  expect(await servers.operationState(TARGET, pollerToken)).toEqual({ kind: 'running' })
  azure.cluster.finish()
  azure.cluster.finishFailover()
  expect(await servers.operationState(TARGET, pollerToken)).toEqual({
    kind: 'succeeded',
    endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(begunOf(azure)).toEqual([
    { method: call.match.method, path: expect.stringMatching(call.match.path), status: 202, body: call.body },
  ])
})

test.each([
  ['Standard_B2s', 'Burstable'],
  ['Standard_D4ds_v5', 'GeneralPurpose'],
  ['Standard_E4ds_v5', 'MemoryOptimized'],
  ['Standard_M64s', 'MemoryOptimized'],
  // The platform then says what it wants.
  ['Unknown_1', undefined],
])('a size that no list shows, %s, is asked for with the tier of its name: %s', async (sku, tier) => {
  const azure = await startLocalAzure()
  const denied = { kind: 'answer', status: 403, code: 'AuthorizationFailed', message: 'no' } as const
  azure.faults.failNext({ method: 'GET', path: /capabilities$/ }, denied)
  const answer = await azure.clients.servers.begin(TARGET, { call: 'scale', sku })
  expect(answer).toMatchObject({ kind: 'refused', status: 400, code: 'InvalidParameterValue' })
  expect(begunOf(azure).map(({ body }) => body)).toEqual([
    { sku: { name: sku, ...(tier && { tier }) }, properties: {} },
  ])
})

test('a promotion is asked of the replica, and a replica that does not follow refuses', async () => {
  const azure = await startLocalAzure()
  azure.cluster.set({ replication: 'Broken' }, 'remote')
  const promote = { call: 'promote', replica: 'pg-drill-replica', option: 'forced' } as const
  const answer = await azure.clients.servers.begin(TARGET, promote)
  expect(answer).toMatchObject({ kind: 'refused', status: 409, code: 'ServerIsNotReady' })
  const unknown = await azure.clients.servers.begin(TARGET, { ...promote, replica: 'pg-missing' })
  expect(unknown).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('pg-missing is not among the replicas'),
    sentAt: null,
  })
  expect(askedOf(azure)).toEqual([])
})

test('the way home is asked of the old primary in its own resource group', async () => {
  const azure = await startLocalAzure()
  azure.cluster.set({ role: 'AsyncReplica', replication: 'Active', highAvailability: 'NotEnabled' })
  azure.cluster.set({ role: 'Primary', replication: null }, 'remote')
  const home = { call: 'promote', replica: 'PG-drill', option: 'planned' } as const
  expect(await azure.clients.servers.begin(TARGET, home)).toMatchObject({ kind: 'accepted' })
  expect(begunOf(azure).map(({ path }) => path)).toEqual([
    expect.stringMatching(/\/rg-drill\/.*\/flexibleServers\/pg-drill$/),
  ])
})

test('a promotion whose replica cannot be found, because the list is refused, was never sent', async () => {
  const azure = await startLocalAzure()
  const denied = { kind: 'answer', status: 403, code: 'AuthorizationFailed', message: 'no' } as const
  azure.faults.failNext({ method: 'GET', path: /\/replicas$/ }, denied)
  const promote = { call: 'promote', replica: 'pg-drill-replica', option: 'planned' } as const
  expect(await azure.clients.servers.begin(TARGET, promote)).toMatchObject({ kind: 'refused', sentAt: null })
  expect(begunOf(azure)).toEqual([])
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
      faults.failNext(FAILOVER, { kind: 'answer', status: 429, code: 'TooManyRequests', message: 'slow' }, 9),
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

const AMBIGUOUS: ReadonlyArray<{ what: string; fault: Fault; isBegun: boolean }> = [
  { what: '503', fault: { kind: 'answer', status: 503, code: 'ServiceUnavailable', message: 'later' }, isBegun: false },
  { what: '500', fault: { kind: 'answer', status: 500, code: 'InternalServerError', message: '?' }, isBegun: false },
  { what: '408', fault: { kind: 'answer', status: 408, code: 'RequestTimeout', message: 'late' }, isBegun: false },
  { what: 'a reset before the request was read', fault: { kind: 'reset' }, isBegun: false },
  { what: 'a reset after it was carried out', fault: { kind: 'resetAfter' }, isBegun: true },
]
/** One of each call. */
const EACH = CALLS.filter(({ name }) => /forced|restart|Local_8/.test(name) && !name.includes('Switchover'))

test.each(EACH.flatMap((call) => AMBIGUOUS.map((row) => ({ ...call, ...row }))))(
  'a $name: $what is ambiguous, and is not sent again',
  async ({ request, match, asks, fault, isBegun }) => {
    const azure = await startLocalAzure()
    azure.faults.failNext(match, fault, 9)
    const answer = await azure.clients.servers.begin(TARGET, request)
    expect(answer).toEqual({ kind: 'ambiguous', why: expect.any(String), sentAt: expect.any(String) })
    expect(begunOf(azure)).toHaveLength(1)
    expect(askedOf(azure)).toEqual(isBegun ? [asks] : [])
  },
)

test.each(EACH)(
  'a $name: an answer that never comes is ambiguous after its time limit, although the event runs',
  async ({ request, match, asks }) => {
    const azure = await startLocalAzure()
    azure.faults.failNext(match, { kind: 'hang' })
    const servers = createFlexibleServers({ ...azure.access, requestTimeoutMs: 300 }, azure.clients.clock)
    expect(await servers.begin(TARGET, request)).toEqual({
      kind: 'ambiguous',
      why: expect.any(String),
      sentAt: expect.any(String),
    })
    expect(begunOf(azure)).toHaveLength(1)
    expect(askedOf(azure)).toEqual([asks])
  },
)

test.each(EACH)(
  'a $name that was accepted stays accepted when the poll that the SDK sends behind it fails',
  async ({ request }) => {
    const azure = await startLocalAzure()
    azure.faults.failNext({ method: 'GET', path: /azureAsyncOperation/ }, { kind: 'reset' }, 1)
    const { pollerToken } = acceptedOf(await azure.clients.servers.begin(TARGET, request))
    azure.cluster.finish()
    azure.cluster.finishFailover()
    expect((await azure.clients.servers.operationState(TARGET, pollerToken)).kind).toBe('succeeded')
    expect(begunOf(azure)).toHaveLength(1)
  },
)

test('a platform that is done at once has accepted, and there is nothing left to follow', async () => {
  const azure = await startLocalAzure()
  azure.faults.failNext(FAILOVER, { kind: 'answer', status: 200, code: 'Done', message: 'done' })
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
    /reading the operation of server pg-drill failed; the operation itself goes on/,
  )
})

test('a token from the wrong call cannot make a POST', async () => {
  const azure = await startLocalAzure()
  await expect(azure.clients.servers.operationState(TARGET, '{}')).rejects.toThrow()
  expect(begunOf(azure)).toEqual([])
})
