/** The generator alone, as a user starts it: options in the environment, a table on the screen, files at the end. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeOwned } from '../../../infra/local/cluster/servers/postgres.ts'
import { databaseUser } from '../../../infra/local/process/run-user.ts'
import { createServerCertificate } from '../../../infra/local/stack/certificates.ts'
import { urlOf } from '../../../loadgen-image/connection/url.ts'
import { CSV_HEADER } from '../../../loadgen-image/output/csv.ts'
import { withNullServer } from '../../bench/null-server-process.ts'
import { eventually } from '../../support/eventually.ts'
import { placeOf } from '../../support/sql.ts'
import { generatorProgram, PATIENCE_MS } from './program.ts'

const program = generatorProgram()
const { start, summary } = program

test('a run leaves CSV and summary, and exits with 0', async () => {
  const child = start({ OUTPUT_CSV: program.file('out.csv') })
  expect(await child.ended, child.log()).toBe(0)
  expect(summary()).toMatchObject({ ended: 'completed', totals: { intended: 100, acknowledged: 100 } })
  const csv = readFileSync(program.file('out.csv'), 'utf8')
  expect(csv.startsWith(CSV_HEADER)).toBe(true)
  expect(csv.trim().split('\n')).toHaveLength(1 + summary().records)
  expect(child.log()).toContain('Intended 100 = acknowledged 100 (100.00 %) + refused 0 + unknown 0 + missed 0')
})

test('the plain table of the original scripts is enough with compat', async () => {
  await program.database.query('CREATE SCHEMA plain AUTHORIZATION drill')
  await program.database.query(
    'CREATE TABLE plain.transactions (transaction_id uuid DEFAULT gen_random_uuid(), customer_id int, merchant_id int, amount numeric(10, 2), status text)',
  )
  await program.database.query('ALTER ROLE drill SET search_path = plain')
  try {
    const direct = urlOf(program.database.direct)
    const ledger = start({ POSTGRES_CONNECTION_STRING: direct })
    expect(await ledger.ended).toBe(2)
    expect(ledger.log()).toContain('Missing: drill_id, worker, seq, timeline')
    const compat = start({ POSTGRES_CONNECTION_STRING: direct, TRANSACTIONS: 'compat' })
    expect(await compat.ended, compat.log()).toBe(0)
    expect(await program.database.query('SELECT count(*)::int AS rows FROM plain.transactions')).toEqual([
      { rows: 100 },
    ])
  } finally {
    await program.database.query('ALTER ROLE drill RESET search_path')
  }
})

test('an all-fail run has a TPS of 0 and does not exit with 0', async () => {
  await program.database.query('ALTER TABLE transactions ADD CONSTRAINT never CHECK (amount < 0) NOT VALID')
  try {
    const child = start()
    expect(await child.ended, child.log()).toBe(1)
    expect(summary().totals).toMatchObject({ intended: 100, acknowledged: 0, refused: 100 })
    expect(child.log()).toContain('23514 x')
    const rows = readFileSync(program.file('loadtest_results.csv'), 'utf8').trim().split('\n').slice(1)
    expect(rows.map((row) => row.split(',')[2])).toEqual(rows.map(() => '0'))
  } finally {
    await program.database.query('ALTER TABLE transactions DROP CONSTRAINT never')
  }
})

test('SIGTERM in the middle: it drains, and the files say what was done', async () => {
  const child = start({ TEST_DURATION: '60' })
  await eventually('a second is on the screen', PATIENCE_MS, () =>
    /\n\d\d:\d\d:\d\d .*\n\d\d:\d\d:\d\d /.test(child.log()),
  )
  child.process.kill('SIGTERM')
  expect(await child.ended, child.log()).toBe(0)
  const { ended: how, reason, totals } = summary()
  expect([how, reason, totals.acknowledged + totals.missed]).toEqual(['stopped', 'SIGTERM', totals.intended])
})

const withUrl = (url: string) => ({ POSTGRES_CONNECTION_STRING: url })
const direct = (parts: Changes) => withUrl(changed(urlOf(program.database.direct), parts))
const throughPool = (parts: Changes) => withUrl(changed(urlOf(program.database.pooled), parts))
const standbyPort = () => String(program.database.pair.standby.port)

const BAD_LOGIN = /refused the login\. Next: check user and password/
const NO_DATABASE = /The server has no database of the name in POSTGRES_CONNECTION_STRING\. Next: create it/
const NO_PASSWORD = /asks for a password, and no password was given\. Next: put it into POSTGRES_CONNECTION_STRING/
const NO_SOCKET = /There is no unix socket \/tmp\/\.s\.PGSQL\.1\. Next: check the folder/
const NO_TLS = /does not speak TLS\. Next: switch TLS on there, or set sslmode=disable/

/** What is wrong, the environment, and what the message must say. */
const REFUSALS: ReadonlyArray<readonly [string, () => Record<string, string>, RegExp]> = [
  ['a wrong password through PgBouncer', () => throughPool({ password: 'wrong' }), BAD_LOGIN],
  ['a wrong password at the server', () => direct({ password: 'wrong' }), BAD_LOGIN],
  ['a missing database through PgBouncer', () => throughPool({ pathname: '/nowhere' }), NO_DATABASE],
  ['a missing database at the server', () => direct({ pathname: '/nowhere' }), NO_DATABASE],
  [
    'a missing table',
    () => direct({ pathname: '/postgres' }),
    /There is no table "transactions" .*Next: create the schema/,
  ],
  ['no password through PgBouncer', () => throughPool({ password: '' }), NO_PASSWORD],
  ['no password at the server', () => direct({ password: '' }), NO_PASSWORD],
  ['a folder without a unix socket', () => withUrl('host=/tmp port=1 user=drill'), NO_SOCKET],
  [
    'a port without a program',
    () => throughPool({ port: '1' }),
    /No program listens at 127\.0\.0\.1:1\. Next: check host/,
  ],
  [
    'an unknown host',
    () => throughPool({ hostname: 'no-such-host.invalid' }),
    /(no host of the name|cannot be resolved)/,
  ],
  ['a server without TLS when TLS is asked for', () => throughPool({ search: '?sslmode=require' }), NO_TLS],
  [
    'a read-only standby',
    () => direct({ port: standbyPort() }),
    /The server is read-only.*Next: use the address of the primary/,
  ],
  [
    'a file that cannot be written',
    () => ({ ...throughPool({}), OUTPUT_CSV: '/dev/null/out.csv' }),
    /Cannot write \/dev\/null\/out\.csv: .*Next: name another file/,
  ],
  [
    'a folder that takes no entry',
    () => ({ ...throughPool({}), OUTPUT_CSV: '/proc/new/folder/out.csv' }),
    /Cannot write \/proc\/new\/folder\/out\.csv: ENOENT.*Next: name another file/,
  ],
]

