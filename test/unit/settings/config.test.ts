import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { readConfig } from '../../../functions/config/config.ts'
import { Secret } from '../../../functions/config/secret.ts'
import { type Environment, SETTINGS } from '../../../functions/config/settings.ts'
import { cloudOf } from '../../../functions/platform/cloud.ts'
import { DEPLOYED_SETTINGS } from '../../support/deployed-settings.ts'
import { problemsIn } from './form-examples.ts'

const DIGEST = 'a'.repeat(64)
const PUBLIC = cloudOf('https://management.azure.com')

const COMPLETE: Environment = DEPLOYED_SETTINGS

const problemsOf = (environment: Environment) => problemsIn(() => readConfig(environment))

const TARGET = {
  name: 'psql-drill',
  target: { resourceGroup: 'rg-drill', server: 'psql-drill', database: 'drill' },
  cooldownMinutes: 20,
  requestDefaults: {},
  schedule: null,
}

test('the required settings are enough, and the rest has its defaults', () => {
  expect(readConfig(COMPLETE)).toEqual({
    subscriptionId: '11111111-1111-1111-1111-111111111111',
    drill: { resourceGroup: 'rg-drill', location: 'swedencentral', retentionDays: 400 },
    targets: [
      {
        ...TARGET,
        postgres: {
          target: { resourceGroup: 'rg-drill', server: 'psql-drill', database: 'drill' },
          host: null,
          app: { user: 'drilladmin', password: new Secret('a-password'), identity: 'app' },
          load: { user: 'drilladmin', password: new Secret('a-password'), identity: 'app' },
          loadObjectId: null,
          directPort: 5432,
          pgbouncerPort: 6432,
          tls: 'verify-full',
          cloud: PUBLIC,
        },
        daily: {
          schedule: null,
          request: {},
          source: 'DAILY_DRILL_REQUEST',
          stopAfterFailures: 3,
          stopServerBetweenDrills: false,
        },
        rowsRetentionDays: 7,
      },
    ],
    requests: {
      targets: [TARGET],
      probes: { allowlist: [], secretSettings: [], secrets: new Map(), allowLoopback: false },
    },
    blobs: { kind: 'url', url: 'https://account.blob.example.com/drills' },
    table: { kind: 'url', endpoint: 'https://account.table.example.com', table: 'drills' },
    loadGenerator: {
      image: `registry.example.com/loadgen@sha256:${DIGEST}`,
      identityId: null,
      identityClientId: null,
      subnetId: null,
      zones: [],
      dnsServers: [],
    },
    probes: { allowlist: [], secretSettings: [], secrets: new Map(), allowLoopback: false },
    api: { auth: 'keys', isGuarded: false },
    webhook: null,
    prices: null,
    azure: {
      resourceManagerEndpoint: 'https://management.azure.com',
      cloud: PUBLIC,
      caFile: null,
      identityClientId: null,
      localToken: null,
      hasIdentityEndpoint: false,
    },
  })
})

test('everything that is given is read', () => {
  const config = readConfig({
    ...COMPLETE,
    POSTGRES_RESOURCE_GROUP: 'rg-data',
    POSTGRES_PASSWORD: 'p',
    LOADGEN_POSTGRES_USER: 'load',
    LOADGEN_POSTGRES_PASSWORD: 'l',
    DRILL_BLOB_CONTAINER_URL: '',
    DRILL_TABLE_URL: '',
    DRILL_BLOB_CONNECTION_STRING: 'UseDevelopmentStorage=true',
    DRILL_BLOB_CONTAINER: 'drills',
    DRILL_TABLE: 'drills',
    DAILY_DRILL_SCHEDULE: '0 0 3 * * *',
    DAILY_DRILL_REQUEST: '{"targetTps":100}',
    STOP_SERVER_BETWEEN_DRILLS: 'true',
    NOTIFY_WEBHOOK_URL: 'https://example.com/hook',
    NOTIFY_WEBHOOK_SECRET: 'w',
    WEBSITE_HOSTNAME: 'drills.azurewebsites.net',
    PRICE_CURRENCY: 'USD',
    PRICE_PER_VCPU_SECOND: '0.00001294',
    PRICE_PER_GB_SECOND: '1.42e-6',
    PRICE_SOURCE: 'price list, 2026-09-06',
    AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://127.0.0.1:1/',
  })
  const [one] = config.targets
  expect(one?.postgres).toMatchObject({
    target: { resourceGroup: 'rg-data' },
    app: { user: 'drilladmin', password: new Secret('p') },
    load: { user: 'load' },
  })
  expect(one?.postgres.load.password?.reveal()).toBe('l')
  expect(config.blobs.kind === 'connectionString' && config.blobs.connectionString.reveal()).toBe(
    'UseDevelopmentStorage=true',
  )
  expect(one?.daily).toEqual({
    schedule: '0 0 3 * * *',
    request: { targetTps: 100 },
    source: 'DAILY_DRILL_REQUEST',
    stopAfterFailures: 3,
    stopServerBetweenDrills: true,
  })
  expect(config.webhook?.secret.reveal()).toBe('w')
  expect(config.webhook?.appUrl).toBe('https://drills.azurewebsites.net')
  expect(config.prices).toEqual({
    currency: 'USD',
    perVCpuSecond: 0.00001294,
    perGbSecond: 0.00000142,
    source: 'price list, 2026-09-06',
  })
  expect(config.azure.resourceManagerEndpoint).toBe('https://127.0.0.1:1')
})

