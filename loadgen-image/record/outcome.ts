/**
 * What a failure proves about the write, decided by its code, and by its message only where no code exists.
 *
 * The statement is one INSERT that commits itself. It is *refused* only where it provably did not commit: it was never sent, or the
 * server reported an error that it can only raise before the commit record. It is *unknown* where the reply was lost, and where the
 * server may have committed before it failed: 57P01 (admin_shutdown) also ends a backend that waits for the standby, after its
 * local commit. A code that is not listed proves nothing.
 */
import { CONNECT_CODES } from '../connection/client.ts'
import type { Outcome } from '../contract/glossary.ts'
import { withoutAddresses, withoutSecrets } from '../contract/redact.ts'

export interface Failure {
  /** SQLSTATE, errno, or one of the generator's own codes. */
  readonly code: string
  readonly message: string
}

export interface Judgement {
  readonly outcome: Exclude<Outcome, 'acknowledged'>
  /** The connection is of no use any more, or leads to a server that does not take writes. */
  readonly reconnect: boolean
}

const REFUSED: Judgement = { outcome: 'refused', reconnect: false }
const REFUSED_ELSEWHERE: Judgement = { outcome: 'refused', reconnect: true }
const UNKNOWN: Judgement = { outcome: 'unknown', reconnect: true }

/** The generator's own codes, for what has neither an SQLSTATE nor an errno. */
export const OWN_CODES = {
  connectionClosed: 'connection-closed',
  replyTimeout: 'reply-timeout',
  /** A pool's look at an idle connection: the transaction was never sent. */
  validationTimeout: 'validation-timeout',
  ...CONNECT_CODES,
  protocol: 'protocol-error',
  endOfLoad: 'end-of-load',
} as const

const CODES: Readonly<Record<string, Judgement>> = {
  '25006': REFUSED_ELSEWHERE, // read_only_sql_transaction: a standby, or a primary that was demoted
  '40003': UNKNOWN, // statement_completion_unknown
  '53300': REFUSED_ELSEWHERE, // too_many_connections
  '57014': REFUSED, // query_canceled: a cancel after the local commit only warns
  '57P01': UNKNOWN, // admin_shutdown
  '57P02': UNKNOWN, // crash_shutdown
  '57P03': REFUSED_ELSEWHERE, // cannot_connect_now: starting up
  '57P04': REFUSED_ELSEWHERE, // database_dropped
  '57P05': UNKNOWN, // idle_session_timeout
  ECONNREFUSED: REFUSED_ELSEWHERE,
  ENOTFOUND: REFUSED_ELSEWHERE,
  EAI_AGAIN: REFUSED_ELSEWHERE,
  EHOSTUNREACH: UNKNOWN, // may also strike on an open connection
  ENETUNREACH: UNKNOWN,
}

/**
 * Classes whose errors PostgreSQL raises while a statement runs. After the commit record an error is a PANIC, which closes the
 * connection, so an ERROR of these classes means that the transaction was rolled back.
 */
const ROLLED_BACK_CLASSES: ReadonlySet<string> = new Set([
  '0A', // feature_not_supported
  '21', // cardinality_violation
  '22', // data_exception
  '23', // integrity_constraint_violation
  '25', // invalid_transaction_state
  '26', // invalid_sql_statement_name
  '28', // invalid_authorization
  '3D', // invalid_catalog_name
  '3F', // invalid_schema_name
  '40', // transaction_rollback
  '42', // syntax_error_or_access_rule_violation
  '44', // with_check_option_violation
  '53', // insufficient_resources
  '54', // program_limit_exceeded
  '55', // object_not_in_prerequisite_state
  'P0', // raised by a function or trigger while it runs
])

/**
 * PgBouncer gives nearly all of its errors the SQLSTATE 08P01, so only the message distinguishes them. It sends these before it
 * has a server for the transaction; all others ("server conn crashed?", "query_timeout") may come after the statement ran.
 * Since 1.24 the first client that a failed login concerns gets the server's own code (such as 28P01); the next ones get 08P01
 * with "server login has been failing, cached error". Older versions give 08P01 to all.
 */
const POOLER_HAD_NO_SERVER: readonly RegExp[] = [
  /^query_wait_timeout/,
  /server login has been failing/,
  /^server_login_retry/,
  /^no more connections allowed/,
  /^no such database/,
  /^pooler is shut(ting)? down/i,
  /^unsupported startup parameter/,
]

export function judge(failure: Failure, wasSent: boolean): Judgement {
  if (!wasSent) return { outcome: 'refused', reconnect: lost(failure.code) }
  const listed = CODES[failure.code]
  if (listed !== undefined) return listed
  if (failure.code === '08P01' && POOLER_HAD_NO_SERVER.some((pattern) => pattern.test(failure.message)))
    return REFUSED_ELSEWHERE
  return isSqlState(failure.code) && ROLLED_BACK_CLASSES.has(failure.code.slice(0, 2)) ? REFUSED : UNKNOWN
}

const lost = (code: string): boolean => judge({ code, message: '' }, true).reconnect

const isSqlState = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code)

/** Any error value as a code and a message that holds no secret and names no address. */
export function failureOf(error: unknown, otherwise: string): Failure {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return {
    code: typeof code === 'string' && code !== '' ? code : otherwise,
    message: cleaned(typeof message === 'string' ? message : String(error)),
  }
}

const MAX_MESSAGE_LENGTH = 200

const cleaned = (text: string): string => withoutAddresses(withoutSecrets(text)).slice(0, MAX_MESSAGE_LENGTH)
