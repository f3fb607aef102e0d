/** The app's configuration: all settings, read once. One error reports everything that is missing or malformed. */
import type { Gate } from '../access/gate.ts'
import { serverKey } from '../model/drill-index.ts'
import type { Prices } from '../model/evidence.ts'
import type { Target } from '../model/plan.ts'
import { type Cloud, cloudOf } from '../platform/cloud.ts'
import { partsOfTableUrl } from '../platform/table-url.ts'
import type { RequestDefaults } from '../request/request.ts'
import type { TargetDefaults } from '../request/targets.ts'
import { type ProbeConfig, probeConfig } from './app-probes.ts'
import { problemsOfDatabaseSettings, problemsOfSettings, requestDefaults, targetDefaultsOf } from './problems.ts'
import { Secret } from './secret.ts'
import { type Environment, given, type SettingName, settingOf } from './settings.ts'
import { hasList, type TargetSettings, targetPlaceOf, targetsOf } from './targets.ts'

export interface Config {
  readonly subscriptionId: string
  readonly drill: {
    readonly resourceGroup: string
    readonly location: string
    /** Days from the request of a drill to the removal of its results. */
    readonly retentionDays: number
  }
  /** The servers that drills may name: at least one. */
  readonly targets: readonly TargetConfig[]
  readonly requests: RequestDefaults
  readonly blobs: BlobConfig
  readonly table: TableConfig
  readonly loadGenerator: {
    readonly image: string
    readonly identityId: string | null
    readonly identityClientId: string | null
    readonly subnetId: string | null
    /** Container n starts in the nth of them, in turn; none: the platform chooses. */
    readonly zones: readonly string[]
    /** Of containers in a subnet; none: Azure's own resolver. */
    readonly dnsServers: readonly string[]
  }
  readonly probes: ProbeConfig
  readonly api: Gate
  readonly webhook: {
    readonly url: string
    readonly secret: Secret
    /** Under which the platform says that the app is reached, for links in messages; null: it does not say. */
    readonly appUrl: string | null
  } | null
  readonly prices: Prices | null
  readonly azure: {
    readonly resourceManagerEndpoint: string
    readonly cloud: Cloud
    readonly caFile: string | null
    readonly identityClientId: string | null
    readonly localToken: Secret | null
    /** The platform offers an identity here; on a developer's machine it does not. */
    readonly hasIdentityEndpoint: boolean
  }
}

/** A server, with what the app does to it. */
export interface TargetConfig extends TargetDefaults {
  readonly postgres: PostgresConfig
  readonly daily: {
    readonly schedule: string | null
    readonly request: Readonly<Record<string, unknown>>
    /** Where that request is written, for a reader who has to correct it. */
    readonly source: string
    readonly stopAfterFailures: number
    readonly stopServerBetweenDrills: boolean
  }
  /** 0: rows are kept indefinitely. */
  readonly rowsRetentionDays: number
}

/** The settings of a server; a single target also stands for a server that is not listed. */
export function targetConfigOf(targets: readonly TargetConfig[], target: Target): TargetConfig {
  const found = targets.find((one) => serverKey(one.target) === serverKey(target))
  const [only, ...more] = targets
  if (found !== undefined) return found
  if (only !== undefined && more.length === 0) return only
  throw new Error(
    `server ${target.server} in resource group ${target.resourceGroup} is none of DRILL_TARGETS: ${targets.map(({ name }) => name).join(', ')}`,
  )
}

export interface PostgresConfig {
  readonly target: Target
  readonly host: string | null
  readonly app: Login
  readonly load: Login
  /** Object id of the load generators' identity, for which the load's role is made; null where roles have passwords. */
  readonly loadObjectId: string | null
  readonly directPort: number
  readonly pgbouncerPort: number
  readonly tls: 'verify-full' | 'disable'
  readonly cloud: Cloud
}

export interface Login {
  readonly user: string
  /** Null: a Microsoft Entra token of this identity takes its place. */
  readonly password: Secret | null
  readonly identity: LoginIdentity
}

