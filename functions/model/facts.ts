/** Facts about the server and its surroundings, as observed by the check phase. Null means "could not be observed". */

export interface ServerFacts {
  readonly name: string
  readonly id: string
  readonly location: string
  readonly state: string | null
  readonly version: string | null
  readonly fqdn: string | null
  readonly sku: { readonly name: string; readonly tier: string } | null
  readonly vCores: number | null
  readonly memoryGb: number | null
  readonly availabilityZone: string | null
  readonly highAvailability: {
    readonly mode: string
    readonly state: string | null
    readonly standbyZone: string | null
  } | null
  readonly storage: {
    readonly sizeGb: number | null
    readonly tier: string | null
    readonly iops: number | null
    readonly type: string | null
    /** The disk grows by itself when it runs short. */
    readonly growsByItself: boolean | null
  } | null
  /** In a subnet of its own (delegated), and so without private endpoints; null: the platform does not say. */
  readonly isInSubnet: boolean | null
  /** In UTC; the day counts from Sunday, 0. */
  readonly maintenanceWindow: {
    /** False: the platform chooses day and hour, and the other fields say nothing. */
    readonly isCustom: boolean
    readonly dayOfWeek: number
    readonly startHour: number
    readonly startMinute: number
  } | null
  readonly replication: ReplicationFacts
}

/** The place of a server among its read replicas. */
interface ReplicationFacts {
  /** Primary, AsyncReplica, GeoAsyncReplica or None. */
  readonly role: string | null
  /** How a replica follows, such as Active or Catchup. Only the list of replicas shows it. */
  readonly state: string | null
  /** Resource id of the server that a replica follows; null: it follows none. */
  readonly sourceId: string | null
}

/** A name that leads to whichever server is the primary (and another one, to a replica). */
export interface VirtualEndpointFacts {
  readonly name: string
  readonly type: string | null
  /** Names of servers. The server that owns the endpoint may be missing. */
  readonly members: readonly string[]
  readonly hosts: readonly string[]
}

/** A size that the platform offers for a server. */
export interface SizeFacts {
  readonly name: string
  readonly tier: string
  readonly vCores: number | null
  readonly memoryGb: number | null
}

/** The least `max_connections` that the checklist accepts, and a full bar of connections in the dashboard. */
export const MIN_CONNECTIONS = 2_000

export interface ServerParameter {
  readonly name: string
  readonly value: string | null
  readonly isDynamic: boolean | null
  readonly isPendingRestart: boolean | null
  readonly unit: string | null
}

/** What SQL says about one way in. */
export interface SessionFacts {
  readonly via: 'pgbouncer' | 'direct'
  readonly reachable: boolean
  /** Why it was not reachable: code and the server's words. */
  readonly error: string | null
  readonly serverVersion: string | null
  /** To which the app connected: what the name of the server resolved to here, or the folder of a socket. */
  readonly reachedAt: string | null
  /** Of the server, by its own word. */
  readonly address: string | null
  readonly inRecovery: boolean | null
  readonly timeline: number | null
  readonly currentWalLsn: string | null
  readonly postmasterStartedAt: string | null
  readonly synchronousStandbyNames: string | null
  readonly clockOffsetMs: number | null
  readonly clockErrorMs: number | null
}

/** Where a value of a setting comes from, and so which statement changes it. */
export type SettingOrigin =
  | 'role in database'
  | 'role'
  | 'database'
  | 'all roles'
  | 'server'
  | 'default'
  /** By SET, from the pooler or from a client that shares the session: it ends with the session. */
  | 'session'
  /** Of a role or database whose setting is gone: a session that PgBouncer holds keeps what it began with. */
  | 'earlier setting'

export interface SessionSetting {
  readonly name: string
  /** In the server's own unit; time-outs in milliseconds. */
  readonly value: string
  readonly origin: SettingOrigin
  /** PgBouncer hands out sessions that began earlier and sessions that begin now; the two can differ. */
  readonly holdsIn: 'this session' | 'the next session'
}

/** The table that the load's own statement leads to. */
export interface TableFacts {
  /** With its schema. */
  readonly name: string
  readonly kind: 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table' | 'other'
  /** The table or its partitions, with their schema, whose rows a standby never gets. */
  readonly unlogged: readonly string[]
  readonly temporary: readonly string[]
  /** Partitions on another server. */
  readonly foreign: readonly string[]
  /** Columns of the ledger's key that it lacks. */
  readonly missingKeyColumns: readonly string[]
  readonly hasKeyIndex: boolean
  /** What can change, reject or reroute a row on its way in: triggers, rules, row security. */
  readonly interventions: readonly string[]
}

/** What holds in a session of the load: its role, its way in, its database, with nothing set by the observer. */
export interface LoadSessionFacts {
  readonly via: 'pgbouncer' | 'direct'
  readonly reachable: boolean
  readonly error: string | null
  readonly user: string | null
  readonly database: string | null
  readonly isSuperuser: boolean | null
  readonly settings: readonly SessionSetting[] | null
  readonly hasTable: boolean | null
  readonly table: TableFacts | null
  /** Where the next session's search_path leads, when that is not where this session's leads. */
  readonly nextTable: string | null
}

