/**
 * What the daily timer did at each firing, in table storage: a row among those of its server, and a copy among all. A server whose timer
 * fires once a week is found as fast as one whose timer fires every hour.
 */

import { serverKey } from '../../model/drill-index.ts'
import type { DailyRecord } from '../../model/history/daily-record.ts'
import { keyOf, PARTITIONS } from '../../model/history/keys.ts'
import { serverColumn, type TableQuery, type TableRow } from '../../model/history/rows.ts'
import type { Target } from '../../model/plan.ts'
import type { Table } from '../clients.ts'
import { rowsOf } from './drill-list.ts'

/** Timers of several servers may fire at the same instant. */
const nameOf = (target: Target): string => serverKey(target).replace('/', '-')
const recordKey = ({ at, target }: DailyRecord): string => keyOf(at, nameOf(target))

/** The row of its server first: the app looks back at that. */
export function rowsOfRecord(record: DailyRecord): readonly TableRow[] {
  const row = { key: recordKey(record), columns: serverColumn(record.target), value: record }
  return [PARTITIONS.dailyOf(record.target.server), PARTITIONS.daily].map((partition) => ({ ...row, partition }))
}

export async function writeDailyRecord(table: Pick<Table, 'put'>, record: DailyRecord): Promise<void> {
  for (const row of rowsOfRecord(record)) await table.put(row)
}

export async function removeDailyRecord(table: Pick<Table, 'delete'>, record: DailyRecord): Promise<void> {
  await table.delete(PARTITIONS.dailyOf(record.target.server), recordKey(record))
  // Last: by this row the removal is found again when it is interrupted.
  await table.delete(PARTITIONS.daily, recordKey(record))
}

/** Newest first; `server`: of that name, in any resource group. */
export const dailyRecords = (
  table: Pick<Table, 'page'>,
  limit: number,
  server: string | null = null,
): Promise<DailyRecord[]> =>
  newestOf(table, limit, { partition: server === null ? PARTITIONS.daily : PARTITIONS.dailyOf(server), where: {} })

/** Null: its timer never fired. */
export async function newestDailyRecord(table: Pick<Table, 'page'>, target: Target): Promise<DailyRecord | null> {
  const own = { partition: PARTITIONS.dailyOf(target.server), where: serverColumn(target) }
  return (await newestOf(table, 1, own))[0] ?? null
}

async function newestOf(
  table: Pick<Table, 'page'>,
  limit: number,
  query: Pick<TableQuery, 'partition' | 'where'>,
): Promise<DailyRecord[]> {
  const records: DailyRecord[] = []
  for await (const record of rowsOf<DailyRecord>(table, { ...query, from: null, below: null })) {
    records.push(record)
    if (records.length === limit) break
  }
  return records
}