test('all that is missing is reported at once, in one error', () => {
  const required = SETTINGS.filter((setting) => setting.required)
  expect(required.length).toBeGreaterThan(5)
  expect(problemsOf({})).toEqual([
    ...required.map(({ name, meaning }) => `${name} is missing: ${meaning}`),
    'DRILL_BLOB_CONTAINER_URL or DRILL_BLOB_CONNECTION_STRING must be set, and only one of them',
  ])
  expect(() => readConfig({})).toThrow(/AZURE_SUBSCRIPTION_ID is missing[\s\S]*LOADGEN_IMAGE is missing/)
})

const BETWEEN: ReadonlyArray<readonly [name: string, value: string, problem: string]> = [
  [
    'NOTIFY_WEBHOOK_URL',
    'https://h',
    'NOTIFY_WEBHOOK_SECRET missing: NOTIFY_WEBHOOK_URL, NOTIFY_WEBHOOK_SECRET go together',
  ],
  [
    'PRICE_CURRENCY',
    'USD',
    'PRICE_PER_VCPU_SECOND, PRICE_PER_GB_SECOND, PRICE_SOURCE missing: PRICE_CURRENCY, PRICE_PER_VCPU_SECOND, PRICE_PER_GB_SECOND, PRICE_SOURCE go together',
  ],
  ['LOADGEN_POSTGRES_PASSWORD', 'x', 'LOADGEN_POSTGRES_USER missing: LOADGEN_POSTGRES_PASSWORD belongs to it'],
  [
    'LOADGEN_IDENTITY_CLIENT_ID',
    COMPLETE.AZURE_SUBSCRIPTION_ID as string,
    'LOADGEN_IDENTITY_ID missing: LOADGEN_IDENTITY_ID, LOADGEN_IDENTITY_CLIENT_ID go together',
  ],
  [
    'POSTGRES_PASSWORD',
    '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/p)',
    "POSTGRES_PASSWORD is a Key Vault reference that was not resolved: let the app's identity read secrets of that vault",
  ],
  [
    'DAILY_DRILL_REQUEST',
    '{"targetTps":0.05,"workers":1}',
    'DAILY_DRILL_REQUEST: targetTps: got 0.05; expected 0 for a closed loop, or a number from 2 to 50000',
  ],
  [
    'DAILY_DRILL_REQUEST',
    '{"target":{"server":"pg-one.postgres.database.azure.com"}}',
    'DAILY_DRILL_REQUEST: target.server: got a text of 34 characters; expected the name of a flexible server, such as pg-orders: 3 to 63 of a-z, 0-9 and hyphens; this holds a dot: give the name alone, which is the first part of the host name',
  ],
]

test.each(BETWEEN)('%s = %s is reported', (name, value, problem) => {
  expect(problemsOf({ ...COMPLETE, [name]: value })).toEqual([problem])
})

