/** The database client against a real PostgreSQL pair and a real PgBouncer. */

import fc from 'fast-check'
import type { Client } from 'pg'
import { beforeEach, expect, test } from 'vitest'
import type { Database, StoredRange } from '../../functions/clients/clients.ts'
import { readDiskUse } from '../../functions/clients/postgres/rows/disk-use.ts'
import { SCHEMA_STEPS } from '../../functions/clients/postgres/schema.ts'
import { Secret } from '../../functions/config/secret.ts'
import { systemClock } from '../../functions/connect.ts'
import type { LoadWays } from '../../functions/model/facts.ts'
import type { Target } from '../../functions/model/plan.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { clientDatabase } from '../support/client-database.ts'
import { startCommand } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { openSql, targetIn, withSql } from '../support/sql.ts'
import { timeouts } from '../support/timeouts.ts'

const PASSWORD = 'MARKED/SECRET+app'
const LOAD_PASSWORD = 'MARKED-SECRET load'
const WAYS: LoadWays = { vias: ['pgbouncer'], transactions: 'ledger' }
const TARGET: Target = { resourceGroup: 'rg', server: 'pg-one', database: 'drill' }

const server = clientDatabase(TARGET, { user: 'app', password: PASSWORD }, { user: 'load', password: LOAD_PASSWORD })
const { databaseOf } = server

beforeEach(async () => {
  await server.pair.primary.query('DROP DATABASE IF EXISTS drill WITH (FORCE)')
  await server.pair.primary.query('DROP ROLE IF EXISTS load')
  await server.pair.primary.query('CREATE DATABASE drill OWNER app')
})

const migrated = async (): Promise<Database> => {
  const database = databaseOf()
  await database.migrate(TARGET)
  return database
}

const asApp = <T>(use: (client: Client) => Promise<T>): Promise<T> =>
  withSql(server.direct({ user: 'app', password: PASSWORD }), use)

// ---- WAL ------------------------------------------------------------------------------------------------------------

const CUSTOMERS =
  "INSERT INTO customers (email, first_name, last_name) SELECT 'w' || n, 'a', 'b' FROM generate_series(1, 20000) n"

test('the WAL position grows with what is written, and the age of the last checkpoint with time', async () => {
  const { primary } = server.pair
  const database = await migrated()
  await primary.query('CHECKPOINT')
  const before = await database.walPosition(TARGET)
  await asApp((client) => client.query(CUSTOMERS))
  const after = await database.walPosition(TARGET)
  const written = after.writtenBytes - before.writtenBytes
  expect(written).toBeGreaterThan(1e6)
  expect((after.sinceRedoBytes ?? 0) - (before.sinceRedoBytes ?? 0)).toBeGreaterThan(1e6)
  expect(after.sinceCheckpointSeconds).toBeGreaterThan(before.sinceCheckpointSeconds ?? Number.POSITIVE_INFINITY)
  expect([before.checkpointProblem, Date.parse(after.at) >= Date.parse(before.at)]).toEqual([null, true])
  await primary.query('CHECKPOINT')
  const checkpointed = await database.walPosition(TARGET)
  expect(checkpointed.sinceRedoBytes).toBeLessThan(after.sinceRedoBytes ?? 0)
  expect(checkpointed.sinceCheckpointSeconds).toBeLessThan(30)
})

test('a role that may not read the checkpoint still reads what was written, and the refusal is kept', async () => {
  const database = await migrated()
  await server.pair.primary.query('REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC')
  const inDefault = { ...TARGET, database: 'postgres' }
  const position = await database.walPosition(inDefault)
  await server.pair.primary.query('GRANT EXECUTE ON FUNCTION pg_control_checkpoint() TO PUBLIC')
  expect(position.writtenBytes).toBeGreaterThan(0)
  expect(position).toMatchObject({ sinceRedoBytes: null, sinceCheckpointSeconds: null, checkpointProblem: '42501' })
  expect((await database.walPosition(inDefault)).checkpointProblem).toBeNull()
})

test('a standby has no position to read', async () => {
  await migrated()
  const database = databaseOf({ directPort: server.pair.standby.port })
  await expect(database.walPosition({ ...TARGET, database: 'postgres' })).rejects.toThrow(/recovery/)
})

// ---- Schema ---------------------------------------------------------------------------------------------------------

