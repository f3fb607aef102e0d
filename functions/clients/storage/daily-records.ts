/** What the daily timer did at each firing, in table storage. */

import { serverKey } from '../../model/drill-index.ts'
import type { DailyRecord } from '../../model/history/daily-record.ts'
import { keyOf, PARTITIONS } from '../../model/history/keys.ts'
import type { Target } from '../../model/plan.ts'
import type { Table } from '../clients.ts'
import { rowsOf } from './drill-list.ts'

/** Timers of several servers may fire at the same instant. */
const nameOf = (target: Target): string => serverKey(target).replace('/', '-')

export const writeDailyRecord = (table: Pick<Table, 'put'>, record: DailyRecord): Promise<void> =>
  table.put({
    partition: PARTITIONS.daily,
    key: keyOf(record.at, nameOf(record.target)),
    columns: { server: record.target.server.toLowerCase() },
    value: record,
  })

/** Newest first; `server`: of that name, in any resource group. */
export async function dailyRecords(
  table: Pick<Table, 'page'>,
  limit: number,
  server: string | null = null,
): Promise<DailyRecord[]> {
  const where = server === null ? {} : { server: server.toLowerCase() }
  const records: DailyRecord[] = []
  for await (const record of rowsOf<DailyRecord>(table, {
    partition: PARTITIONS.daily,
    from: null,
    below: null,
    where,
  })) {
    records.push(record)
    if (records.length === limit) break
  }
  return records
}
