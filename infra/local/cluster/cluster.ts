/**
 * The interface of the local flexible server. The HTTPS endpoint in azure/ translates calls of Azure Resource Manager into these;
 * local-cluster.ts implements them on a real PostgreSQL pair.
 *
 * The states of one failover, as `state()` returns them:
 *   server Ready      high availability Healthy
 *   server Restarting high availability FailingOver        old primary stopped, standby being promoted, zones not yet swapped
 *   server Ready      high availability CreatingStandby    writable again on the new timeline, zones swapped
 *   server Ready      high availability ReplicatingData    new standby started, catching up
 *   server Ready      high availability Healthy            new standby streams (and is synchronous, unless async)
 */
export type ServerState = 'Starting' | 'Ready' | 'Restarting' | 'Stopped'
export type HighAvailabilityState = 'Healthy' | 'FailingOver' | 'CreatingStandby' | 'ReplicatingData'
export type LocalFailoverMode = 'forced' | 'planned'
export type Replication = 'sync' | 'async'

export interface ClusterState {
  readonly server: ServerState
  readonly highAvailability: HighAvailabilityState
  /** '1' or '2': where the primary runs; swapped by every failover. */
  readonly primaryZone: string
  readonly standbyZone: string
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
  /** Of this machine, which the server can use whole. */
  readonly vCores: number
  readonly memoryGb: number
  readonly storageGb: number
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

/** Thrown by `failover` when it cannot start now; the endpoint answers 409 or 400 with the code. */
export class FailoverRefused extends Error {
  readonly code: 'ServerIsNotReady' | 'HighAvailabilityNotHealthy'
  constructor(code: FailoverRefused['code'], message: string) {
    super(message)
    this.name = 'FailoverRefused'
    this.code = code
  }
}

export interface Cluster {
  readonly facts: ClusterFacts
  state(): ClusterState
  /**
   * Throws FailoverRefused at once (not as a rejection, so that the caller can still answer 4xx). Otherwise the promise resolves
   * when high availability is Healthy again, and rejects when the failover failed.
   */
  failover(mode: LocalFailoverMode): Promise<void>
  parameters(): Promise<readonly ClusterParameter[]>
  /** Oldest first; at most the last six hours. */
  samples(): readonly MetricSample[]
  startContainer(spec: ContainerSpec): Promise<LocalContainer>
}
