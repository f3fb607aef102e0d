/** Who may do what: the roles of each identity, and whether they allow what the code calls. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { EXISTING_SERVER as EXISTING, OWN_NETWORK, REPLICA } from '../../../infra/azure/combinations.ts'
import {
  COMPILE_TIMEOUT_MS,
  combinations,
  lastName,
  ofType,
  type Resource,
  SUBSCRIPTION,
  TEMPLATES,
  withCompiler,
} from './snapshot.ts'

interface Role {
  readonly name: string
  readonly actions: readonly string[]
}

/**
 * Built-in roles by their ids, with their actions on Resource Manager and, of roles for data, on data:
 * https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
const BUILT_IN_ROLES: Readonly<Record<string, Role>> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': {
    name: 'Storage Blob Data Owner',
    actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/*'],
  },
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': {
    name: 'Storage Queue Data Contributor',
    actions: ['Microsoft.Storage/storageAccounts/queueServices/queues/*'],
  },
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': {
    name: 'Storage Table Data Contributor',
    actions: ['Microsoft.Storage/storageAccounts/tableServices/tables/*'],
  },
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': {
    name: 'Storage Blob Data Contributor',
    actions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/read',
      'Microsoft.Storage/storageAccounts/blobServices/containers/write',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*',
    ],
  },
  '4633458b-17de-408a-b874-0445c86b69e6': {
    name: 'Key Vault Secrets User',
    actions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'],
  },
  '3913510d-42f4-4e42-8a64-420c390055eb': {
    name: 'Monitoring Metrics Publisher',
    actions: ['Microsoft.Insights/Metrics/Write', 'Microsoft.Insights/Telemetry/Write'],
  },
  '43d0d8ad-25c7-4714-9337-8ba259a9fe05': { name: 'Monitoring Reader', actions: ['*/read'] },
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': {
    name: 'AcrPull',
    actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
  },
  '5d977122-f97e-4b4d-a52f-6b43003ddb4d': {
    name: 'Azure Container Instances Contributor',
    actions: ['Microsoft.ContainerInstance/containerGroups/*', 'Microsoft.Resources/subscriptions/resourceGroups/read'],
  },
  'f1a07417-d97a-45cb-824c-7a7467783830': {
    name: 'Managed Identity Operator',
    actions: [
      'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
      'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
    ],
  },
}

type Combinations = Awaited<ReturnType<typeof combinations>>
let all: Combinations

