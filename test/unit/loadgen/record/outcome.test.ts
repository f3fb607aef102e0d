import { expect, test } from 'vitest'
import { type Failure, failureOf, judge } from '../../../../loadgen-image/record/outcome.ts'

const failure = (code: string, message = ''): Failure => ({ code, message })

/** Code, message, outcome after the statement was sent, whether the connection is given up, and why. */
const SENT = [
  ['57P01', 'terminating connection due to administrator command', 'unknown', true, 'perhaps after the commit'],
  ['57P02', 'terminating connection because of crash', 'unknown', true, 'the crash may follow the commit'],
  ['57P03', 'the database system is starting up', 'refused', true, 'nothing ran'],
  ['25006', 'cannot execute INSERT in a read-only transaction', 'refused', true, 'a standby'],
  ['53300', 'sorry, too many clients already', 'refused', true, 'no backend, no statement'],
  ['57014', 'canceling statement due to user request', 'refused', false, 'rolled back'],
  ['40001', 'could not serialize access', 'refused', false, 'rolled back'],
  ['40P01', 'deadlock detected', 'refused', false, 'rolled back'],
  ['40003', 'statement completion unknown', 'unknown', true, 'says so itself'],
  ['23505', 'duplicate key value violates unique constraint', 'refused', false, 'rolled back'],
  ['23503', 'violates foreign key constraint', 'refused', false, 'rolled back'],
  ['42P01', 'relation "transactions" does not exist', 'refused', false, 'nothing ran'],
  ['42501', 'permission denied for table transactions', 'refused', false, 'nothing ran'],
  ['22003', 'numeric field overflow', 'refused', false, 'rolled back'],
  ['P0001', 'raised by a trigger', 'refused', false, 'rolled back'],
  ['25P02', 'current transaction is aborted', 'refused', false, 'rolled back'],
  ['26000', 'prepared statement "s1" does not exist', 'refused', false, 'nothing ran'],
  ['53100', 'could not extend file: No space left on device', 'refused', false, 'an ERROR before the commit record'],
  ['53200', 'out of memory', 'refused', false, 'an ERROR before the commit record'],
  ['28P01', 'password authentication failed', 'refused', false, 'no session'],
  ['3D000', 'database does not exist', 'refused', false, 'no session'],
  ['08000', 'connection_exception', 'unknown', true, 'the reply is lost'],
  ['08003', 'connection_does_not_exist', 'unknown', true, 'the reply is lost'],
  ['08006', 'connection_failure', 'unknown', true, 'the reply is lost'],
  ['08007', 'transaction_resolution_unknown', 'unknown', true, 'says so itself'],
  ['08P01', 'server conn crashed?', 'unknown', true, 'PgBouncer lost the server while the statement ran'],
  ['08P01', 'query_timeout', 'unknown', true, 'the statement ran'],
  ['08P01', 'query_wait_timeout', 'refused', true, 'PgBouncer had no server for it'],
  ['08P01', 'server login has been failing, try again later (server_login_retry)', 'refused', true, 'no server'],
  [
    '08P01',
    'server login has been failing, cached error: connect failed (server_login_retry)',
    'refused',
    true,
    'no server',
  ],
  ['28P01', 'password authentication failed for user "load"', 'refused', false, 'PgBouncer 1.24 passes the first on'],
  [
    '08P01',
    'server login has been failing, cached error: password authentication failed (server_login_retry)',
    'refused',
    true,
    'and says this to the next ones',
  ],
  ['08P01', 'no more connections allowed (max_client_conn)', 'refused', true, 'no server'],
  ['08P01', 'an unknown message', 'unknown', true, 'not listed: proves nothing'],
  ['XX000', 'cache lookup failed', 'unknown', true, 'not listed: proves nothing'],
  ['58030', 'could not write to file', 'unknown', true, 'not listed: proves nothing'],
  ['ECONNRESET', 'read ECONNRESET', 'unknown', true, 'the reply is lost'],
  ['EPIPE', 'write EPIPE', 'unknown', true, 'part of it may have left'],
  ['ETIMEDOUT', 'read ETIMEDOUT', 'unknown', true, 'the reply is lost'],
  ['ECONNREFUSED', 'connect ECONNREFUSED', 'refused', true, 'nothing listens, so nothing was read'],
  ['connection-closed', 'the connection was closed', 'unknown', true, 'the reply is lost'],
  ['reply-timeout', 'no reply in time', 'unknown', true, 'the reply may still be coming'],
  ['connect-timeout', 'no connection in time', 'unknown', true, 'as any word of its own after sending'],
  ['end-of-load', 'the load ended before the reply came', 'unknown', true, 'the reply may still be coming'],
] as const

test.each(SENT)('%s "%s" after sending is %s', (code, message, outcome, reconnect) => {
  expect(judge(failure(code, message), true)).toEqual({ outcome, reconnect })
})

test.each(SENT)('%s "%s" before anything was sent is refused: nothing can have committed', (code, message) => {
  expect(judge(failure(code, message), false).outcome).toBe('refused')
})

test('an error is judged by its code, in any language of its message', () => {
  expect(judge(failure('25006', 'INSERT kann nicht ausgeführt werden'), true).outcome).toBe('refused')
  expect(judge(failure('57P01', 'connection refused'), true).outcome).toBe('unknown')
})

test('an error without a code gets the word that the caller has for it', () => {
  expect(failureOf(new Error('Connection terminated unexpectedly'), 'connection-closed')).toEqual({
    code: 'connection-closed',
    message: 'Connection terminated unexpectedly',
  })
  expect(failureOf('odd', 'connection-closed')).toEqual({ code: 'connection-closed', message: 'odd' })
})

test('a long message is cut', () => {
  expect(failureOf(new Error('x'.repeat(5000)), '').message).toHaveLength(200)
})
