/** The endpoint's answers against Azure's own examples: keys and types, errors and headers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LocalAzure, PLACE, REPLICA_PLACE, SUBSCRIPTION, startLocalAzure } from '../support/local-azure.ts'
import { type ShapeOptions, shapeProblems } from '../support/shape.ts'

interface Example {
  readonly responses: Readonly<
    Record<string, { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }>
  >
}

const readExample = (file: string): Example =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../support/azure-rest-examples', file), 'utf8')) as Example

const bodyOf = (file: string, status = 200): unknown => readExample(file).responses[status]?.body

const RESOURCES = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${PLACE.resourceGroup}/providers`
const SERVER = `${RESOURCES}/Microsoft.DBforPostgreSQL/flexibleServers/${PLACE.server}`
const REPLICA = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${REPLICA_PLACE.resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${REPLICA_PLACE.server}`
const GROUPS = `${RESOURCES}/Microsoft.ContainerInstance/containerGroups`
const GROUP = `${GROUPS}/drill-a-0`
const CONTAINER_LOCATION = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ContainerInstance/locations/${PLACE.location}`
const DATABASE_LOCATION = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.DBforPostgreSQL/locations/${PLACE.location}`

const groupBody = (image: string, change: object = {}) => ({
  location: PLACE.location,
  tags: { 'drill-id': 'a' },
  properties: {
    osType: 'Linux',
    restartPolicy: 'Never',
    containers: [
      {
        name: 'loadgen',
        properties: {
          image,
          environmentVariables: [
            { name: 'A', value: '1' },
            { name: 'B', secureValue: '2' },
          ],
          resources: { requests: { cpu: 1, memoryInGB: 1.5 } },
        },
      },
    ],
  },
  ...change,
})

const putGroup = (azure: LocalAzure) => azure.ask('PUT', GROUP, { body: groupBody(azure.endpoint.image) })

// ---- Shapes ---------------------------------------------------------------------------------------------------------

/** The request does not have these, so the answer does not either. */
const NOT_REQUESTED = [
  ...[
    '$.zones',
    '$.properties.volumes',
    '$.properties.ipAddress',
    '$.properties.dnsConfig',
    '$.properties.diagnostics',
  ],
  ...[
    '$.properties.containers[].properties.volumeMounts',
    '$.properties.containers[].properties.resources.requests.gpu',
  ],
]
/** In the specification, but not in the examples. */
const SPECIFIED = [
  ...['$.tags', '$.properties.sku', '$.properties.restartPolicy', '$.properties.instanceView'],
  ...['$.properties.containers[].properties.environmentVariables', '$.properties.containers[].properties.command'],
]
const inList = (paths: readonly string[]) => paths.map((path) => path.replace('$', '$.value[]'))

const METRICS_QUERY =
  'metricnames=cpu_percent&timespan=2026-03-01T10:00:00Z/2026-03-01T10:02:00Z&interval=PT1M&aggregation=Average,Maximum'

interface Shape extends ShapeOptions {
  readonly file: string
  readonly path: string
  readonly body?: unknown
  readonly prepare?: (azure: LocalAzure) => unknown
}

