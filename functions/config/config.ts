/**
 * Every setting of the function app, in one table, read once. What is missing or malformed is reported in one error, all of it.
 * The table is data: a test compares it with what the infrastructure sets and with what the README explains.
 */
import { inspect } from 'node:util'
import { hideSecret } from '../../loadgen-image/contract/redact.ts'
import type { Prices } from '../model/evidence.ts'
import type { Target } from '../model/plan.ts'
import { type Cloud, cloudOf } from '../platform/cloud.ts'
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import { FORMS, type Form } from './forms.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Setting {
  readonly name: string
  readonly meaning: string
  readonly form: Form
  /** Required settings have no default. */
  readonly required: boolean
  readonly default: string | null
  readonly secret: boolean
  /** Azure: set by the infrastructure when it applies. Local: set by the local stack only, never in Azure. */
  readonly where: 'azure' | 'local'
}

type Row = Omit<Setting, 'name' | 'meaning' | 'form'>
const AZURE = { required: false, default: null, secret: false, where: 'azure' } as const satisfies Row
const LOCAL = { ...AZURE, where: 'local' } as const

/** One row per setting. */
const TABLE = {
  AZURE_SUBSCRIPTION_ID: {
    ...AZURE,
    form: 'uuid',
    required: true,
    meaning: 'Subscription of the server and of the load generators',
  },
  AZURE_CLIENT_ID: {
    ...AZURE,
    form: 'uuid',
    meaning: "Client id of the app's user-assigned identity; without it the system-assigned one is used",
  },
  DRILL_RESOURCE_GROUP: {
    ...AZURE,
    form: 'resourceGroup',
    required: true,
    meaning: 'Resource group in which the load generators are created',
  },
  DRILL_LOCATION: {
    ...AZURE,
    form: 'region',
    required: true,
    meaning: 'Region of the load generators, such as swedencentral',
  },
  POSTGRES_RESOURCE_GROUP: {
    ...AZURE,
    form: 'resourceGroup',
    meaning: 'Resource group of the server; default: DRILL_RESOURCE_GROUP',
  },
  POSTGRES_SERVER: {
    ...AZURE,
    form: 'server',
    required: true,
    meaning: 'Name (not the host name) of the flexible server that drills fail over unless the request names another',
  },
  POSTGRES_DATABASE: {
    ...AZURE,
    form: 'database',
    required: true,
    meaning: 'Database that holds the transactions table',
  },
  POSTGRES_USER: {
    ...AZURE,
    form: 'role',
    required: true,
    meaning: 'Role of the app: reads facts, audits, and migrates the schema when asked to',
  },
  POSTGRES_PASSWORD: {
    ...AZURE,
    form: 'secret',
    secret: true,
    meaning: 'Its password, as a Key Vault reference; without it the app logs in with a Microsoft Entra token',
  },
  POSTGRES_HOST: {
    ...AZURE,
    form: 'host',
    meaning: 'Host of POSTGRES_SERVER; default: its name in the cloud, <server>.postgres.database.azure.com',
  },
  POSTGRES_PORT_DIRECT: { ...AZURE, form: 'port', default: '5432', meaning: "PostgreSQL's own port" },
  POSTGRES_PORT_PGBOUNCER: { ...AZURE, form: 'port', default: '6432', meaning: "PgBouncer's port" },
  POSTGRES_TLS: {
    ...AZURE,
    form: 'tls',
    default: 'verify-full',
    meaning: 'verify-full, or disable for a server on this machine',
  },
  LOADGEN_POSTGRES_USER: {
    ...AZURE,
    form: 'role',
    meaning: 'Role of the load generators, which may only insert; default: POSTGRES_USER',
  },
  LOADGEN_POSTGRES_PASSWORD: {
    ...AZURE,
    form: 'secret',
    secret: true,
    meaning:
      'Its password, as a Key Vault reference. Without any password the load generators get an Entra token, which ends drills that outlive it (about an hour)',
  },
  DRILL_BLOB_CONTAINER_URL: {
    ...AZURE,
    form: 'containerUrl',
    meaning: 'Blob container for plans, results and reports, reached with the identity',
  },
  DRILL_BLOB_CONNECTION_STRING: {
    ...LOCAL,
    form: 'storageString',
    secret: true,
    meaning: 'Instead of the URL: a storage connection string, together with DRILL_BLOB_CONTAINER',
  },
  DRILL_BLOB_CONTAINER: {
    ...LOCAL,
    form: 'containerName',
    meaning: 'Container name that goes with DRILL_BLOB_CONNECTION_STRING',
  },
  LOADGEN_IMAGE: {
    ...AZURE,
    form: 'image',
    required: true,
    meaning: 'Image of the load generator, <registry>/<name>@sha256:<digest>',
  },
  LOADGEN_IDENTITY_ID: {
    ...AZURE,
    form: 'identityId',
    meaning: 'Resource id of the identity with which containers pull their image and write their results',
  },
  LOADGEN_IDENTITY_CLIENT_ID: { ...AZURE, form: 'uuid', meaning: 'Client id of the same identity' },
  LOADGEN_SUBNET_ID: {
    ...AZURE,
    form: 'subnetId',
    meaning: 'Delegated subnet for the containers when the server has no public access',
  },
  DAILY_DRILL_SCHEDULE: {
    ...AZURE,
    form: 'schedule',
    meaning: 'When the daily drill starts: six-field NCRONTAB in UTC; without it there is none',
  },
  DAILY_DRILL_REQUEST: {
    ...AZURE,
    form: 'request',
    default: '{}',
    meaning: 'Request body of the daily drill, as it would be posted to /api/drills',
  },
  NOTIFY_WEBHOOK_URL: { ...AZURE, form: 'webhookUrl', meaning: 'Receives one signed POST at the end of every drill' },
  NOTIFY_WEBHOOK_SECRET: { ...AZURE, form: 'secret', secret: true, meaning: 'Key of its HMAC-SHA256 signature' },
  PRICE_CURRENCY: { ...AZURE, form: 'currency', meaning: 'Currency of the prices; all four PRICE settings or none' },
  PRICE_PER_VCPU_SECOND: { ...AZURE, form: 'price', meaning: 'Container price per vCPU and second in the region' },
  PRICE_PER_GB_SECOND: { ...AZURE, form: 'price', meaning: 'Container price per GB and second in the region' },
  PRICE_SOURCE: { ...AZURE, form: 'line', meaning: 'Where the prices were read, and when' },
  COOLDOWN_MINUTES: {
    ...AZURE,
    form: 'minutes',
    default: '20',
    meaning: 'Least time between two failovers of one server; Azure advises 15 to 20 minutes',
  },
  DRILL_ROWS_RETENTION_DAYS: {
    ...AZURE,
    form: 'days',
    default: '7',
    meaning:
      'Rows of drills that are older are deleted at the end of every drill, so that they do not fill the disk; 0: never',
  },
  AZURE_RESOURCE_MANAGER_ENDPOINT: {
    ...AZURE,
    form: 'endpoint',
    default: 'https://management.azure.com',
    meaning:
      'Resource Manager of the cloud, which also decides host names and tokens of servers; or the endpoint of the local stack',
  },
  AZURE_RESOURCE_MANAGER_CA_FILE: {
    ...LOCAL,
    form: 'authority',
    meaning: "Certificate authority of the local stack's endpoint",
  },
  AZURE_LOCAL_TOKEN: {
    ...LOCAL,
    form: 'secret',
    secret: true,
    meaning: "The bearer token that the local stack's endpoint expects",
  },
} as const satisfies Readonly<Record<string, Omit<Setting, 'name'>>>

