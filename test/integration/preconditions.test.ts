/**
 * The preconditions of the load among real servers: each spoiled by one statement, seen to fail the check that names where it
 * comes from, and seen to pass after the statements of the advice.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { BEFORE } from '../../functions/checklist/before.ts'
import { judgeRows } from '../../functions/checklist/check.ts'
import { Secret } from '../../functions/config/secret.ts'
import type { Facts, LoadWays } from '../../functions/model/facts.ts'
import type { CheckResult } from '../../functions/model/report.ts'
import { oneServer } from '../../loadgen-image/connection/target.ts'
import { aCohort, someFacts } from '../support/builders.ts'
import { clientDatabase } from '../support/client-database.ts'
import { eventually } from '../support/eventually.ts'
import { aPlan, target } from '../support/play-drill.ts'
import { atConsole, targetIn, withSql } from '../support/sql.ts'
import { timeouts } from '../support/timeouts.ts'
import { PASSWORD } from '../support/with-stack.ts'

const LEDGER: LoadWays = { vias: ['pgbouncer', 'direct'], transactions: 'ledger' }

const APP = { user: 'app', password: PASSWORD }
const LOAD = { user: 'drill_load', password: PASSWORD }
const server = clientDatabase(target, APP, LOAD)
const database = () => server.databaseOf({ load: { ...LOAD, password: new Secret(PASSWORD), identity: 'load' } })

/** As an administrator of the server, in the drill's database. */
const administer = (...statements: readonly string[]): Promise<void> =>
  withSql(server.direct({ user: 'postgres', password: PASSWORD }), async (client) => {
    for (const statement of statements) await client.query(statement)
  })

const inConsole = (command: string) =>
  atConsole(
    oneServer({ host: '127.0.0.1', port: server.pgbouncer.port, user: '', database: '', password: PASSWORD }),
    (client) => client.query(command),
  )

beforeEach(async () => {
  // A login that PgBouncer begins while the database is gone would keep its clients out for 15 s.
  await inConsole('KILL drill')
  await server.pair.primary.query('DROP DATABASE IF EXISTS drill WITH (FORCE)')
  await server.pair.primary.query('DROP ROLE IF EXISTS drill_load')
  await server.pair.primary.query(`CREATE ROLE drill_load LOGIN PASSWORD '${PASSWORD}'`)
  await server.pair.primary.query('CREATE DATABASE drill OWNER app')
  await database().migrate(target)
  await inConsole('RESUME drill')
})

async function look(ways: LoadWays = LEDGER): Promise<CheckResult[]> {
  const [schema, ...loadSessions] = await Promise.all([
    database().schema(target, ways),
    ...ways.vias.map((via) => database().loadSession(target, via)),
  ])
  const facts: Facts = someFacts({ schema, loadSessions })
  const cohorts = ways.vias.map((via) => aCohort({}, { name: via, share: 1 / ways.vias.length, via }))
  const plan = aPlan({ transactions: ways.transactions, cohorts })
  return judgeRows(BEFORE, 'before', { plan, facts }, [])
}

const OF_THE_LOAD = [
  'load-session',
  'load-role',
  'synchronous-commit',
  'load-settings',
  'schema',
  'load-table',
  'parent-rows',
  'canary',
]
const ofTheLoad = (results: readonly CheckResult[]) => results.filter(({ id }) => OF_THE_LOAD.includes(id))
const failed = (results: readonly CheckResult[]) => ofTheLoad(results).filter(({ verdict }) => verdict === 'fail')

/** The statements that an advice holds. */
const statementsOf = ({ advice }: CheckResult): string[] =>
  [...advice.matchAll(/(?:ALTER|SELECT) [^.;]*(?:\.[a-z][^.;]*)*/g)].map(([statement]) => statement.trim())

test('a database after a migration passes every row of the load, through both ways', async () => {
  expect(ofTheLoad(await look()).map(({ id, verdict, seen }) => [id, verdict, seen])).toEqual([
    ['load-session', 'pass', 'drill_load through PgBouncer; drill_load straight to PostgreSQL'],
    ['load-role', 'pass', 'drill_load is an ordinary role'],
    ['synchronous-commit', 'pass', 'on'],
    ['load-settings', 'pass', 'as wanted'],
    ['schema', 'pass', expect.any(String)],
    ['load-table', 'pass', 'public.transactions, a logged table'],
    ['parent-rows', 'pass', '5 customers, 5 merchants'],
    ['canary', 'pass', expect.any(String)],
  ])
  const { rowCount } = await withSql(targetIn(database().loadConnectionString(target)), (client) =>
    client.query('SELECT FROM transactions'),
  )
  expect(rowCount).toBe(0)
})