test('a migration makes everything once, and finds nothing to do the second time', async () => {
  const database = databaseOf()
  expect(await database.migrate(TARGET)).toEqual(SCHEMA_STEPS.map(({ what }) => what))
  expect(await database.migrate(TARGET)).toEqual([])
})

test('the plain statements run twice and make the same schema', async () => {
  await asApp(async (client) => {
    for (const { sql } of [...SCHEMA_STEPS, ...SCHEMA_STEPS]) await client.query(sql)
  })
  expect(await databaseOf().migrate(TARGET)).toEqual([])
})

/** The original's table: its keys come from an extension, and it has rows. */
const ORIGINAL = [
  "CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
  'CREATE TABLE customers (customer_id serial PRIMARY KEY, email varchar(255) UNIQUE NOT NULL, first_name varchar(100) NOT NULL, last_name varchar(100) NOT NULL)',
  'CREATE TABLE merchants (merchant_id serial PRIMARY KEY, merchant_name varchar(255) NOT NULL, merchant_code varchar(50) UNIQUE NOT NULL)',
  "CREATE TABLE transactions (transaction_id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), customer_id integer REFERENCES customers, merchant_id integer NOT NULL REFERENCES merchants, amount numeric(10,2) NOT NULL CHECK (amount > 0), status varchar(20) NOT NULL DEFAULT 'pending', transaction_date timestamp DEFAULT CURRENT_TIMESTAMP)",
  "INSERT INTO customers (email, first_name, last_name) VALUES ('a@example.com', 'A', 'A')",
  "INSERT INTO merchants (merchant_name, merchant_code) VALUES ('M', 'M1')",
  'INSERT INTO transactions (customer_id, merchant_id, amount) VALUES (1, 1, 1)',
]

test('the original tables keep their rows, get the key columns, and are not rewritten', async () => {
  const fileOf = 'SELECT pg_relation_filenode($1::regclass) AS file'
  const before = await asApp(async (client) => {
    for (const statement of ORIGINAL) await client.query(statement)
    return (await client.query<{ file: string }>(fileOf, ['transactions'])).rows
  })
  const done = await databaseOf().migrate(TARGET)
  expect(done).toEqual(expect.arrayContaining(['key columns of the ledger', 'customers 1 to 5', 'merchants 1 to 5']))
  expect(done).not.toContain('table transactions')
  const after = await asApp(async (client) => ({
    files: (await client.query<{ file: string }>(fileOf, ['transactions'])).rows,
    rows: (await client.query('SELECT drill_id, timeline FROM transactions')).rows as unknown[],
  }))
  expect(after).toEqual({ files: before, rows: [{ drill_id: null, timeline: null }] })
  expect(await databaseOf().schema(TARGET, WAYS)).toMatchObject({
    auditedTable: 'public.transactions',
    customers: 5,
    merchants: 5,
    canary: 'ok',
  })
})

test('a migration that cannot have the table soon gives up and changes nothing', async () => {
  await asApp((client) => client.query(ORIGINAL.join(';')))
  await asApp(async (reader) => {
    await reader.query('BEGIN')
    await reader.query('SELECT FROM transactions')
    await expect(databaseOf().migrate(TARGET)).rejects.toMatchObject({
      message: expect.stringContaining('nothing was changed'),
      cause: { code: '55P03' },
    })
    await reader.query('ROLLBACK')
  })
  expect(await databaseOf().schema(TARGET, WAYS)).toMatchObject({ auditedTable: 'public.transactions' })
})

test('a name that is taken in another row of customers fails the migration instead of leaving a customer out', async () => {
  await asApp(async (client) => {
    await client.query(ORIGINAL.join(';'))
    await client.query("UPDATE customers SET email = 'failover-drill-3@example.com'")
  })
  await expect(databaseOf().migrate(TARGET)).rejects.toMatchObject({ cause: { code: '23505' } })
  expect(await databaseOf().schema(TARGET, WAYS)).toMatchObject({
    auditedTable: 'public.transactions',
    customers: 1,
  })
})

test('an empty database has nothing, and says so without a canary', async () => {
  expect(await databaseOf().schema(TARGET, WAYS)).toEqual({
    auditedTable: null,
    customers: null,
    merchants: null,
    missingExtensions: [],
    canary: null,
    canaryError: null,
  })
})

