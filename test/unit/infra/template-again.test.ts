/**
 * A second deployment: drills have swapped the zones of the server, its disk has grown, the release tool has built an image. What the
 * template sends then must hold nothing that the platform refuses, and must change nothing that was generated.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  allTemplates,
  appSettings,
  COMPILE_TIMEOUT_MS,
  combinations,
  compiled,
  deployed,
  lastName,
  ofType,
  one,
  type Resource,
  type Template,
  withCompiler,
} from './snapshot.ts'

const SERVER = 'Microsoft.DBforPostgreSQL/flexibleServers'

type Properties = Readonly<Record<string, unknown>>

/** What the platform answers to a request for a resource that exists; null: it accepts. */
type Rule = (before: Resource, sent: Resource) => string | null

const property = (resource: Resource, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Properties | undefined)?.[key], resource)

const fixed =
  (...paths: string[]): Rule =>
  (before, sent) => {
    const changed = paths.find(
      (path) => JSON.stringify(property(before, path)) !== JSON.stringify(property(sent, path)),
    )
    return changed === undefined ? null : `${changed} cannot be changed`
  }

/** Only what the body names is a change: the platform chose the rest. */
const fixedIfSent =
  (...paths: string[]): Rule =>
  (before, sent) =>
    fixed(...paths.filter((path) => property(sent, path) !== undefined))(before, sent)

/** hashicorp/terraform-provider-azurerm 13507 (zones), astronomer/deploy-action 33 (disk), and the platform's reference of each type. */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  [SERVER]: [
    fixedIfSent('properties.availabilityZone', 'properties.highAvailability.standbyAvailabilityZone'),
    fixedIfSent('properties.administratorLogin', 'properties.version'),
    (before, sent) =>
      Number(property(sent, 'properties.storage.storageSizeGB')) <
      Number(property(before, 'properties.storage.storageSizeGB'))
        ? 'the disk cannot shrink'
        : null,
  ],
  'Microsoft.Authorization/roleAssignments': [fixed('properties.principalId', 'properties.roleDefinitionId')],
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks': [fixed('properties.virtualNetwork')],
  'Microsoft.Network/privateEndpoints': [fixed('properties.subnet')],
  'Microsoft.Network/natGateways': [fixed('sku', 'zones')],
  'Microsoft.Network/publicIPAddresses': [fixed('sku', 'zones')],
  'Microsoft.Consumption/budgets': [fixed('properties.timePeriod')],
  'Microsoft.KeyVault/vaults': [
    (before, sent) =>
      property(before, 'properties.enablePurgeProtection') === true &&
      property(sent, 'properties.enablePurgeProtection') === false
        ? 'purge protection cannot be switched off'
        : null,
  ],
}

const refusals = (before: readonly Resource[], sent: readonly Resource[]): string[] =>
  sent.flatMap((resource) => {
    const existing = before.find(({ id }) => id === resource.id)
    if (existing === undefined) return []
    return (RULES[resource.type] ?? []).flatMap((rule) => {
      const refusal = rule(existing, resource)
      return refusal === null ? [] : [`${resource.type}: ${refusal}`]
    })
  })

/** What an odd number of failovers and a full disk leave behind. The platform names the zones that it chose. */
const afterDrills = (resources: readonly Resource[]): Resource[] =>
  resources.map((resource) => {
    if (resource.type !== SERVER) return resource
    const { availabilityZone = '1', highAvailability, storage, ...rest } = resource.properties
    const { standbyAvailabilityZone = '2', ...ha } = highAvailability as Properties
    const { storageSizeGB, ...disk } = storage as Properties
    const swapped = { ...ha, standbyAvailabilityZone: availabilityZone }
    const properties = {
      ...rest,
      availabilityZone: standbyAvailabilityZone,
      highAvailability: swapped,
      storage: { ...disk, storageSizeGB: Number(storageSizeGB) * 2 },
    }
    return { ...resource, properties }
  })

let template: Template
let all: Awaited<ReturnType<typeof combinations>>