interface Spoiled {
  readonly what: string
  readonly by: readonly string[]
  readonly after?: readonly string[]
  readonly check: string
  readonly seen: RegExp
}

const SPOILED: readonly Spoiled[] = [
  {
    what: 'commits that do not wait, for the role',
    by: ['ALTER ROLE drill_load SET synchronous_commit = off'],
    check: 'synchronous-commit',
    seen: /synchronous_commit off.*set for role drill_load /,
  },
  {
    what: 'commits that wait for this server alone, for the role in the database',
    by: ['ALTER ROLE drill_load IN DATABASE drill SET synchronous_commit = local'],
    check: 'synchronous-commit',
    seen: /synchronous_commit local.*set for role drill_load in database drill/,
  },
  {
    what: 'commits that do not wait, for the database, in other letters',
    by: ["ALTER DATABASE drill SET synchronous_commit = 'false'"],
    check: 'synchronous-commit',
    seen: /synchronous_commit off.*set for database drill/,
  },
  {
    what: 'commits that do not wait, for all roles',
    by: ['ALTER ROLE ALL SET synchronous_commit = off'],
    after: ['ALTER ROLE ALL RESET synchronous_commit'],
    check: 'synchronous-commit',
    seen: /synchronous_commit off.*set for all roles/,
  },
  {
    what: 'commits that do not wait, for the server',
    by: ['ALTER SYSTEM SET synchronous_commit = off', 'SELECT pg_reload_conf()'],
    after: ['ALTER SYSTEM RESET synchronous_commit', 'SELECT pg_reload_conf()'],
    check: 'synchronous-commit',
    seen: /synchronous_commit off, set for the server/,
  },
  {
    what: 'two settings, one behind the other',
    by: ['ALTER ROLE drill_load SET synchronous_commit = off', 'ALTER DATABASE drill SET synchronous_commit = off'],
    check: 'synchronous-commit',
    seen: /set for role drill_load /,
  },
  {
    what: 'transactions that may only read',
    by: ['ALTER ROLE drill_load SET default_transaction_read_only = on'],
    check: 'load-settings',
    seen: /default_transaction_read_only on.*set for role drill_load/,
  },
  {
    what: 'statements of at most a second, for the database',
    by: ["ALTER DATABASE drill SET statement_timeout = '1s'"],
    check: 'load-settings',
    seen: /statement_timeout 1000 ms.*set for database drill/,
  },
  {
    what: 'foreign keys and triggers that are off',
    by: ['ALTER ROLE drill_load SET session_replication_role = replica'],
    check: 'load-settings',
    seen: /session_replication_role replica.*set for role drill_load/,
  },
  {
    what: 'an idle time-out for who goes straight to PostgreSQL',
    by: ["ALTER ROLE drill_load SET idle_session_timeout = '5s'"],
    check: 'load-settings',
    seen: /idle_session_timeout 5000 ms.*straight to PostgreSQL/,
  },
  {
    what: 'a search_path that leads to another table',
    by: [
      'CREATE SCHEMA other AUTHORIZATION drill_load',
      'CREATE TABLE other.transactions (LIKE public.transactions INCLUDING ALL)',
      'ALTER TABLE other.transactions OWNER TO drill_load',
      'ALTER ROLE drill_load SET search_path = other, public',
    ],
    check: 'load-table',
    seen: /other\.transactions .*set for role drill_load.*the audit reads public\.transactions/,
  },
  {
    what: 'a schema of its own name, which the default of search_path puts first',
    by: [
      'CREATE SCHEMA drill_load AUTHORIZATION drill_load',
      'CREATE TABLE drill_load.transactions (LIKE public.transactions INCLUDING ALL)',
      'ALTER TABLE drill_load.transactions OWNER TO drill_load',
    ],
    check: 'load-table',
    seen: /drill_load\.transactions .*the default of PostgreSQL.*the audit reads public\.transactions/,
  },
  {
    what: 'an unlogged table',
    by: ['ALTER TABLE transactions SET UNLOGGED'],
    check: 'load-table',
    seen: /^unlogged: public\.transactions$/,
  },
]

/** Soon: a session that the advice ends is in the pool until its backend is gone. */
const everyRowPasses = () =>
  eventually('every row passes', timeouts.processEndsMs, async () => {
    const rest = failed(await look())
    if (rest.some(({ advice }) => advice.includes('RECONNECT'))) await inConsole('RECONNECT')
    expect(rest, JSON.stringify(rest)).toEqual([])
    return true
  })

