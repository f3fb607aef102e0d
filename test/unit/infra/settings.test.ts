/** The template sets every setting that the code reads, except the listed ones, and no other. */
import { beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../../functions/config/config.ts'
import { SETTINGS, type Setting } from '../../../functions/config/settings.ts'
import { parseImageReference } from '../../../functions/platform/image-reference.ts'
import { appSettings, bicep, COMPILE_TIMEOUT_MS, deployed } from './snapshot.ts'

/** Settings of the Functions host, not of the app. */
const HOST_SETTINGS = [
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__queueServiceUri',
  'AzureWebJobsStorage__tableServiceUri',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'AzureFunctionsJobHost__extensions__durableTask__hubName',
]

/** Settings whose default fits Azure. */
const LEFT_AT_DEFAULT = ['POSTGRES_PORT_DIRECT', 'POSTGRES_PORT_PGBOUNCER', 'POSTGRES_TLS']

const EXISTING =
  '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-prod'

const CASES = {
  'the default deployment': {},
  'one with Entra, without a network and without a schedule': {
    authentication: `'entra'`,
    privateNetwork: 'false',
    dailyDrillSchedule: `''`,
  },
  'one against an existing server, with a webhook': {
    existingServerId: `'${EXISTING}'`,
    webhookUrl: `'https://example.com/hook'`,
    loadgenImage: `'registry.example.com/loadgen@sha256:${'a'.repeat(64)}'`,
  },
  'one in a region whose prices are unknown': { location: `'japaneast'` },
} as const
type Case = keyof typeof CASES
const caseNames = Object.keys(CASES) as Case[]

const set = new Map<Case, Record<string, string>>()
const settingsOf = (name: Case) => set.get(name) ?? {}
const named = (wanted: (setting: Setting) => boolean) => SETTINGS.filter(wanted).map(({ name }) => name)

describe.skipIf(bicep.kind === 'missing')('the settings of', () => {
  beforeAll(async () => {
    const all = await Promise.all(caseNames.map((name) => deployed(CASES[name])))
    for (const [i, name] of caseNames.entries()) set.set(name, appSettings(all[i] ?? []))
  }, COMPILE_TIMEOUT_MS)

  test('all deployments together are those that the code reads, plus those of the host', () => {
    const inTemplate = new Set([...set.values()].flatMap((settings) => Object.keys(settings)))
    const inCode = named(({ where }) => where === 'azure').filter((name) => !LEFT_AT_DEFAULT.includes(name))
    expect([...inTemplate].sort()).toEqual([...HOST_SETTINGS, ...inCode].sort())
  })

  test.each(caseNames)('%s are complete and well-formed for the code that reads them', (name) => {
    expect(() => readConfig(asAzureGivesThem(settingsOf(name)))).not.toThrow()
  })

  test('the default deployment name an image that the app can look up before it exists', () => {
    const { LOADGEN_IMAGE = '' } = asAzureGivesThem(settingsOf('the default deployment'))
    expect(parseImageReference(LOADGEN_IMAGE)).toMatchObject({ repository: 'pg-failover-drill/loadgen' })
  })

  test.each(caseNames)('%s hold references to the vault and no secret', (name) => {
    const secrets = named(({ secret }) => secret).filter((secret) => settingsOf(name)[secret] !== undefined)
    expect(
      secrets.filter((secret) => !/@Microsoft\.KeyVault\(SecretUri=/.test(settingsOf(name)[secret] ?? '')),
    ).toEqual([])
  })

  test('the default deployment name both generated passwords by version', () => {
    const config = settingsOf('the default deployment')
    expect(config.POSTGRES_PASSWORD).toMatch(/postgres-app.*secretUriWithVersion/)
    expect(config.LOADGEN_POSTGRES_PASSWORD).toMatch(/postgres-load.*secretUriWithVersion/)
    expect(config.LOADGEN_POSTGRES_USER).toBe('drill_load')
  })

  test('the default deployment let the daily drill create its tables and renew the password of its role', () => {
    const { daily } = readConfig(asAzureGivesThem(settingsOf('the default deployment')))
    expect(daily).toEqual({ schedule: '0 0 2 * * *', request: { migrate: true } })
  })

  test('one against an existing server schedule no drill and no migration', () => {
    const { daily } = readConfig(asAzureGivesThem(settingsOf('one against an existing server, with a webhook')))
    expect(daily).toEqual({ schedule: null, request: {} })
  })

  test('one with Entra log in as the identity and hold no password', () => {
    const config = settingsOf('one with Entra, without a network and without a schedule')
    expect(config.POSTGRES_USER).toMatch(/^id-drill-app-/)
    expect(config.LOADGEN_POSTGRES_USER).toMatch(/^id-drill-load-/)
    expect(Object.keys(config).filter((key) => key.includes('PASSWORD'))).toEqual([])
  })

  test('one against an existing server name that server', () => {
    expect(settingsOf('one against an existing server, with a webhook')).toMatchObject({
      POSTGRES_SERVER: 'pg-prod',
      POSTGRES_RESOURCE_GROUP: 'rg-data',
      DRILL_RESOURCE_GROUP: 'rg-drill',
      LOADGEN_IMAGE: `registry.example.com/loadgen@sha256:${'a'.repeat(64)}`,
      NOTIFY_WEBHOOK_URL: 'https://example.com/hook',
    })
  })

  test('one in a region without known prices hold no price', () => {
    const prices = (name: Case) => Object.keys(settingsOf(name)).filter((key) => key.startsWith('PRICE_'))
    expect(prices('one in a region whose prices are unknown')).toEqual([])
    expect(prices('the default deployment')).toHaveLength(4)
  })
})

/** Replaces expressions that only Azure can evaluate by values of the right form. */
function asAzureGivesThem(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, resolved(name, value)]))
}

/** Values of a deployment, by the form of the setting. */
const KNOWN_TO_AZURE: Readonly<Record<string, string>> = {
  uuid: '33333333-3333-3333-3333-333333333333',
  server: 'psql-drill-abc',
  resourceGroup: 'rg-drill',
  region: 'swedencentral',
  role: 'id-drill-app-abc',
  host: 'psql-drill-abc.postgres.database.azure.com',
  endpoint: 'https://management.azure.com/',
  containerUrl: 'https://stdrillabc.blob.core.windows.net/drills',
  identityId:
    '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-drill/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-drill-load-abc',
  subnetId:
    '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-drill/providers/Microsoft.Network/virtualNetworks/vnet-drill-abc/subnets/load',
}

function resolved(name: string, value: string): string {
  if (!value.startsWith('[')) return value
  const form = SETTINGS.find((setting) => setting.name === name)?.form ?? ''
  if (form === 'image') return `registry.example.com${/^\[format\('\{0\}(\/[^']+)'/.exec(value)?.[1]}`
  return KNOWN_TO_AZURE[form] ?? 'known-to-azure'
}