test('a ready database is known as such, and the canary leaves no row', async () => {
  const database = await migrated()
  const ready = {
    auditedTable: 'public.transactions',
    customers: 5,
    merchants: 5,
    missingExtensions: [],
    canary: 'ok',
    canaryError: null,
  }
  expect(await database.schema(TARGET, WAYS)).toEqual(ready)
  expect(await database.storedDrills(TARGET, LONG_MS)).toEqual([])
})

// ---- The load's role ------------------------------------------------------------------------------------------------

const LOAD = { load: { user: 'load', password: new Secret(LOAD_PASSWORD), identity: 'load' } } as const

test('the load gets a role that may insert and nothing else, and whose password is in no statement', async () => {
  const database = databaseOf(LOAD)
  await server.pair.primary.query("ALTER DATABASE drill SET log_statement = 'all'")
  expect(await database.migrate(TARGET)).toContain('role load')
  expect(await database.schema(TARGET, WAYS)).toMatchObject({ canary: 'ok' })
  const { client, close } = await openSql(targetIn(database.loadConnectionString(TARGET)))
  const insert =
    "INSERT INTO transactions (customer_id, merchant_id, amount, drill_id, worker, seq) VALUES (1, 1, 1, 'd', 0, 0)"
  await client.query(
    `${insert} ON CONFLICT (drill_id, worker, seq) WHERE drill_id IS NOT NULL DO NOTHING RETURNING transaction_id`,
  )
  for (const forbidden of [
    'DELETE FROM transactions',
    'UPDATE transactions SET amount = 2',
    'TRUNCATE transactions',
    'CREATE TABLE x ()',
  ])
    await expect(client.query(forbidden), forbidden).rejects.toMatchObject({ code: '42501' })
  await close()
  const log = server.pair.primary.process?.log(1_000_000) ?? ''
  expect(log, 'the log does hold statements').toContain('CREATE ROLE')
  expect(log).not.toContain(LOAD_PASSWORD)
})

test('a role whose password changed gets the new one; a role that can log in is left alone', async () => {
  await databaseOf(LOAD).migrate(TARGET)
  expect(await databaseOf(LOAD).migrate(TARGET)).toEqual([])
  await server.pair.primary.query("ALTER ROLE load PASSWORD 'other'")
  expect(await databaseOf(LOAD).schema(TARGET, WAYS)).toMatchObject({ canary: 'failed' })
  expect(await databaseOf(LOAD).migrate(TARGET)).toEqual(['password of role load'])
  await asApp((client) => client.query('REVOKE INSERT ON transactions FROM load'))
  expect(await databaseOf(LOAD).migrate(TARGET)).toEqual(['grants of role load'])
})

// ---- Sessions -------------------------------------------------------------------------------------------------------

test.each(['direct', 'pgbouncer'] as const)(
  'a %s session shows the server, its timeline and its clock',
  async (via) => {
    const session = await databaseOf().session(TARGET, via)
    expect(session).toEqual({
      via,
      reachable: true,
      error: null,
      serverVersion: expect.stringMatching(/^\d+\.\d+/),
      reachedAt: '127.0.0.1',
      address: `127.0.0.1:${server.pair.primary.port}`,
      inRecovery: false,
      timeline: await server.pair.timeline(),
      currentWalLsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
      postmasterStartedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      synchronousStandbyNames: 'FIRST 1 ("zone-2")',
      clockOffsetMs: expect.any(Number),
      clockErrorMs: expect.any(Number),
    })
    expect(Math.abs(session.clockOffsetMs ?? Number.NaN)).toBeLessThanOrEqual((session.clockErrorMs ?? 0) + 5)
  },
)