describe('fails before anything is failed over, names its source, and passes after the statements of its advice:', () => {
  test.each(SPOILED)('$what', async ({ by, after = [], check, seen }) => {
    // PgBouncer holds a session of the load from before, as it does in a service that is in use.
    expect(failed(await look())).toEqual([])
    await administer(...by)
    try {
      const spoiled = await look()
      const found = failed(spoiled).find(({ id }) => id === check)
      expect(found, JSON.stringify(failed(spoiled))).toMatchObject({ verdict: 'fail' })
      expect(found?.seen).toMatch(seen)
      await administer(...failed(spoiled).flatMap(statementsOf))
      await everyRowPasses()
    } finally {
      await administer(...after)
    }
  })
})

test('a setting that is gone stays in the sessions that PgBouncer holds, and the advice ends those', async () => {
  await administer('ALTER ROLE drill_load SET synchronous_commit = off')
  await look()
  await administer('ALTER ROLE drill_load RESET synchronous_commit')
  const [found] = failed(await look())
  expect(found).toMatchObject({
    id: 'synchronous-commit',
    seen: 'synchronous_commit off, kept from a setting that has changed since the session began (through PgBouncer)',
  })
  await administer(...statementsOf(found as CheckResult))
  await everyRowPasses()
})

test('time-outs for transactions that are idle end nothing: the load has no idle transactions', async () => {
  await administer("ALTER ROLE drill_load SET idle_in_transaction_session_timeout = '1ms'")
  expect(failed(await look())).toEqual([])
})

test.each(['remote_write', 'remote_apply'])('%s waits for the standby, and passes by its name', async (value) => {
  await administer(`ALTER ROLE drill_load SET synchronous_commit = ${value}`)
  const row = (await look({ ...LEDGER, vias: ['direct'] })).find(({ id }) => id === 'synchronous-commit')
  expect(row).toMatchObject({ verdict: 'pass', seen: expect.stringContaining(value) })
})

const PARTITIONED = [
  'DROP TABLE transactions',
  `CREATE TABLE transactions (transaction_id uuid DEFAULT gen_random_uuid(), customer_id integer, merchant_id integer,
     amount numeric(10, 2), status text, transaction_date timestamp DEFAULT CURRENT_TIMESTAMP)
   PARTITION BY RANGE (transaction_date)`,
  "CREATE TABLE t_all PARTITION OF transactions FOR VALUES FROM ('2000-01-01') TO ('2100-01-01')",
  'ALTER TABLE transactions OWNER TO app',
  'ALTER TABLE t_all OWNER TO app',
  'GRANT SELECT, INSERT ON transactions TO drill_load',
]

describe('a partitioned table', () => {
  test('makes the migration fail with the cause, not with the rights of the role', async () => {
    await administer(...PARTITIONED)
    await expect(database().migrate(target)).rejects.toMatchObject({
      message: expect.stringMatching(/does not support .*partitioned.*"transactions": "compat"/),
      cause: { code: '0A000' },
    })
    await expect(database().migrate(target)).rejects.not.toMatchObject({ message: expect.stringContaining('own') })
  })

  test('without a unique index across it has no ledger, and says so; with compat it passes', async () => {
    await administer(
      ...PARTITIONED,
      'ALTER TABLE transactions ADD drill_id text, ADD worker integer, ADD seq bigint, ADD timeline integer DEFAULT 1',
    )
    const results = failed(await look())
    expect(results.find(({ id }) => id === 'schema')).toMatchObject({
      seen: expect.stringContaining('a partitioned table without a unique index'),
      advice: expect.stringContaining('compat'),
    })
    expect(results.find(({ id }) => id === 'canary')?.seen).toContain('42P10')
    expect(failed(await look({ ...LEDGER, transactions: 'compat' }))).toEqual([])
  })

  test('by its key has a ledger, and one unlogged partition spoils it', async () => {
    await administer(
      'CREATE TABLE plain (LIKE transactions INCLUDING DEFAULTS)',
      'DROP TABLE transactions',
      'CREATE TABLE transactions (LIKE plain INCLUDING DEFAULTS) PARTITION BY HASH (drill_id)',
      'CREATE TABLE t_0 PARTITION OF transactions FOR VALUES WITH (MODULUS 2, REMAINDER 0)',
      'CREATE UNLOGGED TABLE t_1 PARTITION OF transactions FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
      'CREATE UNIQUE INDEX ON transactions (drill_id, worker, seq) WHERE drill_id IS NOT NULL',
      'ALTER TABLE transactions OWNER TO app',
      'GRANT SELECT, INSERT ON transactions TO drill_load',
    )
    const [found, ...others] = failed(await look())
    expect([found?.id, found?.seen, others]).toEqual(['load-table', 'unlogged: public.t_1', []])
    await administer(...statementsOf(found as CheckResult))
    expect(failed(await look())).toEqual([])
  })
})

