import type { Replication } from './servers/postgres-pair.ts'
import type { Site } from './servers/regions.ts'

/**
 * The interface of the local flexible servers. The HTTPS endpoint in azure/ translates calls of Azure Resource Manager into these;
 * local-cluster.ts implements them on real PostgreSQL servers. There is the server at home, with high availability, and on request a
 * replica in another region.
 *
 * The states of one failover, as `state()` returns them:
 *   server Ready      high availability Healthy
 *   server Restarting high availability FailingOver        old primary stopped, standby being promoted, zones not yet swapped
 *   server Ready      high availability CreatingStandby    writable again on the new timeline, zones swapped
 *   server Ready      high availability ReplicatingData    new standby started, catching up
 *   server Ready      high availability Healthy            new standby streams (and is synchronous, unless async)
 * A restart is Restarting until clients can connect; scaling and promotions are Updating until the last server is as it will stay.
 */
export type ServerState = 'Starting' | 'Ready' | 'Restarting' | 'Updating' | 'Stopped'
export type HighAvailabilityState = 'NotEnabled' | 'Healthy' | 'FailingOver' | 'CreatingStandby' | 'ReplicatingData'
/** The platform's words for the link of a replica with its primary. */
export type ReplicationState = 'Active' | 'Catchup' | 'Reconfiguring' | 'Updating' | 'Broken'
/** A switchover prefers that the servers swap roles: the old primary comes back as the standby, without a copy. */
export type LocalFailoverMode = 'forced' | 'planned' | 'forcedSwitchover' | 'plannedSwitchover'
export type PromoteOption = 'planned' | 'forced'
/** Scaling by a switch to a standby that is scaled already, or in place, which the platform falls back to without saying so. */
export type ScalingPath = 'switch' | 'in place'

export interface ClusterState {
  readonly server: ServerState
  readonly highAvailability: HighAvailabilityState
  /** '1' or '2': where the primary runs; swapped by every failover. */
  readonly primaryZone: string
  readonly standbyZone: string
  readonly role: 'Primary' | 'AsyncReplica'
  /** Null unless it is a replica. */
  readonly replication: ReplicationState | null
  /** The name of its size. */
  readonly sku: string
}

/** A size on offer. The machine stays the same; the names are not Azure's. */
export interface Sku {
  readonly name: string
  readonly tier: 'GeneralPurpose' | 'MemoryOptimized'
  readonly vCores: number
  readonly memoryGb: number
}

/** Constant while the stack is up. */
export interface ClusterFacts {
  readonly host: string
  /** PgBouncer: the same port before and after every failover. */
  readonly pgbouncerPort: number
  /** Straight to the primary; the same port before and after every failover. */
  readonly directPort: number
  readonly database: string
  readonly user: string
  /** A secret. */
  readonly password: string
  readonly replication: Replication
  /** PostgreSQL's own version, such as 15.18. */
  readonly version: string
  /** The first is the one at the start: this machine, which the server can use whole. */
  readonly skus: readonly [Sku, ...Sku[]]
  readonly storageGb: number
  /** There is a replica in another region. */
  readonly hasReplica: boolean
}

/** A setting as the running server or pooler reports it. PgBouncer's have the prefix `pgbouncer.`, as on Azure. */
export interface ClusterParameter {
  readonly name: string
  readonly value: string
  readonly defaultValue: string | null
  /** pg_settings.vartype; PgBouncer's are string. */
  readonly type: 'bool' | 'enum' | 'integer' | 'real' | 'string'
  readonly unit: string | null
  readonly description: string
  readonly allowedValues: string | null
  /** Takes effect without a restart. */
  readonly isDynamic: boolean
  readonly isReadOnly: boolean
  readonly isPendingRestart: boolean
}

/** Azure Monitor's names. A metric that is not measured is missing, never 0. */
export type MetricName =
  | 'cpu_percent'
  | 'memory_percent'
  | 'active_connections'
  | 'network_bytes_ingress'
  | 'network_bytes_egress'
  | 'storage_percent'
  | 'storage_used'
  | 'iops'
  | 'read_iops'
  | 'write_iops'
  | 'xact_commit'
  | 'client_connections_active'
  | 'client_connections_waiting'
  | 'server_connections_active'
  | 'is_db_alive'

/** One sample of the processes, every two seconds. Bytes and transactions are the amounts since the last sample. */
export interface MetricSample {
  readonly atMs: number
  readonly values: Readonly<Partial<Record<MetricName, number>>>
}

export interface ContainerSpec {
  /** Of the group; names the process in logs. */
  readonly name: string
  /** Plain and secure values together. */
  readonly environment: Readonly<Record<string, string>>
}

/** A container group's only container: the image's entry point as a child process. */
export interface LocalContainer {
  readonly name: string
  readonly state: 'Running' | 'Terminated'
  readonly exitCode: number | null
  readonly startedAt: Date
  readonly finishedAt: Date | null
  /** Output of both streams, newest last; at most the newest 4 MB, as on Azure. */
  logs(): string
  /** SIGTERM, and SIGKILL when that is not enough. Resolves when the process is gone. */
  stop(): Promise<void>
}

/** Thrown when an action cannot start now; the endpoint answers 409 or 400 with the code. */
export class PlatformRefused extends Error {
  readonly code:
    | 'ServerIsNotReady'
    | 'ServerIsBusy'
    | 'HighAvailabilityNotHealthy'
    | 'HANotEnabled'
    | 'InvalidParameterValue'
  constructor(code: PlatformRefused['code'], message: string) {
    super(message)
    this.name = 'PlatformRefused'
    this.code = code
  }
}

/**
 * Every action throws PlatformRefused at once (not as a rejection, so that the caller can still answer 4xx). Otherwise its promise
 * resolves when all servers are as they will stay, and rejects when the action failed.
 */
export interface PlatformActions {
  /** Resolves when high availability is Healthy again. */
  failover(mode: LocalFailoverMode): Promise<void>
  /** Without a failover: the same timeline. PgBouncer restarts with its machine, and the standby with the primary. */
  restart(site?: Site): Promise<void>
  scale(sku: string, site?: Site): Promise<void>
  /** The replica becomes the primary, and the primary the replica; the ports lead to the new primary. */
  promote(option: PromoteOption): Promise<void>
}

export interface Cluster extends PlatformActions {
  readonly facts: ClusterFacts
  state(site?: Site): ClusterState
  /** Kills the primary's server process, as a crash does; the platform notices by itself. */
  kill(): Promise<void>
  /** Promotes the standby without an end of the old primary, which takes writes of its clients for some seconds more. */
  splitBrain(): void
  parameters(site?: Site): Promise<readonly ClusterParameter[]>
  /** Oldest first; at most the last six hours. */
  samples(site?: Site): readonly MetricSample[]
  startContainer(spec: ContainerSpec): Promise<LocalContainer>
}
