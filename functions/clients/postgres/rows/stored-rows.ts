/**
 * The rows of a drill, read back as maximal runs of sequence numbers per worker, so that millions of rows come as a few
 * thousand. The database finds the runs: within a worker, `seq` minus its rank is the same for all members of a run.
 *
 * Copies of a key are counted before they are merged. The unique index prevents copies, but an audit that relied on it could not
 * detect that it was never created.
 */
import type { Client } from 'pg'
import type { WatchRun } from '../../../model/evidence.ts'
import type { Deleted, StoredDrill, StoredRange } from '../../clients.ts'

const RUNS = `SELECT worker, min(seq) AS first, max(seq) AS last, sum(copies) AS rows, count(*) AS keys
  FROM (
    SELECT worker, seq, count(*) AS copies, seq - row_number() OVER (PARTITION BY worker ORDER BY seq) AS run
    FROM transactions WHERE drill_id = $1 GROUP BY worker, seq
  ) AS numbered
  GROUP BY worker, run ORDER BY worker, first`

const FETCH = 5_000

interface RunRow {
  readonly worker: number
  readonly first: string
  readonly last: string
  readonly rows: string
  readonly keys: string
}

/** Reads in one snapshot, through a cursor, so that neither side holds the whole result. */
export async function* readRuns(client: Client, drillId: string): AsyncGenerator<StoredRange> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  // The sort of a few million keys fits into this; the default would go to disk.
  await client.query("SET LOCAL work_mem = '256MB'")
  await client.query(`DECLARE runs NO SCROLL CURSOR FOR ${RUNS}`, [drillId])
  for (;;) {
    const { rows } = await client.query<RunRow>(`FETCH ${FETCH} FROM runs`)
    for (const row of rows) yield rangeOf(row)
    if (rows.length < FETCH) break
  }
  await client.query('COMMIT')
}

const rangeOf = ({ worker, first, last, rows, keys }: RunRow): StoredRange => ({
  worker,
  firstSeq: Number(first),
  lastSeq: Number(last),
  rows: Number(rows),
  distinctRows: Number(keys),
})

const BATCH = 10_000

/**
 * Walks the key index, so that no batch reads the dead entries of earlier batches again. A ctid is a place in one table: every partition
 * has a row at the same one.
 */
const DELETE_BATCH = `WITH batch AS (
    SELECT tableoid, ctid, worker, seq FROM transactions
    WHERE drill_id = $1 AND (worker, seq) > ($2, $3) ORDER BY worker, seq LIMIT ${BATCH}
  ), gone AS (
    DELETE FROM transactions USING batch
    WHERE transactions.ctid = batch.ctid AND transactions.tableoid = batch.tableoid
  )
  SELECT worker, seq, count(*) OVER () AS n FROM batch ORDER BY worker DESC, seq DESC LIMIT 1`

interface BatchRow {
  readonly worker: number
  readonly seq: string
  readonly n: string
}

/**
 * Short transactions: a drill's rows can be millions, and the standby has to replay each deletion. When the time is up the rest
 * stays for the next call.
 */
export async function deleteInBatches(client: Client, drillId: string, isTimeUp: () => boolean): Promise<Deleted> {
  let deleted = 0
  let after: readonly [number, string] = [-1, '-1']
  for (;;) {
    if (isTimeUp()) return { rows: deleted, isComplete: false }
    const { rows } = await client.query<BatchRow>(DELETE_BATCH, [drillId, ...after])
    const last = rows[0]
    if (last === undefined) break
    deleted += Number(last.n)
    after = [last.worker, last.seq]
  }
  // Rows without a full key are not on the walk.
  const { rowCount } = await client.query('DELETE FROM transactions WHERE drill_id = $1', [drillId])
  for (const table of PROBE_TABLES) deleted += await deleteProbeRows(client, table, drillId)
  return { rows: deleted + (rowCount ?? 0), isComplete: true }
}

/** Of the step probe and of the stale-primary watch. */
const PROBE_TABLES = ['drill_probe', 'drill_watch'] as const
type ProbeTable = (typeof PROBE_TABLES)[number]