test('a standby is seen to be in recovery, and has no timeline to stamp rows with', async () => {
  // The database was made a moment ago, on the primary.
  await server.pair.catchUp()
  const session = await databaseOf({ directPort: server.pair.standby.port }).session(TARGET, 'direct')
  expect(session).toMatchObject({ reachable: true, inRecovery: true, timeline: null })
  expect(session.currentWalLsn).toMatch(/\//)
})

test('what cannot be reached says why, without the password', async () => {
  const closed = await holdFreePort(server.folder)
  await closed.release()
  const refused = await databaseOf({ directPort: closed.port }).session(TARGET, 'direct')
  expect(refused).toMatchObject({ reachable: false, error: expect.stringMatching(/^ECONNREFUSED/), timeline: null })
  const stranger = await databaseOf({
    app: { user: 'app', password: new Secret('MARKED-WRONG'), identity: 'app' },
  }).session(TARGET, 'direct')
  expect(stranger).toMatchObject({ reachable: false, error: expect.stringMatching(/^28P01/) })
  expect(JSON.stringify([refused, stranger])).not.toContain('MARKED')
})

// ---- Stored rows ------------------------------------------------------------------------------------------------------

type Key = readonly [worker: number, seq: number]

const insertKeys = (keys: readonly Key[], drillId = 'd') =>
  asApp((client) =>
    client.query(
      `INSERT INTO transactions (customer_id, merchant_id, amount, drill_id, worker, seq)
       SELECT 1, 1, 1, $1, w, s FROM unnest($2::int[], $3::bigint[]) AS k (w, s)`,
      [drillId, keys.map(([worker]) => worker), keys.map(([, seq]) => seq)],
    ),
  )

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of source) found.push(one)
  return found
}

/** The same, by the definition: sort, then extend or begin a run. */
function runsOf(keys: readonly Key[]): StoredRange[] {
  const runs: StoredRange[] = []
  for (const [worker, seq] of [...keys].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = runs.at(-1)
    const isCopy = last?.worker === worker && last.lastSeq === seq
    const isNext = last?.worker === worker && last.lastSeq === seq - 1
    if (last !== undefined && (isCopy || isNext))
      runs[runs.length - 1] = {
        ...last,
        lastSeq: seq,
        rows: last.rows + 1,
        distinctRows: last.distinctRows + (isCopy ? 0 : 1),
      }
    else runs.push({ worker, firstSeq: seq, lastSeq: seq, rows: 1, distinctRows: 1 })
  }
  return runs
}

test('rows come back as maximal runs per worker, for any stored rows, copies included', async () => {
  const database = await migrated()
  // Without its unique index a table can hold copies, and the audit has to see them.
  await asApp((client) => client.query('DROP INDEX idx_transactions_drill_key'))
  const key = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 12 }))
  let drill = 0
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 40 }), async (keys) => {
      const drillId = `drill-${drill++}`
      await insertKeys(keys, drillId)
      expect(await all(database.storedRuns(TARGET, drillId))).toEqual(runsOf(keys))
    }),
    { numRuns: 40 },
  )
})

test('more runs than one fetch holds all arrive, in order, and other drills are left out', async () => {
  const database = await migrated()
  const keys = Array.from({ length: 12_001 }, (_, n): Key => [n % 2, n * 2])
  await insertKeys(keys)
  await insertKeys([[7, 7]], 'other')
  expect(await all(database.storedRuns(TARGET, 'd'))).toEqual(runsOf(keys))
})

test('a reader that stops early leaves no connection behind', async () => {
  const database = await migrated()
  await insertKeys(Array.from({ length: 20_000 }, (_, n): Key => [0, n * 2]))
  for await (const run of database.storedRuns(TARGET, 'd')) if (run.lastSeq >= 10) break
  const rows = await server.pair.primary.query(
    "SELECT FROM pg_stat_activity WHERE datname = 'drill' AND state <> 'idle'",
  )
  expect(rows).toEqual([])
})

test("a worker's sequence can pass 2^31", async () => {
  const database = await migrated()
  const far = 2 ** 40
  await insertKeys([
    [0, far],
    [0, far + 1],
  ])
  expect(await all(database.storedRuns(TARGET, 'd'))).toEqual([
    { worker: 0, firstSeq: far, lastSeq: far + 1, rows: 2, distinctRows: 2 },
  ])
})

test('the rows of one drill are deleted, all of them and no others', async () => {
  const database = await migrated()
  await insertKeys(Array.from({ length: 25_000 }, (_, n): Key => [n % 3, n]))
  await insertKeys([[0, 0]], 'other')
  await asApp((client) =>
    client.query("INSERT INTO transactions (customer_id, merchant_id, amount, drill_id) VALUES (1, 1, 1, 'd')"),
  )
  expect(await database.deleteRows(TARGET, 'd', LONG_MS)).toEqual({ rows: 25_001, isComplete: true })
  expect(await database.deleteRows(TARGET, 'd', LONG_MS)).toEqual({ rows: 0, isComplete: true })
  expect(await all(database.storedRuns(TARGET, 'other'))).toHaveLength(1)
})

