import { expect, test } from 'vitest'
import { askedPauseOf } from '../../functions/clients/azure/azure-errors.ts'
import type { GroupSpec } from '../../functions/clients/clients.ts'
import { DRILL_TAG } from '../../functions/platform/names.ts'
import type { ClusterState } from '../../infra/local/cluster/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalAzure, PLACE, REPLICA_PLACE, startLocalAzure, TARGET } from '../support/local-azure.ts'

const FORCED = { call: 'restart', failoverMode: 'forced' } as const

const aSpec = (change: Partial<GroupSpec> = {}): GroupSpec => ({
  name: 'drill-a-0',
  tags: { [DRILL_TAG]: 'a', 'expires-at': '2026-01-01T00:00:00Z' },
  cpu: 2,
  memoryGb: 4,
  environment: { DRILL_ID: 'a' },
  secureEnvironment: { POSTGRES_CONNECTION_STRING: 'MARKED-SECRET' },
  ...change,
})

const putsOf = ({ faults }: LocalAzure) => faults.requests.filter(({ method }) => method === 'PUT').length

// ---- Server ---------------------------------------------------------------------------------------------------------

test('the facts of the server are read, its size from the list of what it can become', async () => {
  const { clients, faults } = await startLocalAzure()
  expect(await clients.servers.get(TARGET)).toEqual({
    name: 'pg-drill',
    id: `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg-drill/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-drill`,
    location: 'swedencentral',
    state: 'Ready',
    version: '15.18',
    fqdn: '127.0.0.1',
    sku: { name: 'Local_4vCores', tier: 'GeneralPurpose' },
    vCores: 4,
    memoryGb: 32,
    availabilityZone: '1',
    highAvailability: { mode: 'ZoneRedundant', state: 'Healthy', standbyZone: '2' },
    storage: { sizeGb: 128, tier: null, iops: null, type: null, growsByItself: false },
    isInSubnet: false,
    maintenanceWindow: { isCustom: false, dayOfWeek: 0, startHour: 0, startMinute: 0 },
    replication: { role: 'Primary', state: null, sourceId: null },
  })
  await clients.servers.get(TARGET)
  const lists = faults.requests.filter(({ path }) => path.endsWith('/capabilities'))
  expect(lists, 'the long list is read once').toHaveLength(1)
})

test('the replicas, the virtual endpoint and the sizes of a server are read', async () => {
  const { clients } = await startLocalAzure()
  expect(await clients.servers.replicas(TARGET)).toMatchObject([
    {
      name: REPLICA_PLACE.server,
      location: REPLICA_PLACE.location,
      replication: { role: 'AsyncReplica', state: 'Active', sourceId: expect.stringMatching(/\/pg-drill$/) },
    },
  ])
  expect(await clients.servers.virtualEndpoints(TARGET)).toEqual([
    {
      name: 'pg-drill-endpoint',
      type: 'ReadWrite',
      members: [TARGET.server, REPLICA_PLACE.server],
      hosts: ['pg-drill-endpoint.reader.local', '127.0.0.1'],
    },
  ])
  expect(await clients.servers.sizes(TARGET)).toContainEqual({
    name: 'Local_4vCores',
    tier: 'GeneralPurpose',
    vCores: 4,
    memoryGb: 32,
  })
})