/** A few thousand: the step probe writes 20 rows a second. */
async function deleteProbeRows(client: Client, table: ProbeTable, drillId: string): Promise<number> {
  if (!(await hasColumn(client, table))) return 0
  return (await client.query(`DELETE FROM ${table} WHERE drill_id = $1`, [drillId])).rowCount ?? 0
}

const newestOf = (table: ProbeTable): string =>
  `SELECT drill_id AS id, extract(epoch FROM clock_timestamp() - max(written_at)) AS age, 0 AS rows FROM ${table} GROUP BY drill_id`

/** The rows of the stale-primary watch, as runs of consecutive numbers per session. */
const WATCH_RUNS = `SELECT container, session, min(seq) AS first, max(seq) AS last
  FROM (
    SELECT container, session, seq, seq - row_number() OVER (PARTITION BY container, session ORDER BY seq) AS run
    FROM drill_watch WHERE drill_id = $1
  ) AS numbered
  GROUP BY container, session, run ORDER BY container, session, first`

/** Null: there is no such table. */
export async function readWatchRuns(client: Client, drillId: string): Promise<WatchRun[] | null> {
  if (!(await hasColumn(client, 'drill_watch'))) return null
  const { rows } = await client.query<{ container: number; session: number; first: number; last: number }>(WATCH_RUNS, [
    drillId,
  ])
  return rows.map(({ container, session, first, last }) => ({ container, session, firstSeq: first, lastSeq: last }))
}

/**
 * One descent of the key index for each drill and worker, instead of a scan of all rows. A worker counts upwards, so its last
 * key is its newest row; the age is the database's own, because rows carry its clock.
 */
const DRILLS = `WITH RECURSIVE drill (id) AS (
    (SELECT drill_id FROM transactions WHERE drill_id IS NOT NULL ORDER BY drill_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.drill_id FROM transactions t WHERE t.drill_id IS NOT NULL AND t.drill_id > drill.id
            ORDER BY t.drill_id LIMIT 1)
    FROM drill WHERE drill.id IS NOT NULL
  ), worker (id, number) AS (
    SELECT id, (SELECT t.worker FROM transactions t WHERE t.drill_id = drill.id ORDER BY t.worker LIMIT 1)
    FROM drill WHERE id IS NOT NULL
    UNION ALL
    SELECT id, (SELECT t.worker FROM transactions t WHERE t.drill_id = worker.id AND t.worker > worker.number
                ORDER BY t.worker LIMIT 1)
    FROM worker WHERE number IS NOT NULL
  )
  SELECT id, extract(epoch FROM LOCALTIMESTAMP - max(newest.transaction_date)) AS age,
    coalesce(sum(newest.seq - oldest.seq + 1), 0) AS rows
  FROM worker
    LEFT JOIN LATERAL (SELECT t.transaction_date, t.seq FROM transactions t
      WHERE t.drill_id = worker.id AND t.worker = worker.number ORDER BY t.seq DESC LIMIT 1) newest ON true
    LEFT JOIN LATERAL (SELECT t.seq FROM transactions t
      WHERE t.drill_id = worker.id AND t.worker = worker.number ORDER BY t.seq LIMIT 1) oldest ON true
  WHERE number IS NOT NULL GROUP BY id ORDER BY id`

interface DrillRow {
  readonly id: string
  readonly age: string | null
  readonly rows: string
}

/** Every drill that has rows with a key, or of a probe. Rows without a key are not the load generator's, and are not read. */
export async function readDrills(client: Client): Promise<StoredDrill[]> {
  const drills = await readIf(client, 'transactions', DRILLS)
  const found = [...drills]
  for (const table of PROBE_TABLES)
    for (const probed of await readIf(client, table, newestOf(table)))
      if (found.every(({ drillId }) => drillId !== probed.drillId)) found.push(probed)
  return found
}

async function readIf(client: Client, table: string, sql: string): Promise<StoredDrill[]> {
  if (!(await hasColumn(client, table))) return []
  const { rows } = await client.query<DrillRow>(sql)
  return rows.map((row) => ({
    drillId: row.id,
    newestRowAgeSeconds: row.age === null ? null : Number(row.age),
    rows: Number(row.rows),
  }))
}

async function hasColumn(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'drill_id' AND NOT attisdropped`,
    [table],
  )
  return rows.length > 0
}
