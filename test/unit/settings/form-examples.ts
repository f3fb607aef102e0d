/** Every setting with values that it takes and values that it refuses. The table beside functions/config/config.ts that the tests read. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { ConfigError } from '../../../functions/config/config.ts'
import { type Environment, SETTINGS } from '../../../functions/config/settings.ts'

export interface Examples {
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

const UUID = '11111111-2222-3333-4444-555555555555'
const GROUP = `/subscriptions/${UUID}/resourceGroups/rg-drill/providers`
const DIGEST = `sha256:${'0a'.repeat(32)}`

const UUIDS: Examples = {
  good: [UUID, UUID.toUpperCase().replace(/1/g, 'A')],
  bad: ['mine', UUID.slice(1), `{${UUID}}`],
}
const GROUPS: Examples = {
  good: ['rg-drill', 'RG_(1).x', 'überall'],
  bad: ['rg drill', 'rg.', `${GROUP}/x`, 'a'.repeat(91), 'rg?'],
}
const ROLES: Examples = {
  good: ['drill_load', 'someone@example.com', 'Group of DBAs'],
  bad: ['a'.repeat(64), 'ä'.repeat(32), 'a\u0000b', 'postgres://load:p@h/db'],
}
const PORTS: Examples = { good: ['1', '5432', '65535'], bad: ['0', '65536', '-1', '5432.5', '0x10', '5432/tcp'] }
const PRICES: Examples = { good: ['0', '0.00001294', '1.42e-6'], bad: ['free', '-1', '1,5', 'NaN', '1e'] }
const SECRETS: Examples = { good: ['p', "a b;c='d'/?#"], bad: ['a\nb', 'a\u0007b'] }

/** A test that reads the good example writes the file first. */
export const AUTHORITY_FILE = join(tmpdir(), `drill-authority-${process.pid}.pem`)
export const AUTHORITY = `${rootCertificates[0]}\n`