const SERVERS = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg-drill/providers/Microsoft.DBforPostgreSQL/flexibleServers`

test('replicas and virtual endpoints are read at the primary of the set, whichever of its servers is configured', async () => {
  const { clients, cluster } = await startLocalAzure()
  const { servers } = clients
  const seen = async () => ({
    replicas: (await servers.replicas(TARGET)).map(({ name, location, replication, vCores }) => ({
      ...{ name, location, vCores },
      ...{ state: replication.state, source: replication.sourceId },
    })),
    endpoints: await servers.virtualEndpoints(TARGET),
  })
  const endpoint = {
    name: 'pg-drill-endpoint',
    type: 'ReadWrite',
    members: ['pg-drill', 'pg-drill-replica'],
    hosts: ['pg-drill-endpoint.reader.local', '127.0.0.1'],
  }
  const size = { state: 'Active', vCores: 4 }
  expect(await seen()).toEqual({
    replicas: [{ name: 'pg-drill-replica', location: 'norwayeast', source: `${SERVERS}/pg-drill`, ...size }],
    endpoints: [endpoint],
  })
  cluster.set({ role: 'AsyncReplica', replication: 'Active', highAvailability: 'NotEnabled' })
  cluster.set({ role: 'Primary', replication: null }, 'remote')
  expect(await seen()).toEqual({
    replicas: [
      {
        name: 'pg-drill',
        location: 'swedencentral',
        source: `${SERVERS.replace('rg-drill', 'rg-drill-dr')}/pg-drill-replica`,
        ...size,
      },
    ],
    endpoints: [endpoint],
  })
  expect(await servers.get(TARGET)).toMatchObject({
    name: 'pg-drill',
    replication: { role: 'AsyncReplica', sourceId: `${SERVERS.replace('rg-drill', 'rg-drill-dr')}/pg-drill-replica` },
    highAvailability: { mode: 'Disabled', state: 'NotEnabled' },
  })
})

test('a server without virtual endpoints, which the service answers with 404, has none; another refusal is an error', async () => {
  const { clients, faults } = await startLocalAzure()
  const list = { method: 'GET', path: /virtualendpoints$/i }
  faults.failNext(list, { kind: 'answer', status: 404, code: 'ResourceNotFound', message: 'none' })
  expect(await clients.servers.virtualEndpoints(TARGET)).toEqual([])
  faults.failNext(list, { kind: 'answer', status: 403, code: 'AuthorizationFailed', message: 'no' })
  await expect(clients.servers.virtualEndpoints(TARGET)).rejects.toThrow(
    /reading the virtual endpoints of server pg-drill in resource group rg-drill failed/,
  )
})

test('a list of sizes that may not be read leaves the size unknown and the rest known', async () => {
  const { clients, faults } = await startLocalAzure()
  const denied = { kind: 'answer', status: 403, code: 'AuthorizationFailed', message: 'no' } as const
  faults.failNext({ method: 'GET', path: /capabilities$/ }, denied)
  expect(await clients.servers.get(TARGET)).toMatchObject({ state: 'Ready', vCores: null, memoryGb: null })
  expect(await clients.servers.get(TARGET), 'the next look asks again').toMatchObject({ vCores: 4, memoryGb: 32 })
})

test.each(['ComputeUpdatingByFailover', 'RecreatingStandby'])(
  'the state %s of high availability, which newer versions of the API know, is read as it is',
  async (state) => {
    const { clients, cluster } = await startLocalAzure()
    cluster.set({ highAvailability: state as ClusterState['highAvailability'] })
    expect((await clients.servers.get(TARGET)).highAvailability?.state).toBe(state)
  },
)

test('a server without high availability has none, and a failover is seen in its zones', async () => {
  const { clients, cluster, endpoint } = await startLocalAzure()
  cluster.set({ primaryZone: '2', standbyZone: '1', highAvailability: 'CreatingStandby' })
  expect(await clients.servers.get(TARGET)).toMatchObject({
    availabilityZone: '2',
    highAvailability: { mode: 'ZoneRedundant', state: 'CreatingStandby', standbyZone: '1' },
  })
  endpoint.control.switches.isHighlyAvailable = false
  expect(await clients.servers.get(TARGET)).toMatchObject({
    highAvailability: { mode: 'Disabled', state: 'NotEnabled', standbyZone: null },
  })
})

test('a server that cannot be read is an error that names it and keeps the cause', async () => {
  const { clients } = await startLocalAzure()
  const failure = await clients.servers.get({ ...TARGET, server: 'missing' }).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    message: expect.stringContaining('reading server missing in resource group rg-drill failed'),
    cause: { statusCode: 404, code: 'ResourceNotFound' },
  })
})

test('parameters keep their real names, units and what waits for a restart', async () => {
  const { clients } = await startLocalAzure()
  expect(await clients.servers.parameters(TARGET)).toEqual([
    { name: 'max_connections', value: '2000', isDynamic: false, isPendingRestart: false, unit: null },
    { name: 'max_wal_size', value: '2048', isDynamic: true, isPendingRestart: false, unit: 'MB' },
    { name: 'pgbouncer.pool_mode', value: 'transaction', isDynamic: true, isPendingRestart: true, unit: null },
  ])
})

test('reads survive a passing failure of the platform', async () => {
  const { clients, faults } = await startLocalAzure()
  const down = { kind: 'answer', status: 503, code: 'ServiceUnavailable', message: 'later' } as const
  faults.failNext({ method: 'GET', path: /flexibleServers\/pg-drill$/ }, down)
  expect((await clients.servers.get(TARGET)).state).toBe('Ready')
})

// ---- Container groups -----------------------------------------------------------------------------------------------

test('a group is created once, however often it is asked for, with the environment and the secrets of its container', async () => {
  const azure = await startLocalAzure()
  expect(await azure.clients.groups.create(aSpec())).toEqual({ kind: 'created' })
  expect(await azure.clients.groups.create(aSpec())).toEqual({ kind: 'created' })
  expect(putsOf(azure)).toBe(2)
  expect(azure.cluster.containers.map(({ spec }) => spec)).toEqual([
    { name: 'drill-a-0', environment: { DRILL_ID: 'a', POSTGRES_CONNECTION_STRING: 'MARKED-SECRET' } },
  ])
})

test('a group in a subnet asks Azure for names, because it inherits no resolver from its network', async () => {
  const subnetId = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg-drill/providers/Microsoft.Network/virtualNetworks/v/subnets/load`
  const placed = await startLocalAzure({ LOADGEN_SUBNET_ID: subnetId })
  await placed.clients.groups.create(aSpec())
  expect((await placed.ask('GET', `${GROUP_PATH}/drill-a-0`)).body).toMatchObject({
    properties: { subnetIds: [{ id: subnetId }], dnsConfig: { nameServers: ['168.63.129.16'] } },
  })
  const open = await startLocalAzure()
  await open.clients.groups.create(aSpec())
  const { properties } = (await open.ask('GET', `${GROUP_PATH}/drill-a-0`)).body as { properties: object }
  expect(Object.keys(properties)).not.toContain('dnsConfig')
})