const IDENTITY = {
  LOADGEN_IDENTITY_ID:
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-load',
  LOADGEN_IDENTITY_CLIENT_ID: '11111111-2222-3333-4444-666666666666',
  LOADGEN_IDENTITY_PRINCIPAL_ID: '11111111-2222-3333-4444-777777777777',
}
const BY_IDENTITY = { ...COMPLETE, POSTGRES_PASSWORD: '', LOADGEN_POSTGRES_USER: 'id-load', ...IDENTITY }

test('without passwords each role belongs to its own identity', () => {
  expect(readConfig(BY_IDENTITY).targets[0]?.postgres).toMatchObject({
    app: { user: 'drilladmin', password: null, identity: 'app' },
    load: { user: 'id-load', password: null, identity: 'load' },
    loadObjectId: IDENTITY.LOADGEN_IDENTITY_PRINCIPAL_ID,
  })
})

test.each([
  [
    'no role of its own',
    { LOADGEN_POSTGRES_USER: '' },
    'LOADGEN_POSTGRES_USER missing: without POSTGRES_PASSWORD the load generators need a role of their own identity',
  ],
  [
    "the app's role",
    { LOADGEN_POSTGRES_USER: 'drilladmin' },
    'LOADGEN_POSTGRES_USER must be another role than POSTGRES_USER: it logs in with another identity',
  ],
  [
    'no object id',
    { LOADGEN_IDENTITY_PRINCIPAL_ID: '' },
    'LOADGEN_IDENTITY_PRINCIPAL_ID missing: without LOADGEN_POSTGRES_PASSWORD the load generators log in with their identity',
  ],
  [
    'no identity at all',
    { LOADGEN_IDENTITY_ID: '', LOADGEN_IDENTITY_CLIENT_ID: '', LOADGEN_IDENTITY_PRINCIPAL_ID: '' },
    'LOADGEN_IDENTITY_ID, LOADGEN_IDENTITY_CLIENT_ID, LOADGEN_IDENTITY_PRINCIPAL_ID missing: without LOADGEN_POSTGRES_PASSWORD the load generators log in with their identity',
  ],
])('a load without a password and with %s is reported', (_, change, problem) => {
  expect(problemsOf({ ...BY_IDENTITY, ...change })).toEqual([problem])
})

test.each([
  ['True', true],
  ['true', true],
  ['False', false],
  ['1', false],
  ['', false],
])('WEBSITE_AUTH_ENABLED=%s: the platform is in front: %s', (value, isGuarded) => {
  expect(readConfig({ ...COMPLETE, API_AUTH: 'entra', WEBSITE_AUTH_ENABLED: value }).api).toEqual({
    auth: 'entra',
    isGuarded,
  })
})

test('both ways to the blobs at once are one too many', () => {
  const string = { DRILL_BLOB_CONNECTION_STRING: 'UseDevelopmentStorage=true' }
  const both = { ...string, DRILL_BLOB_CONTAINER: 'drills', DRILL_TABLE: 'drills' }
  expect(problemsOf({ ...COMPLETE, ...both })).toEqual([
    'DRILL_BLOB_CONTAINER_URL or DRILL_BLOB_CONNECTION_STRING must be set, and only one of them',
  ])
})

test('no secret shows itself: not in a log, not in JSON', () => {
  const secrets = Object.fromEntries(SETTINGS.filter(({ secret }) => secret).map(({ name }) => [name, 'MARKED-SECRET']))
  const { DRILL_BLOB_CONTAINER_URL: _url, DRILL_TABLE_URL: _table, ...rest } = COMPLETE
  const config = readConfig({
    ...rest,
    ...secrets,
    DRILL_BLOB_CONNECTION_STRING: `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=MARKED+SECRET==;EndpointSuffix=core.windows.net`,
    DRILL_BLOB_CONTAINER: 'drills',
    DRILL_TABLE: 'drills',
    LOADGEN_POSTGRES_USER: 'load',
    NOTIFY_WEBHOOK_URL: 'https://h',
  })
  expect(
    `${JSON.stringify(config)}${inspect(config, { depth: 9 })}${config.targets[0]?.postgres.app.password}`,
  ).not.toContain('MARKED')
})

test('the table is complete: every name once, with a meaning, and no required setting has a default', () => {
  const names = SETTINGS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(SETTINGS.filter(({ meaning }) => meaning === '')).toEqual([])
  expect(SETTINGS.filter((setting) => setting.required && setting.default !== null)).toEqual([])
})
