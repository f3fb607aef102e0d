/**
 * The tables that a drill writes to: the payment gateway's `transactions` as its users know it, with the key columns of the
 * ledger behind them, and the tables of the step probe and of the stale-primary watch. Every statement may run again and again, and also on a database that already holds the original tables.
 *
 * - `gen_random_uuid()` is built in, so no extension has to be allowed first.
 * - The key columns are nullable and their index is partial: rows that the load generator did not write cost nothing.
 * - `timeline` is set after the column exists, because adding a column with a volatile default rewrites the whole table.
 */
import { KEY_CONFLICT_TARGET } from '../../../loadgen-image/contract/glossary.ts'
export interface SchemaStep {
  /** What a reader of the migration's result sees. */
  readonly what: string
  /** One boolean: whether this step has been taken already. */
  readonly isDone: string
  readonly sql: string
}

const CUSTOMERS = `CREATE TABLE IF NOT EXISTS customers (
  customer_id serial PRIMARY KEY,
  email varchar(255) UNIQUE NOT NULL,
  first_name varchar(100) NOT NULL,
  last_name varchar(100) NOT NULL,
  created_at timestamp DEFAULT CURRENT_TIMESTAMP
)`

const MERCHANTS = `CREATE TABLE IF NOT EXISTS merchants (
  merchant_id serial PRIMARY KEY,
  merchant_name varchar(255) NOT NULL,
  merchant_code varchar(50) UNIQUE NOT NULL,
  created_at timestamp DEFAULT CURRENT_TIMESTAMP
)`

// `payment_method_id` refers to a table that no transaction of the load fills in, so that table is not created here.
const TRANSACTIONS = `CREATE TABLE IF NOT EXISTS transactions (
  transaction_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  customer_id integer REFERENCES customers (customer_id),
  merchant_id integer NOT NULL REFERENCES merchants (merchant_id),
  payment_method_id integer,
  amount numeric(10, 2) NOT NULL CHECK (amount > 0),
  currency varchar(3) DEFAULT 'USD',
  merchant_fee numeric(10, 2),
  net_amount numeric(10, 2),
  status varchar(20) NOT NULL DEFAULT 'pending' CHECK (
    status IN ('pending', 'processing', 'authorized', 'captured', 'completed', 'failed', 'refunded', 'disputed')
  ),
  failure_reason text,
  description text,
  customer_ip varchar(45),
  user_agent text,
  transaction_date timestamp DEFAULT CURRENT_TIMESTAMP,
  authorized_at timestamp,
  captured_at timestamp,
  completed_at timestamp,
  refunded_at timestamp,
  risk_score integer CHECK (risk_score BETWEEN 0 AND 100),
  is_flagged boolean DEFAULT false,
  fraud_notes text
)`

// Only inserts: a row that is never updated holds no lock that an attempt of the probe could wait for.
const DRILL_PROBE = `CREATE TABLE IF NOT EXISTS drill_probe (
  drill_id text NOT NULL,
  container integer NOT NULL,
  way text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`

// The load uses ids 1 to 5 in both tables. Explicit ids leave the sequence behind, so it is moved on afterwards. A row that
// is kept out by anything but its id must fail the migration, so only the id's conflict is passed over.
const FIVE_CUSTOMERS = `INSERT INTO customers (customer_id, email, first_name, last_name)
SELECT n, 'failover-drill-' || n || '@example.com', 'Customer', n::text FROM generate_series(1, 5) AS n
ON CONFLICT (customer_id) DO NOTHING;
SELECT setval(pg_get_serial_sequence('customers', 'customer_id'), (SELECT max(customer_id) FROM customers))`

const FIVE_MERCHANTS = `INSERT INTO merchants (merchant_id, merchant_name, merchant_code)
SELECT n, 'Merchant ' || n, 'FAILOVER-DRILL-' || n FROM generate_series(1, 5) AS n
ON CONFLICT (merchant_id) DO NOTHING;
SELECT setval(pg_get_serial_sequence('merchants', 'merchant_id'), (SELECT max(merchant_id) FROM merchants))`

/** The WAL timeline of the server that inserts the row: the first eight digits of the WAL file it writes to. */
export const CURRENT_TIMELINE = `('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int`

export const KEY_COLUMNS = ['drill_id', 'worker', 'seq', 'timeline'] as const