test('a group in a network with DNS servers of its own asks those', async () => {
  const subnetId = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg-drill/providers/Microsoft.Network/virtualNetworks/v/subnets/load`
  const placed = await startLocalAzure({ LOADGEN_SUBNET_ID: subnetId, LOADGEN_DNS_SERVERS: '10.0.0.4,10.0.0.5' })
  await placed.clients.groups.create(aSpec())
  expect((await placed.ask('GET', `${GROUP_PATH}/drill-a-0`)).body).toMatchObject({
    properties: { dnsConfig: { nameServers: ['10.0.0.4', '10.0.0.5'] } },
  })
})

test('a group stands in the zone that its drill asks for, and the platform names it', async () => {
  const { clients, ask } = await startLocalAzure()
  await clients.groups.create(aSpec({ zone: '3' }))
  await clients.groups.create(aSpec({ name: 'drill-a-1' }))
  expect((await ask('GET', `${GROUP_PATH}/drill-a-0`)).body).toMatchObject({ zones: ['3'] })
  expect((await ask('GET', `${GROUP_PATH}/drill-a-1`)).body).not.toHaveProperty('zones')
  const states = await Promise.all(['drill-a-0', 'drill-a-1'].map((name) => clients.groups.get(name)))
  expect(states.map((state) => state?.zone)).toEqual(['3', null])
})

test('a secret never comes back', async () => {
  const azure = await startLocalAzure()
  await azure.clients.groups.create(aSpec())
  const path = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg-drill/providers/Microsoft.ContainerInstance/containerGroups`
  const answers = [await azure.ask('GET', `${path}/drill-a-0`), await azure.ask('GET', path)]
  expect(JSON.stringify(answers)).toContain('POSTGRES_CONNECTION_STRING')
  expect(JSON.stringify(answers)).not.toContain('MARKED-SECRET')
})

