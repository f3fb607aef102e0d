/**
 * The local stack: all services of a drill as processes on one machine. They start together and stop in reverse order; no
 * process and no file is left.
 *
 *   cluster   PostgreSQL pair, PgBouncer          <- load generators, the app (SQL)
 *   storage   Azurite                             <- load generators, the app (blobs, the table of drills)
 *   endpoint  Azure Resource Manager over https   <- the app (SDK clients); fails over the cluster, starts load generators
 *   host      the function app over http          <- npm run drill, the dashboard
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrateSchema } from '../../../functions/clients/postgres/schema-migration.ts'
import { ACCESS_FILE, type EndpointAccess, LOCAL_REPLICA, serverId } from '../azure/arm/arm.ts'
import type { Weather } from '../azure/arm/weather.ts'
import { type AzureEndpoint, type EndpointOptions, startAzureEndpoint } from '../azure/endpoint.ts'
import type { ScalingPath } from '../cluster/cluster.ts'
import { LOADGEN_ENTRY } from '../cluster/containers.ts'
import { type LocalCluster, type ReplicaOptions, startCluster } from '../cluster/local-cluster.ts'
import { withLocalClient } from '../cluster/servers/postgres.ts'
import type { Replication } from '../cluster/servers/postgres-pair.ts'
import type { Lifetime } from '../process/lifetime.ts'
import { type HeldPort, holdFreePort, holdPort } from '../process/ports.ts'
import { CannotRun } from '../process/problem.ts'
import { requireProcessTable } from '../process/process-table.ts'
import type { Programs } from '../process/programs.ts'
import { databaseUser, requireChangeOfUser, requireName, requireReachable } from '../process/run-user.ts'
import {
  clearDeadStacks,
  createStackFolder,
  requireSpace,
  type StackFolder,
  settleDisk,
} from '../process/stack-folder.ts'
import { recordApi } from './api-record.ts'
import { type Azurite, startAzurite } from './azurite.ts'
import { createServerCertificate, type ServerCertificate } from './certificates.ts'
import { type ExampleApp, startExampleApp } from './example-app.ts'
import { type FunctionsHost, type HostKind, startFunctionsHost } from './functions-host.ts'
import {
  type LocalServer,
  type LocalTarget,
  placeOf,
  roomsOf,
  type ServerRoom,
  serverSettings,
} from './local-servers.ts'

export type { ReplicaOptions }

export interface StackOptions {
  readonly programs: Programs
  readonly replication: Replication
  /** Null: there is no replica in another region. */
  readonly replica: ReplicaOptions | null
  readonly scalingPath: ScalingPath
  readonly host: HostKind
  /** Null: a free one. */
  readonly apiPort: number | null
  readonly platformPauseMs: number
  /** Of the Azure endpoint; null: fair. */
  readonly weather: Weather | null
  /** Null: the sources. */
  readonly app: string | null
  readonly loadgen: string | null
  /** With the example of a probed application. */
  readonly withApp?: boolean
  /** The folder with data and logs stays when the stack ends. */
  readonly keep: boolean
  /** So many servers, with what the app does to each; absent: one, with the settings of the caller's environment. */
  readonly targets?: readonly LocalTarget[]
  readonly say: (line: string) => void
  /** For tests. */
  readonly addAzureHooks?: EndpointOptions['addHooks']
}

export interface Stack {
  readonly apiUrl: string
  readonly functionKey: string
  readonly folder: string
  /** The first server's. */
  readonly cluster: LocalCluster
  readonly servers: readonly LocalServer[]
  readonly host: FunctionsHost
  readonly storage: Azurite
  /** Null: there is none. */
  readonly exampleApp: ExampleApp | null
  readonly endpoint: Pick<AzureEndpoint, 'fallen'>
  /** Rejects when a part died that cannot be restarted. */
  readonly broken: Promise<never>
  stop(): Promise<void>
}

