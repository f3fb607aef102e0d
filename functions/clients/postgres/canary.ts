/**
 * The canary: the load's statements before the load, in its role, through its way in, with its settings. First rows as varied as the
 * load's and a retry of one, rolled back; then one committed row, which the auditing role finds and deletes.
 */
import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { KEY_CONFLICT_TARGET } from '../../../loadgen-image/contract/glossary.ts'
import type { LoadWays } from '../../model/facts.ts'
import { tableNameOf } from './load-table.ts'

type Kind = LoadWays['transactions']

/** Ids 1 to 5 of both parents, and amounts from the smallest to the largest that the load sends. */
const ROWS = [
  [1, '0.10'],
  [2, '1.00'],
  [3, '9.99'],
  [4, '50.00'],
  [5, '99.99'],
] as const

const COLUMNS = 'customer_id, merchant_id, amount, status'

const insertOf = (kind: Kind): string =>
  kind === 'compat'
    ? `INSERT INTO transactions (${COLUMNS}) VALUES ($1, $1, $2, 'completed') RETURNING transaction_id::text AS id`
    : `INSERT INTO transactions (${COLUMNS}, drill_id, worker, seq)
       VALUES ($1, $1, $2, 'completed', $3, $4, $5) RETURNING timeline::text AS id`
const RETRY = `${insertOf('ledger').replace(' RETURNING', ` ON CONFLICT ${KEY_CONFLICT_TARGET} DO NOTHING RETURNING`)}`

interface CanaryKey {
  readonly column: 'drill_id' | 'transaction_id'
  readonly value: string
}

/** In a session of the load. Returns the key of the one row that it left; it leaves no row where the audit would not find it. */
export async function sendCanary(client: Client, kind: Kind, auditedTable: string): Promise<CanaryKey> {
  const own = await tableNameOf(client, null)
  if (own !== auditedTable)
    throw new Error(`the load writes to ${own ?? 'no table'}, and the audit reads ${auditedTable}`)
  const drillId = `canary-${randomUUID()}`
  await rehearse(client, kind, drillId)
  const id = await insertOne(client, kind, drillId, 0)
  return kind === 'compat' ? { column: 'transaction_id', value: id } : { column: 'drill_id', value: drillId }
}

/** In a session of the role that audits, in whose way to the table the row must be. */
export async function removeCanary(client: Client, { column, value }: CanaryKey): Promise<void> {
  const { rowCount } = await client.query(`DELETE FROM transactions WHERE ${column} = $1`, [value])
  if (rowCount !== 1)
    throw new Error(`the row was acknowledged to the load, and the role that audits finds ${rowCount} of it`)
}

/** All of it is rolled back: rows that a trigger or a rule sent elsewhere are gone too. */
async function rehearse(client: Client, kind: Kind, drillId: string): Promise<void> {
  // One message: the load has no open transactions, so a time-out for idle ones does not concern it.
  await client.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0')
  try {
    for (const seq of ROWS.keys()) await insertOne(client, kind, drillId, seq)
    if (kind === 'ledger') await retryAndCount(client, drillId)
    await client.query('SET CONSTRAINTS ALL IMMEDIATE')
  } finally {
    await client.query('ROLLBACK').catch(() => {})
  }
}

async function insertOne(client: Client, kind: Kind, drillId: string, seq: number): Promise<string> {
  const [id, amount] = ROWS[seq] as (typeof ROWS)[number]
  const values = kind === 'compat' ? [id, amount] : [id, amount, drillId, seq, seq]
  const { rows } = await client.query<{ id: string | null }>(insertOf(kind), values)
  if (rows.length !== 1)
    throw new Error('an insert succeeded and stored no row: a trigger or a rule keeps it out or sends it elsewhere')
  const returned = rows[0]?.id ?? null
  if (returned === null)
    throw new Error(
      kind === 'compat'
        ? 'a row came back without transaction_id'
        : 'a row came back without timeline: the column has no default',
    )
  return returned
}

async function retryAndCount(client: Client, drillId: string): Promise<void> {
  const [id, amount] = ROWS[0]
  const retried = await client.query(RETRY, [id, amount, drillId, 0, 0])
  if (retried.rowCount !== 0) throw new Error('a retry under the same key stored a second row')
  const { rows } = await client.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM transactions WHERE drill_id = $1',
    [drillId],
  )
  if (rows[0]?.n !== ROWS.length)
    throw new Error(`${ROWS.length} rows were stored and ${rows[0]?.n} can be read: row security or a rule hides them`)
}