export type SettingName = keyof typeof TABLE

export const SETTINGS: readonly Setting[] = Object.entries(TABLE).map(([name, row]) => ({ name, ...row }))

/** A value that shows itself only to who asks for it: printing, logging or serialising the config shows a placeholder. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
    hideSecret(value)
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
  [inspect.custom](): string {
    return '[secret]'
  }
}

export interface Config {
  readonly subscriptionId: string
  readonly drill: {
    readonly resourceGroup: string
    readonly location: string
    readonly cooldownMinutes: number
    /** 0: rows are kept for ever. */
    readonly rowsRetentionDays: number
  }
  readonly postgres: PostgresConfig
  readonly blobs: BlobConfig
  readonly loadGenerator: {
    readonly image: string
    readonly identityId: string | null
    readonly identityClientId: string | null
    readonly subnetId: string | null
  }
  readonly daily: { readonly schedule: string | null; readonly request: unknown }
  readonly webhook: { readonly url: string; readonly secret: Secret } | null
  readonly prices: Prices | null
  readonly azure: {
    readonly resourceManagerEndpoint: string
    readonly caFile: string | null
    readonly identityClientId: string | null
    readonly localToken: Secret | null
  }
}

export interface PostgresConfig {
  /** Drills go here unless the request names another server. */
  readonly target: Target
  readonly host: string | null
  readonly app: Login
  readonly load: Login
  readonly directPort: number
  readonly pgbouncerPort: number
  readonly tls: 'verify-full' | 'disable'
  readonly cloud: Cloud
}

