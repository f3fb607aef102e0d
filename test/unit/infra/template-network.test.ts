/** Every component has a way to every other, in each network that the template can make or use. */
import { beforeAll, describe, expect, test } from 'vitest'
import { EXISTING_SERVER, OWN_NETWORK, REFUSED } from '../../../infra/azure/combinations.ts'
import { type Component, type Target, type Way, wayOf } from './reachability.ts'
import {
  appConfig,
  COMPILE_TIMEOUT_MS,
  combinations,
  deployed,
  lastName,
  ofType,
  one,
  type Resource,
  withCompiler,
} from './snapshot.ts'

const SERVER = 'Microsoft.DBforPostgreSQL/flexibleServers'

type Combinations = Awaited<ReturnType<typeof combinations>>
let all: Combinations

/** The owner of the server admits what the parameters name: see existingServerAccess and allowAzureServices. */
const BY_OWNER: ReadonlyArray<keyof Combinations> = ['existing-firewall', 'existing-public', 'existing-virtual-network']

const existing = { id: EXISTING_SERVER, type: SERVER, name: 'pg-prod', apiVersion: '', properties: {} }

function targetsOf(resources: readonly Resource[], from: Component): Target[] {
  const storage = one(resources, 'Microsoft.Storage/storageAccounts')
  const [server = existing] = ofType(resources, SERVER)
  const isOurs = server !== existing
  const cloud = (name: string): Target => ({ name, resource: null, group: '', port: 443, isOurs: true })
  const blob = { name: 'blob', resource: storage, group: 'blob', port: 443, isOurs: true }
  const ports = [5432, 6432].map((port) => ({
    ...{ name: `server:${port}`, resource: server, group: 'postgresqlServer', port, isOurs },
  }))
  if (from === 'load') return [blob, ...ports, cloud('Entra')]
  const host = ['queue', 'table'].map((group) => ({ ...blob, name: group, group }))
  const vault = { ...blob, name: 'vault', resource: one(resources, 'Microsoft.KeyVault/vaults'), group: 'vault' }
  return [blob, ...host, vault, ...ports, cloud('Entra'), cloud('Resource Manager'), cloud('registry')]
}

const waysOf = (name: keyof Combinations, resources = all[name]): Record<string, Way> =>
  Object.fromEntries(
    (['app', 'load'] as const).flatMap((from) =>
      targetsOf(resources, from).map((target) => [
        `${from} to ${target.name}`,
        wayOf(resources, from, target, BY_OWNER.includes(name) ? 'owner' : null),
      ]),
    ),
  )

const without = (resources: readonly Resource[], isGone: (resource: Resource) => boolean) =>
  resources.filter((resource) => !isGone(resource))