const LONG_MS = 60_000

test('a deletion whose time is up leaves whole batches for the next one', async () => {
  // Every look at this clock takes a second: one at the beginning, one before each batch.
  let looks = 0
  const clock = { ...systemClock, now: () => new Date(++looks * 1000) }
  const database = databaseOf({}, clock)
  await database.migrate(TARGET)
  await insertKeys(Array.from({ length: 25_000 }, (_, n): Key => [n % 3, n]))
  expect(await database.deleteRows(TARGET, 'd', 2_000)).toEqual({ rows: 10_000, isComplete: false })
  expect(await database.deleteRows(TARGET, 'd', 0)).toEqual({ rows: 0, isComplete: false })
  expect(await database.deleteRows(TARGET, 'd', LONG_MS)).toEqual({ rows: 15_000, isComplete: true })
})

test('rows of the step probe are known and deleted with their drill, also of a drill without rows of the load', async () => {
  const database = databaseOf()
  await database.migrate(TARGET)
  await insertKeys([[0, 1]], 'both')
  await asApp((client) =>
    client.query(
      `INSERT INTO drill_probe (drill_id, container, way, written_at)
       SELECT drill, 0, 'direct', clock_timestamp() - interval '2 hours 1 minute'
       FROM unnest(ARRAY['both', 'probed', 'probed']) AS drill`,
    ),
  )
  const known = (await database.storedDrills(TARGET, LONG_MS)).map(({ drillId, newestRowAgeSeconds: age }) => [
    drillId,
    Math.floor((age ?? Number.NaN) / 3600),
  ])
  expect(known).toEqual([
    ['both', 0],
    ['probed', 2],
  ])
  expect(await database.deleteRows(TARGET, 'probed', LONG_MS)).toEqual({ rows: 2, isComplete: true })
  expect(await database.deleteRows(TARGET, 'both', LONG_MS)).toEqual({ rows: 2, isComplete: true })
  expect(await database.storedDrills(TARGET, LONG_MS)).toEqual([])
})

test('rows of the stale-primary watch are read as runs per session, and are known and deleted with their drill', async () => {
  const database = databaseOf()
  expect(await database.storedWatchRuns(TARGET, 'watched')).toBeNull()
  await database.migrate(TARGET)
  expect(await database.storedWatchRuns(TARGET, 'watched')).toEqual([])
  await asApp((client) =>
    client.query(
      `INSERT INTO drill_watch (drill_id, container, session, seq)
       SELECT 'watched', container, session, seq FROM (VALUES (0, 1, 1), (0, 1, 2), (0, 1, 4), (0, 2, 1), (1, 1, 3)) AS row (container, session, seq)
       UNION ALL SELECT 'other', 0, 1, 3`,
    ),
  )
  const run = (container: number, session: number, firstSeq: number, lastSeq: number) => ({
    ...{ container, session, firstSeq, lastSeq },
  })
  expect(await database.storedWatchRuns(TARGET, 'watched')).toEqual([
    run(0, 1, 1, 2),
    run(0, 1, 4, 4),
    run(0, 2, 1, 1),
    run(1, 1, 3, 3),
  ])
  expect((await database.storedDrills(TARGET, LONG_MS)).map(({ drillId }) => drillId).sort()).toEqual([
    'other',
    'watched',
  ])
  expect(await database.deleteRows(TARGET, 'watched', LONG_MS)).toEqual({ rows: 5, isComplete: true })
  expect(await database.storedDrills(TARGET, LONG_MS)).toMatchObject([{ drillId: 'other' }])
})