export interface Login {
  readonly user: string
  /** Null: a Microsoft Entra token takes its place. */
  readonly password: Secret | null
}

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

export function readConfig(environment: Environment): Config {
  const problems = [...problemsOfRows(environment), ...problemsBetweenRows(environment)]
  if (problems.length > 0) throw new ConfigError(problems)
  const settings = settingsOf(environment)
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
    },
    daily: {
      schedule: settings.optional('DAILY_DRILL_SCHEDULE'),
      request: JSON.parse(settings.required('DAILY_DRILL_REQUEST')),
    },
    webhook: webhookOf(settings),
    prices: pricesOf(settings),
    azure: {
      resourceManagerEndpoint: settings.required('AZURE_RESOURCE_MANAGER_ENDPOINT').replace(/\/+$/, ''),
      caFile: settings.optional('AZURE_RESOURCE_MANAGER_CA_FILE'),
      identityClientId: settings.optional('AZURE_CLIENT_ID'),
      localToken: settings.secret('AZURE_LOCAL_TOKEN'),
    },
  }
}

/** What a migration of the schema needs, where nothing else of the app is set up. */
export function readDatabaseConfig(environment: Environment): Pick<Config, 'postgres'> & {
  readonly identityClientId: string | null
} {
  const problems = [...problemsOfRows(environment, isOfDatabase), ...problemOfLoadLogin(environment)]
  if (problems.length > 0) throw new ConfigError(problems)
  const settings = settingsOf(environment)
  return { postgres: postgresOf(settings), identityClientId: settings.optional('AZURE_CLIENT_ID') }
}

const isOfDatabase = ({ name }: Setting): boolean =>
  /^(LOADGEN_)?POSTGRES_|^AZURE_CLIENT_ID$|^AZURE_RESOURCE_MANAGER_ENDPOINT$/.test(name)

// ---- Reading --------------------------------------------------------------------------------------------------------

/** Empty counts as absent: templates cannot leave a setting out as easily as they can leave it empty. */
const given = (environment: Environment, name: string): string | null => environment[name]?.trim() || null

function settingsOf(environment: Environment) {
  const optional = (name: SettingName) => given(environment, name) ?? TABLE[name].default
  const required = (name: SettingName) => optional(name) ?? ''
  const secret = (name: SettingName) => {
    const value = optional(name)
    return value === null ? null : new Secret(value)
  }
  return { optional, required, secret }
}
type Settings = ReturnType<typeof settingsOf>

function postgresOf(settings: Settings): PostgresConfig {
  const app = { user: settings.required('POSTGRES_USER'), password: settings.secret('POSTGRES_PASSWORD') }
  const loadUser = settings.optional('LOADGEN_POSTGRES_USER')
  return {
    target: requestDefaults(settings).target,
    host: settings.optional('POSTGRES_HOST'),
    app,
    load: loadUser === null ? app : { user: loadUser, password: settings.secret('LOADGEN_POSTGRES_PASSWORD') },
    directPort: Number(settings.required('POSTGRES_PORT_DIRECT')),
    pgbouncerPort: Number(settings.required('POSTGRES_PORT_PGBOUNCER')),
    tls: settings.required('POSTGRES_TLS') === 'disable' ? 'disable' : 'verify-full',
    cloud: cloudOf(settings.required('AZURE_RESOURCE_MANAGER_ENDPOINT')) as Cloud,
  }
}

const requestDefaults = (settings: Settings): RequestDefaults => ({
  target: {
    resourceGroup: settings.optional('POSTGRES_RESOURCE_GROUP') ?? settings.required('DRILL_RESOURCE_GROUP'),
    server: settings.required('POSTGRES_SERVER'),
    database: settings.required('POSTGRES_DATABASE'),
  },
  cooldownMinutes: Number(settings.required('COOLDOWN_MINUTES')),
})

function blobsOf(settings: Settings): BlobConfig {
  const connectionString = settings.secret('DRILL_BLOB_CONNECTION_STRING')
  if (connectionString === null) return { kind: 'url', url: settings.required('DRILL_BLOB_CONTAINER_URL') }
  return { kind: 'connectionString', connectionString, container: settings.required('DRILL_BLOB_CONTAINER') }
}