describe('access', withCompiler, () => {
  beforeAll(async () => {
    all = await combinations()
  }, COMPILE_TIMEOUT_MS)

  test('of each identity is exactly the roles of the table', () => {
    expect(assignments(all.default)).toEqual(
      [
        'app: Azure Container Instances Contributor on the resource group',
        'app: AcrPull on registries',
        'app: Drill location reader on subscription',
        'app: Key Vault Secrets User on vaults',
        'app: Managed Identity Operator on userAssignedIdentities',
        'app: Monitoring Metrics Publisher on components',
        'app: Monitoring Reader on flexibleServers',
        'app: PostgreSQL failover operator on flexibleServers',
        'app: Storage Blob Data Owner on storageAccounts',
        'app: Storage Queue Data Contributor on storageAccounts',
        'app: Storage Table Data Contributor on storageAccounts',
        'app: Subnet joiner on subnets',
        'load: AcrPull on registries',
        'load: Storage Blob Data Contributor on containers',
      ].sort(),
    )
  })

  test('to the subscription needs its parameter, and access to a subnet a network', () => {
    const missing = ['app: Drill location reader on subscription', 'app: Subnet joiner on subnets']
    expect(assignments(all.public)).toEqual(assignments(all.default).filter((line) => !missing.includes(line)))
  })

  test('to the activity log is on the subscription, where Azure offers it, and only with its parameter', () => {
    const action = 'Microsoft.Insights/eventtypes/values/read'
    const onSubscription = (name: keyof Combinations) =>
      scopesOf(name, action).filter((scope) => scope.startsWith('[subscriptionResourceId('))
    expect([onSubscription('default').length, onSubscription('public').length]).toEqual([1, 0])
  })

  test('by custom roles is to read, to restart and to join, and never to write or delete', () => {
    const actions = ofType(all.default, 'Microsoft.Authorization/roleDefinitions').flatMap(actionsOf)
    expect(actions.filter((action) => !action.endsWith('/read')).sort()).toEqual([
      'Microsoft.DBforPostgreSQL/flexibleServers/restart/action',
      'Microsoft.Network/virtualNetworks/subnets/join/action',
    ])
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
  })

  test('to a server or a subnet of another resource group is defined and assigned there', () => {
    const scopes = (name: keyof Combinations, role: string) =>
      ofType(all[name], 'Microsoft.Authorization/roleDefinitions')
        .filter(({ properties }) => String(properties.roleName).startsWith(role))
        .map(({ properties }) => properties.assignableScopes)
    const group = (name: string) => `/subscriptions/${SUBSCRIPTION}/resourceGroups/${name}`
    expect(scopes('existing-endpoint', 'PostgreSQL failover operator')).toEqual([[group('rg-data')]])
    expect(scopes('own-network', 'Subnet joiner')).toEqual([[group('rg-network')]])
    expect(grantsOf(all['existing-endpoint'], 'app').filter(({ scope }) => scope.startsWith(EXISTING))).toHaveLength(2)
    const joined = grantsOf(all['own-network'], 'app').filter(({ scope }) => scope.startsWith(OWN_NETWORK))
    expect(joined.map(({ scope }) => scope)).toEqual([`${OWN_NETWORK}/subnets/load`])
  })

  test('to start and stop the server is given only where drills do that', () => {
    const may = (name: keyof Combinations) =>
      ofType(all[name], 'Microsoft.Authorization/roleDefinitions')
        .flatMap(actionsOf)
        .filter((action) => /\/(start|stop)\/action$/.test(action))
    expect(may('default')).toEqual([])
    expect(may('landing-zone').map((action) => action.split('/').at(-2))).toEqual(['start', 'stop'])
  })

  test('to write a server is given only with its parameter, and then on the server and its replica alone', () => {
    const writable = (name: keyof Combinations) => scopesOf(name, `${SERVER}/write`)
    for (const name of Object.keys(all) as (keyof Combinations)[])
      if (name !== 'scaling' && name !== 'switchover') expect([name, writable(name)]).toEqual([name, []])
    expect(writable('scaling')).toHaveLength(1)
    expect(writable('scaling')[0]).toMatch(
      /\/resourceGroups\/[^/]+\/providers\/[^/]+\/flexibleServers\/psql-drill-\w{13}$/,
    )
    expect(writable('switchover').sort()).toEqual([EXISTING, REPLICA].sort())
    for (const name of ['scaling', 'switchover'] as const)
      expect(customActions(name).filter((action) => !/\/(read|restart\/action|join\/action)$/.test(action))).toEqual([
        `${SERVER}/write`,
      ])
  })

  test('to a replica is that to the server, and can be assigned in the group of each', () => {
    const onServer = (name: keyof Combinations, id: string) =>
      grantsOf(all[name], 'app').flatMap(({ role, scope }) => (scope === id ? [role.name] : []))
    expect(onServer('switchover', REPLICA).sort()).toEqual(['Monitoring Reader', 'PostgreSQL failover operator'])
    expect(onServer('switchover', EXISTING).sort()).toEqual(onServer('switchover', REPLICA).sort())
    expect(onServer('watched-replica', REPLICA).sort()).toEqual(onServer('switchover', REPLICA).sort())
    const [operator, ...others] = ofType(all.switchover, 'Microsoft.Authorization/roleDefinitions').filter(
      ({ properties }) => String(properties.roleName).startsWith('PostgreSQL failover operator'),
    )
    expect(others).toEqual([])
    expect(operator?.properties.assignableScopes).toEqual([EXISTING, REPLICA].map((id) => id.split('/providers/')[0]))
  })

  test('to each of more servers is that to the first, and can be assigned in the group of each', () => {
    const onServer = (id: string) =>
      grantsOf(all['more-servers'], 'app').flatMap(({ role, scope }) => (scope === id ? [role.name] : []))
    expect(onServer(EXISTING).sort()).toEqual(['Monitoring Reader', 'PostgreSQL failover operator'])
    expect(onServer(`${EXISTING}-2`).sort()).toEqual(onServer(EXISTING).sort())
    const [operator] = ofType(all['more-servers'], 'Microsoft.Authorization/roleDefinitions').filter(({ properties }) =>
      String(properties.roleName).startsWith('PostgreSQL failover operator'),
    )
    const scopes = operator?.properties.assignableScopes as string[]
    expect(scopes).toHaveLength(2)
    expect(scopes).toContain(EXISTING.split('/providers/')[0])
  })

  // ---- What the code calls ------------------------------------------------------------------------------------------

  test('is known for every operation of Azure that the code calls', () => {
    const called = operationsIn('functions/clients/azure')
    expect(called.length).toBeGreaterThan(10)
    expect(called).toEqual(Object.keys(NEEDS).sort())
  })

  test('is looked for in every way in which the code calls an operation', () => {
    const calls = `client.servers.get(a)
      clientThatTraces(access, clock).servers
        .beginRestart(a)
      return ({ servers }, options) => servers.beginUpdate(a, b, options)
      notAClient.servers.beginDelete(a)`
    expect(operationsOf(calls)).toEqual(['servers.get', 'servers.beginRestart', 'servers.beginUpdate'])
  })

  test.each([
    'default',
    'existing-endpoint',
    'own-network',
    'public',
    'landing-zone',
    'scaling',
    'switchover',
  ] as const)('in the combination %s allows everything that the code calls', (name) => {
    const grants = grantsOf(all[name], 'app')
    const isOnSubnet = (action: string) => action.startsWith('Microsoft.Network/')
    const isOnSubscription = (action: string) => /\/locations\//.test(action)
    const denied = Object.values(NEEDS)
      .flat()
      .filter((action) => !(isOnSubnet(action) && name === 'public'))
      // The drill does without these reads: grantSubscriptionReads is off there.
      .filter((action) => !(isOnSubscription(action) && name === 'public'))
      // Without stopServerBetweenDrills no drill starts or stops the server.
      .filter((action) => !isPower(action) || name === 'landing-zone')
      // Without allowScalingAndSwitchover no drill writes the server.
      .filter((action) => action !== `${SERVER}/write` || name === 'scaling' || name === 'switchover')
      .filter((action) => !grants.some(({ role }) => role.actions.some((pattern) => allows(pattern, action))))
    expect(denied).toEqual([])
  })

  test('to the replica allows everything that the code calls on the server', () => {
    const onReplica = grantsOf(all.switchover, 'app').filter(({ scope }) => scope === REPLICA)
    const onServers = Object.values(NEEDS)
      .flat()
      .filter((action) => (action.startsWith(SERVER) || action.startsWith('Microsoft.Insights/')) && !isPower(action))
    expect(onServers).toContain(`${SERVER}/write`)
    const isAllowed = (action: string) => onReplica.some(({ role }) => role.actions.some((one) => allows(one, action)))
    expect(onServers.filter((action) => !isAllowed(action))).toEqual([])
  })

  test('to the identity of the containers and to their subnet comes with creating them', () => {
    const createsGroup = NEEDS['containerGroups.beginCreateOrUpdate'] ?? []
    expect(createsGroup).toContain('Microsoft.Network/virtualNetworks/subnets/join/action')
    expect(createsGroup).toContain('Microsoft.ManagedIdentity/userAssignedIdentities/assign/action')
  })

  test('of the load generators allows what they do with blobs, in one container, and no operation of Azure', () => {
    const grants = grantsOf(all.default, 'load')
    const needed = ['read', 'write', 'add/action'].map(
      (verb) => `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${verb}`,
    )
    for (const action of [...needed, 'Microsoft.ContainerRegistry/registries/pull/read'])
      expect(grants.some(({ role }) => role.actions.some((pattern) => allows(pattern, action)))).toBe(true)
    for (const action of Object.values(NEEDS)
      .flat()
      .filter((one) => !one.includes('ContainerRegistry')))
      expect(grants.some(({ role }) => role.actions.some((pattern) => allows(pattern, action)))).toBe(false)
    expect(grants.map(({ scope }) => lastName(scope.split('/blobServices/')[1] ?? '')).filter(Boolean)).toEqual([
      'drills',
    ])
  })

  test('names every built-in role of the table by its id', () => {
    const ids = Object.values(JSON.parse(readFileSync(join(TEMPLATES, 'roles.json'), 'utf8')) as Record<string, string>)
    expect(ids.filter((id) => BUILT_IN_ROLES[id] === undefined)).toEqual([])
  })
})