const SHAPES: readonly Shape[] = [
  {
    file: 'postgresql/ServersGetWithVnet.json',
    path: SERVER,
    absent: [
      ...['$.properties.backup.earliestRestoreDate', '$.tags.VnetServer'],
      ...['$.properties.network.delegatedSubnetResourceId', '$.properties.network.privateDnsZoneArmResourceId'],
      // This machine's disk has no tier and no provisioned IOPS.
      ...['$.properties.storage.iops', '$.properties.storage.tier'],
    ],
  },
  {
    file: 'postgresql/ReplicasListByServer.json',
    path: `${SERVER}/replicas`,
    absent: [
      '$.value[].properties.backup.earliestRestoreDate',
      ...['$.value[].properties.storage.iops', '$.value[].properties.storage.tier'],
    ],
    extra: [
      '$.value[].tags',
      '$.value[].systemData',
      '$.value[].properties.sourceServerResourceId',
      '$.value[].properties.storage.type',
    ],
  },
  { file: 'postgresql/VirtualEndpointsListByServer.json', path: `${SERVER}/virtualendpoints` },
  { file: 'postgresql/VirtualEndpointsGet.json', path: `${SERVER}/virtualEndpoints/${PLACE.server}-endpoint` },
  { file: 'postgresql/ConfigurationsGet.json', path: `${SERVER}/configurations/max_connections` },
  {
    file: 'postgresql/ConfigurationsListByServer.json',
    path: `${SERVER}/configurations`,
    absent: ['$.nextLink'],
    extra: ['$.value[].properties.unit'],
  },
  {
    file: 'postgresql/CapabilitiesByServerList.json',
    path: `${SERVER}/capabilities`,
    absent: ['$.value[].supportedServerEditions[].supportedServerSkus[].supportedIops'],
  },
  {
    file: 'postgresql/CapabilitiesByLocationList.json',
    path: `${DATABASE_LOCATION}/capabilities`,
    absent: ['$.value[].supportedServerEditions[].supportedServerSkus[].supportedIops'],
    extra: ['$.value[].restricted'],
  },
  {
    file: 'containerinstance/ContainerGroupsGet_Failed.json',
    path: GROUP,
    prepare: putGroup,
    absent: NOT_REQUESTED,
    extra: SPECIFIED,
  },
  {
    file: 'containerinstance/ContainerGroupsListByResourceGroup.json',
    path: GROUPS,
    prepare: putGroup,
    absent: inList(NOT_REQUESTED),
    extra: inList(SPECIFIED),
  },
  { file: 'containerinstance/ContainerListLogs.json', path: `${GROUP}/containers/loadgen/logs`, prepare: putGroup },
  { file: 'containerinstance/ContainerGroupUsage.json', path: `${CONTAINER_LOCATION}/usages` },
  { file: 'containerinstance/CapabilitiesList.json', path: `${CONTAINER_LOCATION}/capabilities` },
  {
    file: 'monitor/GetMetric.json',
    path: `${SERVER}/providers/Microsoft.Insights/metrics?${METRICS_QUERY}`,
    prepare: ({ cluster }) =>
      cluster.recorded.push(
        { atMs: Date.parse('2026-03-01T10:00:01Z'), values: { cpu_percent: 1 } },
        { atMs: Date.parse('2026-03-01T10:01:01Z'), values: { cpu_percent: 2 } },
      ),
    // The query does not request this aggregation.
    absent: ['$.value[].timeseries[].data[].minimum'],
  },
]

test.each(SHAPES)('GET $path has the shape of $file', async ({ file, path, prepare, ...options }) => {
  const azure = await startLocalAzure()
  await prepare?.(azure)
  const { status, body } = await azure.ask('GET', path)
  expect(status).toBe(200)
  expect(shapeProblems(body, bodyOf(file), options)).toEqual([])
})

test('a difference in shape is found', () => {
  expect(
    shapeProblems({ a: 1, c: [{ d: 1 }], e: {} }, { a: 'x', b: 1, c: [{ d: 'x' }], e: [] }, { absent: ['$.b'] }),
  ).toEqual(['$.a is number, not string', '$.c[].d is number, not string', '$.e is object, not array'])
  expect(shapeProblems({ x: 1 }, { y: 1 })).toEqual(['$.y is missing', '$.x is not in the example'])
})

test('a new group is answered with 201, the same again with 200, both in the shape of the example', async () => {
  const azure = await startLocalAzure()
  const file = 'containerinstance/ContainerGroupsCreateOrUpdate.json'
  for (const status of [201, 200] as const) {
    const answer = await putGroup(azure)
    expect(answer.status).toBe(status)
    expect(shapeProblems(answer.body, bodyOf(file, status), { absent: NOT_REQUESTED, extra: SPECIFIED })).toEqual([])
  }
  expect(azure.cluster.containers).toHaveLength(1)
})

// ---- Long-running operations ------------------------------------------------------------------------------------------