test('the state of a group follows its container to its end', async () => {
  const { clients, cluster } = await startLocalAzure()
  await clients.groups.create(aSpec())
  const running = {
    name: 'drill-a-0',
    tags: { [DRILL_TAG]: 'a', 'expires-at': '2026-01-01T00:00:00Z' },
    provisioningState: 'Succeeded',
    container: 'Running',
    exitCode: null,
    restartCount: 0,
    zone: null,
    startedAt: cluster.containers[0]?.startedAt.toISOString(),
    finishedAt: null,
    detail: null,
  }
  expect(await clients.groups.get('drill-a-0')).toEqual(running)
  cluster.containers[0]?.end(0)
  expect(await clients.groups.get('drill-a-0')).toEqual({
    ...running,
    container: 'Terminated',
    exitCode: 0,
    finishedAt: cluster.containers[0]?.finishedAt?.toISOString(),
    detail: 'Completed',
  })
})

test('a container that the platform restarts is counted', async () => {
  const { clients, cluster, endpoint } = await startLocalAzure()
  await clients.groups.create(aSpec())
  cluster.containers[0]?.end(1)
  await endpoint.control.restartContainer('drill-a-0')
  expect(await clients.groups.get('drill-a-0')).toMatchObject({ container: 'Running', restartCount: 1, exitCode: null })
  expect(cluster.containers.map(({ spec }) => spec.environment.DRILL_ID)).toEqual(['a', 'a'])
})

test('a container that never starts waits', async () => {
  const { clients, endpoint } = await startLocalAzure()
  endpoint.control.switches.areContainersStuck = true
  await clients.groups.create(aSpec())
  expect(await clients.groups.get('drill-a-0')).toMatchObject({ provisioningState: 'Creating', container: 'Waiting' })
})