function webhookOf(settings: Settings): Config['webhook'] {
  const url = settings.optional('NOTIFY_WEBHOOK_URL')
  const secret = settings.secret('NOTIFY_WEBHOOK_SECRET')
  return url !== null && secret !== null ? { url, secret } : null
}

function pricesOf(settings: Settings): Prices | null {
  const currency = settings.optional('PRICE_CURRENCY')
  if (currency === null) return null
  return {
    currency,
    perVCpuSecond: Number(settings.required('PRICE_PER_VCPU_SECOND')),
    perGbSecond: Number(settings.required('PRICE_PER_GB_SECOND')),
    source: settings.required('PRICE_SOURCE'),
  }
}

// ---- Checking -------------------------------------------------------------------------------------------------------

const problemsOfRows = (environment: Environment, isWanted: (setting: Setting) => boolean = () => true): string[] =>
  SETTINGS.filter(isWanted).flatMap((setting) => problemOf(setting, given(environment, setting.name)) ?? [])

/** Never repeats the value: a secret may have been pasted into any setting. */
function problemOf({ name, meaning, form, required }: Setting, value: string | null): string | null {
  if (value === null) return required ? `${name} is missing: ${meaning}` : null
  // The platform hands the reference itself to the app when it could not read the vault.
  if (/^@Microsoft\.KeyVault\(/i.test(value))
    return `${name} is a Key Vault reference that was not resolved: let the app's identity read secrets of that vault`
  const { expected, problemOf: look } = FORMS[form]
  const problem = look(value)
  if (problem === null) return null
  return `${name} must be ${expected}${problem === '' ? '' : `; ${problem}`}`
}

const TOGETHER: ReadonlyArray<readonly SettingName[]> = [
  ['NOTIFY_WEBHOOK_URL', 'NOTIFY_WEBHOOK_SECRET'],
  ['PRICE_CURRENCY', 'PRICE_PER_VCPU_SECOND', 'PRICE_PER_GB_SECOND', 'PRICE_SOURCE'],
  ['DRILL_BLOB_CONNECTION_STRING', 'DRILL_BLOB_CONTAINER'],
  ['LOADGEN_IDENTITY_ID', 'LOADGEN_IDENTITY_CLIENT_ID'],
]

function problemsBetweenRows(environment: Environment): string[] {
  const isGiven = (name: SettingName) => given(environment, name) !== null
  const incomplete = TOGETHER.filter((names) => names.some(isGiven) && !names.every(isGiven)).map(
    (names) => `${names.filter((name) => !isGiven(name)).join(', ')} missing: ${names.join(', ')} go together`,
  )
  if (isGiven('DRILL_BLOB_CONTAINER_URL') === isGiven('DRILL_BLOB_CONNECTION_STRING'))
    incomplete.push('DRILL_BLOB_CONTAINER_URL or DRILL_BLOB_CONNECTION_STRING must be set, and only one of them')
  return [...incomplete, ...problemOfLoadLogin(environment), ...problemsOfDailyRequest(environment)]
}

const problemOfLoadLogin = (environment: Environment): string[] =>
  given(environment, 'LOADGEN_POSTGRES_PASSWORD') !== null && given(environment, 'LOADGEN_POSTGRES_USER') === null
    ? ['LOADGEN_POSTGRES_USER missing: LOADGEN_POSTGRES_PASSWORD belongs to it']
    : []

/** By the rule of a posted body, with the defaults that the timer will use. What is wrong with a setting itself is reported there. */
function problemsOfDailyRequest(environment: Environment): string[] {
  const name = 'DAILY_DRILL_REQUEST' satisfies SettingName
  const text = given(environment, name) ?? TABLE[name].default
  const needed = ['POSTGRES_SERVER', 'POSTGRES_DATABASE', 'COOLDOWN_MINUTES', name] as const
  const isSound = (row: SettingName) => problemsOfRows(environment, (setting) => setting.name === row).length === 0
  if (!needed.every(isSound)) return []
  const parsed = parseRequest(JSON.parse(text), {
    drillId: 'daily',
    requestedAt: new Date(0).toISOString(),
    requestedBy: 'timer',
    defaults: requestDefaults(settingsOf(environment)),
  })
  if (parsed.ok) return []
  return parsed.problems.map(({ field, problem, expected }) => `${name}: ${field}: ${problem}; expected ${expected}`)
}