type Changes = Partial<Pick<URL, 'password' | 'pathname' | 'port' | 'hostname' | 'search'>>

function changed(text: string, parts: Changes): string {
  const url = new URL(text)
  // WHATWG URLs of unknown schemes take no new host by assignment.
  if (parts.hostname !== undefined) return url.href.replace('127.0.0.1', parts.hostname)
  return Object.assign(url, parts).href
}

test.each(REFUSALS)('%s: one message with the next step, exit 2, no load', async (_, environmentOf, message) => {
  const child = start(environmentOf())
  expect(await child.ended).toBe(2)
  const log = child.log()
  expect(log).toMatch(message)
  expect(log).not.toContain('Intended')
  expect(log).not.toContain('    at ')
})

test('with TLS: verify-full refuses an unknown authority and uses a given one, require and no mode take any', async () => {
  const { primary } = program.database.pair
  const certificate = await createServerCertificate()
  writeOwned(join(primary.dataDirectory, 'server.crt'), certificate.certificatePem, databaseUser())
  writeOwned(join(primary.dataDirectory, 'server.key'), certificate.privateKeyPem, databaseUser())
  await primary.query('ALTER SYSTEM SET ssl = on')
  await primary.query('SELECT pg_reload_conf()')
  const ca = program.file('ca.pem')
  writeFileSync(ca, certificate.caPem)
  try {
    const withTls = (search: string) => start({ ...direct({ search }), TEST_DURATION: '1' })
    const unknown = withTls('?sslmode=verify-full')
    expect(await unknown.ended).toBe(2)
    expect(unknown.log()).toContain('cannot be trusted. Next: give the authority with sslrootcert=FILE')
    for (const search of [`?sslmode=verify-full&sslrootcert=${ca}`, '?sslmode=require', '']) {
      const child = withTls(search)
      expect(await child.ended, child.log()).toBe(0)
      expect(summary().totals).toMatchObject({ intended: 50, acknowledged: 50 })
    }
    const rows = await program.database.query('SELECT count(*)::int AS rows FROM transactions')
    expect(rows).not.toEqual([{ rows: 0 }])
  } finally {
    await primary.query('ALTER SYSTEM RESET ssl')
    await primary.query('SELECT pg_reload_conf()')
  }
})

test('a peer that does not speak PostgreSQL properly is a clear message too', () =>
  withNullServer(0, async ({ target }) => {
    const child = start({ POSTGRES_CONNECTION_STRING: `postgres://null@127.0.0.1:${placeOf(target).port}/null` })
    expect(await child.ended).toBe(2)
    expect(child.log()).toContain('Next: ')
  }))