const GROUP_PATH = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg-drill/providers/Microsoft.ContainerInstance/containerGroups`

test('only groups with our tag are listed', async () => {
  const azure = await startLocalAzure()
  await azure.clients.groups.create(aSpec())
  const foreign = {
    location: 'swedencentral',
    tags: { 'created-by': 'another app', 'expires-at': '2000-01-01T00:00:00Z' },
    properties: {
      osType: 'Linux',
      containers: [
        {
          name: 'web',
          properties: { image: azure.endpoint.image, resources: { requests: { cpu: 1, memoryInGB: 1 } } },
        },
      ],
    },
  }
  expect((await azure.ask('PUT', `${GROUP_PATH}/another-owner`, { body: foreign })).status).toBe(201)
  expect((await azure.clients.groups.list()).map(({ name }) => name)).toEqual(['drill-a-0'])
})

test('deleting ends the container, and a group that is gone is deleted already', async () => {
  const { clients, cluster } = await startLocalAzure()
  await clients.groups.create(aSpec())
  await clients.groups.delete('drill-a-0')
  await eventually('the group is gone', 2_000, async () => (await clients.groups.get('drill-a-0')) === null)
  expect(cluster.containers[0]?.state).toBe('Terminated')
  await clients.groups.delete('drill-a-0')
  expect(await clients.groups.list()).toEqual([])
})

test('the log of a container is read, and that of a group that is gone is empty', async () => {
  const { clients } = await startLocalAzure()
  await clients.groups.create(aSpec())
  expect(await clients.groups.logs('drill-a-0')).toBe('first line\nsecond line\n')
  expect(await clients.groups.logs('missing')).toBe('')
})

type Switches = Partial<LocalAzure['endpoint']['control']['switches']>

const REFUSALS: ReadonlyArray<readonly [name: string, change: Switches, reason: string, code: string, words: RegExp]> =
  [
    [
      'quota',
      { quota: { StandardCores: 3, ContainerGroups: 100 } },
      'quota',
      'ContainerGroupQuotaReached',
      /'StandardCores' exceeded in region 'swedencentral'\. Limit: '3', Usage: '2' Requested: '2'/,
    ],
    ['capacity', { hasCapacity: false }, 'capacity', 'ServiceUnavailable', /Resource requested: '2' CPU '4' GB memory/],
    ['a missing image', { hasImage: false }, 'image', 'InaccessibleImage', /is not accessible/],
  ]

test.each(REFUSALS)(
  "%s refuses a group for good, with the platform's own figures",
  async (_, change, reason, code, words) => {
    const azure = await startLocalAzure()
    await azure.clients.groups.create(aSpec())
    Object.assign(azure.endpoint.control.switches, change)
    const message = expect.stringMatching(words)
    expect(await azure.clients.groups.create(aSpec({ name: 'drill-a-1' }))).toEqual({
      kind: 'refused',
      reason,
      code,
      message,
    })
    expect(putsOf(azure), 'a refusal is not sent again').toBe(2)
  },
)

test('a group that another create with other settings would change is refused', async () => {
  const { clients, cluster } = await startLocalAzure()
  await clients.groups.create(aSpec())
  expect(await clients.groups.create(aSpec({ cpu: 4 }))).toMatchObject({
    kind: 'refused',
    reason: 'other',
    code: 'InvalidContainerGroupUpdate',
  })
  expect(cluster.containers).toHaveLength(1)
})

test.each([
  [409, 'ServiceAssociationLinkNotReady'],
  [400, 'ServiceAssociationLinkNotReady'],
  [400, 'ContainerGroupTransitioning'],
  [400, 'TooManyRequests'],
  [400, 'SubnetIsNotReady'],
  [400, 'AnotherOperationInProgress'],
  [400, 'RetryableError'],
  [409, 'SomethingNew'],
  [400, 'RegistryErrorResponse'],
  [429, 'TooManyRequests'],
  [500, 'InternalServerError'],
  [503, 'ServiceUnavailable'],
])('%i %s is answered with a later try, not with a refusal', async (status, code) => {
  const { clients, faults } = await startLocalAzure()
  faults.failNext({ method: 'PUT', path: /./ }, { kind: 'answer', status, code, message: 'not now' }, 99)
  expect(await clients.groups.create(aSpec())).toEqual({ kind: 'later', code, message: 'not now', afterSeconds: null })
})

test.each([
  ['Network is not ready for container group. Please try again.', 'later'],
  ["An error response is received from the Docker registry 'index.docker.io'. Please retry later.", 'later'],
  ['Please retry with a different resource request or in another location.', 'refused'],
  ['The subnet does not exist.', 'refused'],
])('an unknown 400 that says "%s" is answered with: %s', async (message, kind) => {
  const { clients, faults } = await startLocalAzure()
  const unknown = { kind: 'answer', status: 400, code: 'SomethingNew', message } as const
  faults.failNext({ method: 'PUT', path: /./ }, unknown)
  expect(await clients.groups.create(aSpec())).toMatchObject({ kind, code: 'SomethingNew', message })
})

test.each([
  [403, 'AuthorizationFailed'],
  [404, 'OperationNotFound'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
])(
  'a group was created, and a deletion was accepted, when the poll after it is answered with %i',
  async (status, code) => {
    const { clients, cluster, faults } = await startLocalAzure()
    const fails = { kind: 'answer', status, code, message: 'no', retryAfterSeconds: 309 } as const
    faults.failNext({ method: 'GET', path: /operations\// }, fails, 99)
    expect(await clients.groups.create(aSpec())).toEqual({ kind: 'created' })
    expect(cluster.containers).toHaveLength(1)
    await clients.groups.delete('drill-a-0')
    await eventually('the group is gone', 2_000, async () => (await clients.groups.get('drill-a-0')) === null)
  },
)

test('a group whose creation has failed by the first poll is refused with the reason of the operation', async () => {
  const { clients, faults } = await startLocalAzure()
  const failed = { status: 'Failed', error: { code: 'InaccessibleImage', message: 'The image is not accessible.' } }
  faults.failNext({ method: 'GET', path: /operations\// }, { kind: 'body', body: failed })
  expect(await clients.groups.create(aSpec())).toEqual({
    kind: 'refused',
    reason: 'image',
    code: 'InaccessibleImage',
    message: 'The image is not accessible.',
  })
})

const BUSY = {
  kind: 'answer',
  status: 429,
  code: 'TooManyRequests',
  message: 'slow down',
  retryAfterSeconds: 309,
} as const

test.each<[string, (azure: LocalAzure) => Promise<unknown>]>([
  ['the groups', ({ clients }) => clients.groups.list()],
  ['one group', ({ clients }) => clients.groups.get('drill-a-0')],
  ['the server', ({ clients }) => clients.servers.get(TARGET)],
  ['its parameters', ({ clients }) => clients.servers.parameters(TARGET)],
  [
    'its metrics',
    ({ clients }) => clients.metrics.series('/subscriptions/0/x', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'),
  ],
  ['the image', ({ clients }) => clients.registry.image()],
])(
  'when the platform asks for 309 s before %s are read, the call gives up at once and the error carries it',
  async (_, call) => {
    const azure = await startLocalAzure()
    azure.faults.failNext({ method: 'GET', path: /./ }, BUSY, 99)
    const startedMs = performance.now()
    const error = await call(azure).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    expect(askedPauseOf(error)).toBe(309)
  },
  30_000,
)

test('when the platform asks for 309 s, a create and a failover give back how long', async () => {
  const azure = await startLocalAzure()
  for (const method of ['PUT', 'POST']) azure.faults.failNext({ method, path: /./ }, BUSY, 99)
  expect(await azure.clients.groups.create(aSpec())).toMatchObject({ kind: 'later', afterSeconds: 309 })
  expect(await azure.clients.servers.begin(TARGET, FORCED)).toMatchObject({
    kind: 'refused',
    afterSeconds: 309,
  })
}, 30_000)

test('what can be seen of the place for containers', async () => {
  const { clients, endpoint } = await startLocalAzure()
  await clients.groups.create(aSpec())
  endpoint.control.switches.quota = { StandardCores: 10, ContainerGroups: 5 }
  expect(await clients.groups.facts()).toEqual({
    usages: [
      { name: 'ContainerGroups', used: 1, limit: 5 },
      { name: 'StandardCores', used: 2, limit: 10 },
    ],
    maxCpu: 4,
    maxMemoryGb: 16,
    resourceGroupExists: true,
    identityTokenOk: true,
  })
})

test('a place that does not exist, and one that may not be looked at', async () => {
  const elsewhere = await startLocalAzure({ DRILL_RESOURCE_GROUP: 'rg-gone', POSTGRES_RESOURCE_GROUP: 'rg-drill' })
  expect((await elsewhere.clients.groups.facts()).resourceGroupExists).toBe(false)
  const closed = await startLocalAzure()
  const denied = { kind: 'answer', status: 403, code: 'AuthorizationFailed', message: 'no' } as const
  closed.faults.failNext({ method: 'GET', path: /./ }, denied, 3)
  expect(await closed.clients.groups.facts()).toEqual({
    usages: null,
    maxCpu: null,
    maxMemoryGb: null,
    resourceGroupExists: null,
    identityTokenOk: true,
  })
})

// ---- Registry -------------------------------------------------------------------------------------------------------

test('the image is found in the registry by its digest, after the exchange of tokens', async () => {
  const { clients, config, faults } = await startLocalAzure()
  const reference = config.loadGenerator.image
  expect(await clients.registry.image()).toEqual({ reference, exists: true, digest: reference.split('@')[1] })
  expect(faults.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    expect.stringMatching(/^GET \/v2\/loadgen\/manifests\/sha256/),
    'POST /oauth2/exchange',
    'POST /oauth2/token',
    expect.stringMatching(/^GET \/v2\/loadgen\/manifests\/sha256/),
  ])
})

test('an image that is not in the registry does not exist, and has no digest', async () => {
  const { clients, config, endpoint } = await startLocalAzure()
  endpoint.control.switches.hasImage = false
  const reference = config.loadGenerator.image
  expect(await clients.registry.image()).toEqual({ reference, exists: false, digest: null })
})

test('a registry that refuses is an error: the image may exist or not', async () => {
  const { clients } = await startLocalAzure({ AZURE_LOCAL_TOKEN: 'another' })
  await expect(clients.registry.image()).rejects.toThrow(/AcrPull/)
})

// ---- Metrics --------------------------------------------------------------------------------------------------------

const MINUTE = Date.parse('2026-03-01T10:00:00Z')
const at = (seconds: number) => MINUTE + seconds * 1000

test('metrics come as one-minute points; a minute without samples stays a gap, and a metric without any is left out', async () => {
  const { clients, cluster } = await startLocalAzure()
  cluster.recorded.push(
    { atMs: at(1), values: { cpu_percent: 10, xact_commit: 5 } },
    { atMs: at(3), values: { cpu_percent: 30, xact_commit: 7 } },
    { atMs: at(125), values: { cpu_percent: 50 } },
  )
  const serverId = (await clients.servers.get(TARGET)).id
  const series = await clients.metrics.series(serverId, new Date(at(10)).toISOString(), new Date(at(170)).toISOString())
  const points = (...values: ReadonlyArray<readonly [average: number | null, maximum: number | null]>) =>
    values.map(([average, maximum], minute) => ({ at: new Date(at(60 * minute)).toISOString(), average, maximum }))
  expect(series).toEqual([
    { name: 'cpu_percent', unit: 'percent', points: points([20, 30], [null, null], [50, 50]) },
    { name: 'xact_commit', unit: 'count', points: points([12, 12], [null, null], [null, null]) },
  ])
})

test('metrics that are not published yet are not there', async () => {
  const { clients, cluster, endpoint } = await startLocalAzure()
  cluster.recorded.push({ atMs: at(1), values: { cpu_percent: 10 } })
  const serverId = (await clients.servers.get(TARGET)).id
  const read = () => clients.metrics.series(serverId, new Date(at(0)).toISOString(), new Date(at(60)).toISOString())
  endpoint.control.switches.metricsDelayMs = null
  expect(await read()).toEqual([])
  endpoint.control.switches.metricsDelayMs = Date.now() - at(1) + 60_000
  expect(await read()).toEqual([])
  endpoint.control.switches.metricsDelayMs = 0
  expect((await read()).map(({ name }) => name)).toEqual(['cpu_percent'])
})

test('a platform that refuses a list because of one name is asked for each name alone', async () => {
  const { clients, cluster, faults } = await startLocalAzure()
  cluster.recorded.push({ atMs: at(1), values: { cpu_percent: 10, is_db_alive: 1 } })
  const unknown = {
    kind: 'answer',
    status: 400,
    code: 'BadRequest',
    message: 'Failed to find metric configuration',
  } as const
  faults.failNext({ method: 'GET', path: /metrics$/ }, unknown, 2)
  const serverId = (await clients.servers.get(TARGET)).id
  const series = await clients.metrics.series(serverId, new Date(at(0)).toISOString(), new Date(at(60)).toISOString())
  expect(
    series.map(({ name }) => name),
    'the first of the list, cpu_percent, was refused alone too',
  ).toEqual(['is_db_alive'])
})