/** A URL without its ids and versions. */
const pattern = (url: unknown): string =>
  String(url)
    .replace(/^https:\/\/[^/]+/, '')
    .replace(/\/subscriptions\/[^/]+/, '/subscriptions/*')
    .replace(/resourceGroups\/[^/]+/, 'resourceGroups/*')
    .replace(/locations\/[^/]+/, 'locations/*')
    .replace(/\/[^/]+\?api-version=.*$/, '/*')

const FAIL_OVER = { restartWithFailover: true, failoverMode: 'ForcedFailover' }

const promotion = (promoteOption: string) => ({
  properties: { replica: { role: 'Primary', promoteMode: 'Switchover', promoteOption } },
})
const scaling = (name: string, tier?: string) => ({ sku: { name, ...(tier !== undefined && { tier }) } })

interface Event {
  readonly file: string
  readonly method: string
  readonly path: string
  readonly body?: object
  /** What the cluster is asked to do. */
  readonly asks: string
}

const EVENTS: readonly Event[] = [
  ...(['Forced', 'Planned'] as const).flatMap((word) =>
    (['Failover', 'Switchover'] as const).map((kind) => ({
      file: 'ServersRestartWithFailover',
      method: 'POST',
      path: `${SERVER}/restart`,
      body: { restartWithFailover: true, failoverMode: `${word}${kind}` },
      asks: kind === 'Failover' ? word.toLowerCase() : `${word.toLowerCase()}Switchover`,
    })),
  ),
  { file: 'ServersRestart', method: 'POST', path: `${SERVER}/restart`, asks: 'restart home' },
  {
    file: 'ServersRestart',
    method: 'POST',
    path: `${SERVER}/restart`,
    body: { restartWithFailover: false },
    asks: 'restart home',
  },
  { file: 'ServersRestart', method: 'POST', path: `${REPLICA}/restart`, asks: 'restart remote' },
  {
    file: 'ServersUpdate',
    method: 'PATCH',
    path: SERVER,
    body: scaling('Local_8vCores', 'GeneralPurpose'),
    asks: 'scale home to Local_8vCores',
  },
  {
    file: 'ServersUpdate',
    method: 'PATCH',
    path: REPLICA,
    body: scaling('Local_Memory_8vCores'),
    asks: 'scale remote to Local_Memory_8vCores',
  },
  {
    file: 'ServersPromoteReplicaAsPlannedSwitchover',
    method: 'PATCH',
    path: REPLICA,
    body: promotion('Planned'),
    asks: 'promote planned',
  },
  {
    file: 'ServersPromoteReplicaAsForcedSwitchover',
    method: 'PATCH',
    path: REPLICA,
    body: promotion('forced'),
    asks: 'promote forced',
  },
]

test.each(EVENTS)('$method asks the cluster to $asks, and is accepted with the two URLs of $file', async (event) => {
  const azure = await startLocalAzure()
  const { status, headers, body } = await azure.ask(event.method, event.path, { body: event.body })
  const wanted = readExample(`postgresql/${event.file}.json`).responses['202']?.headers ?? {}
  expect({ status, body }).toEqual({ status: 202, body: null })
  expect(pattern(headers['azure-asyncoperation'])).toBe(pattern(wanted['Azure-AsyncOperation']))
  expect(pattern(headers.location)).toBe(pattern(wanted.Location))
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  expect([...azure.cluster.failovers, ...azure.cluster.asked]).toEqual([event.asks])
})

test.each(EVENTS.filter(({ file }) => !file.includes('Failover')))(
  'the operation to $asks goes on until the cluster has done it',
  async ({ method, path, body }) => {
    const azure = await startLocalAzure()
    const { headers } = await azure.ask(method, path, { body })
    const poll = async () => (await azure.ask('GET', pathOf(headers['azure-asyncoperation']))).body
    expect(await poll()).toMatchObject({ status: 'InProgress' })
    azure.cluster.finish(new Error('the machine did not start'))
    expect(await poll()).toMatchObject({
      status: 'Failed',
      error: { code: 'InternalServerError', message: 'the machine did not start' },
    })
  },
)

const pathOf = (url: unknown) => String(url).replace(/^https:\/\/[^/]+/, '')

