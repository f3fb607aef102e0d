/**
 * Deletes the rows of old drills. A drill leaves millions of rows, and a daily drill would fill the disk. Each drill deletes while
 * it still holds the server: in small transactions, in turns of some minutes; the next drill deletes the rest. Rows without a drill id
 * are not the drill's own and stay.
 */
import type { Clients, StoredDrill } from '../../clients/clients.ts'
import { DELETION_TURN_SECONDS } from '../../model/load-plan.ts'
import type { Target } from '../../model/plan.ts'
import { counted } from '../../units/units.ts'
import { type DrillRef, readPlan } from '../records/stored-drill.ts'

export interface RowSettings {
  readonly upkeepOf: (target: Target) => { readonly rowsRetentionDays: number }
}

/** Of the list of drills, which is read from the key's index. */
const LIST_LIMIT_MS = 60_000
const KEPT = 'rows are kept: DRILL_ROWS_RETENTION_DAYS is 0'
const DAY_SECONDS = 86_400

interface DeletionTurn {
  /** False: the time was up, and rows of old drills are left. */
  readonly isComplete: boolean
  readonly detail: string
}

export async function deleteOldRows(
  { blobs, clock, database }: Clients,
  { upkeepOf }: RowSettings,
  { drillId }: DrillRef,
): Promise<DeletionTurn> {
  const { target } = await readPlan(blobs, drillId)
  const { rowsRetentionDays } = upkeepOf(target)
  if (rowsRetentionDays === 0) return { isComplete: true, detail: KEPT }
  const endMs = clock.now().getTime() + DELETION_TURN_SECONDS * 1000
  const stored = await database.storedDrills(target, LIST_LIMIT_MS)
  const old = overdueDrills(stored, drillId, rowsRetentionDays)
  let rows = 0
  let done = 0
  for (const one of old) {
    const deleted = await database.deleteRows(target, one.drillId, endMs - clock.now().getTime())
    rows += deleted.rows
    if (!deleted.isComplete) break
    done++
  }
  return { isComplete: done === old.length, detail: detailOf(rows, done, old.length, rowsRetentionDays) }
}

/** By the newest row: a drill that still writes is never old. A drill without a date may be new. */
const isOlder = (ageSeconds: number | null, days: number): boolean =>
  ageSeconds !== null && ageSeconds > days * DAY_SECONDS

/** Without the drill that asks. `days` 0: rows are kept. */
export const overdueDrills = (stored: readonly StoredDrill[], drillId: string, days: number): readonly StoredDrill[] =>
  days === 0 ? [] : stored.filter((one) => one.drillId !== drillId && isOlder(one.newestRowAgeSeconds, days))

function detailOf(rows: number, done: number, old: number, days: number): string {
  if (old === 0) return `no rows of drills older than ${days} days`
  const rest = done === old ? '' : `; rows of ${counted(old - done, 'drill')} are left`
  return `deleted ${rows} rows of drills older than ${days} days${rest}`
}