test('every drill with rows is known, with the age of its newest row by the clock of the database', async () => {
  const database = databaseOf()
  expect(await database.storedDrills(TARGET, LONG_MS)).toEqual([])
  await database.migrate(TARGET)
  expect(await database.storedDrills(TARGET, LONG_MS)).toEqual([])
  const keys: Key[] = [
    [0, 1],
    [0, 2],
    [7, 1],
  ]
  for (const drillId of ['older', 'undated', 'younger']) await insertKeys(keys, drillId)
  await asApp(async (client) => {
    const date = (drillId: string, worker: number, seq: number, age: string | null) =>
      client.query(
        'UPDATE transactions SET transaction_date = LOCALTIMESTAMP - $4::interval WHERE (drill_id, worker, seq) = ($1, $2, $3)',
        [drillId, worker, seq, age],
      )
    for (const [worker, seq] of keys) await date('undated', worker, seq, null)
    await date('older', 0, 1, '9 days')
    await date('older', 0, 2, '8 days 1 hour')
    await date('older', 7, 1, '10 days')
    await date('younger', 0, 1, '9 days')
    await client.query('INSERT INTO transactions (customer_id, merchant_id, amount) VALUES (1, 1, 1)')
  })
  const drills = await database.storedDrills(TARGET, LONG_MS)
  expect(
    drills.map(({ drillId, newestRowAgeSeconds: age, rows }) => [
      drillId,
      age === null ? null : Math.floor(age / 3600),
      rows,
    ]),
  ).toEqual([
    ['older', 8 * 24 + 1, 3],
    ['undated', null, 3],
    ['younger', 0, 3],
  ])
})

test('rows of one drill are deleted and no others, also where partitions have rows at the same places', async () => {
  const database = await migrated()
  await asApp((client) =>
    client.query(`ALTER TABLE transactions RENAME TO plain;
      CREATE TABLE transactions (LIKE plain INCLUDING DEFAULTS) PARTITION BY LIST (drill_id);
      CREATE UNIQUE INDEX ON transactions (drill_id, worker, seq) WHERE drill_id IS NOT NULL;
      CREATE TABLE part_a PARTITION OF transactions FOR VALUES IN ('a');
      CREATE TABLE part_b PARTITION OF transactions FOR VALUES IN ('b');
      CREATE TABLE part_other PARTITION OF transactions DEFAULT`),
  )
  const keys = Array.from({ length: 50 }, (_, n): Key => [n % 4, n])
  for (const drillId of ['a', 'b', 'c']) await insertKeys(keys, drillId)
  expect(await database.deleteRows(TARGET, 'b', LONG_MS)).toEqual({ rows: 50, isComplete: true })
  const left = (await database.storedDrills(TARGET, LONG_MS)).map(({ drillId }) => drillId)
  const { rows } = await asApp((client) => client.query<{ n: number }>('SELECT count(*)::int AS n FROM transactions'))
  expect([left, rows[0]?.n]).toEqual([['a', 'c'], 100])
})

test('what is in use holds the database and its WAL, or is unknown to a role that may not read them', async () => {
  const database = await migrated()
  const own = await asApp(async (client) => {
    const { rows } = await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes')
    return Number(rows[0]?.bytes)
  })
  const { usedBytes, maxWalBytes } = await database.diskUse(TARGET)
  expect(maxWalBytes).toBe(1024 ** 3)
  // Two empty databases of the cluster, and at least one WAL file of 16 MiB.
  expect(usedBytes).toBeGreaterThan(own + 16 * 1024 ** 2)
  const seenWithoutRights = await asApp(async (client) => {
    await client.query(
      'BEGIN; CREATE ROLE without_rights; GRANT without_rights TO CURRENT_USER; SET LOCAL ROLE without_rights',
    )
    return readDiskUse(client).finally(() => client.query('ROLLBACK'))
  })
  expect(seenWithoutRights).toEqual({ usedBytes: null, maxWalBytes })
})

test('the list of drills is read from the key index, for any number of rows', async () => {
  const database = await migrated()
  for (const drillId of ['a', 'b', 'c'])
    await insertKeys(
      Array.from({ length: 20_000 }, (_, n): Key => [n % 4, n]),
      drillId,
    )
  await asApp((client) => client.query('ANALYZE transactions'))
  const reads = () =>
    asApp(async (client) => {
      const { rows } = await client.query<{ scans: number; sequential: number; byIndex: number }>(
        `SELECT t.seq_tup_read::int AS sequential, i.idx_tup_read::int AS "byIndex", i.idx_scan::int AS scans
         FROM pg_stat_user_tables t JOIN pg_stat_user_indexes i USING (relid)
         WHERE i.indexrelname = 'idx_transactions_drill_key'`,
      )
      return rows[0] ?? { scans: 0, sequential: 0, byIndex: 0 }
    })
  const before = await reads()
  expect(await database.storedDrills(TARGET, LONG_MS)).toHaveLength(3)
  // A session reports its reads when it ends.
  const after = await eventually('the reads are reported', timeouts.processEndsMs, async () => {
    const now = await reads()
    return now.scans > before.scans ? now : null
  })
  expect(after.sequential - before.sequential).toBe(0)
  expect(after.byIndex - before.byIndex).toBeLessThan(100)
})