describe('the network', withCompiler, () => {
  beforeAll(async () => {
    all = await combinations()
  }, COMPILE_TIMEOUT_MS)

  test('gives app and load generators a way to everything they call, in every combination', () => {
    for (const name of Object.keys(all) as (keyof Combinations)[]) {
      const lost = Object.entries(waysOf(name)).filter(([, way]) => way === null)
      expect(lost, name).toEqual([])
    }
  })

  test('leads to server, storage and vault by private endpoints unless a parameter says otherwise', () => {
    const byEndpoint = (name: keyof Combinations) =>
      Object.entries(waysOf(name)).flatMap(([flow, way]) => (way === 'private endpoint' ? [flow] : []))
    const storage = ['app to blob', 'app to queue', 'app to table', 'app to vault', 'load to blob']
    const server = [5432, 6432].flatMap((port) => [`app to server:${port}`, `load to server:${port}`])
    for (const name of ['default', 'existing-endpoint', 'own-network', 'own-network-and-zones'] as const)
      expect(byEndpoint(name).sort(), name).toEqual([...storage, ...server].sort())
    for (const name of ['existing-firewall', 'existing-virtual-network'] as const)
      expect(byEndpoint(name).sort(), name).toEqual([...storage].sort())
    for (const name of ['public', 'existing-public'] as const) expect(byEndpoint(name), name).toEqual([])
  })

  // Each is a way that a component needs; without it the test of all ways must fail.
  test.each<[string, (resource: Resource) => boolean, string]>([
    ['the endpoint of the server', ({ name }) => name.startsWith('pe-postgres'), 'load to server:6432'],
    ['the link of the zones', ({ type }) => type.endsWith('/virtualNetworkLinks'), 'app to blob'],
    ['the records of the endpoints', ({ type }) => type.endsWith('/privateDnsZoneGroups'), 'app to vault'],
  ])('is found broken without %s', (_, isGone, flow) => {
    expect(waysOf('default', without(all.default, isGone))[flow]).toBeNull()
  })

  test('is found broken where a rule of a security group closes a port, and where a public server admits no address', () => {
    const closed = all.default.map((resource) =>
      resource.type === 'Microsoft.Network/networkSecurityGroups' ? withoutPort(resource, '6432') : resource,
    )
    expect(waysOf('default', closed)).toMatchObject({
      'load to server:6432': null,
      'load to server:5432': 'private endpoint',
    })
    const silent = without(all.public, ({ name }) => name.endsWith('/azure-services'))
    expect(waysOf('public', silent)['load to server:6432']).toBeNull()
  })

  test('lets nothing of it be reached from the internet but the app and the registry', () => {
    for (const type of ['Microsoft.Storage/storageAccounts', 'Microsoft.KeyVault/vaults'])
      expect(one(all.default, type).properties.publicNetworkAccess).toBe('Disabled')
    expect(one(all.default, SERVER).properties.network).toEqual({ publicNetworkAccess: 'Disabled' })
    expect(ofType(all.default, `${SERVER}/firewallRules`)).toEqual([])
  })

  test('admits addresses of all customers of Azure only where the parameter says so', () => {
    const open = Object.entries(all).filter(([, resources]) => JSON.stringify(resources).includes('0.0.0.0'))
    expect(open.map(([name]) => name)).toEqual(['public'])
    const rules = ofType(all.public, `${SERVER}/firewallRules`)
    expect(rules.map(({ name, properties }) => [lastName(name), properties.startIpAddress])).toEqual([
      ['azure-services', '0.0.0.0'],
      ['office', '203.0.113.7'],
    ])
  })

  test('gives containers a subnet of their own and a gateway, and closes ports that nothing uses', () => {
    const subnets = one(all.default, 'Microsoft.Network/virtualNetworks').properties.subnets as {
      name: string
      properties: {
        addressPrefix: string
        natGateway?: unknown
        networkSecurityGroup?: unknown
        delegations?: { properties: { serviceName: string } }[]
      }
    }[]
    expect(
      subnets.map(({ name, properties }) => [
        name,
        properties.addressPrefix,
        properties.delegations?.[0]?.properties.serviceName,
        properties.natGateway !== undefined,
        properties.networkSecurityGroup !== undefined,
      ]),
    ).toEqual([
      ['app', '10.77.0.0/26', 'Microsoft.App/environments', true, true],
      ['load', '10.77.0.64/26', 'Microsoft.ContainerInstance/containerGroups', true, true],
      ['endpoints', '10.77.0.128/26', undefined, false, true],
    ])
    const target = { name: 'a probe', resource: null, group: '', port: 8080, isOurs: true }
    expect(wayOf(all.default, 'load', target, null)).toBeNull()
    expect(wayOf(all['zone-redundant-egress'], 'load', target, null)).toBe('internet')
  })

  test('of your own is used as it is: nothing is made there but endpoints, and a link where zones are made', () => {
    const made = (name: 'own-network' | 'own-network-and-zones') =>
      new Set(all[name].map(({ type }) => type).filter((type) => /^Microsoft\.Network\//.test(type)))
    expect(made('own-network-and-zones')).toEqual(
      new Set(['Microsoft.Network/privateEndpoints', 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups']),
    )
    expect([...made('own-network')]).toEqual(
      expect.arrayContaining(['Microsoft.Network/privateDnsZones/virtualNetworkLinks']),
    )
    expect(made('own-network').has('Microsoft.Network/virtualNetworks')).toBe(false)
    expect(one(all['own-network'], 'Microsoft.Web/sites').properties.virtualNetworkSubnetId).toBe(
      `${OWN_NETWORK}/subnets/app`,
    )
  })

  test('without any network is refused unless the server admits the addresses of Azure', () => {
    const refused = REFUSED.flatMap(({ says }) => says).filter((text) => text.startsWith('privateNetwork=false'))
    expect(refused).toHaveLength(1)
    expect(all.public.filter(({ type }) => type.startsWith('Microsoft.Network/'))).toEqual([])
  })

  test(
    'stops a deployment whose parameters do not work together, with every reason',
    async () => {
      for (const { parameters, says } of REFUSED.slice(0, 1)) {
        const error = await deployed(parameters).then(
          () => '',
          (failure: unknown) => String(failure),
        )
        for (const text of says) expect(error).toContain(text)
      }
    },
    COMPILE_TIMEOUT_MS,
  )

  // ---- Callers ------------------------------------------------------------------------------------------------------

  test('admits callers and deployments from every address, from the named ones, or by a private endpoint only', () => {
    const site = (name: keyof Combinations) => one(all[name], 'Microsoft.Web/sites').properties
    expect(site('default')).toMatchObject({ publicNetworkAccess: 'Enabled', httpsOnly: true })
    expect(site('default').siteConfig as object).not.toHaveProperty('ipSecurityRestrictions')
    expect(site('entra')).toMatchObject({
      publicNetworkAccess: 'Disabled',
      siteConfig: {
        ipSecurityRestrictions: [{ name: 'office', ipAddress: '203.0.113.0/24', action: 'Allow', priority: 100 }],
        ipSecurityRestrictionsDefaultAction: 'Deny',
        scmIpSecurityRestrictionsUseMain: true,
      },
    })
    const ofApp = ofType(all.entra, 'Microsoft.Network/privateEndpoints').filter(({ name }) =>
      name.startsWith('pe-app'),
    )
    expect(ofApp).toHaveLength(1)
  })

  test('puts the platform in front of the app with entra, without a secret, and switches it off with keys', () => {
    expect(appConfig(all.entra, 'authsettingsV2').properties).toMatchObject({
      platform: { enabled: true },
      globalValidation: { requireAuthentication: true },
      identityProviders: {
        azureActiveDirectory: {
          enabled: true,
          registration: {
            clientId: '44444444-4444-4444-4444-444444444444',
            clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
          },
          validation: {
            allowedAudiences: ['44444444-4444-4444-4444-444444444444', 'api://44444444-4444-4444-4444-444444444444'],
          },
        },
      },
    })
    expect(appConfig(all.entra, 'appsettings').properties).toMatchObject({ API_AUTH: 'entra' })
    expect(appConfig(all.default, 'authsettingsV2').properties).toMatchObject({
      platform: { enabled: false },
      globalValidation: { requireAuthentication: false },
    })
    expect(appConfig(all.default, 'appsettings').properties).toMatchObject({ API_AUTH: 'keys' })
  })
})

interface SecurityRule {
  readonly properties: { readonly destinationPortRanges?: readonly string[]; readonly access: string }
}

/** The group without that port in its allowing rules, and with a rule that refuses what is left. */
function withoutPort(group: Resource, port: string): Resource {
  const rules = (group.properties.securityRules as SecurityRule[]).map((rule) => ({
    ...rule,
    properties: {
      ...rule.properties,
      destinationPortRanges: rule.properties.destinationPortRanges?.filter((one) => one !== port),
    },
  }))
  return { ...group, properties: { ...group.properties, securityRules: rules } }
}