test('the operation and its result are in progress until the cluster has failed over', async () => {
  const azure = await startLocalAzure()
  const { headers } = await azure.ask('POST', `${SERVER}/restart`, { body: FAIL_OVER })
  const poll = async () => ({
    operation: await azure.ask('GET', pathOf(headers['azure-asyncoperation'])),
    result: await azure.ask('GET', pathOf(headers.location)),
  })
  const during = await poll()
  expect(during.operation).toMatchObject({ status: 200, body: { status: 'InProgress' } })
  expect(during.operation.body).not.toHaveProperty('endTime')
  expect(during.result.status).toBe(202)
  azure.cluster.finishFailover()
  const after = await poll()
  expect(after.operation.body).toEqual({
    name: expect.stringMatching(/^[0-9a-f-]{36}$/),
    status: 'Succeeded',
    startTime: expect.stringMatching(/Z$/),
    endTime: expect.stringMatching(/Z$/),
  })
  expect(after.result.status).toBe(200)
})

/** Of the two servers, by the roles that a promotion swaps. */
const PROMOTED = { role: 'Primary', replication: null } as const
const DEMOTED = { role: 'AsyncReplica', replication: 'Active', highAvailability: 'NotEnabled' } as const

test('a replica names its source, and only the list of replicas shows how it follows', async () => {
  const azure = await startLocalAzure()
  const { body } = await azure.ask('GET', REPLICA)
  const wanted = {
    id: REPLICA,
    name: REPLICA_PLACE.server,
    location: REPLICA_PLACE.location,
    properties: {
      replicationRole: 'AsyncReplica',
      sourceServerResourceId: SERVER,
      highAvailability: { mode: 'Disabled', state: 'NotEnabled' },
    },
  }
  expect(body).toMatchObject(wanted)
  expect(body).not.toHaveProperty('properties.replica.replicationState')
  const { body: list } = await azure.ask('GET', `${SERVER}/replicas`)
  expect(list).toMatchObject({
    value: [{ ...wanted, properties: { ...wanted.properties, replica: { replicationState: 'Active' } } }],
  })
  expect((await azure.ask('GET', `${REPLICA}/replicas`)).body).toEqual({ value: [] })
  expect((await azure.ask('GET', SERVER)).body).not.toHaveProperty('properties.sourceServerResourceId')
})

test('after a promotion the servers have swapped roles, and the virtual endpoints are found at the new primary alone', async () => {
  const azure = await startLocalAzure()
  azure.cluster.set(DEMOTED)
  azure.cluster.set(PROMOTED, 'remote')
  expect((await azure.ask('GET', SERVER)).body).toMatchObject({
    properties: { replicationRole: 'AsyncReplica', sourceServerResourceId: REPLICA },
  })
  expect((await azure.ask('GET', `${REPLICA}/replicas`)).body).toMatchObject({ value: [{ id: SERVER }] })
  const { body } = await azure.ask('GET', `${REPLICA}/virtualendpoints`)
  expect(body).toMatchObject({
    value: [
      {
        id: `${REPLICA}/virtualEndpoints/pg-drill-endpoint`,
        properties: { members: ['pg-drill', 'pg-drill-replica'] },
      },
    ],
  })
  for (const path of ['virtualendpoints', 'virtualendpoints/pg-drill-endpoint'])
    expect((await azure.ask('GET', `${SERVER}/${path}`)).status).toBe(400)
})

test('a lost failover is accepted, and the cluster does not fail over', async () => {
  const azure = await startLocalAzure()
  azure.endpoint.control.switches.events = 'lost'
  expect((await azure.ask('POST', `${SERVER}/restart`, { body: FAIL_OVER })).status).toBe(202)
  expect(azure.cluster.failovers).toEqual([])
})

