/** What the server's files take up, as far as SQL shows it: all databases and the WAL; logs and temporary files are not in it. */
import type { Client } from 'pg'
import type { DiskUse } from '../../clients.ts'

/** A role without pg_monitor may read neither the size of every database nor the list of WAL files; a part would look like the whole. */
const RIGHTS = `SELECT has_function_privilege('pg_ls_waldir()', 'EXECUTE')
  AND (pg_has_role('pg_read_all_stats', 'USAGE') OR bool_and(has_database_privilege(oid, 'CONNECT'))) AS "seesAll",
  pg_size_bytes(current_setting('max_wal_size'))::text AS "maxWal" FROM pg_database`

const USED = `SELECT ((SELECT sum(pg_database_size(oid)) FROM pg_database) + (SELECT sum(size) FROM pg_ls_waldir()))::text AS used`

export async function readDiskUse(client: Client): Promise<DiskUse> {
  const { rows } = await client.query<{ seesAll: boolean; maxWal: string }>(RIGHTS)
  const maxWalBytes = Number(rows[0]?.maxWal)
  if (rows[0]?.seesAll !== true) return { usedBytes: null, maxWalBytes }
  const used = await client.query<{ used: string }>(USED)
  return { usedBytes: Number(used.rows[0]?.used), maxWalBytes }
}