export type LoginIdentity = 'app' | 'load'

export type BlobConfig =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'connectionString'; readonly connectionString: Secret; readonly container: string }

export type TableConfig =
  | { readonly kind: 'url'; readonly endpoint: string; readonly table: string }
  | { readonly kind: 'connectionString'; readonly connectionString: Secret; readonly table: string }

export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The settings of the function app need attention:\n${problems.map((line) => `  ${line}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(problems)
}

export function readConfig(environment: Environment): Config {
  refuse(problemsOfSettings(environment))
  const settings = readerOf(environment)
  return {
    subscriptionId: settings.required('AZURE_SUBSCRIPTION_ID'),
    drill: {
      resourceGroup: settings.required('DRILL_RESOURCE_GROUP'),
      location: settings.required('DRILL_LOCATION'),
      retentionDays: Number(settings.required('DRILL_RETENTION_DAYS')),
    },
    targets: targetsOf(environment).map((one) => targetConfig(environment, one)),
    requests: requestDefaults(environment),
    blobs: blobsOf(settings),
    table: tableOf(settings),
    loadGenerator: {
      image: settings.required('LOADGEN_IMAGE'),
      identityId: settings.optional('LOADGEN_IDENTITY_ID'),
      identityClientId: settings.optional('LOADGEN_IDENTITY_CLIENT_ID'),
      subnetId: settings.optional('LOADGEN_SUBNET_ID'),
      zones: listOf(settings.optional('LOADGEN_ZONES')),
      dnsServers: listOf(settings.optional('LOADGEN_DNS_SERVERS')),
    },
    probes: probeConfig(
      environment,
      settings.optional('PROBE_URL_ALLOWLIST'),
      settings.optional('AZURE_LOCAL_TOKEN') !== null,
    ),
    api: {
      auth: settings.required('API_AUTH') as Gate['auth'],
      // Injected by the platform, and read-only: https://learn.microsoft.com/azure/app-service/reference-app-settings
      isGuarded: /^true$/i.test(given(environment, 'WEBSITE_AUTH_ENABLED') ?? ''),
    },
    webhook: webhookOf(settings, given(environment, 'WEBSITE_HOSTNAME')),
    prices: pricesOf(settings),
    azure: {
      resourceManagerEndpoint: settings.required('AZURE_RESOURCE_MANAGER_ENDPOINT').replace(/\/+$/, ''),
      cloud: cloudOf(settings.required('AZURE_RESOURCE_MANAGER_ENDPOINT')) as Cloud,
      caFile: settings.optional('AZURE_RESOURCE_MANAGER_CA_FILE'),
      identityClientId: settings.optional('AZURE_CLIENT_ID'),
      localToken: settings.secret('AZURE_LOCAL_TOKEN'),
      hasIdentityEndpoint: given(environment, 'IDENTITY_ENDPOINT') !== null,
    },
  }
}

interface DatabaseConfig {
  readonly postgres: PostgresConfig
  readonly identityClientId: string | null
}

/** What a migration of the schema needs, where nothing else of the app is set up. `name`: of one target of several. */
export function readDatabaseConfig(environment: Environment, name: string | null = null): DatabaseConfig {
  refuse(problemsOfDatabaseSettings(environment))
  const targets = targetsOf(environment)
  const chosen = name === null && targets.length === 1 ? targets[0] : targets.find((one) => one.name === name)
  if (chosen === undefined)
    throw new ConfigError([`the target must be named: one of ${targets.map((one) => one.name).join(', ')}`])
  return {
    postgres: postgresOf(environment, chosen),
    identityClientId: settingOf(environment, 'AZURE_CLIENT_ID'),
  }
}

// ---- Parts --------------------------------------------------------------------------------------------------------------

function readerOf(environment: Environment) {
  const optional = (name: SettingName) => settingOf(environment, name)
  const required = (name: SettingName) => optional(name) ?? ''
  const secret = (name: SettingName) => {
    const value = optional(name)
    return value === null ? null : new Secret(value)
  }
  return { optional, required, secret }
}
type Reader = ReturnType<typeof readerOf>

const listOf = (text: string | null): string[] => text?.split(',') ?? []

function targetConfig(shared: Environment, one: TargetSettings): TargetConfig {
  const { required } = readerOf(one.environment)
  const defaults = targetDefaultsOf(shared, one)
  return {
    ...defaults,
    postgres: postgresOf(shared, one),
    daily: {
      schedule: defaults.schedule ?? null,
      request: JSON.parse(required('DAILY_DRILL_REQUEST')) as Readonly<Record<string, unknown>>,
      source: hasList(shared) ? `dailyRequest of target ${one.name} in DRILL_TARGETS` : 'DAILY_DRILL_REQUEST',
      stopAfterFailures: Number(required('DAILY_DRILL_STOP_AFTER_FAILURES')),
      stopServerBetweenDrills: required('STOP_SERVER_BETWEEN_DRILLS') === 'true',
    },
    rowsRetentionDays: Number(required('DRILL_ROWS_RETENTION_DAYS')),
  }
}

function postgresOf(shared: Environment, one: TargetSettings): PostgresConfig {
  const settings = readerOf(one.environment)
  const app: Login = {
    user: settings.required('POSTGRES_USER'),
    password: settings.secret('POSTGRES_PASSWORD'),
    identity: 'app',
  }
  const loadUser = settings.optional('LOADGEN_POSTGRES_USER')
  const loadPassword = settings.secret('LOADGEN_POSTGRES_PASSWORD')
  return {
    target: targetPlaceOf(shared, one.environment),
    host: settings.optional('POSTGRES_HOST'),
    app,
    load: loadUser === null ? app : { user: loadUser, password: loadPassword, identity: 'load' },
    loadObjectId: settings.optional('LOADGEN_IDENTITY_PRINCIPAL_ID'),
    directPort: Number(settings.required('POSTGRES_PORT_DIRECT')),
    pgbouncerPort: Number(settings.required('POSTGRES_PORT_PGBOUNCER')),
    tls: settings.required('POSTGRES_TLS') === 'disable' ? 'disable' : 'verify-full',
    cloud: cloudOf(settings.required('AZURE_RESOURCE_MANAGER_ENDPOINT')) as Cloud,
  }
}

function blobsOf(settings: Reader): BlobConfig {
  const connectionString = settings.secret('DRILL_BLOB_CONNECTION_STRING')
  if (connectionString === null) return { kind: 'url', url: settings.required('DRILL_BLOB_CONTAINER_URL') }
  return { kind: 'connectionString', connectionString, container: settings.required('DRILL_BLOB_CONTAINER') }
}

function tableOf(settings: Reader): TableConfig {
  const connectionString = settings.secret('DRILL_BLOB_CONNECTION_STRING')
  if (connectionString === null) return { kind: 'url', ...partsOfTableUrl(settings.required('DRILL_TABLE_URL')) }
  return { kind: 'connectionString', connectionString, table: settings.required('DRILL_TABLE') }
}

/** `host`: injected by the platform, as is WEBSITE_AUTH_ENABLED. */
function webhookOf(settings: Reader, host: string | null): Config['webhook'] {
  const url = settings.optional('NOTIFY_WEBHOOK_URL')
  const secret = settings.secret('NOTIFY_WEBHOOK_SECRET')
  const appUrl = host === null ? null : `https://${host}`
  return url !== null && secret !== null ? { url, secret, appUrl } : null
}

function pricesOf(settings: Reader): Prices | null {
  const currency = settings.optional('PRICE_CURRENCY')
  if (currency === null) return null
  return {
    currency,
    perVCpuSecond: Number(settings.required('PRICE_PER_VCPU_SECOND')),
    perGbSecond: Number(settings.required('PRICE_PER_GB_SECOND')),
    source: settings.required('PRICE_SOURCE'),
  }
}
