/** What was observed about the target and its surroundings. Every field may be null: null means "could not be seen". */

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
  } | null
}

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
  readonly address: string | null
  readonly inRecovery: boolean | null
  readonly timeline: number | null
  readonly currentWalLsn: string | null
  readonly postmasterStartedAt: string | null
  readonly user: string | null
  readonly isSuperuser: boolean | null
  readonly synchronousCommit: string | null
  readonly synchronousStandbyNames: string | null
  readonly clockOffsetMs: number | null
  readonly clockErrorMs: number | null
}

export interface SchemaFacts {
  readonly hasTable: boolean | null
  readonly hasKeyColumns: boolean | null
  /** Of ids 1 to 5, which the load refers to, how many there are. */
  readonly customers: number | null
  readonly merchants: number | null
  readonly missingExtensions: readonly string[] | null
  /** Insert and delete of one row through PgBouncer. */
  readonly canary: 'ok' | 'failed' | null
  readonly canaryError: string | null
  readonly drillRows: number | null
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

/** One consistent look at everything the checklist judges. */
export interface Facts {
  readonly observedAt: string
  readonly server: ServerFacts | null
  readonly parameters: readonly ServerParameter[] | null
  readonly sessions: readonly SessionFacts[]
  readonly schema: SchemaFacts | null
  readonly containers: ContainerFacts
  readonly lastFailoverAt: string | null
  /** What could not be observed and why, one line each. */
  readonly gaps: readonly string[]
}

/** Identity of the primary: what must change to call a failover proven. */
export interface PrimaryIdentity {
  readonly observedAt: string
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
