/** What the disk holds, and how much of it earlier drills left. The platform's figure counts all files; SQL's stands in for it. */
import type { Clients, PlatformMetrics, StoredDrill } from '../../clients/clients.ts'
import type { DiskFacts, LeftRows } from '../../model/facts.ts'
import type { DrillPlan } from '../../model/plan.ts'
import { overdueDrills } from '../upkeep/old-rows.ts'
import { orGap } from './gap.ts'

interface Where {
  readonly serverId: string | null
  readonly rowsRetentionDays: number | null
}

/** Points come some minutes late. */
const METRIC_WINDOW_MS = 15 * 60_000
/** The checklist waits no longer for the list of drills. */
const LIST_LIMIT_MS = 10_000

export async function diskFacts(
  { clock, database, metrics }: Clients,
  { drillId, target }: DrillPlan,
  gaps: string[],
  { serverId, rowsRetentionDays }: Where,
): Promise<DiskFacts> {
  const now = clock.now()
  const [platformBytes, bySql, stored] = await Promise.all([
    serverId === null ? null : orGap('storage in use', gaps, storageUsed(metrics, serverId, now)),
    orGap('size of the databases', gaps, database.diskUse(target)),
    orGap('rows of earlier drills', gaps, database.storedDrills(target, LIST_LIMIT_MS)),
  ])
  const usedBytes = platformBytes ?? bySql?.usedBytes ?? null
  const overdue =
    stored === null || rowsRetentionDays === null ? null : overdueDrills(stored, drillId, rowsRetentionDays)
  return {
    usedBytes,
    usedSeenBy: usedBytes === null ? null : platformBytes === null ? 'SQL' : 'platform',
    maxWalBytes: bySql?.maxWalBytes ?? null,
    earlier: stored && leftBy(stored.filter((one) => one.drillId !== drillId)),
    overdue: overdue && leftBy(overdue),
  }
}

async function storageUsed(metrics: PlatformMetrics, serverId: string, now: Date): Promise<number | null> {
  const from = new Date(now.getTime() - METRIC_WINDOW_MS).toISOString()
  const series = await metrics.series(serverId, from, now.toISOString())
  const points = series.find(({ name }) => name === 'storage_used')?.points ?? []
  return points.findLast(({ average }) => average !== null)?.average ?? null
}

/** A drill without rows of transactions left rows of its probes, which are few. */
const leftBy = (drills: readonly StoredDrill[]): LeftRows => ({
  drills: drills.filter(({ rows }) => rows > 0).length,
  rows: drills.reduce((sum, { rows }) => sum + rows, 0),
})
