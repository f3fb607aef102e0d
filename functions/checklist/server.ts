/** Checks of the server, its high availability, its PgBouncer and its disk, as the platform reports them. */
import { type Facts, MIN_CONNECTIONS } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import { plain } from '../units/units.ts'
import { atLeast, type BeforeCheck, type BeforeEvidence, equals, holds, type Judgement } from './check.ts'

/** Standard_E4ds_v5, the size that the 8,000 TPS target was set for. */
const MIN_VCORES = 4
const MIN_MEMORY_GB = 32
/**
 * Write operations that one commit costs the disk. The only recorded run with numbers made 5,500 commits per second at 80
 * to 90 % of a 5,000 IOPS disk: group commit saves some, and six index entries per row cost some.
 */
const IOPS_PER_COMMIT = 0.75
/** A connection is busy this long with one transaction at the P50 objective. */
const SECONDS_PER_TRANSACTION = 0.01

/** Baseline IOPS of the premium disk tiers, for servers that name a tier and no number. */
const TIER_IOPS: Readonly<Record<string, number>> = {
  P1: 120,
  P2: 120,
  P3: 120,
  P4: 120,
  P6: 240,
  P10: 500,
  P15: 1_100,
  P20: 2_300,
  P30: 5_000,
  P40: 7_500,
  P50: 7_500,
  P60: 16_000,
  P70: 18_000,
  P80: 20_000,
}

export const SERVER_CHECKS = [
  {
    id: 'server-ready',
    title: 'Server is Ready',
    why: 'The platform refuses a failover of a server that is not Ready.',
    judge: ({ facts }) => equals(facts.server?.state, 'Ready'),
    advice: 'Start the server, or wait until the operation that it is busy with has ended.',
  },
  {
    id: 'server-sku',
    title: 'Server size',
    why: 'Burstable servers have neither high availability nor PgBouncer, and smaller ones cannot carry the target rate.',
    judge: judgeSku,
    advice: 'Scale the server to Standard_E4ds_v5 (4 vCores, 32 GB, Memory Optimized) or larger.',
  },
  {
    id: 'ha-mode',
    title: 'High availability mode',
    why: 'Without a standby there is nothing to fail over to. A standby in the same zone does not survive the loss of a zone.',
    judge: ({ facts }) =>
      holds(
        facts.server && (facts.server.highAvailability?.mode ?? 'Disabled'),
        'ZoneRedundant (or SameZone)',
        (mode) => ['ZoneRedundant', 'SameZone'].includes(mode),
      ),
    advice: 'Enable zone-redundant high availability on the server.',
  },
  {
    id: 'ha-healthy',
    title: 'High availability state',
    why: 'While the standby is being built or is behind, a forced failover can lose commits or not happen at all.',
    judge: ({ facts }) => equals(facts.server?.highAvailability?.state, 'Healthy'),
    advice: 'Wait until the state is Healthy: after a failover the standby is rebuilt for several minutes.',
  },
  {
    id: 'zones-differ',
    title: 'Zones of primary and standby',
    why: 'Only a standby in another zone makes the drill say anything about the loss of a zone.',
    judge: judgeZones,
    advice:
      'Recreate high availability with a standby in another zone; a fallback to the same zone ends by itself once the platform has room in another.',
  },
  {
    id: 'pgbouncer-enabled',
    title: 'PgBouncer is enabled',
    why: 'The load goes through PgBouncer, as the applications should: port 6432.',
    judge: ({ facts }) => isOn(parameter(facts, 'pgbouncer.enabled')),
    advice: 'Set the server parameter pgbouncer.enabled to true.',
  },
  {
    id: 'pgbouncer-pool-mode',
    title: 'PgBouncer pools by transaction',
    why: 'With session pooling every worker would hold a server connection of its own.',
    judge: ({ facts }) => equals(parameter(facts, 'pgbouncer.pool_mode'), 'transaction'),
    advice: 'Set the server parameter pgbouncer.pool_mode to transaction.',
  },
  {
    id: 'pgbouncer-clients',
    title: 'PgBouncer admits all workers',
    why: 'Every worker is one client connection; those above the limit are refused.',
    judge: ({ facts, plan }) =>
      atLeast(numeric(parameter(facts, 'pgbouncer.max_client_conn')), workersVia(plan, 'pgbouncer'), 'clients'),
    advice: 'Raise pgbouncer.max_client_conn (5000 is the default), or ask for fewer workers.',
  },
  {
    id: 'pgbouncer-pool-size',
    title: 'PgBouncer pool size',
    why: 'The pool bounds the transactions in flight: too small a pool caps the rate below what the server could do.',
    judge: judgePoolSize,
    advice: 'Raise pgbouncer.default_pool_size, and keep it below max_connections.',
  },
  {
    id: 'max-connections',
    title: 'max_connections',
    why: 'Room for the pool, for workers that go straight to PostgreSQL, and for all other clients during a reconnect storm.',
    judge: ({ facts }) => atLeast(numeric(parameter(facts, 'max_connections')), MIN_CONNECTIONS, 'connections'),
    advice: 'Set max_connections to 2000 or more, and restart the server: the parameter is static.',
  },
  {
    id: 'pending-restart',
    title: 'No parameter waits for a restart',
    why: 'A static parameter that was changed is not in force, and a failover applies it in the middle of the measurement.',
    judge: judgePendingRestart,
    advice: 'Restart the server once before the drill.',
  },
  {
    id: 'storage-iops',
    title: 'Storage performance',
    why: 'Commits wait for the disk: on 128 GB of default storage the rate ends at a few hundred per second.',
    judge: judgeStorage,
    advice: 'Raise the storage tier (P30 or above), or provision more IOPS.',
  },
] as const satisfies readonly BeforeCheck[]