describe('a second deployment', withCompiler, () => {
  beforeAll(async () => {
    ;[template, all] = await Promise.all([compiled(), combinations()])
  }, COMPILE_TIMEOUT_MS)

  /** Resource types that a template run creates and never changes: every resource of the type has the decorator. */
  const createdOnce = (): Set<string> => {
    const resources = allTemplates(template).flatMap((part) => Object.values(part.resources))
    const own = resources.filter(({ existing }) => existing !== true)
    const decorated = (type: string) => own.filter((resource) => resource.type === type).map((r) => r['@options'])
    const types = new Set(own.map(({ type }) => type))
    return new Set([...types].filter((type) => decorated(type).every((options) => options?.onlyIfNotExists)))
  }
  const sentAgain = (resources: readonly Resource[]) => resources.filter(({ type }) => !createdOnce().has(type))

  test('never sends the server, its database, its administrator or a budget again', () => {
    expect([...createdOnce()].sort()).toEqual([
      'Microsoft.Consumption/budgets',
      SERVER,
      `${SERVER}/administrators`,
      `${SERVER}/databases`,
    ])
  })

  test('is refused by no rule of the platform, in any combination, after zones were swapped and the disk grew', () => {
    for (const [name, resources] of Object.entries(all))
      expect(refusals(afterDrills(resources), sentAgain(resources)), name).toEqual([])
  })

  test('would be refused with the zones and the size of its first one, if the server were sent', () => {
    expect(refusals(afterDrills(all.zones), all.zones)).toEqual([
      `${SERVER}: properties.availabilityZone cannot be changed`,
      `${SERVER}: the disk cannot shrink`,
    ])
  })

  test('names no zone by default, and the disk does not grow by itself: a check of the body finds nothing either', () => {
    const { availabilityZone, highAvailability, storage } = one(all.default, SERVER).properties
    expect(availabilityZone).toBeUndefined()
    expect(highAvailability).toEqual({ mode: 'ZoneRedundant' })
    expect(storage).toMatchObject({ autoGrow: 'Disabled' })
  })

  test('passes on the zones and the disk that the release tool gives', () => {
    expect(one(all.zones, SERVER).properties).toMatchObject({
      availabilityZone: '1',
      highAvailability: { mode: 'ZoneRedundant', standbyAvailabilityZone: '2' },
      storage: { storageSizeGB: 256, autoGrow: 'Enabled' },
    })
  })

  test('generates nothing again: what newGuid or utcNow made is written only where nothing exists', () => {
    const generating = allTemplates(template).filter(({ parameters = {} }) =>
      Object.values(parameters).some(({ defaultValue }) => /newGuid\(|utcNow\(/.test(String(defaultValue))),
    )
    expect(generating.length).toBeGreaterThan(0)
    for (const { resources } of generating)
      for (const resource of Object.values(resources))
        expect(resource.existing === true || resource['@options']?.onlyIfNotExists !== undefined).toBe(true)
  })

  test('reads the password of a new server from the vault, the same that the app reads', () => {
    const database = allTemplates(template)
      .flatMap((part) => Object.values(part.resources))
      .find(({ properties }) => properties?.template?.parameters?.administratorPassword !== undefined)
    const parameters = database?.properties?.parameters as Readonly<Record<string, unknown>>
    expect(JSON.stringify(parameters.administratorPassword)).toMatch(/'reference'.*'keyVault'.*'postgres-app'/)
    const vault = one(all.password, 'Microsoft.KeyVault/vaults')
    expect(vault.properties).toMatchObject({
      enabledForTemplateDeployment: true,
      networkAcls: { bypass: 'AzureServices' },
    })
    expect(appSettings(all.password).POSTGRES_PASSWORD).toMatch(/secrets\/.*postgres-app/)
  })

  test('writes secrets that are given, and keeps the password of an existing server when none is given', () => {
    const secrets = (resources: readonly Resource[]) =>
      ofType(resources, 'Microsoft.KeyVault/vaults/secrets').map(({ name }) => lastName(name))
    expect(secrets(all.password)).toEqual(['postgres-app', 'postgres-load', 'webhook'])
    expect(secrets(all['existing-kept-password'])).toEqual(['postgres-load'])
    const app = appSettings(all['existing-kept-password'])
    expect(app.POSTGRES_PASSWORD).toMatch(/secrets\/.*postgres-app/)
  })

  test('keeps the image that the release tool wrote to the tag of the resource group', () => {
    const { LOADGEN_IMAGE = '' } = appSettings(all.default)
    expect(LOADGEN_IMAGE).toMatch(/^\[coalesce\(tryGet\(resourceGroup\(\)\.tags, 'drill-image-\w{13}'\), /)
  })

  test('with another gateway makes a new one: SKU and zone of one that exists are fixed', () => {
    const gateways = [all.default, all.zones, all['zone-redundant-egress']].map(
      (resources) => lastName(one(resources, 'Microsoft.Network/natGateways').name).split('-nat')[1],
    )
    expect(gateways).toEqual(['', '-zone-3', '-v2'])
  })

  test(
    'of another environment in the same group shares private DNS zones and nothing else',
    async () => {
      const [first, second] = await Promise.all([deployed(), deployed({ environmentName: `'other'` })])
      const ids = new Set(first.map(({ id }) => id))
      const shared = second.filter(({ id }) => ids.has(id))
      expect(new Set(shared.map(({ type }) => type))).toEqual(new Set(['Microsoft.Network/privateDnsZones']))
      for (const zone of shared) expect(zone).toEqual(first.find(({ id }) => id === zone.id))
    },
    COMPILE_TIMEOUT_MS,
  )

  test('of another environment has deployments of other names', () => {
    const names = allTemplates(template)
      .flatMap((part) => Object.values(part.resources))
      .filter(({ type }) => type === 'Microsoft.Resources/deployments')
      .map((resource) => String((resource as { name?: unknown }).name))
    expect(names.length).toBeGreaterThan(15)
    expect(names.filter((name) => !/(variables|parameters)\('token'\)/.test(name))).toEqual([])
  })

  test('assigns custom roles only after the app, long after their definitions', () => {
    const after = (name: string): string[] =>
      (template.resources[name]?.dependsOn ?? []).flatMap((other) => [other, ...after(other)])
    for (const assignment of ['customAccess', 'subscriptionAccess']) expect(after(assignment)).toContain('functions')
    expect(after('customAccess')).toEqual(expect.arrayContaining(['failoverOperator', 'subnetJoiner']))
    expect(after('subscriptionAccess')).toContain('subscriptionRole')
    // Nothing that takes long comes before the definitions.
    for (const role of ['failoverOperator', 'subnetJoiner', 'subscriptionRole'])
      expect(after(role).filter((name) => ['database', 'functions', 'storage'].includes(name))).toEqual([])
  })
})
