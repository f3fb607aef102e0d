/**
 * The list of drills in table storage. Each drill has a row in its server's partition and one among all drills, in two writes: what the
 * server's row says is the truth, is written first, and decides all that looks back. A row among the open drills is written before
 * both, so that the sweeping timer finds a drill whose two rows an interruption left different, and copies the truth.
 */
import { isDeepStrictEqual } from 'node:util'
import type { IndexEntry } from '../../model/drill-index.ts'
import { type KeyRange, keysAfter, keysBefore, PARTITIONS } from '../../model/history/keys.ts'
import {
  type Columns,
  type DrillKey,
  drillKey,
  rowOfAll,
  rowOfOpen,
  rowOfServer,
  serverColumn,
  type TableQuery,
} from '../../model/history/rows.ts'
import type { Target } from '../../model/plan.ts'
import type { Table, TablePage } from '../clients.ts'

// ---- Write ----------------------------------------------------------------------------------------------------------

/** For a drill that starts. An existing entry is newer and stays. */
export async function beginIndexEntry(table: Pick<Table, 'insert'>, entry: IndexEntry): Promise<void> {
  for (const row of [rowOfOpen(entry), rowOfServer(entry), rowOfAll(entry)]) await table.insert(row)
}

export async function writeIndexEntry(table: Pick<Table, 'put'>, entry: IndexEntry): Promise<void> {
  await table.put(rowOfServer(entry))
  await table.put(rowOfAll(entry))
}

export async function removeIndexEntry(table: Pick<Table, 'delete'>, drill: DrillKey): Promise<void> {
  const key = drillKey(drill)
  await table.delete(PARTITIONS.ofServer(drill.target.server), key)
  await table.delete(PARTITIONS.open, key)
  // Last: by this row the removal is found again when it is interrupted.
  await table.delete(PARTITIONS.all, key)
}

// ---- Read -----------------------------------------------------------------------------------------------------------

export async function readIndexEntry(table: Pick<Table, 'read'>, drill: DrillKey): Promise<IndexEntry | null> {
  const row = await table.read<IndexEntry>(PARTITIONS.ofServer(drill.target.server), drillKey(drill))
  return row?.value ?? null
}

/** Pages grow: most readers need the newest few, and one that goes on needs many. */
const PAGES = [25, 100, 500]

export async function* rowsOf<T>(table: Pick<Table, 'page'>, query: TableQuery): AsyncGenerator<T> {
  let after: string | null = null
  for (let number = 0; number === 0 || after !== null; number++) {
    const page: TablePage<T> = await table.page<T>(query, PAGES[Math.min(number, PAGES.length - 1)] as number, after)
    for (const { value } of page.rows) yield value
    after = page.next
  }
}

interface Look {
  /** Leaves out this drill and all that were requested later. */
  readonly before?: Omit<DrillKey, 'target'>
  /** Leaves out this drill and all that were requested earlier. */
  readonly since?: Omit<DrillKey, 'target'>
  readonly where?: Columns
}

/** A server's drills, newest first: regardless of how many drills other servers had. */
export function drillsOfServer(
  table: Pick<Table, 'page'>,
  target: Target,
  { before, since, where = {} }: Look = {},
): AsyncGenerator<IndexEntry> {
  const range: KeyRange = {
    from: before === undefined ? null : keysAfter(drillKey(before)).from,
    below: since === undefined ? null : keysBefore(drillKey(since)).below,
  }
  const partition = PARTITIONS.ofServer(target.server)
  return rowsOf<IndexEntry>(table, { partition, ...range, where: { ...where, ...serverColumn(target) } })
}

// ---- Open drills ------------------------------------------------------------------------------------------------------

/** Those that have started and that the sweeping timer has not yet seen settled. */
export async function openDrills(table: Pick<Table, 'page'>): Promise<DrillKey[]> {
  const open: DrillKey[] = []
  const query = { partition: PARTITIONS.open, from: null, below: null, where: {} }
  for await (const drill of rowsOf<DrillKey>(table, query)) open.push(drill)
  return open
}

/**
 * The entry of a drill, and its row among all drills made equal to it. That row is read first: when a writer comes in between, the row
 * has another version, and the copy is left to that writer.
 */
export async function repairedEntry(table: Table, drill: DrillKey): Promise<IndexEntry | null> {
  const copy = await table.read<IndexEntry>(PARTITIONS.all, drillKey(drill))
  const truth = await readIndexEntry(table, drill)
  if (truth === null || isDeepStrictEqual(copy?.value, truth)) return truth
  if (copy === null) await table.insert(rowOfAll(truth))
  else await table.replace(rowOfAll(truth), copy.etag)
  return truth
}

export const settleDrill = (table: Pick<Table, 'delete'>, drill: DrillKey): Promise<void> =>
  table.delete(PARTITIONS.open, drillKey(drill))
