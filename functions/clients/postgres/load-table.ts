/** The table that the load's statement writes to: its kind, whether it survives a failover, and its triggers and rules. */
import type { Client } from 'pg'
import type { TableFacts } from '../../model/facts.ts'
import { KEY_COLUMNS } from './schema.ts'

const KINDS: Readonly<Record<string, TableFacts['kind']>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
}

/** By name, so that the session's own search_path decides, as it does for the load's statement. */
const TABLE = `WITH wanted AS (SELECT to_regclass('transactions') AS oid),
leaves AS (
  SELECT l.oid, format('%I.%I', ln.nspname, l.relname) AS name, l.relkind, l.relpersistence
    FROM pg_class l JOIN pg_namespace ln ON ln.oid = l.relnamespace
   WHERE l.oid IN (SELECT oid FROM wanted UNION SELECT t.relid FROM wanted, pg_partition_tree(wanted.oid) t WHERE t.isleaf))
SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind,
  ARRAY(SELECT name FROM leaves WHERE relpersistence = 'u' ORDER BY name) AS unlogged,
  ARRAY(SELECT name FROM leaves WHERE relpersistence = 't' ORDER BY name) AS temporary,
  ARRAY(SELECT name FROM leaves WHERE relkind = 'f' AND oid <> c.oid ORDER BY name) AS "foreign",
  ARRAY(SELECT wanted_name FROM unnest($1::text[]) AS wanted_name WHERE NOT EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = wanted_name AND NOT attisdropped)
       ) AS "missingKeyColumns",
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
            AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = '(drill_id IS NOT NULL)')
            AND (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1]))
                = ARRAY['drill_id', 'seq', 'worker']) AS "hasKeyIndex",
  ARRAY(SELECT 'trigger ' || quote_ident(tgname) FROM pg_trigger
         WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 4 = 4 ORDER BY tgname)
  || ARRAY(SELECT 'rule ' || quote_ident(rulename) FROM pg_rewrite
            WHERE ev_class = c.oid AND ev_type = '3' AND ev_enabled <> 'D' ORDER BY rulename)
  || CASE WHEN row_security_active(c.oid) THEN ARRAY['row security'] ELSE ARRAY[]::text[] END AS interventions
FROM wanted JOIN pg_class c ON c.oid = wanted.oid JOIN pg_namespace n ON n.oid = c.relnamespace`

/** Null: no table has the name. */
export async function readTable(client: Client): Promise<TableFacts | null> {
  const { rows } = await client.query<Omit<TableFacts, 'kind'> & { kind: string }>(TABLE, [KEY_COLUMNS])
  const row = rows[0]
  return row === undefined ? null : { ...row, kind: KINDS[row.kind] ?? 'other' }
}

const NAME = `SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('transactions')`

/** The table under another search_path, in a transaction that is rolled back. */
export async function tableNameOf(client: Client, searchPath: string | null): Promise<string | null> {
  if (searchPath !== null) await client.query("SELECT set_config('search_path', $1, true)", [searchPath])
  const { rows } = await client.query<{ name: string }>(NAME)
  return rows[0]?.name ?? null
}
