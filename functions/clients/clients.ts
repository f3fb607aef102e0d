/**
 * The interfaces of everything outside the app: thin wrappers over the Azure SDKs and pg without decisions. Azure, the local endpoint
 * and the simulator implement them.
 */
import type { Readable } from 'node:stream'
import type { EventAnswer, OperationState } from '../model/event-answer.ts'
import type { WatchRun } from '../model/evidence.ts'
import type {
  ContainerFacts,
  LoadSessionFacts,
  LoadWays,
  MetricSeries,
  PlatformRecord,
  SchemaFacts,
  ServerFacts,
  ServerParameter,
  SessionFacts,
  SizeFacts,
  VirtualEndpointFacts,
  WalPosition,
} from '../model/facts.ts'
import type { TableQuery, TableRow } from '../model/history/rows.ts'
import type { Target } from '../model/plan.ts'
import type { PlatformRequest } from '../model/planned-event.ts'

export interface Clients {
  readonly clock: Clock
  readonly servers: FlexibleServers
  readonly groups: ContainerGroups
  readonly blobs: Blobs
  readonly table: Table
  readonly database: Database
  readonly metrics: PlatformMetrics
  readonly platformLogs: PlatformLogs
  readonly registry: ImageRegistry
  readonly webhook: Webhook
}

export interface Clock {
  now(): Date
  /** For waits of a few seconds inside one activity. The simulator moves its clock instead. */
  sleep(ms: number): Promise<void>
}

// ---- Flexible server --------------------------------------------------------------------------------------------------

export interface FlexibleServers {
  get(target: Target): Promise<ServerFacts>
  parameters(target: Target): Promise<readonly ServerParameter[]>
  /** The read replicas of the replication set that the server belongs to, wherever its primary is. */
  replicas(target: Target): Promise<readonly ServerFacts[]>
  /** Of the same set: none or one. */
  virtualEndpoints(target: Target): Promise<readonly VirtualEndpointFacts[]>
  /** Those that the platform offers for this server. */
  sizes(target: Target): Promise<readonly SizeFacts[]>
  /** Both return when the platform has accepted; the state says when it is done. */
  start(target: Target): Promise<void>
  stop(target: Target): Promise<void>
  /** One call, no pipeline retries; see EventAnswer. */
  begin(target: Target, request: PlatformRequest): Promise<EventAnswer>
  /** Reads the long-running operation by the token of the accepted call. */
  operationState(target: Target, pollerToken: string): Promise<OperationState>
}

// ---- Container groups ---------------------------------------------------------------------------------------------------

export interface GroupSpec {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly cpu: number
  readonly memoryGb: number
  /** Availability zone; null: the platform chooses. */
  readonly zone?: string | null
  readonly environment: Readonly<Record<string, string>>
  /** Never returned by a read, never logged. */
  readonly secureEnvironment: Readonly<Record<string, string>>
}

export interface GroupState {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly provisioningState: string
  /** Judge by the container's state: a group can be Running with a terminated container. */
  readonly container: 'Waiting' | 'Running' | 'Terminated' | null
  readonly exitCode: number | null
  readonly restartCount: number
  /** The availability zone that was requested; null: the platform chose, and does not say which. */
  readonly zone: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly detail: string | null
}

/** A permanent refusal is a value, so that no retry policy repeats it. */
export type CreateAnswer =
  | { readonly kind: 'created' }
  /** A later try may succeed: the drill tries again while it has time to get ready. */
  | { readonly kind: 'later'; readonly code: string; readonly message: string; readonly afterSeconds: number | null }
  | {
      readonly kind: 'refused'
      readonly reason: 'quota' | 'capacity' | 'image' | 'other'
      readonly code: string
      readonly message: string
    }

export interface ContainerGroups {
  /** Idempotent PUT; returns when accepted, not when running. */
  create(spec: GroupSpec): Promise<CreateAnswer>
  get(name: string): Promise<GroupState | null>
  /** All groups of the resource group that carry our tag. */
  list(): Promise<readonly GroupState[]>
  /** Idempotent: a group that is gone is deleted. Returns when the platform has accepted it. */
  delete(name: string): Promise<void>
  logs(name: string): Promise<string>
  /** Quota, capability, resource group, identity; null for what cannot be read. */
  facts(): Promise<
    Pick<ContainerFacts, 'usages' | 'maxCpu' | 'maxMemoryGb' | 'resourceGroupExists' | 'identityTokenOk'>
  >
}

export interface ImageRegistry {
  image(): Promise<NonNullable<ContainerFacts['image']>>
}

// ---- Blob storage -------------------------------------------------------------------------------------------------------

export interface BlobInfo {
  readonly name: string
  readonly size: number
  readonly lastModified: string
}