const SERVER = 'Microsoft.DBforPostgreSQL/flexibleServers'

const isPower = (action: string): boolean => /\/(start|stop)\/action$/.test(action)

/** Operations of the SDK's clients, and the actions that Resource Manager or the service checks for each. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  'servers.get': ['Microsoft.DBforPostgreSQL/flexibleServers/read'],
  'servers.beginRestart': [
    'Microsoft.DBforPostgreSQL/flexibleServers/restart/action',
    'Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read',
    'Microsoft.DBforPostgreSQL/locations/operationResults/read',
  ],
  'servers.beginUpdate': [
    'Microsoft.DBforPostgreSQL/flexibleServers/write',
    'Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read',
    'Microsoft.DBforPostgreSQL/locations/operationResults/read',
  ],
  'servers.beginStart': ['Microsoft.DBforPostgreSQL/flexibleServers/start/action'],
  'servers.beginStop': ['Microsoft.DBforPostgreSQL/flexibleServers/stop/action'],
  'configurations.listByServer': ['Microsoft.DBforPostgreSQL/flexibleServers/configurations/read'],
  'replicas.listByServer': ['Microsoft.DBforPostgreSQL/flexibleServers/replicas/read'],
  'virtualEndpoints.listByServer': ['Microsoft.DBforPostgreSQL/flexibleServers/virtualendpoints/read'],
  'capabilitiesByServer.list': ['Microsoft.DBforPostgreSQL/flexibleServers/capabilities/read'],
  'metrics.list': ['Microsoft.Insights/metrics/read'],
  'containerGroups.beginCreateOrUpdate': [
    'Microsoft.ContainerInstance/containerGroups/write',
    'Microsoft.ContainerInstance/locations/operations/read',
    'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
    'Microsoft.Network/virtualNetworks/subnets/join/action',
  ],
  'containerGroups.get': ['Microsoft.ContainerInstance/containerGroups/read'],
  'containerGroups.listByResourceGroup': ['Microsoft.ContainerInstance/containerGroups/read'],
  'containerGroups.beginDelete': [
    'Microsoft.ContainerInstance/containerGroups/delete',
    'Microsoft.ContainerInstance/locations/operations/read',
  ],
  'containers.listLogs': ['Microsoft.ContainerInstance/containerGroups/containers/logs/read'],
  'location.listUsage': ['Microsoft.ContainerInstance/locations/usages/read'],
  'location.listCapabilities': ['Microsoft.ContainerInstance/locations/capabilities/read'],
  'activityLog.read': ['Microsoft.Insights/eventtypes/values/read'],
  'resourceHealth.read': ['Microsoft.ResourceHealth/availabilityStatuses/read'],
  'registry.getManifest': ['Microsoft.ContainerRegistry/registries/pull/read'],
}

/** Calls of an SDK client in the sources of a folder: the ones on an operation group, and the registry's own. */
function operationsIn(folder: string): string[] {
  const root = resolve(import.meta.dirname, '../../..', folder)
  const sources = readdirSync(root).map((file) => readFileSync(join(root, file), 'utf8'))
  const others = OTHER_CALLS.filter(([text]) => sources.some((source) => source.includes(text))).map(([, name]) => name)
  return [...new Set([...sources.flatMap(operationsOf), ...others])].sort()
}