test('a deletion is accepted, and the group exists until its container has ended', async () => {
  const azure = await startLocalAzure()
  await putGroup(azure)
  const { status, headers } = await azure.ask('DELETE', GROUP)
  expect(status).toBe(202)
  const wanted = readExample('containerinstance/ContainerGroupsDelete.json').responses['202']?.headers ?? {}
  expect(pattern(headers['azure-asyncoperation'])).toBe(pattern(wanted['azure-asyncoperation']))
  await eventually('the operation succeeds', 2_000, async () => {
    const { body } = await azure.ask('GET', pathOf(headers['azure-asyncoperation']))
    return (body as { status: string }).status === 'Succeeded'
  })
  expect((await azure.ask('GET', GROUP)).status).toBe(404)
  expect((await azure.ask('DELETE', GROUP)).status).toBe(204)
})

test('an ended container keeps only the end of its log', async () => {
  const azure = await startLocalAzure()
  await putGroup(azure)
  const [container] = azure.cluster.containers
  if (container === undefined) throw new Error('no container')
  Object.assign(container, { logs: () => `${'x'.repeat(99)}\n`.repeat(500) })
  const lengthOf = async () => {
    const { body } = await azure.ask('GET', `${GROUP}/containers/loadgen/logs`)
    return (body as { content: string }).content.length
  }
  expect(await lengthOf()).toBe(50_000)
  container.end(0)
  expect(await lengthOf()).toBe(16 * 1024)
  const { body } = await azure.ask('GET', `${GROUP}/containers/loadgen/logs?tail=3`)
  expect(body).toEqual({ content: `${'x'.repeat(99)}\n${'x'.repeat(99)}\n` })
})

// ---- Refusals -------------------------------------------------------------------------------------------------------

type Options = Parameters<LocalAzure['ask']>[2]
type Refusal = readonly [what: string, method: string, path: string, status: number, code: string, options?: Options]

const METRICS = `${SERVER}/providers/Microsoft.Insights/metrics`
const RESTART = `${SERVER}/restart`
const group = (change: object) => ({ body: groupBody('x.example.com/loadgen', change) })

const REFUSALS: readonly Refusal[] = [
  ['no token', 'GET', SERVER, 401, 'AuthenticationFailed', { token: null }],
  ['a wrong token', 'GET', SERVER, 401, 'InvalidAuthenticationToken', { token: 'x' }],
  ['no api-version', 'GET', SERVER, 400, 'MissingApiVersionParameter', { apiVersion: null }],
  ['another api-version', 'GET', SERVER, 400, 'InvalidResourceType', { apiVersion: '2020-01-01' }],
  ['another subscription', 'GET', SERVER.replace(SUBSCRIPTION, 'x'), 404, 'SubscriptionNotFound'],
  ['another resource group', 'GET', SERVER.replace('rg-drill', 'x'), 404, 'ResourceGroupNotFound'],
  ["the replica in the primary's resource group", 'GET', `${SERVER}-replica`, 404, 'ResourceNotFound'],
  ['another server', 'GET', `${SERVER}x`, 404, 'ResourceNotFound'],
  ['an unknown parameter', 'GET', `${SERVER}/configurations/x`, 404, 'ResourceNotFound'],
  ['an unknown group', 'GET', GROUP, 404, 'ResourceNotFound'],
  [
    'containers in the resource group of the replica',
    'GET',
    GROUP.replace('rg-drill', 'rg-drill-dr'),
    404,
    'ResourceGroupNotFound',
  ],
  ['an unknown operation', 'GET', `${DATABASE_LOCATION}/azureAsyncOperation/x`, 404, 'OperationNotFound'],
  ['an unknown path', 'GET', `${SERVER}/databases`, 404, 'NotFound'],
  ['an unknown method', 'DELETE', SERVER, 404, 'NotFound'],
  [
    'a failover of a server without high availability',
    'POST',
    `${REPLICA}/restart`,
    400,
    'HANotEnabled',
    { body: FAIL_OVER },
  ],
  ['an unknown size', 'PATCH', SERVER, 400, 'InvalidParameterValue', { body: scaling('Standard_D4ds_v5') }],
  [
    'a size of another tier',
    'PATCH',
    SERVER,
    400,
    'InvalidParameterValue',
    { body: scaling('Local_8vCores', 'MemoryOptimized') },
  ],
  ['a size without a name', 'PATCH', SERVER, 400, 'InvalidRequestContent', { body: { sku: {} } }],
  ['a change that is not served', 'PATCH', SERVER, 400, 'InvalidParameterValue', { body: { tags: {} } }],
  ['a promotion of the primary', 'PATCH', SERVER, 400, 'InvalidParameterValue', { body: promotion('Planned') }],
  ['an unknown way of promotion', 'PATCH', REPLICA, 400, 'InvalidParameterValue', { body: promotion('x') }],
  [
    'a promotion to a server of its own',
    'PATCH',
    REPLICA,
    400,
    'InvalidParameterValue',
    { body: { properties: { replica: { promoteMode: 'Standalone', promoteOption: 'Forced' } } } },
  ],
  ['an unknown virtual endpoint', 'GET', `${SERVER}/virtualendpoints/x`, 404, 'ResourceNotFound'],
  [
    'an unknown failover mode',
    'POST',
    RESTART,
    400,
    'InvalidParameterValue',
    { body: { ...FAIL_OVER, failoverMode: 'x' } },
  ],
  ['a group without containers', 'PUT', GROUP, 400, 'InvalidRequestContent', group({ properties: {} })],
  ['a group without a location', 'PUT', GROUP, 400, 'InvalidRequestContent', group({ location: '' })],
  ['a name with capitals', 'PUT', `${GROUPS}/Drill_A`, 400, 'InvalidContainerGroupName', group({})],
  ['an unknown metric', 'GET', `${METRICS}?${METRICS_QUERY.replace('cpu_percent', 'x')}`, 400, 'BadRequest'],
]