export interface Blobs {
  readText(name: string): Promise<string | null>
  readJson<T>(name: string): Promise<T | null>
  /** With the ETag, for an optimistic takeover. */
  readWithTag<T>(name: string): Promise<{ readonly value: T; readonly etag: string } | null>
  readStream(name: string): Promise<Readable | null>
  /** From `offset` to the end, or so many bytes of it; empty when nothing is there yet. Lets a watcher read only what was appended since. */
  readFrom(name: string, offset: number, maxBytes?: number): Promise<Uint8Array | null>
  write(name: string, content: string | Uint8Array, contentType?: string): Promise<void>
  writeJson(name: string, value: unknown): Promise<void>
  /** If-None-Match: *. False when it already exists. */
  writeOnce(name: string, value: unknown): Promise<boolean>
  /** If-Match. False when another writer changed or removed it in between. */
  replace(name: string, value: unknown, etag: string): Promise<boolean>
  delete(name: string): Promise<void>
  list(prefix: string): Promise<readonly BlobInfo[]>
  /** Writes and deletes a probe blob. */
  isWritable(): Promise<boolean>
}

// ---- The table of drills ------------------------------------------------------------------------------------------------

export interface StoredRow<T> {
  readonly key: string
  readonly value: T
  readonly etag: string
}

export interface TablePage<T> {
  readonly rows: ReadonlyArray<StoredRow<T>>
  /** The place at which the next page begins, as the service says it; null: there is none. A page may be short all the same. */
  readonly next: string | null
}

/** Rows in partitions, in rising order of their keys. A call reads a range of one partition, however many rows there are. */
export interface Table {
  page<T>(query: TableQuery, limit: number, after: string | null): Promise<TablePage<T>>
  read<T>(partition: string, key: string): Promise<StoredRow<T> | null>
  /** False when it already exists. */
  insert(row: TableRow): Promise<boolean>
  put(row: TableRow): Promise<void>
  /** False when another writer changed or removed it in between. */
  replace(row: TableRow, etag: string): Promise<boolean>
  delete(partition: string, key: string): Promise<void>
}

// ---- The database under test --------------------------------------------------------------------------------------------

/** Rows of one worker in a range of sequence numbers, summed up by the database. */
export interface StoredRange {
  readonly worker: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly rows: number
  readonly distinctRows: number
}

export interface StoredDrill {
  readonly drillId: string
  /** By the database's own clock; null when its rows carry no date. */
  readonly newestRowAgeSeconds: number | null
  /** Of transactions, about: from the first to the last sequence number of every worker. */
  readonly rows: number
}

/** What a server's databases and its WAL take up, by SQL. */
export interface DiskUse {
  /** Null: the role may not read one of the two. */
  readonly usedBytes: number | null
  readonly maxWalBytes: number
}

export interface Deleted {
  readonly rows: number
  /** False: the time was up, and rows are left. */
  readonly isComplete: boolean
}

export interface Database {
  session(target: Target, via: 'pgbouncer' | 'direct'): Promise<SessionFacts>
  /** In the load's role, through one of its ways in. An unreachable session is a result and not an error. */
  loadSession(target: Target, via: LoadSessionFacts['via']): Promise<LoadSessionFacts>
  /** Of the primary. Throws when it does not answer within two seconds, and on a standby. */
  walPosition(target: Target): Promise<WalPosition>
  schema(target: Target, ways: LoadWays): Promise<SchemaFacts>
  /** Creates or migrates what the drill needs, and returns what was done. Only with consent. */
  migrate(target: Target): Promise<readonly string[]>
  /** All keys of a drill as maximal runs per worker, streamed; a few MB of result for millions of rows. */
  storedRuns(target: Target, drillId: string): AsyncIterable<StoredRange>
  /** All rows of a drill's stale-primary watch as maximal runs per session; null: there is no table of them. */
  storedWatchRuns(target: Target, drillId: string): Promise<readonly WatchRun[] | null>
  /** All drills that have rows with a key, also of other apps. Throws when the database needs longer. */
  storedDrills(target: Target, withinMs: number): Promise<readonly StoredDrill[]>
  diskUse(target: Target): Promise<DiskUse>
  /** Deletes a drill's rows in batches, for at most this long. */
  deleteRows(target: Target, drillId: string, withinMs: number): Promise<Deleted>
  /** The connection string that a load generator gets. A secret. */
  loadConnectionString(target: Target): string
  /** Scope of the token with which a load generator's own identity logs in; null: the connection string holds the password. */
  loadTokenScope(target: Target): string | null
  directPort(target: Target): number
  /** By which the app and the load generators reach a server. */
  host(target: Target): string
}

export interface PlatformMetrics {
  /** 1-minute points of the metrics in METRICS; a metric that the server does not have is left out. */
  series(serverId: string, fromIso: string, toIso: string): Promise<readonly MetricSeries[]>
}

/** Context for what others do. Each read throws when it is refused. */
export interface PlatformLogs {
  activities(serverId: string, fromIso: string, toIso: string): Promise<readonly PlatformRecord[]>
  /** Also from before the drill. */
  health(serverId: string): Promise<readonly PlatformRecord[]>
}

export interface Webhook {
  readonly isConfigured: boolean
  /** Of this app, for links in messages; null: not known. */
  readonly appUrl: string | null
  /** Signed POST. Throws when it was not answered with 2xx. */
  send(body: unknown): Promise<void>
}
