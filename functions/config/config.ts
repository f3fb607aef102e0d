/** The app's configuration: all settings, read once. One error reports everything that is missing or malformed. */
import type { Gate } from '../access/gate.ts'
import type { Prices } from '../model/evidence.ts'
import type { Target } from '../model/plan.ts'
import { type Cloud, cloudOf } from '../platform/cloud.ts'
import { type ProbeConfig, probeConfig } from './app-probes.ts'
import { problemsOfDatabaseSettings, problemsOfSettings, requestDefaults } from './problems.ts'
import { Secret } from './secret.ts'
import { type Environment, given, type SettingName, settingOf } from './settings.ts'

export interface Config {
  readonly subscriptionId: string
  readonly drill: {
    readonly resourceGroup: string
    readonly location: string
    readonly cooldownMinutes: number
    /** 0: rows are kept indefinitely. */
    readonly rowsRetentionDays: number
  }
  readonly postgres: PostgresConfig
  readonly blobs: BlobConfig
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
  readonly daily: {
    readonly schedule: string | null
    readonly request: unknown
    readonly stopServerBetweenDrills: boolean
  }
  readonly api: Gate
  readonly webhook: { readonly url: string; readonly secret: Secret } | null
  readonly prices: Prices | null
  readonly azure: {
    readonly resourceManagerEndpoint: string
    readonly caFile: string | null
    readonly identityClientId: string | null
    readonly localToken: Secret | null
    /** The platform offers an identity here; on a developer's machine it does not. */
    readonly hasIdentityEndpoint: boolean
  }
}

export interface PostgresConfig {
  /** Drills go here unless the request names another server. */
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
      cooldownMinutes: Number(settings.required('COOLDOWN_MINUTES')),
      rowsRetentionDays: Number(settings.required('DRILL_ROWS_RETENTION_DAYS')),
    },
    postgres: postgresOf(settings),
    blobs: blobsOf(settings),
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
    daily: {
      schedule: settings.optional('DAILY_DRILL_SCHEDULE'),
      request: JSON.parse(settings.required('DAILY_DRILL_REQUEST')),
      stopServerBetweenDrills: settings.required('STOP_SERVER_BETWEEN_DRILLS') === 'true',
    },
    webhook: webhookOf(settings),
    prices: pricesOf(settings),
    azure: {
      resourceManagerEndpoint: settings.required('AZURE_RESOURCE_MANAGER_ENDPOINT').replace(/\/+$/, ''),
      caFile: settings.optional('AZURE_RESOURCE_MANAGER_CA_FILE'),
      identityClientId: settings.optional('AZURE_CLIENT_ID'),
      localToken: settings.secret('AZURE_LOCAL_TOKEN'),
      hasIdentityEndpoint: given(environment, 'IDENTITY_ENDPOINT') !== null,
    },
  }
}

/** What a migration of the schema needs, where nothing else of the app is set up. */
export function readDatabaseConfig(environment: Environment): Pick<Config, 'postgres'> & {
  readonly identityClientId: string | null
} {
  refuse(problemsOfDatabaseSettings(environment))
  const settings = readerOf(environment)
  return { postgres: postgresOf(settings), identityClientId: settings.optional('AZURE_CLIENT_ID') }
}

// ---- Parts --------------------------------------------------------------------------------------------------------------

function readerOf(environment: Environment) {
  const optional = (name: SettingName) => settingOf(environment, name)
  const required = (name: SettingName) => optional(name) ?? ''
  const secret = (name: SettingName) => {
    const value = optional(name)
    return value === null ? null : new Secret(value)
  }
  return { optional, required, secret, defaults: requestDefaults(environment) }
}
type Reader = ReturnType<typeof readerOf>

const listOf = (text: string | null): string[] => text?.split(',') ?? []

function postgresOf(settings: Reader): PostgresConfig {
  const app: Login = {
    user: settings.required('POSTGRES_USER'),
    password: settings.secret('POSTGRES_PASSWORD'),
    identity: 'app',
  }
  const loadUser = settings.optional('LOADGEN_POSTGRES_USER')
  const loadPassword = settings.secret('LOADGEN_POSTGRES_PASSWORD')
  return {
    target: settings.defaults.target,
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

function webhookOf(settings: Reader): Config['webhook'] {
  const url = settings.optional('NOTIFY_WEBHOOK_URL')
  const secret = settings.secret('NOTIFY_WEBHOOK_SECRET')
  return url !== null && secret !== null ? { url, secret } : null
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