export const FORM_EXAMPLES: Readonly<Record<string, Examples>> = {
  AZURE_SUBSCRIPTION_ID: UUIDS,
  AZURE_CLIENT_ID: UUIDS,
  DRILL_RESOURCE_GROUP: GROUPS,
  DRILL_LOCATION: { good: ['swedencentral', 'eastus2'], bad: ['Sweden Central', 'sweden-central', '2east', 'x'] },
  POSTGRES_RESOURCE_GROUP: GROUPS,
  POSTGRES_SERVER: {
    good: ['pg-one', 'psql1', 'a'.repeat(63)],
    bad: [
      'pg-one.postgres.database.azure.com',
      'https://pg-one.postgres.database.azure.com',
      'PG-one',
      '-pg',
      'pg-',
      'pg',
      'pg one',
      'a'.repeat(64),
      'pg-one:5432',
      `${GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/pg-one`,
    ],
  },
  POSTGRES_DATABASE: { good: ['drill', '_x', 'App-1$'], bad: ['1st', 'a b', 'a/b', '../x', 'a'.repeat(64)] },
  POSTGRES_USER: ROLES,
  POSTGRES_PASSWORD: SECRETS,
  POSTGRES_HOST: {
    good: ['pg.internal', 'localhost', '10.0.0.4', '::1', 'pg-one.postgres.database.azure.com'],
    bad: [
      'https://pg.internal',
      'pg.internal:5432',
      'load@pg.internal',
      '/var/run',
      'pg..internal',
      'a b',
      '-pg',
      '[::1]',
    ],
  },
  POSTGRES_PORT_DIRECT: PORTS,
  POSTGRES_PORT_PGBOUNCER: PORTS,
  POSTGRES_TLS: { good: ['verify-full', 'disable'], bad: ['prefer', 'require', 'VERIFY-FULL'] },
  LOADGEN_POSTGRES_USER: ROLES,
  LOADGEN_POSTGRES_PASSWORD: SECRETS,
  DRILL_BLOB_CONTAINER_URL: {
    good: [
      'https://account.blob.core.windows.net/drills',
      'https://account.blob.core.usgovcloudapi.net/drill-1/',
      'https://blobs.example.com/drills',
    ],
    bad: [
      'account.blob.core.windows.net/drills',
      'http://account.blob.core.windows.net/drills',
      'https://account.blob.core.windows.net',
      'https://account.blob.core.windows.net/drills/sub',
      'https://account.blob.core.windows.net/Drills',
      'https://account.blob.core.windows.net/drills?sv=2024&sig=abc',
      'https://account.blob.core.windows.net/drills#x',
      'https://user:key@account.blob.core.windows.net/drills',
      'htps://account.blob.core.windows.net/drills?sig=abc',
    ],
  },
  DRILL_BLOB_CONNECTION_STRING: {
    good: [
      'UseDevelopmentStorage=true',
      'DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acc;TableEndpoint=http://127.0.0.1:2/acc',
      'DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5;EndpointSuffix=core.windows.net',
      'BlobEndpoint=https://acc.blob.core.windows.net;TableEndpoint=https://acc.table.core.windows.net;SharedAccessSignature=sv=1&sig=x',
    ],
    bad: [
      'AccountName=acc;AccountKey=a2V5',
      'DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=;EndpointSuffix=core.windows.net',
      'DefaultEndpointsProtocol=ftp;AccountName=acc;AccountKey=a2V5;EndpointSuffix=core.windows.net',
      'BlobEndpoint=https://acc.blob.core.windows.net;SharedAccessSignature=sv=1&sig=x',
      'https://account.blob.core.windows.net/drills',
      'drills',
    ],
  },
  DRILL_BLOB_CONTAINER: { good: ['drills', 'd-1'], bad: ['Drills', 'd', 'a--b', '-a', 'a/b', 'a'.repeat(64)] },
  DRILL_TABLE_URL: {
    good: [
      'https://account.table.core.windows.net/drills',
      'https://account.table.core.usgovcloudapi.net/Drills1/',
      'https://tables.example.com/drills',
    ],
    bad: [
      'account.table.core.windows.net/drills',
      'http://account.table.core.windows.net/drills',
      'https://account.table.core.windows.net',
      'https://account.table.core.windows.net/drills/sub',
      'https://account.table.core.windows.net/drill-list',
      'https://account.table.core.windows.net/drills?sv=2024&sig=abc',
      'https://account.table.core.windows.net/drills#x',
      'https://user:key@account.table.core.windows.net/drills',
    ],
  },
  DRILL_TABLE: { good: ['drills', 'Drills1'], bad: ['1drills', 'dr', 'drill-list', 'a/b', 'a'.repeat(64)] },
  LOADGEN_IMAGE: {
    good: [`registry.azurecr.io/loadgen@${DIGEST}`, '127.0.0.1:5000/team/loadgen:1.2', 'localhost/loadgen'],
    bad: [
      'loadgen',
      'team/loadgen:1',
      'registry.azurecr.io/Loadgen',
      `registry.azurecr.io/loadgen:v1@${DIGEST}`,
      'registry.azurecr.io/loadgen@sha256:0a',
      'registry.azurecr.io/loadgen:',
      'registry.azurecr.io/loadgen@',
      'https://registry.azurecr.io/loadgen',
      'user:pass@registry.azurecr.io/loadgen',
      'registry.azurecr.io/',
    ],
  },
  PROBE_URL_ALLOWLIST: {
    good: ['https://shop.example.com/api', 'http://10.0.0.4:8080/,https://[2001:db8::1]/health'],
    bad: [
      'shop.example.com',
      'ftp://shop.example.com/',
      'https://user:key@shop.example.com/',
      'https://shop.example.com/?sig=abc',
      'https://shop.example.com/#x',
      'http://169.254.169.254/',
      'https://shop.example.com/,',
    ],
  },
  LOADGEN_IDENTITY_ID: {
    good: [
      `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-load`,
      `${GROUP.toLowerCase()}/microsoft.managedidentity/userassignedidentities/id-load`,
    ],
    bad: [
      'id-load',
      UUID,
      `${GROUP}/Microsoft.Network/virtualNetworks/v/subnets/load`,
      `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/`,
      `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-load/x`,
    ],
  },
  LOADGEN_IDENTITY_CLIENT_ID: UUIDS,
  LOADGEN_IDENTITY_PRINCIPAL_ID: UUIDS,
  LOADGEN_SUBNET_ID: {
    good: [`${GROUP}/Microsoft.Network/virtualNetworks/v/subnets/load`],
    bad: ['load', `${GROUP}/Microsoft.Network/virtualNetworks/v`, '10.0.0.0/24'],
  },
  LOADGEN_ZONES: { good: ['1', '1,2', '3,1,2'], bad: ['0', '4', '1, 2', '1,', 'zone1', '1,2,3,1'] },
  LOADGEN_DNS_SERVERS: {
    good: ['10.0.0.4', '10.0.0.4,10.0.0.5', 'fd00::4'],
    bad: ['dns.example.com', '10.0.0.4, 10.0.0.5', '10.0.0.256', '10.0.0.4:53'],
  },
  API_AUTH: { good: ['keys', 'entra'], bad: ['Entra', 'key', 'none', 'keys,entra'] },
  DAILY_DRILL_SCHEDULE: {
    good: ['0 0 2 * * *', '0 30 9 * Jan Mon-Fri', '*/30 0-10/2 3,4 1 1-6 *', '0 0 0 29 2 *'],
    bad: [
      '0 2 * * *',
      '@daily',
      '24:00:00',
      '1.00:00:00',
      'daily',
      '0 0 24 * * *',
      '0 0 2 * * 7',
      '0 0 2 31 4 *',
      '0 0 2 ? * *',
      '0 0 2 L * *',
      '0 0 2 * * * 2026',
      '0 0 9-5 * * *',
      '0 */0 2 * * *',
      '%SCHEDULE%',
    ],
  },
  DAILY_DRILL_REQUEST: {
    good: ['{}', '{"migrate":true,"targetTps":100}'],
    bad: ['[1]', '{', 'null', '"x"', '{"migrate":true'],
  },
  DAILY_DRILL_STOP_AFTER_FAILURES: { good: ['3', '1', '100'], bad: ['0', '101', 'never'] },
  DRILL_REQUEST_DEFAULTS: { good: ['{}', '{"migrate":true,"workers":10}'], bad: ['[1]', '{', 'null', '"x"'] },
  DRILL_TARGETS: {
    good: ['[{"name":"orders","server":"pg-orders"},{"name":"billing","server":"pg-billing","cooldownMinutes":30}]'],
    bad: ['[]', '{}', 'pg-orders', '["pg-orders"]', '[{"name":"orders"', '[null]'],
  },
  STOP_SERVER_BETWEEN_DRILLS: { good: ['true', 'false'], bad: ['yes', 'True', '1'] },
  NOTIFY_WEBHOOK_URL: {
    good: ['https://example.com/hook?code=abc', 'http://127.0.0.1:9/x'],
    bad: [
      'example.com/hook',
      'ftp://example.com',
      'https://',
      'https://user:pass@example.com/',
      'https:/ /example.com',
    ],
  },
  NOTIFY_WEBHOOK_SECRET: SECRETS,
  PRICE_CURRENCY: { good: ['USD'], bad: ['usd', 'US', 'dollars', '$'] },
  PRICE_PER_VCPU_SECOND: PRICES,
  PRICE_PER_GB_SECOND: PRICES,
  PRICE_SOURCE: { good: ['price list, 2026-09-06'], bad: ['a\nb', 'x'.repeat(201)] },
  COOLDOWN_MINUTES: { good: ['0', '20', '1440'], bad: ['-1', '1.5', '1441', 'soon', '1e2'] },
  DRILL_RETENTION_DAYS: { good: ['1', '400'], bad: ['0', '36501', 'a year'] },
  DRILL_ROWS_RETENTION_DAYS: { good: ['0', '7'], bad: ['-1', '36501', 'a week'] },
  AZURE_RESOURCE_MANAGER_ENDPOINT: {
    good: [
      'https://management.azure.com',
      'https://management.azure.com/',
      'https://management.usgovcloudapi.net',
      'https://management.chinacloudapi.cn',
      'https://127.0.0.1:8443',
    ],
    bad: [
      'azure',
      'management.azure.com',
      'http://management.azure.com',
      'https://management.example.com',
      'https://management.azure.com/subscriptions',
      'https://user:pass@management.azure.com',
    ],
  },
  AZURE_RESOURCE_MANAGER_CA_FILE: { good: [AUTHORITY_FILE], bad: ['/nowhere/ca.pem', '/', import.meta.filename] },
  AZURE_LOCAL_TOKEN: SECRETS,
}

const OTHER_FORMS = ['DRILL_BLOB_CONNECTION_STRING', 'DRILL_BLOB_CONTAINER', 'DRILL_TABLE', 'DRILL_TARGETS']

/** All settings that may stand together, each with its first good example. */
export const ALL_SETTINGS: Environment = Object.fromEntries(
  SETTINGS.filter(({ name }) => !OTHER_FORMS.includes(name)).map(({ name }) => [name, FORM_EXAMPLES[name]?.good[0]]),
)

/** The settings of a single server, which a list of them does not stand beside. */
export const withoutSingle = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !SINGLE.includes(name)))

const SINGLE = ['POSTGRES_SERVER', 'POSTGRES_HOST', 'DAILY_DRILL_SCHEDULE', 'DAILY_DRILL_REQUEST']

/** What is wrong with the settings, when they are used. */
export function problemsIn(use: () => unknown): readonly string[] {
  try {
    use()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
