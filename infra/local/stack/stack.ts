/**
 * Everything that a drill needs, on one machine: the PostgreSQL pair with PgBouncer, blob storage, Azure's control plane and
 * the Functions host with the deployed app. Started together, stopped in reverse, nothing left behind.
 *
 *   cluster   PostgreSQL pair, PgBouncer          <- load generators, the app (SQL)
 *   storage   Azurite                             <- load generators, the app (blobs)
 *   endpoint  Azure Resource Manager over https   <- the app (SDK clients); fails over the cluster, starts load generators
 *   host      the function app over http          <- npm run drill, the dashboard
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrateSchema } from '../../../functions/clients/postgres/schema-migration.ts'
import type { EndpointControl } from '../azure/control.ts'
import { type AzureEndpoint, startAzureEndpoint } from '../azure/endpoint.ts'
import type { Replication } from '../cluster/cluster.ts'
import { LOADGEN_ENTRY } from '../cluster/containers.ts'
import { type LocalCluster, startCluster } from '../cluster/local-cluster.ts'
import { withLocalClient } from '../cluster/postgres.ts'
import type { Lifetime } from '../process/lifetime.ts'
import { holdFreePort, holdPort } from '../process/ports.ts'
import { CannotRun } from '../process/problem.ts'
import { createProcesses, type Processes } from '../process/processes.ts'
import type { Programs } from '../process/programs.ts'
import { databaseUser, requireReachable } from '../process/run-user.ts'
import { clearDeadStacks, createStackFolder, requireSpace, type StackFolder } from '../process/stack-folder.ts'
import { type Azurite, startAzurite } from './azurite.ts'
import { createServerCertificate } from './certificates.ts'
import { type FunctionsHost, type HostKind, startFunctionsHost } from './functions-host.ts'
import { settleDisk } from './settle-disk.ts'

export interface StackOptions {
  readonly programs: Programs
  readonly replication: Replication
  readonly host: HostKind
  /** Null: a free one. */
  readonly apiPort: number | null
  readonly platformPauseMs: number
  /** Null: the sources. */
  readonly app: string | null
  readonly loadgen: string | null
  /** The folder with data and logs stays when the stack ends. */
  readonly keep: boolean
  readonly say: (line: string) => void
}

export interface Stack {
  readonly apiUrl: string
  readonly functionKey: string
  readonly folder: string
  readonly cluster: LocalCluster
  readonly host: FunctionsHost
  readonly storage: Azurite
  /** Breaks the platform, and shows what it was asked. */
  readonly control: EndpointControl
  /** Rejects when a part died that cannot be brought back. */
  readonly broken: Promise<never>
  stop(): Promise<void>
}

/** Names as the app knows them; nothing of them exists in Azure. */
const PLACE = {
  subscriptionId: '00000000-0000-4000-8000-000000000000',
  resourceGroup: 'rg-local',
  location: 'local',
  server: 'pg-local',
} as const
const DATABASE = 'saifdb'
const ADMIN = 'saifadmin'
/** The load generators' own, as a deployment makes it: it may insert, and nothing else. */
const LOAD_ROLE = 'drill_load'
const BLOB_CONTAINER = 'drills'
/** Two data directories, their WAL at its largest, and the logs. */
const SPACE_MB = 2_500

export async function startStack(options: StackOptions, lifetime: Lifetime): Promise<Stack> {
  for (const line of clearDeadStacks()) options.say(line)
  const folder = createStackFolder()
  const processes = createProcesses(folder)
  lifetime.onDeath(() => processes.killAllNow())
  const closers: Array<() => Promise<void>> = [async () => closeFolder(folder, options), () => processes.stopAll()]
  const stop = () => closeAll(closers.splice(0))
  try {
    requireReachable(folder.path, databaseUser())
    requireSpace(folder.path, SPACE_MB, 'a local stack', 'set DRILL_STATE_DIR to a roomier place')
    return await startParts(folder, processes, options, closers, lifetime.signal, stop)
  } catch (cause) {
    await stop()
    if (cause instanceof CannotRun || lifetime.signal.aborted) throw cause
    throw new CannotRun('The local stack did not start (with --keep its logs stay to be read)', { cause })
  }
}

function closeFolder(folder: StackFolder, { keep, say }: StackOptions): void {
  folder.close({ keep })
  if (keep) say(`Data and logs of the local servers: ${folder.path}`)
}

/** Made anew for every stack. */
interface Secrets {
  /** Of the server's administrator, which the app logs in as. */
  readonly database: string
  /** Of the load generators' role. */
  readonly load: string
  /** Of the superuser and of PgBouncer's console. */
  readonly platform: string
  /** That the Azure endpoint expects. */
  readonly token: string
  readonly functionKey: string
}