test.each(REFUSALS.map((row) => [row[0], row] as const))(
  '%s is refused with its status and code in an error body',
  async (_, [, method, path, status, code, options]) => {
    const answer = await (await startLocalAzure()).ask(method, path, options)
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ error: { code, message: expect.stringMatching(/./) } })
  },
)

test.each<[string, (azure: LocalAzure) => unknown, string, object, string]>([
  [
    'a busy server',
    ({ endpoint }) => Object.assign(endpoint.control.switches, { isBusy: true }),
    SERVER,
    scaling('Local_8vCores'),
    'ServerIsBusy',
  ],
  [
    'a replica that does not follow',
    ({ cluster }) => cluster.set({ replication: 'Broken' }, 'remote'),
    REPLICA,
    promotion('Forced'),
    'ServerIsNotReady',
  ],
])('%s refuses with 409, and nothing is done', async (_, prepare, path, body, code) => {
  const azure = await startLocalAzure()
  prepare(azure)
  const answer = await azure.ask('PATCH', path, { body })
  expect(answer).toMatchObject({ status: 409, body: { error: { code } } })
  expect(azure.cluster.asked).toEqual([])
})

test('paths are not case-sensitive and may begin with two slashes, as with Resource Manager', async () => {
  const azure = await startLocalAzure()
  const shouted = SERVER.replace('resourceGroups', 'resourcegroups').replace(
    'Microsoft.DBforPostgreSQL',
    'MICROSOFT.DBFORPOSTGRESQL',
  )
  expect((await azure.ask('GET', shouted)).status).toBe(200)
  expect((await azure.ask('GET', `${azure.endpoint.url}/${SERVER}`)).status).toBe(200)
})

test('stopping the endpoint ends the containers that still run', async () => {
  const azure = await startLocalAzure()
  await putGroup(azure)
  await azure.endpoint.stop()
  expect(azure.cluster.containers.map(({ state }) => state)).toEqual(['Terminated'])
})

test('a group that is deleted while its container is being started leaves no process', async () => {
  const azure = await startLocalAzure()
  const begun = Promise.withResolvers<void>()
  const { startContainer } = azure.cluster
  Object.assign(azure.cluster, {
    startContainer: async (spec: Parameters<typeof startContainer>[0]) => {
      await begun.promise
      return startContainer(spec)
    },
  })
  await putGroup(azure)
  await azure.ask('DELETE', GROUP)
  begun.resolve()
  await eventually('the group is gone', 2_000, async () => (await azure.ask('GET', GROUP)).status === 404)
  expect(azure.cluster.containers.map(({ state }) => state)).toEqual(['Terminated'])
})
