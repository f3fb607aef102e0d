/** Whether the database is ready for a drill: tables, key columns, parent rows, and a canary that makes the load's own way in. */
import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import type { SchemaFacts } from '../drill/facts.ts'
import { KEY_COLUMNS } from './schema.ts'

type TableFacts = Omit<SchemaFacts, 'canary' | 'canaryError'>

const COUNT_WITHIN_MS = 5_000

export async function readTables(client: Client): Promise<TableFacts> {
  const columns = await columnsOf(client, 'transactions')
  const hasTable = columns.length > 0
  const hasKeyColumns = hasTable && KEY_COLUMNS.every((name) => columns.includes(name))
  return {
    hasTable,
    hasKeyColumns,
    customers: await countFive(client, 'customers', 'customer_id'),
    merchants: await countFive(client, 'merchants', 'merchant_id'),
    missingExtensions: await missingExtensions(client),
    drillRows: hasKeyColumns ? await countDrillRows(client) : null,
  }
}

async function columnsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [table],
  )
  return rows.map(({ name }) => name)
}

/** Of the five rows that the load refers to, by their ids, how many there are. */
async function countFive(client: Client, table: string, id: string): Promise<number | null> {
  if ((await columnsOf(client, table)).length === 0) return null
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM ${table} WHERE ${id} BETWEEN 1 AND 5`,
  )
  return rows[0]?.n ?? null
}

/** `gen_random_uuid()` is built in from version 13 on. */
async function missingExtensions(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT 'pgcrypto' AS name WHERE current_setting('server_version_num')::int < 130000
       AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto')`,
  )
  return rows.map(({ name }) => name)
}

/** Exact while it is quick; beyond that it is not known, because a checklist must not wait for it. */
async function countDrillRows(client: Client): Promise<number | null> {
  try {
    await client.query('BEGIN READ ONLY')
    await client.query(`SET LOCAL statement_timeout = ${COUNT_WITHIN_MS}`)
    const { rows } = await client.query<{ n: string }>(
      'SELECT count(*) AS n FROM transactions WHERE drill_id IS NOT NULL',
    )
    return Number(rows[0]?.n)
  } catch {
    return null
  } finally {
    await client.query('ROLLBACK')
  }
}

export interface Canary {
  readonly insert: (client: Client) => Promise<string>
  readonly remove: (client: Client, id: string) => Promise<void>
}

/** One row as the load writes it, under a drill id of its own, and gone again. */
export const canary: Canary = {
  insert: async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO transactions (customer_id, merchant_id, amount, status, drill_id, worker, seq)
       VALUES (1, 1, 0.01, 'completed', $1, 0, 0) RETURNING transaction_id AS id`,
      [`canary-${randomUUID()}`],
    )
    const id = rows[0]?.id
    if (id === undefined) throw new Error('the canary was inserted without an id')
    return id
  },
  remove: async (client, id) => {
    const { rowCount } = await client.query('DELETE FROM transactions WHERE transaction_id = $1', [id])
    if (rowCount !== 1) throw new Error(`the canary was acknowledged, but ${rowCount} rows of it were found`)
  },
}