async function startParts(
  folder: StackFolder,
  processes: Processes,
  options: StackOptions,
  closers: Array<() => Promise<void>>,
  signal: AbortSignal,
  stop: () => Promise<void>,
): Promise<Stack> {
  const unlessAborted = async <T>(part: Promise<T>, close: (started: T) => Promise<void>): Promise<T> => {
    const started = await part
    closers.push(() => close(started))
    signal.throwIfAborted()
    return started
  }
  const secrets: Secrets = {
    database: secret(),
    load: secret(),
    platform: secret(),
    token: secret(),
    functionKey: secret(),
  }
  const apiPort =
    options.apiPort === null
      ? await holdFreePort(folder)
      : await holdPort(options.apiPort, 'Stop that program, or give another port with --port')
  const [storage, cluster, certificate] = await Promise.all([
    unlessAborted(startAzurite(processes, await storagePorts(folder, options.host), BLOB_CONTAINER), (it) => it.stop()),
    unlessAborted(startLocalServer(folder, processes, options, secrets), (it) => it.stop()),
    createServerCertificate(),
  ])
  const endpointPort = await (await holdFreePort(folder)).release()
  const endpoint = await unlessAborted(
    startAzureEndpoint({
      cluster,
      place: PLACE,
      certificate,
      port: endpointPort,
      token: secrets.token,
      entryFile: options.loadgen ?? LOADGEN_ENTRY,
    }),
    (it) => it.stop(),
  )
  const caFile = join(folder.path, 'azure-ca.pem')
  writeFileSync(caFile, certificate.caPem)
  const settings = settingsFor(cluster, storage, endpoint, caFile, secrets)
  const host = await unlessAborted(
    startFunctionsHost(folder, processes, {
      kind: options.host,
      port: apiPort,
      app: options.app,
      settings,
      functionKey: secrets.functionKey,
      storage: storage.connectionString,
      onEvent: options.say,
    }),
    (it) => it.stop(),
  )
  await settleDisk(folder.path, signal)
  signal.throwIfAborted()
  return {
    apiUrl: `${host.url}/api`,
    functionKey: secrets.functionKey,
    folder: folder.path,
    cluster,
    host,
    storage,
    control: endpoint.control,
    broken: firstBroken(storage, host),
    stop,
  }
}

const startLocalServer = (
  folder: StackFolder,
  processes: Processes,
  options: StackOptions,
  secrets: Secrets,
): Promise<LocalCluster> =>
  startCluster(folder, processes, {
    replication: options.replication,
    postgres: options.programs.postgres,
    pgbouncer: options.programs.pgbouncer,
    database: DATABASE,
    user: ADMIN,
    password: secrets.database,
    loadRole: { user: LOAD_ROLE, password: secrets.load },
    platformPassword: secrets.platform,
    platformPauseMs: options.platformPauseMs,
    loadgenEntry: options.loadgen ?? LOADGEN_ENTRY,
    onEvent: options.say,
  }).then((cluster) => withSchema(cluster, secrets.load))

/** What a deployment's migration does once: the tables, the rows that the load refers to, and the load's role with its grants. */
async function withSchema(cluster: LocalCluster, loadPassword: string): Promise<LocalCluster> {
  const role = { user: LOAD_ROLE, password: loadPassword, canLogIn: false }
  await withLocalClient(cluster.facts.directPort, cluster.facts, (client) => migrateSchema(client, role))
  return cluster
}

async function storagePorts(folder: StackFolder, host: HostKind) {
  const blob = await holdFreePort(folder)
  return host === 'local' ? { blob } : { blob, queue: await holdFreePort(folder), table: await holdFreePort(folder) }
}

/** The app's settings, as its infrastructure would set them in Azure; what the caller's environment adds is passed on. */
function settingsFor(
  { facts }: LocalCluster,
  storage: Azurite,
  endpoint: AzureEndpoint,
  caFile: string,
  secrets: Secrets,
): Record<string, string> {
  return {
    ...passedOn(),
    AZURE_SUBSCRIPTION_ID: PLACE.subscriptionId,
    DRILL_RESOURCE_GROUP: PLACE.resourceGroup,
    DRILL_LOCATION: PLACE.location,
    POSTGRES_SERVER: PLACE.server,
    POSTGRES_DATABASE: facts.database,
    POSTGRES_USER: facts.user,
    POSTGRES_PASSWORD: facts.password,
    LOADGEN_POSTGRES_USER: LOAD_ROLE,
    LOADGEN_POSTGRES_PASSWORD: secrets.load,
    POSTGRES_HOST: facts.host,
    POSTGRES_PORT_DIRECT: String(facts.directPort),
    POSTGRES_PORT_PGBOUNCER: String(facts.pgbouncerPort),
    POSTGRES_TLS: 'disable',
    DRILL_BLOB_CONNECTION_STRING: storage.connectionString,
    DRILL_BLOB_CONTAINER: storage.container,
    LOADGEN_IMAGE: endpoint.image,
    COOLDOWN_MINUTES: '0',
    AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint.url,
    AZURE_RESOURCE_MANAGER_CA_FILE: caFile,
    AZURE_LOCAL_TOKEN: secrets.token,
  }
}

const PASSED_ON = ['DAILY_DRILL_SCHEDULE', 'DAILY_DRILL_REQUEST', 'NOTIFY_WEBHOOK_URL', 'NOTIFY_WEBHOOK_SECRET']

const passedOn = (): Record<string, string> =>
  Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : [])))

/** What cannot be brought back: storage is in memory, and with it goes every record of the drill. */
function firstBroken(storage: Azurite, host: FunctionsHost): Promise<never> {
  const storageDied = storage.process.exited.then(() => {
    throw new CannotRun(
      'The blob storage (Azurite) died, and with it what the drill had written. Start the drill again',
    )
  })
  const broken = Promise.race([storageDied, host.broken])
  // It also ends when the stack is stopped, and then nobody asks.
  broken.catch(() => {})
  return broken
}

const secret = (): string => randomBytes(18).toString('base64url')

/** Closes in reverse order, and closes everything even when one close fails. */
async function closeAll(closers: ReadonlyArray<() => Promise<void>>): Promise<void> {
  const errors: unknown[] = []
  for (const close of [...closers].reverse()) await close().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw new AggregateError(errors, 'parts of the local stack did not stop cleanly')
}