/** Names for the app; none of these resources exists in Azure. */
export const PLACE = {
  subscriptionId: '00000000-0000-4000-8000-000000000000',
  resourceGroup: 'rg-local',
  location: 'local',
  server: 'pg-local',
} as const
/** The server of another region. */
const REPLICA_PLACE = { resourceGroup: 'rg-local-2', server: LOCAL_REPLICA, location: 'local-2' } as const
/** Nothing lies in it: only the endpoint's answers depend on it. */
const SUBNET_ID = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/${PLACE.resourceGroup}/providers/Microsoft.Network/virtualNetworks/local/subnets/load`
const DATABASE = 'saifdb'
const ADMIN = 'saifadmin'
/** The load generators' own role, as a deployment makes it: it may only insert. */
const LOAD_ROLE = 'drill_load'
const BLOB_CONTAINER = 'drills'
const TABLE = 'drills'
/** Two data directories, their largest WAL, and the logs; with a replica two more: its own, and one that is set aside. */
const SPACE_MB = 2_500
const REPLICA_SPACE_MB = 2_000

export async function startStack(options: StackOptions, lifetime: Lifetime): Promise<Stack> {
  for (const line of clearDeadStacks()) options.say(line)
  const folder = createStackFolder()
  const rooms = roomsOf(folder, options.targets?.length ?? 1)
  lifetime.onDeath(() => {
    for (const { processes } of rooms) processes.killAllNow()
  })
  const closers: Array<() => Promise<void>> = [
    async () => closeFolder(folder, options),
    ...rooms.map(
      ({ processes }) =>
        () =>
          processes.stopAll(),
    ),
  ]
  const stop = () => closeAll(closers.splice(0))
  try {
    requireProcessTable()
    requireName()
    requireReachable(folder.path, databaseUser())
    requireChangeOfUser(databaseUser(), folder.path)
    const space = SPACE_MB * rooms.length + (options.replica === null ? 0 : REPLICA_SPACE_MB)
    requireSpace(folder.path, space, 'a local stack', 'set DRILL_STATE_DIR to a roomier place')
    return await startParts(folder, rooms, options, closers, lifetime.signal, stop)
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

/** New for every stack. */
const newSecrets = () => ({
  /** Of the server's administrator, which the app logs in as. */
  database: secret(),
  /** Of the load generators' role. */
  load: secret(),
  /** Of the superuser and of PgBouncer's console. */
  platform: secret(),
  /** Of the Azure endpoint. */
  token: secret(),
  functionKey: secret(),
})
type Secrets = ReturnType<typeof newSecrets>

async function startParts(
  folder: StackFolder,
  rooms: readonly [ServerRoom, ...ServerRoom[]],
  options: StackOptions,
  closers: Array<() => Promise<void>>,
  signal: AbortSignal,
  stop: () => Promise<void>,
): Promise<Stack> {
  const started = async <T extends { stop(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const running = await part
    closers.push(() => running.stop())
    signal.throwIfAborted()
    return running
  }
  const secrets = newSecrets()
  const port = await portOfApi(folder, options)
  const [{ processes }] = rooms
  const [storage, certificate, clusters] = await Promise.all([
    started(startStorage(rooms[0], options.host)),
    createServerCertificate(),
    Promise.all(rooms.map((room) => started(startLocalServer(room, options, secrets)))),
  ])
  const cluster = clusters[0] as LocalCluster
  const servers = clusters.map((one, i): LocalServer => ({ place: placeOf(PLACE, i + 1), cluster: one }))
  const exampleApp =
    options.withApp === true
      ? await started(startExampleApp(processes, await holdFreePort(folder), cluster.facts))
      : null
  const endpoint = await started(startEndpoint(folder, servers, certificate, options, secrets))
  writeAccess(folder, { url: endpoint.url, token: secrets.token, ca: certificate.caPem, serverId: serverId(PLACE) })
  const host = await started(
    startFunctionsHost(folder, processes, {
      kind: options.host,
      port,
      app: options.app,
      settings: {
        ...settingsFor(servers, storage, endpoint, writeCa(folder, certificate), secrets),
        ...serverSettings(servers, options.targets ?? []),
        ...probeSettings(exampleApp),
        ...(options.weather?.hasFreshSubnet ? { LOADGEN_SUBNET_ID: SUBNET_ID } : {}),
      },
      functionKey: secrets.functionKey,
      storage: storage.connectionString,
      onEvent: options.say,
    }),
  )
  await settleDisk(folder.path, signal)
  signal.throwIfAborted()
  recordApi(folder.path, { url: `${host.url}/api`, key: secrets.functionKey })
  return {
    apiUrl: `${host.url}/api`,
    functionKey: secrets.functionKey,
    folder: folder.path,
    cluster,
    servers,
    host,
    storage,
    exampleApp,
    endpoint,
    broken: firstBroken(storage, host),
    stop,
  }
}

const portOfApi = (folder: StackFolder, { apiPort }: StackOptions): Promise<HeldPort> =>
  apiPort === null
    ? holdFreePort(folder)
    : holdPort(apiPort, 'Stop that program, or give another port: npm start -- --port 0 takes a free one')

async function startEndpoint(
  folder: StackFolder,
  [first, ...others]: readonly LocalServer[],
  certificate: ServerCertificate,
  { loadgen, weather, addAzureHooks: addHooks }: StackOptions,
  { token }: Secrets,
): Promise<AzureEndpoint> {
  const port = await (await holdFreePort(folder)).release()
  const entryFile = loadgen ?? LOADGEN_ENTRY
  return startAzureEndpoint({
    ...(first as LocalServer),
    replica: REPLICA_PLACE,
    others,
    certificate,
    port,
    token,
    entryFile,
    ...(addHooks && { addHooks }),
    ...(weather !== null && { weather }),
  })
}

/** For `npm run local`, which acts as another user of the same platform. */
const writeAccess = (folder: StackFolder, access: EndpointAccess): void =>
  writeFileSync(join(folder.path, ACCESS_FILE), JSON.stringify(access), { mode: 0o600 })

function writeCa(folder: StackFolder, { caPem }: ServerCertificate): string {
  const file = join(folder.path, 'azure-ca.pem')
  writeFileSync(file, caPem)
  return file
}

const startLocalServer = (
  { number, folder, processes }: ServerRoom,
  options: StackOptions,
  secrets: Secrets,
): Promise<LocalCluster> =>
  startCluster(folder, processes, {
    replication: options.replication,
    // The other region is that of the first server.
    replica: number === 1 ? options.replica : null,
    scalingPath: options.scalingPath,
    postgres: options.programs.postgres,
    pgbouncer: options.programs.pgbouncer,
    database: DATABASE,
    user: ADMIN,
    password: secrets.database,
    loadRole: { user: LOAD_ROLE, password: secrets.load },
    platformPassword: secrets.platform,
    platformPauseMs: options.platformPauseMs,
    loadgenEntry: options.loadgen ?? LOADGEN_ENTRY,
    onEvent: (text) => options.say(number === 1 ? text : `${placeOf(PLACE, number).server}: ${text}`),
  }).then((cluster) => withSchema(cluster, secrets.load))

/** As a deployment's migration: the tables, the rows that the load refers to, and the load's role with its grants. */
async function withSchema(cluster: LocalCluster, loadPassword: string): Promise<LocalCluster> {
  const role = { user: LOAD_ROLE, password: loadPassword, canLogIn: false }
  await withLocalClient(cluster.facts.directPort, cluster.facts, (client) => migrateSchema(client, role))
  return cluster
}

async function startStorage({ folder, processes }: ServerRoom, host: HostKind): Promise<Azurite> {
  const [blob, queue, table] = [await holdFreePort(folder), await holdFreePort(folder), await holdFreePort(folder)]
  const options = { table: TABLE, logsRequests: host !== 'local' }
  return startAzurite(processes, { blob, queue, table }, BLOB_CONTAINER, options)
}

/** The app's settings, as the templates set them in Azure, and those that the app takes from the caller's environment. */
function settingsFor(
  servers: readonly LocalServer[],
  storage: Azurite,
  endpoint: AzureEndpoint,
  caFile: string,
  secrets: Secrets,
): Record<string, string> {
  const { facts } = (servers[0] as LocalServer).cluster
  return {
    ...passedOn(servers.length),
    AZURE_SUBSCRIPTION_ID: PLACE.subscriptionId,
    DRILL_RESOURCE_GROUP: PLACE.resourceGroup,
    DRILL_LOCATION: PLACE.location,
    POSTGRES_DATABASE: facts.database,
    POSTGRES_USER: facts.user,
    POSTGRES_PASSWORD: facts.password,
    LOADGEN_POSTGRES_USER: LOAD_ROLE,
    LOADGEN_POSTGRES_PASSWORD: secrets.load,
    POSTGRES_TLS: 'disable',
    DRILL_BLOB_CONNECTION_STRING: storage.connectionString,
    DRILL_BLOB_CONTAINER: storage.container,
    DRILL_TABLE: storage.table,
    LOADGEN_IMAGE: endpoint.image,
    COOLDOWN_MINUTES: '0',
    DRILL_TASK_HUB: 'PgFailoverDrill',
    AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint.url,
    AZURE_RESOURCE_MANAGER_CA_FILE: caFile,
    AZURE_LOCAL_TOKEN: secrets.token,
  }
}

const PASSED_ON = ['NOTIFY_WEBHOOK_URL', 'NOTIFY_WEBHOOK_SECRET']
/** Each of several servers has its own. */
const OF_ONE_SERVER = ['DAILY_DRILL_SCHEDULE', 'DAILY_DRILL_REQUEST']

const passedOn = (servers: number): Record<string, string> =>
  Object.fromEntries(
    [...PASSED_ON, ...(servers === 1 ? OF_ONE_SERVER : [])].flatMap((name) =>
      process.env[name] ? [[name, process.env[name]] as const] : [],
    ),
  )

/** The caller's own applications, and the example. */
function probeSettings(exampleApp: ExampleApp | null): Record<string, string> {
  const entries = [process.env.PROBE_URL_ALLOWLIST, exampleApp === null ? undefined : `${exampleApp.url}/`]
  const allowlist = entries.filter((entry) => entry !== undefined && entry !== '').join(',')
  const secrets = Object.entries(process.env).filter(([name]) => name.startsWith('PROBE_SECRET_'))
  return { ...(Object.fromEntries(secrets) as Record<string, string>), PROBE_URL_ALLOWLIST: allowlist }
}

/** Storage cannot be restarted: it is in memory, and every record of the drill is lost with it. */
function firstBroken(storage: Azurite, host: FunctionsHost): Promise<never> {
  const storageDied = storage.process.exited.then(() => {
    throw new CannotRun('The blob storage (Azurite) died, and the records of the drill with it. Start the drill again')
  })
  const broken = Promise.race([storageDied, host.broken])
  // Storage also exits when the stack is stopped: that rejection has no listener and must not crash the process.
  broken.catch(() => {})
  return broken
}

const secret = (): string => randomBytes(18).toString('base64url')

/** Closes in reverse order; an error of one does not stop the others. */
async function closeAll(closers: ReadonlyArray<() => Promise<void>>): Promise<void> {
  const errors: unknown[] = []
  for (const close of [...closers].reverse()) await close().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw new AggregateError(errors, 'parts of the local stack did not stop cleanly')
}
