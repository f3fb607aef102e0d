/**
 * Advice on errors of the database: from SQLSTATE to cause and fix, for a migration and for the load's role. Each cause has its own
 * advice, so that an operator does not fix what is not broken. A code without a row gets the server's message only.
 */

interface SqlCause {
  readonly cause: string
  readonly advice: string
}

type Table = Readonly<Record<string, SqlCause>>

/** Codes that mean the same for the app and for the load. */
const CONNECTING: Table = {
  '3D000': { cause: 'the database does not exist', advice: 'create it, or name another one in POSTGRES_DATABASE' },
  '53300': {
    cause: 'the server or the pooler has no connection left',
    advice: 'raise max_connections, or end other sessions',
  },
  '57P03': { cause: 'the server is starting up or shutting down', advice: 'wait until it accepts connections' },
  ECONNREFUSED: { cause: 'nothing listens at the address', advice: 'check host, port, and that the server runs' },
  ENOTFOUND: { cause: 'the host name is not known', advice: 'check the name of the server and the DNS zone' },
  EAI_AGAIN: { cause: 'the name server did not answer', advice: 'check DNS from where the app runs' },
  ETIMEDOUT: { cause: 'the network gave no answer', advice: 'check firewall rules and the network' },
  ECONNRESET: {
    cause: 'the connection was cut',
    advice: 'check that the port belongs to the server, and its TLS setting',
  },
}

const READ_ONLY: SqlCause = {
  cause: 'the session may only read',
  advice:
    'connect to the primary, and set default_transaction_read_only to off for the server, the database and the role',
}
const CANCELED: SqlCause = {
  cause: 'a time-out or an administrator cancelled the statement',
  advice: 'raise statement_timeout for the role, or repeat when the table is idle',
}
const DISK_FULL: SqlCause = { cause: 'the disk of the server is full', advice: 'free or add storage' }

const ON_MIGRATION: Table = {
  ...CONNECTING,
  '0A000': {
    cause: 'PostgreSQL does not support a step of the migration on the table as it is',
    advice:
      'when transactions is partitioned, its unique index would have to hold the partition key: use a plain table, in a schema that search_path names first, or ask for "transactions": "compat"',
  },
  '22P02': { cause: 'a value does not fit its column', advice: 'use a database or a schema of its own for the drill' },
  '23505': {
    cause: 'rows that are there already hold a value that must be unique',
    advice: 'change or remove the rows that the server names',
  },
  '23514': {
    cause: 'a check constraint refuses a row of the migration',
    advice: 'loosen the constraint that the server names',
  },
  '23502': {
    cause: 'a column of an existing table has no default and may not be empty',
    advice: 'give the column that the server names a default, or use a schema of its own for the drill',
  },
  '25006': READ_ONLY,
  '28000': { cause: 'the login was refused', advice: 'check POSTGRES_USER, and that the server lets this address in' },
  '28P01': {
    cause: 'the server refused the password or the token',
    advice:
      "check POSTGRES_USER and POSTGRES_PASSWORD; without a password the app's identity must be a Microsoft Entra administrator of the server, under that name",
  },
  '3F000': {
    cause: 'search_path names no schema that exists',
    advice: 'create the schema, or set search_path of the role',
  },
  '42501': {
    cause: 'the role lacks a right',
    advice: 'it needs to own the tables of the drill, to create in their schema, and to create roles',
  },
  '42703': {
    cause: 'a table of the same name has other columns',
    advice: 'use a database or a schema of its own for the drill',
  },
  '42804': {
    cause: 'a column of the same name has another type',
    advice: 'use a database or a schema of its own for the drill',
  },
  '42809': {
    cause: 'transactions, customers or merchants is not an ordinary table',
    advice: 'use tables of the drill, in a schema that search_path names first',
  },
  '42830': {
    cause: 'customers or merchants has no unique key that a foreign key could refer to',
    advice: 'give the table that the server names its primary key, or use a schema of its own for the drill',
  },
  '42939': { cause: 'the name of the role is reserved', advice: 'choose another name in LOADGEN_POSTGRES_USER' },
  '53100': DISK_FULL,
  '55P03': { cause: 'another transaction holds the table', advice: 'repeat when no long transaction uses it' },
  '57014': CANCELED,
}

const MIGRATE = 'run npm run migrate, or ask for the drill with "migrate": true'

const ON_LOAD: Table = {
  ...CONNECTING,
  '08P01': {
    cause: 'the pooler refused the session, or lost it',
    advice: `its words say why; when it does not know the role, ${MIGRATE}: the migration makes it`,
  },
  '23502': { cause: 'a column that the load does not fill may not be empty', advice: 'give the column a default' },
  '23503': { cause: 'customers or merchants lack an id from 1 to 5', advice: MIGRATE },
  '23505': {
    cause: 'a unique index of its own refuses two rows of the load',
    advice: 'drop the index that the server names, or make it admit more than one row',
  },
  '23514': {
    cause: 'a check constraint or the bounds of the partitions refuse a row of the load',
    advice:
      'loosen the constraint that the server names, or add the partition for today; the load sends amounts from 0.10 to 99.99',
  },
  '25006': READ_ONLY,
  '28000': { cause: 'the login was refused', advice: `${MIGRATE}: the migration makes the role of the load` },
  '28P01': {
    cause: 'the server refused the password or the token of the role',
    advice: `${MIGRATE}: the migration sets the password, or makes the role for the identity`,
  },
  '42501': {
    cause: 'the role lacks a right, or a policy of row security refuses the row',
    advice: `${MIGRATE}: the migration grants what the load needs; a policy has to admit the role`,
  },
  '42703': { cause: 'the table lacks a column of the ledger', advice: MIGRATE },
  '42P01': { cause: 'there is no table transactions', advice: MIGRATE },
  '42P10': { cause: 'the table has no unique index on the key of the ledger', advice: MIGRATE },
  '53100': DISK_FULL,
  '55000': {
    cause: 'the table takes no rows as it is, as a view without a rule',
    advice: 'use a plain table, in a schema that search_path names first',
  },
  '55P03': { cause: 'a lock did not come in time', advice: 'repeat when no long transaction uses the table' },
  '57014': CANCELED,
  P0001: {
    cause: 'a trigger or a function refuses the row',
    advice: 'disable the trigger, or make it admit rows of the load',
  },
}

const CODE = /^([0-9A-Z]{5}|E[A-Z_]+): /

/** By the code at the start of an error's words. */
function causeIn(table: Table, errorWords: string): SqlCause | null {
  return table[CODE.exec(errorWords)?.[1] ?? ''] ?? null
}

export const causeOnMigration = (errorWords: string): SqlCause | null => causeIn(ON_MIGRATION, errorWords)
export const causeOnLoad = (errorWords: string): SqlCause | null => causeIn(ON_LOAD, errorWords)
