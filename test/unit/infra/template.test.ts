/** The compiled template as data: resources, roles, secrets, networks. */
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { diagnosticsOf, rootTemplates } from '../../../infra/azure/check.ts'
import { EXISTING_SERVER as EXISTING } from '../../../infra/azure/combinations.ts'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import {
  allTemplates,
  appSettings,
  bicep,
  COMPILE_TIMEOUT_MS,
  combinations,
  compiled,
  lastName,
  ofType,
  one,
  type Resource,
  type Template,
  withCompiler,
} from './snapshot.ts'

let template: Template
let all: Awaited<ReturnType<typeof combinations>>
let byDefault: readonly Resource[]
let onExisting: readonly Resource[]

describe('main.bicep', withCompiler, () => {
  beforeAll(async () => {
    ;[template, all] = await Promise.all([compiled(), combinations()])
    byDefault = all.default
    onExisting = all['existing-kept-password']
  }, COMPILE_TIMEOUT_MS)

  // ---- Secrets ----------------------------------------------------------------------------------------------------

  test('has no output that shows a secret, and never asks Azure for a key', () => {
    for (const part of allTemplates(template)) {
      const secure = Object.entries(part.parameters ?? {}).filter(([, { type }]) => /^secure/i.test(type))
      const outputs = JSON.stringify(part.outputs ?? {})
      expect(secure.filter(([name]) => outputs.includes(`parameters('${name}')`))).toEqual([])
    }
    expect(JSON.stringify(template)).not.toMatch(/listKeys|listCredentials|listAccountSas|listSecrets/i)
  })

  test('takes each secret from the operator or generates it, and has no default for one', () => {
    const secure = allTemplates(template).flatMap(({ parameters = {} }) =>
      Object.values(parameters).filter(({ type }) => /^secure/i.test(type)),
    )
    const defaults = new Set(secure.map(({ defaultValue }) => defaultValue))
    expect(defaults).toEqual(new Set(['', undefined, '[newGuid()]']))
  })

  test('passes secrets on to modules as secrets', () => {
    const names = allTemplates(template).flatMap((part) => Object.entries(part.parameters ?? {}))
    const secretLike = names.filter(([name]) => /password|^value$|webhookSecret/i.test(name))
    expect(new Set(secretLike.map(([, { type }]) => type))).toEqual(new Set(['securestring']))
  })

  test('has no password at all by default, and in the vault where it is asked for', () => {
    const secrets = (resources: readonly Resource[]) =>
      ofType(resources, 'Microsoft.KeyVault/vaults/secrets').map(({ name }) => lastName(name))
    const auth = (resources: readonly Resource[]) =>
      one(resources, 'Microsoft.DBforPostgreSQL/flexibleServers').properties
    expect(secrets(byDefault)).toEqual([])
    expect(auth(byDefault)).toMatchObject({ authConfig: { passwordAuth: 'Disabled', activeDirectoryAuth: 'Enabled' } })
    expect(auth(byDefault)).not.toHaveProperty('administratorLoginPassword')
    expect(ofType(byDefault, 'Microsoft.DBforPostgreSQL/flexibleServers/administrators')).toHaveLength(1)
    expect(secrets(all.password)).toEqual(['postgres-app', 'postgres-load', 'webhook'])
    expect(auth(all.password)).toMatchObject({
      authConfig: { passwordAuth: 'Enabled' },
      administratorLogin: 'drilladmin',
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

  // ---- The app ----------------------------------------------------------------------------------------------------

  test('runs the app on Node 24 with one instance always ready for durable functions', () => {
    expect(one(byDefault, 'Microsoft.Web/sites').properties.functionAppConfig).toMatchObject({
      runtime: { name: 'node', version: '24' },
      scaleAndConcurrency: { maximumInstanceCount: 5, alwaysReady: [{ name: 'durable', instanceCount: 1 }] },
      deployment: { storage: { authentication: { type: 'UserAssignedIdentity' } } },
    })
  })

  test('names every resource by the rules of its type', () => {
    const names = (resources: readonly Resource[]) => ({
      storage: one(resources, 'Microsoft.Storage/storageAccounts').name,
      vault: one(resources, 'Microsoft.KeyVault/vaults').name,
      registry: one(resources, 'Microsoft.ContainerRegistry/registries').name,
      server: one(resources, 'Microsoft.DBforPostgreSQL/flexibleServers').name,
      hub: appSettings(resources).DRILL_TASK_HUB,
    })
    const rules = {
      storage: /^[a-z0-9]{3,24}$/,
      vault: /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/,
      registry: /^[a-z0-9]{5,50}$/,
      server: /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/,
      hub: /^[A-Za-z][A-Za-z0-9]{2,44}$/,
    }
    const own = names(byDefault)
    for (const key of Object.keys(rules) as (keyof typeof rules)[]) expect(own[key]).toMatch(rules[key])
  })

  test('spreads the app over zones where that is asked for', () => {
    expect(one(byDefault, 'Microsoft.Web/serverfarms').properties.zoneRedundant).toBe(false)
    expect(one(all.zones, 'Microsoft.Web/serverfarms').properties.zoneRedundant).toBe(true)
    expect(one(all.zones, 'Microsoft.Web/sites').properties).toMatchObject({
      functionAppConfig: { scaleAndConcurrency: { alwaysReady: [{ name: 'durable', instanceCount: 2 }] } },
    })
    expect(appSettings(all.zones).LOADGEN_ZONES).toBe('2,3')
  })

  // ---- The server -------------------------------------------------------------------------------------------------

  test('creates a zone-redundant server with the tier of its SKU and a disk for 8000 commits a second', () => {
    const server = one(byDefault, 'Microsoft.DBforPostgreSQL/flexibleServers')
    expect(server.sku).toEqual({ name: 'Standard_E4ds_v5', tier: 'MemoryOptimized' })
    expect(server.properties).toMatchObject({
      highAvailability: { mode: 'ZoneRedundant' },
      storage: { type: 'Premium_LRS', storageSizeGB: 128, tier: 'P30', autoGrow: 'Disabled' },
    })
  })

  test('gives each disk type its own properties only', () => {
    expect(one(all['same-zone-disk-v2'], 'Microsoft.DBforPostgreSQL/flexibleServers').properties.storage).toEqual({
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

  test('takes a new server with every version that Azure offers', () => {
    expect(template.parameters?.serverVersion?.allowedValues).toEqual(['15', '16', '17', '18'])
    expect(one(all['same-zone-disk-v2'], 'Microsoft.DBforPostgreSQL/flexibleServers')).toMatchObject({
      sku: { name: 'Standard_D4ds_v5', tier: 'GeneralPurpose' },
      properties: { version: '18', highAvailability: { mode: 'SameZone' } },
    })
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
