/** Facts of the schema in the auditing role's session: its table, the parent rows. */
import type { Client } from 'pg'
import type { SchemaFacts } from '../../model/facts.ts'
import { tableNameOf } from './load-table.ts'

type AuditedFacts = Omit<SchemaFacts, 'canary' | 'canaryError'>

export async function readAudited(client: Client): Promise<AuditedFacts> {
  const auditedTable = await tableNameOf(client, null)
  return {
    auditedTable,
    customers: await countFive(client, 'customers', 'customer_id'),
    merchants: await countFive(client, 'merchants', 'merchant_id'),
    missingExtensions: await missingExtensions(client),
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
