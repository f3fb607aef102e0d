/**
 * Drills leave millions of rows, and a daily one would fill the disk. So each drill, while the server is still its own, deletes
 * the rows of drills whose time is past: in small transactions, for some minutes at most, the rest at the end of the next drill.
 * Rows without a drill's id belong to somebody else and are never touched.
 */
import type { Clients, Deleted } from '../clients/clients.ts'
import { type DrillRef, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

/** Well inside the time that the platform gives an activity. */
const WITHIN_MS = 4 * 60_000
const DAY_SECONDS = 86_400

export function oldRowActivities({ blobs, clock, database }: Clients, { rowsRetentionDays }: ActivitySettings) {
  return {
    async deleteOldRows({ drillId }: DrillRef): Promise<{ readonly detail: string }> {
      if (rowsRetentionDays === 0) return { detail: 'rows are kept: DRILL_ROWS_RETENTION_DAYS is 0' }
      const endMs = clock.now().getTime() + WITHIN_MS
      const { target } = await readPlan(blobs, drillId)
      const stored = await database.storedDrills(target)
      const old = stored.filter((one) => one.drillId !== drillId && isOlder(one.newestRowAgeSeconds, rowsRetentionDays))
      let rows = 0
      let done = 0
      for (const one of old) {
        const deleted: Deleted = await database.deleteRows(target, one.drillId, endMs - clock.now().getTime())
        rows += deleted.rows
        if (!deleted.isComplete) break
        done++
      }
      return { detail: detailOf(rows, done, old.length, rowsRetentionDays) }
    },
  }
}

/** By its newest row: a drill that still writes is never old. One without a date may be new. */
const isOlder = (ageSeconds: number | null, days: number): boolean =>
  ageSeconds !== null && ageSeconds > days * DAY_SECONDS

function detailOf(rows: number, done: number, old: number, days: number): string {
  if (old === 0) return `no rows of drills older than ${days} days`
  const rest = done === old ? '' : `; the rest of ${old - done} drills is left to the next one`
  return `deleted ${rows} rows of drills older than ${days} days${rest}`
}