// ---- How each is judged -----------------------------------------------------------------------------------------------

function judgeSku({ facts }: BeforeEvidence): Judgement {
  const wanted = `at least ${MIN_VCORES} vCores and ${MIN_MEMORY_GB} GB, not Burstable`
  const { sku = null, vCores = null, memoryGb = null } = facts.server ?? {}
  if (sku?.tier === 'Burstable') return { verdict: 'fail', seen: `${sku.name} (Burstable)`, wanted }
  if (sku === null || vCores === null || memoryGb === null)
    return { verdict: 'unknown', seen: sku?.name ?? null, wanted }
  const isLargeEnough = vCores >= MIN_VCORES && memoryGb >= MIN_MEMORY_GB
  return {
    verdict: isLargeEnough ? 'pass' : 'fail',
    seen: `${sku.name}, ${plain(vCores)} vCores, ${plain(memoryGb)} GB`,
    wanted,
  }
}

function judgeZones({ facts }: BeforeEvidence): Judgement {
  const wanted = 'two different zones'
  const { availabilityZone: primary = null, highAvailability = null } = facts.server ?? {}
  const standby = highAvailability?.standbyZone ?? null
  if (highAvailability?.mode === 'SameZone')
    return { verdict: 'pass', seen: `zone ${primary ?? '?'} for both`, wanted: 'any: the mode is SameZone' }
  if (primary === null || standby === null) return { verdict: 'unknown', seen: null, wanted }
  return { verdict: primary === standby ? 'fail' : 'pass', seen: `primary ${primary}, standby ${standby}`, wanted }
}

function judgePoolSize({ facts, plan }: BeforeEvidence): Judgement {
  const size = numeric(parameter(facts, 'pgbouncer.default_pool_size'))
  const maxConnections = numeric(parameter(facts, 'max_connections'))
  const needed = Math.ceil(plan.load.targetTps * SECONDS_PER_TRANSACTION)
  const min = Math.max(1, Math.min(workersVia(plan, 'pgbouncer'), needed))
  const wanted = `at least ${min} (${plan.load.targetTps} TPS at 10 ms each), below max_connections`
  return holds(size, wanted, (seen) => seen >= min && (maxConnections === null || seen < maxConnections))
}

function judgePendingRestart({ facts }: BeforeEvidence): Judgement {
  const wanted = 'none'
  const known = facts.parameters?.filter(({ isPendingRestart }) => isPendingRestart !== null) ?? []
  if (known.length === 0) return { verdict: 'unknown', seen: null, wanted }
  const pending = known.filter(({ isPendingRestart }) => isPendingRestart).map(({ name }) => name)
  return { verdict: pending.length === 0 ? 'pass' : 'fail', seen: pending.join(', ') || 'none', wanted }
}

function judgeStorage({ facts, plan }: BeforeEvidence): Judgement {
  const storage = facts.server?.storage ?? null
  const iops = storage?.iops ?? TIER_IOPS[storage?.tier ?? ''] ?? null
  const min = Math.ceil(plan.load.targetTps * IOPS_PER_COMMIT)
  const size = storage?.sizeGb === null || storage === null ? '' : `, ${storage.sizeGb} GB`
  return holds(
    iops,
    `at least ${min} IOPS for ${plan.load.targetTps} TPS`,
    (seen) => seen >= min,
    (seen) => `${seen} IOPS${storage?.tier ? ` (${storage.tier})` : ''}${size}`,
  )
}

// ---- Reading facts ----------------------------------------------------------------------------------------------------

export const parameter = ({ parameters }: Facts, name: string): string | null =>
  parameters?.find((one) => one.name.toLowerCase() === name)?.value ?? null

export const numeric = (text: string | null): number | null =>
  text === null || text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text)

const isOn = (value: string | null): Judgement =>
  holds(value, 'true', (seen) => ['true', 'on', '1'].includes(seen.toLowerCase()))

const workersVia = ({ load }: DrillPlan, via: 'pgbouncer' | 'direct'): number =>
  Math.ceil(
    load.workers * load.cohorts.filter((cohort) => cohort.via === via).reduce((sum, { share }) => sum + share, 0),
  )