interface Obstacle {
  readonly what: string
  readonly by: readonly string[]
  readonly seen: RegExp
  readonly advice: RegExp
}

const RETURNS_NULL = 'CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$'

/** What only a row on its way in meets. */
const OBSTACLES: readonly Obstacle[] = [
  {
    what: 'a trigger that keeps rows out without an error',
    by: [RETURNS_NULL, 'CREATE TRIGGER t BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION keep_out()'],
    seen: /succeeded and stored no row/,
    advice: /triggers/,
  },
  {
    what: 'a rule that sends rows nowhere',
    by: ['CREATE RULE r AS ON INSERT TO transactions DO INSTEAD NOTHING'],
    seen: /0A000|stored no row/,
    advice: /rules/,
  },
  {
    what: 'a check constraint that half of the amounts break',
    by: ['ALTER TABLE transactions ADD CONSTRAINT small CHECK (amount < 50)'],
    seen: /23514: .*small/,
    advice: /constraint/,
  },
  {
    what: 'one of five parents that is missing behind a key that is checked at the commit',
    by: [
      'ALTER TABLE transactions ALTER CONSTRAINT transactions_merchant_id_fkey DEFERRABLE INITIALLY DEFERRED',
      'DELETE FROM merchants WHERE merchant_id = 5',
    ],
    seen: /23503: /,
    advice: /npm run migrate/,
  },
  {
    what: 'row security that admits no row of the load',
    by: ['ALTER TABLE transactions ENABLE ROW LEVEL SECURITY'],
    seen: /42501: .*row-level security/,
    advice: /policy/,
  },
  {
    what: 'row security that hides what the load wrote',
    by: [
      'ALTER TABLE transactions ENABLE ROW LEVEL SECURITY',
      'CREATE POLICY write ON transactions FOR INSERT WITH CHECK (true)',
      'CREATE POLICY see ON transactions FOR SELECT USING (worker = 0)',
    ],
    seen: /42501: |can be read/,
    advice: /policy|rules/,
  },
  {
    what: 'a column of its own that must be filled',
    by: [
      "ALTER TABLE transactions ADD branch text NOT NULL DEFAULT 'x'",
      'ALTER TABLE transactions ALTER branch DROP DEFAULT',
    ],
    seen: /23502: /,
    advice: /default/,
  },
  {
    what: 'a timeline column that nothing fills',
    by: ['ALTER TABLE transactions ALTER timeline DROP DEFAULT'],
    seen: /timeline: the column has no default/,
    advice: /./,
  },
]

test.each(OBSTACLES)('the canary meets $what', async ({ by, seen, advice }) => {
  await administer(...by)
  const found = failed(await look()).find(({ id }) => id === 'canary')
  expect(found?.seen).toMatch(seen)
  expect(found?.advice).toMatch(advice)
})

test('a trigger that only changes a row is named, and stops nothing', async () => {
  await administer(
    'CREATE FUNCTION pass_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    'CREATE TRIGGER audit BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION pass_on()',
  )
  const results = await look()
  expect(failed(results)).toEqual([])
  expect(results.find(({ id }) => id === 'load-table')?.seen).toBe(
    'public.transactions, a logged table; rows pass trigger audit',
  )
})

test('a view instead of the table', async () => {
  await administer(
    'ALTER TABLE transactions RENAME TO base',
    'CREATE VIEW transactions AS SELECT * FROM base',
    'GRANT SELECT, INSERT ON transactions TO drill_load',
  )
  expect(failed(await look()).find(({ id }) => id === 'load-table')?.seen).toBe('public.transactions is a view')
})

test('a temporary table that a client of the pool left hides the real one', async () => {
  await administer('GRANT TEMPORARY ON DATABASE drill TO drill_load')
  await withSql(targetIn(database().loadConnectionString(target)), (client) =>
    client.query('CREATE TEMPORARY TABLE transactions (LIKE public.transactions INCLUDING ALL)'),
  )
  const [found] = failed(await look({ ...LEDGER, vias: ['pgbouncer'] })).filter(({ id }) => id === 'load-table')
  expect(found?.seen).toMatch(/^temporary: pg_temp_\d+\.transactions$/)
})
