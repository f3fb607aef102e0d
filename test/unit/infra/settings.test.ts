/** The template sets every setting that the code reads, except the listed ones, and no other. */
import { beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../../functions/config/config.ts'
import { SETTINGS, type Setting } from '../../../functions/config/settings.ts'
import { parseImageReference } from '../../../functions/platform/image-reference.ts'
import { OWN_NETWORK } from '../../../infra/azure/combinations.ts'
import { appSettings, COMPILE_TIMEOUT_MS, combinations, withCompiler } from './snapshot.ts'

/** Settings of the Functions host, not of the app. */
const HOST_SETTINGS = [
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__queueServiceUri',
  'AzureWebJobsStorage__tableServiceUri',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'DRILL_TASK_HUB',
  // The platform's authentication, with entra.
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
]

/** Settings whose default fits Azure. */
const LEFT_AT_DEFAULT = [
  'POSTGRES_PORT_DIRECT',
  'POSTGRES_PORT_PGBOUNCER',
  'POSTGRES_TLS',
  'DAILY_DRILL_STOP_AFTER_FAILURES',
  'DRILL_REQUEST_DEFAULTS',
]

/** By the names of the combinations that `npm run check:templates` evaluates. */
const CASES = {
  default: 'the default deployment',
  password: 'one with passwords and a webhook',
  public: 'one without a network and without a schedule',
  entra: 'one with callers of Microsoft Entra',
  'existing-endpoint': 'one against an existing server',
  zones: 'one with zones',
  'existing-virtual-network': 'one in a network of your own',
  'landing-zone': 'one in a region whose prices are unknown',
  'more-servers': 'one with more servers',
} as const
type Case = keyof typeof CASES
const caseNames = Object.keys(CASES) as Case[]

const cases = caseNames.map((name) => ({ name, title: CASES[name] }))

const set = new Map<Case, Record<string, string>>()
const settingsOf = (name: Case) => set.get(name) ?? {}
const named = (wanted: (setting: Setting) => boolean) => SETTINGS.filter(wanted).map(({ name }) => name)

describe('the settings of', withCompiler, () => {
  beforeAll(async () => {
    const all = await combinations()
    for (const name of caseNames) set.set(name, appSettings(all[name]))
  }, COMPILE_TIMEOUT_MS)

  test('all deployments together are those that the code reads, plus those of the host', () => {
    const ofProbes = (name: string) => /^(PROBE|TARGET)_SECRET_/.test(name)
    const all = [...set.values()].flatMap((settings) => Object.keys(settings))
    const inTemplate = new Set(all.filter((name) => !ofProbes(name)))
    const inCode = named(({ where }) => where === 'azure').filter((name) => !LEFT_AT_DEFAULT.includes(name))
    expect([...inTemplate].sort()).toEqual([...HOST_SETTINGS, ...inCode].sort())
  })

  test.each(cases)('$title are complete and well-formed for the code that reads them', ({ name }) => {
    expect(() => readConfig(asAzureGivesThem(settingsOf(name)))).not.toThrow()
  })

  test('the default deployment name an image that the app can look up before it exists', () => {
    const { LOADGEN_IMAGE = '' } = asAzureGivesThem(settingsOf('default'))
    expect(parseImageReference(LOADGEN_IMAGE)).toMatchObject({ repository: 'pg-failover-drill/loadgen' })
  })

  test.each(cases)('$title hold references to the vault and no secret', ({ name }) => {
    const secrets = named(({ secret }) => secret).filter((secret) => settingsOf(name)[secret] !== undefined)
    expect(
      secrets.filter((secret) => !/@Microsoft\.KeyVault\(SecretUri=/.test(settingsOf(name)[secret] ?? '')),
    ).toEqual([])
  })

  test('one with passwords name both by the newest version, which no deployment changes', () => {
    const config = settingsOf('password')
    expect(config.POSTGRES_PASSWORD).toMatch(/secrets\/.*'postgres-app'/)
    expect(config.LOADGEN_POSTGRES_PASSWORD).toMatch(/secrets\/.*'postgres-load'/)
    expect(config).toMatchObject({ POSTGRES_USER: 'drilladmin', LOADGEN_POSTGRES_USER: 'drill_load' })
    expect(config.NOTIFY_WEBHOOK_URL).toBe('https://example.com/hook')
  })

  test('the default deployment let the daily drill create its tables and renew the password of its role', () => {
    const [only] = readConfig(asAzureGivesThem(settingsOf('default'))).targets
    expect(only?.daily).toMatchObject({
      schedule: '0 0 2 * * *',
      request: { migrate: true },
      stopServerBetweenDrills: false,
    })
  })

  test('one against an existing server schedule no drill and no migration', () => {
    const [only] = readConfig(asAzureGivesThem(settingsOf('existing-endpoint'))).targets
    expect(only?.daily).toMatchObject({ schedule: null, request: {}, stopServerBetweenDrills: false })
  })

  test('one with more servers list all of them, each with its own schedule, request and secrets', () => {
    const settings = asAzureGivesThem(settingsOf('more-servers'))
    const { targets } = readConfig(settings)
    expect(targets.map(({ name, target, daily }) => [name, target.server, daily.schedule, daily.request])).toEqual([
      ['first', expect.stringMatching(/^psql-drill-\w{13}$/), '0 0 2 * * *', { migrate: true }],
      ['billing', 'pg-prod', '0 0 3 * * *', { migrate: true }],
      ['shop', 'pg-prod-2', null, {}],
      ['billing-load', 'pg-prod-3', null, {}],
    ])
    expect(targets[1]?.postgres).toMatchObject({ app: { user: 'billing_admin' }, load: { user: 'billing_load' } })
    expect(targets[2]).toMatchObject({ requestDefaults: { targetTps: 500 }, target: { database: 'shop' } })
    expect(targets[2]?.daily.stopAfterFailures).toBe(5)
    const secrets = Object.entries(settingsOf('more-servers')).filter(([name]) => name.startsWith('TARGET_SECRET_'))
    // No two servers share a setting.
    expect(new Map(secrets.map(([name, value]) => [name, /secrets\/.*?'?([a-z-]+)'?\)/s.exec(value)?.[1]]))).toEqual(
      new Map([
        ['TARGET_SECRET_BILLING_APP', 'billing'],
        ['TARGET_SECRET_BILLING_LOAD', 'billing-load'],
        ['TARGET_SECRET_BILLING_LOAD_APP', 'third'],
      ]),
    )
  })

  test('the default deployment log in as the identities, each with a role of its own, and hold no password', () => {
    const config = settingsOf('default')
    expect(config.POSTGRES_USER).toMatch(/^id-drill-app-/)
    expect(config.LOADGEN_POSTGRES_USER).toMatch(/^id-drill-load-/)
    expect(Object.keys(config).filter((key) => key.includes('PASSWORD'))).toEqual([])
  })

  test('a new server leave its host to the code, which knows the name in the cloud', () => {
    expect(settingsOf('default')).not.toHaveProperty('POSTGRES_HOST')
    expect(settingsOf('existing-endpoint').POSTGRES_HOST).toMatch(/fullyQualifiedDomainName/)
  })

  test('one in a network of your own name its subnet and its DNS servers', () => {
    const { loadGenerator } = readConfig(asAzureGivesThem(settingsOf('existing-virtual-network')))
    expect(loadGenerator).toMatchObject({ subnetId: `${OWN_NETWORK}/subnets/load`, dnsServers: ['10.0.0.4'] })
    expect(readConfig(asAzureGivesThem(settingsOf('zones'))).loadGenerator.zones).toEqual(['2', '3'])
  })

  test('one with application probes name their URLs, and their secrets by the vault', () => {
    const settings = settingsOf('existing-virtual-network')
    const { probes } = readConfig(asAzureGivesThem(settings))
    expect(probes.allowlist).toEqual(['https://shop.example.com/api', 'http://10.0.0.4:8080/'])
    expect(probes.secretSettings).toEqual(['PROBE_SECRET_CHECKOUT_TOKEN'])
    expect(settings.PROBE_SECRET_CHECKOUT_TOKEN).toMatch(/@Microsoft\.KeyVault\(SecretUri=.*'checkout-token'/)
    expect(readConfig(asAzureGivesThem(settingsOf('default'))).probes.allowlist).toEqual([])
  })

  test('one against an existing server name that server', () => {
    expect(settingsOf('existing-endpoint')).toMatchObject({
      POSTGRES_SERVER: 'pg-prod',
      POSTGRES_RESOURCE_GROUP: 'rg-data',
      DRILL_RESOURCE_GROUP: 'existing-endpoint',
    })
  })

  test('one with a given image name that image', () => {
    expect(settingsOf('landing-zone').LOADGEN_IMAGE).toBe(`registry.example.com/loadgen@sha256:${'a'.repeat(64)}`)
  })

  test('one in a region without known prices hold no price', () => {
    const prices = (name: Case) => Object.keys(settingsOf(name)).filter((key) => key.startsWith('PRICE_'))
    expect(prices('landing-zone')).toEqual([])
    expect(prices('default')).toHaveLength(4)
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
  tableUrl: 'https://stdrillabc.table.core.windows.net/drills',
  keptDays: '400',
  identityId:
    '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-drill/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-drill-load-abc',
  subnetId:
    '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-drill/providers/Microsoft.Network/virtualNetworks/vnet-drill-abc/subnets/load',
}

function resolved(name: string, value: string): string {
  // A list in JSON is no expression.
  if (!value.startsWith('[') || /^\[\{/.test(value)) return value
  const form = SETTINGS.find((setting) => setting.name === name)?.form ?? ''
  if (form === 'image') return `registry.example.com${/format\('\{0\}(\/[^']+)'/.exec(value)?.[1]}`
  return KNOWN_TO_AZURE[form] ?? 'known-to-azure'
}