const tableExists = (name: string) => `SELECT to_regclass('${name}') IS NOT NULL`
const fiveRows = (table: string, id: string) => `SELECT count(*) = 5 FROM ${table} WHERE ${id} BETWEEN 1 AND 5`
const hasColumns = `SELECT count(*) = ${KEY_COLUMNS.length} FROM pg_attribute
  WHERE attrelid = to_regclass('transactions') AND attname IN ('${KEY_COLUMNS.join("', '")}') AND NOT attisdropped`
const hasDefault = `SELECT count(*) = 1 FROM pg_attribute
  WHERE attrelid = to_regclass('transactions') AND attname = 'timeline' AND atthasdef`

const table = (name: string, sql: string): SchemaStep => ({ what: `table ${name}`, isDone: tableExists(name), sql })

const index = (name: string, columns: string, unique = ''): SchemaStep => ({
  what: `index ${name}`,
  isDone: tableExists(name),
  sql: `CREATE ${unique}INDEX IF NOT EXISTS ${name} ON transactions ${columns}`,
})

// Each row says on which timeline it was written, also on a primary that should write no more.
const DRILL_WATCH = `CREATE TABLE IF NOT EXISTS drill_watch (
  drill_id text NOT NULL,
  container integer NOT NULL,
  session integer NOT NULL,
  seq integer NOT NULL,
  timeline integer NOT NULL DEFAULT ${CURRENT_TIMELINE},
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (drill_id, container, session, seq)
)`

export const SCHEMA_STEPS: readonly SchemaStep[] = [
  table('customers', CUSTOMERS),
  table('merchants', MERCHANTS),
  table('transactions', TRANSACTIONS),
  table('drill_probe', DRILL_PROBE),
  table('drill_watch', DRILL_WATCH),
  index('idx_transactions_customer', '(customer_id)'),
  index('idx_transactions_merchant', '(merchant_id)'),
  index('idx_transactions_status', '(status)'),
  index('idx_transactions_date', '(transaction_date DESC)'),
  index('idx_transactions_amount', '(amount)'),
  {
    what: 'key columns of the ledger',
    isDone: hasColumns,
    sql: `ALTER TABLE transactions ADD COLUMN IF NOT EXISTS drill_id text, ADD COLUMN IF NOT EXISTS worker integer,
  ADD COLUMN IF NOT EXISTS seq bigint, ADD COLUMN IF NOT EXISTS timeline integer`,
  },
  {
    what: 'default of the timeline column',
    isDone: hasDefault,
    sql: `ALTER TABLE transactions ALTER COLUMN timeline SET DEFAULT ${CURRENT_TIMELINE}`,
  },
  index('idx_transactions_drill_key', KEY_CONFLICT_TARGET, 'UNIQUE '),
  { what: 'customers 1 to 5', isDone: fiveRows('customers', 'customer_id'), sql: FIVE_CUSTOMERS },
  { what: 'merchants 1 to 5', isDone: fiveRows('merchants', 'merchant_id'), sql: FIVE_MERCHANTS },
]

/**
 * The only rights of the load's role: it inserts transactions, and rows of its step probe and its stale-primary watch. It reads transactions because `RETURNING` and `ON CONFLICT`
 * need that, and it never updates, deletes or truncates.
 */
export const loadRoleGrants = (identifier: string, literal: string): Pick<SchemaStep, 'isDone' | 'sql'> => ({
  isDone: `SELECT has_schema_privilege(${literal}, 'public', 'USAGE')
  AND has_table_privilege(${literal}, 'transactions', 'SELECT') AND has_table_privilege(${literal}, 'transactions', 'INSERT')
  AND has_table_privilege(${literal}, 'drill_probe', 'INSERT') AND has_table_privilege(${literal}, 'drill_watch', 'INSERT')
  AND has_table_privilege(${literal}, 'customers', 'SELECT') AND has_table_privilege(${literal}, 'merchants', 'SELECT')`,
  sql: `GRANT USAGE ON SCHEMA public TO ${identifier};
GRANT SELECT, INSERT ON transactions TO ${identifier};
GRANT INSERT ON drill_probe, drill_watch TO ${identifier};
GRANT SELECT ON customers, merchants TO ${identifier}`,
})