/** What the load asks of the database, so that it can be tried in its sessions. */
export interface LoadWays {
  readonly vias: ReadonlyArray<LoadSessionFacts['via']>
  readonly transactions: 'ledger' | 'compat'
}

export interface SchemaFacts {
  /** The table that the audit reads, with its schema; null: there is none. */
  readonly auditedTable: string | null
  /** Of ids 1 to 5, which the load refers to, how many there are. */
  readonly customers: number | null
  readonly merchants: number | null
  readonly missingExtensions: readonly string[] | null
  /** The canary: one transaction of the load by its role through each of its ways in, read by the audit's role, then deleted. */
  readonly canary: 'ok' | 'failed' | null
  readonly canaryError: string | null
}

/** What the server's disk holds. Its size is the server's. */
export interface DiskFacts {
  readonly usedBytes: number | null
  /** The platform counts all files; SQL counts databases and WAL. */
  readonly usedSeenBy: 'platform' | 'SQL' | null
  /** `max_wal_size`: the WAL that the server keeps, when a standby needs no more. */
  readonly maxWalBytes: number | null
  /** Rows that earlier drills left, about: by the sequence numbers of their workers. */
  readonly earlier: LeftRows | null
  /** Of these, what is older than rows are kept, and is not deleted yet. Null also where it is not known how long they are kept. */
  readonly overdue: LeftRows | null
}

export interface LeftRows {
  readonly drills: number
  readonly rows: number
}

export interface ContainerFacts {
  readonly usages: ReadonlyArray<{ readonly name: string; readonly used: number; readonly limit: number }> | null
  readonly maxCpu: number | null
  readonly maxMemoryGb: number | null
  readonly resourceGroupExists: boolean | null
  readonly image: { readonly reference: string; readonly exists: boolean | null; readonly digest: string | null } | null
  readonly identityTokenOk: boolean | null
  readonly blobWritable: boolean | null
}

/** What a switchover to a replica needs. Null: could not be observed. */
interface SwitchoverFacts {
  /** By which the app and the load reach the database. */
  readonly host: string
  readonly replicas: readonly ServerFacts[] | null
  readonly replicaParameters: readonly ServerParameter[] | null
  readonly endpoints: readonly VirtualEndpointFacts[] | null
}

/** Everything that the checklist judges, observed at one time. */
export interface Facts {
  readonly observedAt: string
  readonly server: ServerFacts | null
  readonly parameters: readonly ServerParameter[] | null
  readonly sessions: readonly SessionFacts[]
  /** One for each way in that the load takes. */
  readonly loadSessions: readonly LoadSessionFacts[]
  readonly schema: SchemaFacts | null
  readonly disk: DiskFacts | null
  readonly containers: ContainerFacts
  readonly lastPromotionAt: string | null
  /** Null: could not be observed, or no event needs them. */
  readonly sizes: readonly SizeFacts[] | null
  /** Null: no event needs them. */
  readonly switchover: SwitchoverFacts | null
  /** What could not be observed and why, one line each. */
  readonly gaps: readonly string[]
}

/** One reading of the primary while the load runs. */
export interface WalPosition {
  /** By the app's clock. */
  readonly at: string
  /** All WAL of the server's life up to now. */
  readonly writtenBytes: number
  /** Since the redo point of the last checkpoint, where a recovery begins. Null, as the next: the role may not read it. */
  readonly sinceRedoBytes: number | null
  readonly sinceCheckpointSeconds: number | null
  /** Code of the refusal. */
  readonly checkpointProblem: string | null
}

/** Identity of the primary: what changes with an event, and so proves it. */
export interface PrimaryIdentity {
  readonly observedAt: string
  /** The resource that is the primary behind the target's name; a switchover changes it. */
  readonly serverId: string | null
  /** Name of its size. */
  readonly sku: string | null
  readonly timeline: number | null
  readonly address: string | null
  readonly postmasterStartedAt: string | null
  readonly walLsn: string | null
  readonly availabilityZone: string | null
  readonly standbyZone: string | null
  readonly haState: string | null
  readonly serverState: string | null
}

/** Names and units as the report uses them; a gap in the platform's series stays a gap. */
export interface MetricSeries {
  readonly name: string
  readonly unit: string
  readonly points: ReadonlyArray<{
    readonly at: string
    readonly average: number | null
    readonly maximum: number | null
  }>
}

// ---- What the platform recorded by itself while a drill watched: context for what others did, and proof of nothing ---------------

export interface PlatformRecord {
  readonly at: string
  readonly what: string
}

/** `not read`: the app may not read it, or it did not answer. */
export type PlatformReading =
  | { readonly kind: 'read'; readonly records: readonly PlatformRecord[] }
  | { readonly kind: 'not read'; readonly why: string }

export interface PlatformLog {
  readonly activityLog: PlatformReading
  readonly resourceHealth: PlatformReading
}
