/**
 * Every setting of the function app, in one table. A test compares it with what the infrastructure sets and with what
 * docs/azure.md explains.
 */
import type { Form } from './forms.ts'

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

type Row = Omit<Setting, 'name'>

const row = (form: Form, meaning: string, more: Partial<Row> = {}): Row => ({
  form,
  meaning,
  required: false,
  default: null,
  secret: false,
  where: 'azure',
  ...more,
})

const TABLE = {
  AZURE_SUBSCRIPTION_ID: row('uuid', 'Subscription of the server and of the load generators', { required: true }),
  AZURE_CLIENT_ID: row(
    'uuid',
    "Client id of the app's user-assigned identity; without it the system-assigned one is used",
  ),
  DRILL_RESOURCE_GROUP: row('resourceGroup', 'Resource group in which the load generators are created', {
    required: true,
  }),
  DRILL_LOCATION: row('region', 'Region of the load generators, such as swedencentral', { required: true }),
  POSTGRES_RESOURCE_GROUP: row('resourceGroup', 'Resource group of the server; default: DRILL_RESOURCE_GROUP'),
  DRILL_TARGETS: row(
    'targets',
    'Several servers, as a JSON list: see servers.md. Each entry has a name and a server, and any of the settings of one server under the names given there; the settings themselves are what an entry does not name. Instead of POSTGRES_SERVER',
  ),
  POSTGRES_SERVER: row(
    'server',
    'Name (not the host name) of the flexible server that drills fail over unless the request names another; required without DRILL_TARGETS',
    { required: true },
  ),
  POSTGRES_DATABASE: row('database', 'Database that holds the transactions table', { required: true }),
  POSTGRES_USER: row('role', 'Role of the app: reads facts, audits, and migrates the schema when asked to', {
    required: true,
  }),
  POSTGRES_PASSWORD: row(
    'secret',
    'Its password, as a Key Vault reference; without it the app logs in with a Microsoft Entra token of its identity, which must be an administrator of the server',
    { secret: true },
  ),
  POSTGRES_HOST: row(
    'host',
    'Host of POSTGRES_SERVER; default: its name in the cloud, <server>.postgres.database.azure.com',
  ),
  POSTGRES_PORT_DIRECT: row('port', "PostgreSQL's own port", { default: '5432' }),
  POSTGRES_PORT_PGBOUNCER: row('port', "PgBouncer's port", { default: '6432' }),
  POSTGRES_TLS: row('tls', 'verify-full, or disable for a server on this machine', { default: 'verify-full' }),
  LOADGEN_POSTGRES_USER: row(
    'role',
    'Role of the load generators, which may only insert; default: POSTGRES_USER, only where that has a password',
  ),
  LOADGEN_POSTGRES_PASSWORD: row(
    'secret',
    'Its password, as a Key Vault reference. Without it each load generator logs in with a Microsoft Entra token of its own identity, and renews it while it runs',
    { secret: true },
  ),
  DRILL_BLOB_CONTAINER_URL: row(
    'containerUrl',
    'Blob container for plans, results and reports, reached with the identity',
  ),
  DRILL_BLOB_CONNECTION_STRING: row(
    'storageString',
    'Instead of the URLs: a storage connection string, together with DRILL_BLOB_CONTAINER and DRILL_TABLE',
    { secret: true, where: 'local' },
  ),
  DRILL_BLOB_CONTAINER: row('containerName', 'Container name that goes with DRILL_BLOB_CONNECTION_STRING', {
    where: 'local',
  }),
  DRILL_TABLE_URL: row('tableUrl', 'Table that holds the list of drills, reached with the identity'),
  DRILL_TABLE: row('tableName', 'Table name that goes with DRILL_BLOB_CONNECTION_STRING', { where: 'local' }),
  LOADGEN_IMAGE: row('image', 'Image of the load generator, <registry>/<name>@sha256:<digest>', { required: true }),
  LOADGEN_IDENTITY_ID: row(
    'identityId',
    'Resource id of the identity with which containers pull their image and write their results',
  ),
  LOADGEN_IDENTITY_CLIENT_ID: row('uuid', 'Client id of the same identity'),
  LOADGEN_IDENTITY_PRINCIPAL_ID: row(
    'uuid',
    "Object id of the same identity's service principal, for which a migration makes LOADGEN_POSTGRES_USER where that has no password",
  ),
  LOADGEN_SUBNET_ID: row('subnetId', 'Delegated subnet for the containers when the server has no public access'),
  LOADGEN_ZONES: row(
    'zones',
    'Availability zones of the containers, such as 1,2: container n starts in the nth of them, in turn; without it the platform chooses',
  ),
  LOADGEN_DNS_SERVERS: row(
    'addresses',
    "DNS servers of the containers in a subnet, such as 10.0.0.4,10.0.0.5: they inherit none from their network; default: Azure's resolver, 168.63.129.16",
  ),
  PROBE_URL_ALLOWLIST: row(
    'urlPrefixes',
    'URLs that application probes may call, separated by commas: scheme, host and port must be equal, and the path the same or below; without it there are no probes. Their secrets are settings PROBE_SECRET_<NAME>',
  ),
  API_AUTH: row(
    'apiAuth',
    "Who may call the API. keys: holders of a function key. entra: accounts and applications with the app role Drill.Read or Drill.Run, behind the platform's authentication; without that every call is refused",
    { default: 'keys' },
  ),
  DAILY_DRILL_SCHEDULE: row(
    'schedule',
    'When the daily drill starts: six-field NCRONTAB in UTC; without it there is none',
  ),
  DAILY_DRILL_REQUEST: row('request', 'Request body of the daily drill, as it would be posted to /api/drills', {
    default: '{}',
  }),
  DAILY_DRILL_STOP_AFTER_FAILURES: row(
    'failures',
    'After so many failures in a row the daily drill of a server stops itself, until a drill by hand has passed or its request has changed',
    { default: '3' },
  ),
  DRILL_REQUEST_DEFAULTS: row(
    'request',
    'Fields of a request that its body does not name, of every drill: the body wins field by field',
    { default: '{}' },
  ),
  STOP_SERVER_BETWEEN_DRILLS: row(
    'trueOrFalse',
    'true: the daily drill starts the server when it is stopped, and stops it after. A server that was running keeps running',
    { default: 'false' },
  ),
  NOTIFY_WEBHOOK_URL: row('webhookUrl', 'Receives one signed POST at the end of every drill and of every campaign'),
  NOTIFY_WEBHOOK_SECRET: row('secret', 'Key of its HMAC-SHA256 signature', { secret: true }),
  PRICE_CURRENCY: row('currency', 'Currency of the prices; all four PRICE settings or none'),
  PRICE_PER_VCPU_SECOND: row('price', 'Container price per vCPU and second in the region'),
  PRICE_PER_GB_SECOND: row('price', 'Container price per GB and second in the region'),
  PRICE_SOURCE: row('line', 'Where the prices were read, and when'),
  COOLDOWN_MINUTES: row('minutes', 'Least time between two failovers of one server; Azure advises 15 to 20 minutes', {
    default: '20',
  }),
  DRILL_RETENTION_DAYS: row(
    'keptDays',
    'A drill and its results are removed so many days after its request, from the list and from Blob storage',
    { default: '400' },
  ),
  DRILL_ROWS_RETENTION_DAYS: row(
    'days',
    'Rows of drills that are older are deleted at the end of every drill, so that they do not fill the disk; 0: never',
    { default: '7' },
  ),
  AZURE_RESOURCE_MANAGER_ENDPOINT: row(
    'endpoint',
    'Resource Manager of the cloud, which also decides host names and tokens of servers; or the endpoint of the local stack',
    { default: 'https://management.azure.com' },
  ),
  AZURE_RESOURCE_MANAGER_CA_FILE: row('authority', "Certificate authority of the local stack's endpoint", {
    where: 'local',
  }),
  AZURE_LOCAL_TOKEN: row('secret', "The bearer token that the local stack's endpoint expects", {
    secret: true,
    where: 'local',
  }),
}

export type SettingName = keyof typeof TABLE

export const SETTINGS: readonly Setting[] = Object.entries(TABLE).map(([name, one]) => ({ name, ...one }))

export const settingNamed = (name: SettingName): Row => TABLE[name]

// ---- Reading ----------------------------------------------------------------------------------------------------------

export type Environment = Readonly<Record<string, string | undefined>>

/** Empty counts as absent: templates cannot leave a setting out as easily as they can leave it empty. */
export const given = (environment: Environment, name: string): string | null => environment[name]?.trim() || null

/** The given value or the default; null without either. */
export const settingOf = (environment: Environment, name: SettingName): string | null =>
  given(environment, name) ?? TABLE[name].default
