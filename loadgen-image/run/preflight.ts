/**
 * Inspects the database before any load: can the generator log in, does the table exist, may it write. Each way in which this
 * fails has one message with the next step. Also measures what the ready record holds: clock offset, server version and address,
 * timeline.
 */
import type { Client } from 'pg'
import { AllAddressesFailed, withClient } from '../connection/log-in.ts'
import { placesName, type ServerTarget, withPassword } from '../connection/target.ts'
import type { ClockOffset } from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import { errorText } from '../contract/redact.ts'
import type { DatabaseToken } from '../identity/database-token.ts'
import { failureOf, OWN_CODES } from '../record/outcome.ts'

export interface ServerIdentity {
  readonly clock: ClockOffset
  readonly serverVersion: string
  readonly serverAddress: string | null
  /** 0: the server does not report it. */
  readonly timeline: number
}

export class PreflightError extends Error {
  /** The server may be starting or failing over: another attempt can help. */
  readonly isPassing: boolean
  readonly code: string

  constructor(message: string, code: string, isPassing: boolean, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.isPassing = isPassing
  }
}

const CLOCK_ROUND_TRIPS = 9
const KEY_COLUMNS = ['drill_id', 'worker', 'seq', 'timeline']

/** `token` null: the target holds the password. */
export async function inspectServer(
  target: ServerTarget,
  { transactions, connectTimeoutMs }: Pick<LoadPlan, 'transactions' | 'connectTimeoutMs'>,
  token: Pick<DatabaseToken, 'fetch'> | null,
): Promise<ServerIdentity> {
  const limits = { timeoutMs: connectTimeoutMs, queryTimeoutMs: connectTimeoutMs }
  const login = token === null ? target : withPassword(target, await fetched(token))
  try {
    return await withClient(login, limits, async (client) => {
      await checkTable(client, transactions)
      return identify(client)
    })
  } catch (error) {
    throw explained(error, target, token !== null)
  }
}

/** The identity of a new container comes some seconds late. */
const fetched = (token: Pick<DatabaseToken, 'fetch'>): Promise<string> =>
  token.fetch().catch((cause: unknown) => {
    const text = `No login: ${errorText(cause)}. Next: give the container an identity, and check AZURE_CLIENT_ID.`
    throw new PreflightError(text, OWN_CODES.noToken, true, cause)
  })

async function checkTable(client: Client, transactions: LoadPlan['transactions']): Promise<void> {
  const { rows } = await client.query<{ columns: string[] | null; writable: boolean | null; readonly: boolean }>(`
    SELECT (SELECT array_agg(attname::text) FROM pg_attribute
             WHERE attrelid = to_regclass('transactions') AND attnum > 0 AND NOT attisdropped) AS columns,
           has_table_privilege(to_regclass('transactions'), 'INSERT') AS writable,
           pg_is_in_recovery() AS readonly`)
  const [seen] = rows
  if (seen?.readonly) throw new PreflightError(MESSAGES.readOnly, '25006', true)
  if (!seen?.columns) throw new PreflightError(MESSAGES.noTable, '42P01', false)
  if (seen.writable === false) throw new PreflightError(MESSAGES.noPrivilege, '42501', false)
  const missing = KEY_COLUMNS.filter((column) => !seen.columns?.includes(column))
  if (transactions === 'ledger' && missing.length > 0)
    throw new PreflightError(`${MESSAGES.noKeyColumns} Missing: ${missing.join(', ')}.`, '42703', false)
}

const MESSAGES = {
  readOnly: 'The server is read-only: a standby, or still being promoted. Next: use the address of the primary.',
  noTable:
    'There is no table "transactions" in this database. Next: create the schema (docs/api.md, "Schema"), or name the right database.',
  noPrivilege: 'The user may not insert into "transactions". Next: GRANT INSERT, SELECT ON transactions TO the user.',
  noKeyColumns:
    'The table "transactions" lacks the columns of the ledger. Next: add them (docs/api.md, "Schema"), or run with --transactions compat.',
} as const

async function identify(client: Client): Promise<ServerIdentity> {
  const { rows } = await client.query<{ version: string; address: string | null }>(
    `SELECT current_setting('server_version') AS version, host(inet_server_addr()) AS address`,
  )
  return {
    clock: await clockOffset(client),
    serverVersion: rows[0]?.version ?? '',
    serverAddress: rows[0]?.address ?? null,
    timeline: await timelineOf(client),
  }
}

/** A managed service may forbid the function; the rows hold their timeline in any case. */
const timelineOf = async (client: Client): Promise<number> =>
  client
    .query<{ timeline: number }>(
      `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline`,
    )
    .then(({ rows }) => rows[0]?.timeline ?? 0)
    .catch(() => 0)