/** By a piece of their source: they are no call of an operation group. */
const OTHER_CALLS = [
  ['.getManifest(', 'registry.getManifest'],
  ['/eventtypes/management/values', 'activityLog.read'],
  ['/availabilityStatuses', 'resourceHealth.read'],
] as const

/** Of a client, or of a group that a function takes out of its client. */
const CALLS = [
  /\b(?:client|clientThatTraces\([^)]*\))\s*\.([a-zA-Z]+)\s*\.([a-zA-Z]+)\(/g,
  /\(\{ ([a-zA-Z]+) \}, \w+\) =>\s*\1\s*\.([a-zA-Z]+)\(/g,
]

const operationsOf = (source: string): string[] =>
  CALLS.flatMap((call) => [...source.matchAll(call)]).map(([, group, operation]) => `${group}.${operation}`)

/** `*` stands for any text; in the middle also for none, as in userAssignedIdentities/ * /read. */
function allows(pattern: string, action: string): boolean {
  const escaped = pattern.replace(/[.]/g, '\\.').replaceAll('/*/', '/(.*/)?').replaceAll('*', '.*')
  return new RegExp(`^${escaped}$`, 'i').test(action)
}

// ---- Reading --------------------------------------------------------------------------------------------------------

interface Grant {
  readonly who: 'app' | 'load'
  readonly role: Role
  /** Id of what the role is for, or the expression from which Azure makes it. */
  readonly scope: string
}

const actionsOf = ({ properties }: Resource): string[] =>
  (properties.permissions as { actions: string[] }[]).flatMap((permission) => permission.actions)

const grantsOf = (resources: readonly Resource[], who: Grant['who']): Grant[] =>
  allGrants(resources).filter((grant) => grant.who === who)

const customActions = (name: keyof Combinations): string[] =>
  ofType(all[name], 'Microsoft.Authorization/roleDefinitions').flatMap(actionsOf)

/** What the app or the load generators may do this to. */
const scopesOf = (name: keyof Combinations, action: string): string[] =>
  allGrants(all[name])
    .filter(({ role }) => role.actions.some((pattern) => allows(pattern, action)))
    .map(({ scope }) => scope)

function allGrants(resources: readonly Resource[]): Grant[] {
  const custom = new Map(
    ofType(resources, 'Microsoft.Authorization/roleDefinitions').map((definition) => [
      definition.name,
      {
        name: String(definition.properties.roleName).replace(/ \w{13}$/, ''),
        actions: actionsOf(definition),
      },
    ]),
  )
  return ofType(resources, 'Microsoft.Authorization/roleAssignments').map(({ id = '', properties }) => {
    const roleId = lastName(String(properties.roleDefinitionId))
    const role = BUILT_IN_ROLES[roleId] ?? custom.get(roleId)
    if (role === undefined) throw new Error(`no role is known by ${roleId}`)
    return {
      who: String(properties.principalId).includes('id-drill-app') ? 'app' : 'load',
      role,
      scope: /^\[extensionResourceId\('([^']+)'/.exec(id)?.[1] ?? id,
    }
  })
}

/** Who has which role on what kind of thing, in words and sorted. */
const assignments = (resources: readonly Resource[]): string[] =>
  allGrants(resources)
    .map(({ who, role, scope }) => `${who}: ${role.name} on ${placeOf(scope)}`)
    .sort()

function placeOf(scope: string): string {
  if (scope.startsWith('[resourceId(')) return 'the resource group'
  if (scope.startsWith('[subscriptionResourceId(')) return 'subscription'
  return scope.split('/').at(-2) ?? ''
}