// ---- npm run migrate ------------------------------------------------------------------------------------------------

const environment = () => ({
  POSTGRES_SERVER: 'pg-one',
  POSTGRES_DATABASE: 'drill',
  POSTGRES_USER: 'app',
  POSTGRES_PASSWORD: PASSWORD,
  LOADGEN_POSTGRES_USER: 'load',
  LOADGEN_POSTGRES_PASSWORD: LOAD_PASSWORD,
  POSTGRES_HOST: '127.0.0.1',
  POSTGRES_PORT_DIRECT: String(server.pair.primary.port),
  POSTGRES_TLS: 'disable',
})

const migrateCommand = (args: readonly string[], changes: NodeJS.ProcessEnv = {}) =>
  startCommand('infra/azure/migrate.ts', args, { ...environment(), ...changes }).ended

const STEPS = [...SCHEMA_STEPS.map(({ what }) => what), 'role load', 'grants of role load']

test('the command says what it would do, does it when it may, and then has nothing to do', async () => {
  const place = `Database drill on pg-one (127.0.0.1:${server.pair.primary.port}), as app`
  const steps = STEPS.map((what) => `  ${what}`)
  const asked = await migrateCommand([])
  expect(asked.code, asked.output).toBe(0)
  expect(asked.output.trim().split('\n')).toEqual([
    place,
    'Would be done:',
    ...steps,
    'Nothing was changed. To do it: npm run migrate -- --yes',
  ])
  expect(await databaseOf(LOAD).schema(TARGET, WAYS)).toMatchObject({ auditedTable: null })
  const done = await migrateCommand(['--yes'])
  expect(done.output.trim().split('\n')).toEqual([place, 'Done:', ...steps])
  // PgBouncer tries a login that failed again after a while, and the role was not there in the tests before.
  const ready = await eventually('the canary gets through', timeouts.processEndsMs, async () => {
    const facts = await databaseOf(LOAD).schema(TARGET, WAYS)
    return facts.canary === 'ok' && facts
  })
  expect(ready).toMatchObject({ auditedTable: 'public.transactions', customers: 5, merchants: 5 })
  const again = await migrateCommand(['--yes'])
  expect(again).toMatchObject({ code: 0, output: `${place}\nNothing to do: everything that a drill needs is there.\n` })
}, 60_000)

test('the command finds what one part of a schema still lacks', async () => {
  await asApp((client) => client.query(ORIGINAL.join(';')))
  await server.pair.primary.query(`CREATE ROLE load LOGIN PASSWORD 'other'`)
  const { output } = await migrateCommand([])
  expect(output).toContain('password of role load')
  expect(output).toContain('key columns of the ledger')
  expect(output).not.toContain('table transactions')
})

test('the command ends with one error that names what to do, without a password', async () => {
  const missing = await migrateCommand(['--yes'], { POSTGRES_SERVER: '', POSTGRES_DATABASE: '' })
  expect(missing.code).toBe(2)
  expect(missing.output).toMatch(/^migrate: .*attention:\n {2}POSTGRES_SERVER is missing.*\n {2}POSTGRES_DATABASE is/)
  const closed = await holdFreePort(server.folder)
  await closed.release()
  const unreachable = await migrateCommand(['--yes'], { POSTGRES_PORT_DIRECT: String(closed.port) })
  expect(unreachable.code).toBe(2)
  expect(unreachable.output).toMatch(
    /migrate: looking at drill on pg-one as app failed: nothing listens at the address; check host, port.*\n {2}ECONNREFUSED/,
  )
  const refused = await migrateCommand(['--yes'], { POSTGRES_PASSWORD: 'MARKED-WRONG' })
  expect(refused.output).toMatch(/28P01: password authentication failed/)
  expect(missing.output + unreachable.output + refused.output).not.toMatch(/MARKED/)
}, 60_000)