/** The fastest round trip bounds the error best. */
async function clockOffset(client: Client): Promise<ClockOffset> {
  let best: ClockOffset = { offsetMs: 0, errorMs: Number.POSITIVE_INFINITY }
  for (let i = 0; i < CLOCK_ROUND_TRIPS; i++) {
    const sentAtMs = performance.timeOrigin + performance.now()
    const { rows } = await client.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')
    const receivedAtMs = performance.timeOrigin + performance.now()
    const errorMs = (receivedAtMs - sentAtMs) / 2
    if (errorMs < best.errorMs) best = { offsetMs: sentAtMs + errorMs - Number(rows[0]?.ms), errorMs }
  }
  return best
}

// ---- Why it failed ---------------------------------------------------------------------------------------------------

interface Explanation {
  /** `{at}` stands for the places of the server. */
  readonly text: string
  readonly isPassing?: true
}

const BAD_CERTIFICATE: Explanation = {
  text:
    'The certificate of {at} cannot be trusted. Next: give the authority with sslrootcert=FILE, ' +
    'connect by the name in the certificate, or set sslmode=no-verify to accept any.',
}
const BAD_LOGIN: Explanation = {
  text: '{at} refused the login. Next: check user and password in POSTGRES_CONNECTION_STRING.',
}
const BAD_TOKEN: Explanation = {
  text:
    '{at} refused the token of the identity. Next: make the role of POSTGRES_CONNECTION_STRING for that identity ' +
    '(a drill with "migrate": true does), and check POSTGRES_TOKEN_SCOPE.',
}
const NO_PASSWORD: Explanation = {
  text:
    '{at} asks for a password, and no password was given. Next: put it into POSTGRES_CONNECTION_STRING ' +
    '(postgres://user:password@host, or password=...). PGPASSWORD and ~/.pgpass are not read.',
}
const NO_DATABASE: Explanation = {
  text: 'The server has no database of the name in POSTGRES_CONNECTION_STRING. Next: create it, or name another one.',
}
const TOO_MANY: Explanation = {
  text: 'The server has no connection left. Next: raise max_connections, or lower the number of workers.',
  isPassing: true,
}
const NO_ANSWER: Explanation = {
  text: '{at} does not answer. Next: check firewall rules and the network.',
  isPassing: true,
}

const BY_CODE: Readonly<Record<string, Explanation>> = {
  '28P01': BAD_LOGIN,
  '28000': BAD_LOGIN,
  '3D000': NO_DATABASE,
  '53300': TOO_MANY,
  '57P03': { text: '{at} is starting up. Next: wait until it accepts connections.', isPassing: true },
  ECONNREFUSED: {
    text: 'No program listens at {at}. Next: check host and port, and that the server runs.',
    isPassing: true,
  },
  ENOENT: {
    text: 'There is no unix socket {at}. Next: check the folder and the port, and that the server runs.',
    isPassing: true,
  },
  ENOTFOUND: { text: 'There is no host of the name in {at}. Next: check the host name.' },
  EAI_AGAIN: { text: 'The name in {at} cannot be resolved now. Next: check DNS.', isPassing: true },
  [OWN_CODES.noPassword]: NO_PASSWORD,
  [OWN_CODES.connectTimeout]: NO_ANSWER,
  DEPTH_ZERO_SELF_SIGNED_CERT: BAD_CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: BAD_CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: BAD_CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: BAD_CERTIFICATE,
  CERT_HAS_EXPIRED: BAD_CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: BAD_CERTIFICATE,
}

/** Where the code is not enough: pg has none for TLS and time-outs, and PgBouncer uses 08P01 for nearly everything. */
const BY_MESSAGE: ReadonlyArray<readonly [RegExp, Explanation]> = [
  [/does not support SSL/, { text: '{at} does not speak TLS. Next: switch TLS on there, or set sslmode=disable.' }],
  [/no encryption|SSL required/i, { text: '{at} accepts TLS only. Next: set sslmode=require.' }],
  [/timeout expired|Query read timeout/, NO_ANSWER],
  [/no such database/, NO_DATABASE],
  [/password authentication failed|no such user|SASL authentication failed/i, BAD_LOGIN],
  [/no more connections allowed/, TOO_MANY],
]

function explained(error: unknown, target: ServerTarget, isByToken: boolean): PreflightError {
  if (error instanceof PreflightError) return error
  const { code, message } = failureOf(error, OWN_CODES.connectionClosed)
  const at = placesName(target)
  const found = BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? BY_CODE[code]
  const known = found === BAD_LOGIN && isByToken ? BAD_TOKEN : found
  const tried = triedAddresses(error)
  if (known !== undefined)
    return new PreflightError(known.text.replace('{at}', () => at) + tried, code, known.isPassing ?? false, error)
  const unlisted = `Connecting to ${at} failed: ${code} ${message}.${tried} Next: look into the server's log.`
  return new PreflightError(unlisted, code, true, error)
}

/** The error of each address, where there were several. */
function triedAddresses(error: unknown): string {
  if (!(error instanceof AllAddressesFailed)) return ''
  const tried = error.attempts.map((attempt) => `${attempt.where} ${attempt.error.code ?? attempt.error.message}`)
  return ` Tried: ${tried.join(', ')}.`
}
