/** The compiled template as data: resources, roles, secrets, networks. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { diagnosticsOf, rootTemplates } from '../../../infra/azure/check.ts'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import {
  allTemplates,
  bicep,
  COMPILE_TIMEOUT_MS,
  compiled,
  deployed,
  lastName,
  ofType,
  one,
  type Resource,
  SUBSCRIPTION,
  TEMPLATES,
  type Template,
} from './snapshot.ts'

const EXISTING = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-prod`

/** Names of roles by their ids, from the reference of built-in roles. */
const BUILT_IN_ROLES: Readonly<Record<string, string>> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': 'Storage Queue Data Contributor',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
  '4633458b-17de-408a-b874-0445c86b69e6': 'Key Vault Secrets User',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
  '43d0d8ad-25c7-4714-9337-8ba259a9fe05': 'Monitoring Reader',
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': 'AcrPull',
  '5d977122-f97e-4b4d-a52f-6b43003ddb4d': 'Azure Container Instances Contributor',
  'f1a07417-d97a-45cb-824c-7a7467783830': 'Managed Identity Operator',
}

let template: Template
let byDefault: Resource[]
let openWithEntra: Resource[]
let onExisting: Resource[]

describe.skipIf(bicep.kind === 'missing')('main.bicep', () => {
  beforeAll(async () => {
    ;[template, byDefault, openWithEntra, onExisting] = await Promise.all([
      compiled(),
      deployed(),
      deployed({
        privateNetwork: 'false',
        authentication: `'entra'`,
        storageType: `'PremiumV2_LRS'`,
        grantSubscriptionReads: 'false',
        dailyDrillSchedule: `''`,
        allowedAddresses: `[{ name: 'office', from: '203.0.113.7', to: '203.0.113.7' }]`,
      }),
      deployed({ existingServerId: `'${EXISTING}'` }),
    ])
  }, COMPILE_TIMEOUT_MS)

  // ---- Access -----------------------------------------------------------------------------------------------------

  test('gives each identity exactly the roles of the table', () => {
    expect(assignments(byDefault)).toEqual(
      [
        'app: Azure Container Instances Contributor on rg-drill',
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

  test('grants no role on the subscription without its parameter, and none on a subnet without a network', () => {
    const missing = ['app: Drill location reader on subscription', 'app: Subnet joiner on subnets']
    expect(assignments(openWithEntra)).toEqual(assignments(byDefault).filter((line) => !missing.includes(line)))
  })

  test('defines roles that read, restart and join, and can write or delete nothing', () => {
    const actions = ofType(byDefault, 'Microsoft.Authorization/roleDefinitions').flatMap(({ properties }) =>
      (properties.permissions as { actions: string[] }[]).flatMap((permission) => permission.actions),
    )
    expect(actions.filter((action) => !action.endsWith('/read')).sort()).toEqual([
      'Microsoft.DBforPostgreSQL/flexibleServers/restart/action',
      'Microsoft.Network/virtualNetworks/subnets/join/action',
    ])
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
  })

  test('defines the failover role, and assigns it, where an existing server is', () => {
    const operator = ofType(onExisting, 'Microsoft.Authorization/roleDefinitions').filter(({ properties }) =>
      String(properties.roleName).startsWith('PostgreSQL failover operator'),
    )
    expect(operator.map(({ properties }) => properties.assignableScopes)).toEqual([
      [`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-data`],
    ])
    const onServer = ofType(onExisting, 'Microsoft.Authorization/roleAssignments').filter(({ id = '' }) =>
      scopeIdOf(id).startsWith(EXISTING),
    )
    expect(onServer).toHaveLength(2)
  })

  // ---- Secrets ----------------------------------------------------------------------------------------------------

  test('has no output that shows a secret, and never asks Azure for a key', () => {
    for (const part of allTemplates(template)) {
      const secure = Object.entries(part.parameters ?? {}).filter(([, { type }]) => /^secure/i.test(type))
      const outputs = JSON.stringify(part.outputs ?? {})
      expect(secure.filter(([name]) => outputs.includes(`parameters('${name}')`))).toEqual([])
    }
    expect(JSON.stringify(template)).not.toMatch(/listKeys|listCredentials|listAccountSas|listSecrets/i)
  })

  test('generates every secret that is not a parameter', () => {
    const secure = Object.values(template.parameters ?? {}).filter(({ type }) => /^secure/i.test(type))
    expect(secure.map(({ defaultValue }) => defaultValue)).toEqual(['[newGuid()]', '[newGuid()]', '[newGuid()]'])
  })

  test('passes secrets on to modules as secrets', () => {
    const names = allTemplates(template).flatMap((part) => Object.entries(part.parameters ?? {}))
    const secretLike = names.filter(([name]) => /password|secretValues|webhookSecret/i.test(name))
    expect(new Set(secretLike.map(([, { type }]) => type))).toEqual(new Set(['securestring', 'secureObject']))
  })

  test('keeps two passwords in the vault, or none at all with Entra', () => {
    const secrets = (resources: Resource[]) =>
      ofType(resources, 'Microsoft.KeyVault/vaults/secrets').map(({ name }) => lastName(name))
    expect(secrets(byDefault)).toEqual(['postgres-app', 'postgres-load'])
    expect(secrets(openWithEntra)).toEqual([])
    expect(one(openWithEntra, 'Microsoft.DBforPostgreSQL/flexibleServers').properties).toMatchObject({
      authConfig: { passwordAuth: 'Disabled', activeDirectoryAuth: 'Enabled' },
    })
  })

  test('switches keys and passwords off wherever Azure offers them', () => {
    expect(one(byDefault, 'Microsoft.Storage/storageAccounts').properties).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      minimumTlsVersion: 'TLS1_2',
    })
    expect(one(byDefault, 'Microsoft.Insights/components').properties.DisableLocalAuth).toBe(true)
    expect(one(byDefault, 'Microsoft.ContainerRegistry/registries').properties.adminUserEnabled).toBe(false)
    const publishing = ofType(byDefault, 'Microsoft.Web/sites/basicPublishingCredentialsPolicies')
    expect(publishing.map(({ properties }) => properties.allow)).toEqual([false, false])
  })

  // ---- Network ----------------------------------------------------------------------------------------------------

  test('opens no resource to all addresses', () => {
    expect(ofType(byDefault, 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules')).toEqual([])
    const closed = ['Microsoft.Storage/storageAccounts', 'Microsoft.KeyVault/vaults'].map(
      (type) => one(byDefault, type).properties.publicNetworkAccess,
    )
    expect(closed).toEqual(['Disabled', 'Disabled'])
    expect(one(byDefault, 'Microsoft.DBforPostgreSQL/flexibleServers').properties.network).toEqual({
      publicNetworkAccess: 'Disabled',
    })
    expect(JSON.stringify([template, byDefault, openWithEntra])).not.toContain('0.0.0.0')
  })

  test('without the network admits only the addresses of the parameter', () => {
    const rules = ofType(openWithEntra, 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules')
    expect(rules.map(({ properties }) => properties)).toEqual([
      { startIpAddress: '203.0.113.7', endIpAddress: '203.0.113.7' },
    ])
    expect(openWithEntra.filter(({ type }) => type.startsWith('Microsoft.Network/'))).toEqual([])
  })

  test('reaches storage, vault and server by private endpoints, and gives containers a subnet of their own', () => {
    const groups = ofType(byDefault, 'Microsoft.Network/privateEndpoints').map(
      ({ properties }) =>
        (properties.privateLinkServiceConnections as { properties: { groupIds: string[] } }[])[0]?.properties.groupIds,
    )
    expect(groups).toEqual([['blob'], ['queue'], ['table'], ['vault'], ['postgresqlServer']])
    const delegated = (serviceName: string) => ({ delegations: [{ properties: { serviceName } }] })
    expect(one(byDefault, 'Microsoft.Network/virtualNetworks').properties.subnets).toMatchObject([
      { name: 'app', properties: delegated('Microsoft.App/environments') },
      { name: 'load', properties: delegated('Microsoft.ContainerInstance/containerGroups') },
      { name: 'endpoints' },
    ])
  })

  // ---- The app ----------------------------------------------------------------------------------------------------

  test('runs the app on Node 24 with one instance always ready for durable functions', () => {
    expect(one(byDefault, 'Microsoft.Web/sites').properties.functionAppConfig).toMatchObject({
      runtime: { name: 'node', version: '24' },
      scaleAndConcurrency: { alwaysReady: [{ name: 'durable', instanceCount: 1 }] },
      deployment: { storage: { authentication: { type: 'UserAssignedIdentity' } } },
    })
  })

  test(
    'names every resource by the rules of its type, and differently in another environment',
    async () => {
      const names = (resources: Resource[]) => ({
        storage: one(resources, 'Microsoft.Storage/storageAccounts').name,
        vault: one(resources, 'Microsoft.KeyVault/vaults').name,
        registry: one(resources, 'Microsoft.ContainerRegistry/registries').name,
        server: one(resources, 'Microsoft.DBforPostgreSQL/flexibleServers').name,
        hub: (one(resources, 'Microsoft.Web/sites/config').properties as Record<string, string>)
          .AzureFunctionsJobHost__extensions__durableTask__hubName,
      })
      const rules = {
        storage: /^[a-z0-9]{3,24}$/,
        vault: /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/,
        registry: /^[a-z0-9]{5,50}$/,
        server: /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/,
        hub: /^[A-Za-z][A-Za-z0-9]{2,44}$/,
      }
      const first = names(byDefault)
      const second = names(await deployed({ environmentName: `'other'` }))
      for (const key of Object.keys(rules) as (keyof typeof rules)[]) {
        expect(first[key]).toMatch(rules[key])
        expect(second[key]).not.toBe(first[key])
      }
    },
    COMPILE_TIMEOUT_MS,
  )

  // ---- The server -------------------------------------------------------------------------------------------------

  test('creates a zone-redundant server with the tier of its SKU and a disk for 8000 commits a second', () => {
    const server = one(byDefault, 'Microsoft.DBforPostgreSQL/flexibleServers')
    expect(server.sku).toEqual({ name: 'Standard_E4ds_v5', tier: 'MemoryOptimized' })
    expect(server.properties).toMatchObject({
      availabilityZone: '1',
      highAvailability: { mode: 'ZoneRedundant', standbyAvailabilityZone: '2' },
      storage: { type: 'Premium_LRS', storageSizeGB: 128, tier: 'P30', autoGrow: 'Enabled' },
    })
  })

  test('gives each disk type its own properties only', () => {
    expect(one(openWithEntra, 'Microsoft.DBforPostgreSQL/flexibleServers').properties.storage).toEqual({
      type: 'PremiumV2_LRS',
      storageSizeGB: 128,
      iops: 6000,
      throughput: 250,
    })
  })

  test('adds only monitoring to an existing server', () => {
    const touched = onExisting.filter(({ type }) => type.startsWith('Microsoft.DBforPostgreSQL/'))
    expect(touched).toEqual([])
    const diagnostics = ofType(onExisting, 'Microsoft.Insights/diagnosticSettings').filter(({ id }) =>
      id?.startsWith(EXISTING),
    )
    expect(diagnostics).toHaveLength(1)
  })

  test('offers exactly the SKUs whose memory it knows', () => {
    const skus = JSON.parse(readFileSync(join(TEMPLATES, 'skus.json'), 'utf8')) as Record<string, unknown>
    expect([...(template.parameters?.serverSku?.allowedValues ?? [])].sort()).toEqual(Object.keys(skus).sort())
  })

  // ---- Storage ----------------------------------------------------------------------------------------------------

  test('deletes the blobs of old drills, and never those that outlive drills', () => {
    const { policy } = one(byDefault, 'Microsoft.Storage/storageAccounts/managementPolicies').properties as {
      policy: { rules: { definition: { filters: { prefixMatch: string[] } } }[] }
    }
    const prefixes = policy.rules.flatMap(({ definition }) => definition.filters.prefixMatch)
    expect(new Set(prefixes)).toEqual(new Set(['drills/drills/']))
    expect(`drills/${blobNames.summary('d1', 0)}`.startsWith('drills/drills/')).toBe(true)
  })

  // ---- Form -------------------------------------------------------------------------------------------------------

  test('uses released API versions; diagnostic settings never had one', () => {
    const versions = allTemplates(template).flatMap((part) => Object.values(part.resources))
    const preview = versions.filter(({ apiVersion }) => apiVersion?.includes('preview'))
    expect(new Set(preview.map(({ type }) => type))).toEqual(new Set(['Microsoft.Insights/diagnosticSettings']))
  })

  test('reaches every module', async () => {
    expect((await rootTemplates()).map((file) => basename(file)).sort()).toEqual(['main.bicep', 'main.bicepparam'])
  })

  test('fails its check with a wrong type, although the compiler only warns', async () => {
    if (bicep.kind === 'missing') throw new Error(bicep.why)
    const lines = await diagnosticsOf(bicep, join(import.meta.dirname, 'wrong-type.bicep'))
    expect(lines.map((line) => /Warning (\w+)/.exec(line)?.[1])).toEqual(['BCP036'])
  })
})

/** Who has which role on what kind of thing, in words and sorted. */
function assignments(resources: readonly Resource[]): string[] {
  const custom = new Map(
    ofType(resources, 'Microsoft.Authorization/roleDefinitions').map(({ name, properties }) => [
      name,
      String(properties.roleName).replace(/ \w{13}$/, ''),
    ]),
  )
  return ofType(resources, 'Microsoft.Authorization/roleAssignments')
    .map(({ id = '', properties }) => {
      const who = String(properties.principalId).includes('id-drill-app') ? 'app' : 'load'
      const roleId = lastName(String(properties.roleDefinitionId))
      return `${who}: ${BUILT_IN_ROLES[roleId] ?? custom.get(roleId)} on ${scopeOf(id)}`
    })
    .sort()
}

/** The kind of thing that an assignment is for. Its id is an expression, because it holds the id of an identity yet to be made. */
function scopeOf(id: string): string {
  if (id.startsWith('[resourceId(')) return 'rg-drill'
  if (id.startsWith('[subscriptionResourceId(')) return 'subscription'
  return scopeIdOf(id).split('/').at(-2) ?? ''
}

const scopeIdOf = (id: string): string => /^\[extensionResourceId\('([^']+)'/.exec(id)?.[1] ?? id
