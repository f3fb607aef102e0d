/** Error codes in plain words: codes of PostgreSQL, of the operating system, and the generator's own. */

const MEANINGS: Readonly<Record<string, string>> = {
  '08000': 'the connection failed',
  '08001': 'the connection could not be made',
  '08003': 'the connection does not exist any more',
  '08006': 'the connection was lost',
  '08P01': 'PgBouncer refused or lost the server connection; its message says which',
  '25006': 'connected to a read-only standby, or to a primary that was just demoted',
  '25P02': 'an earlier statement of the transaction failed',
  '26000': 'a prepared statement is not known on this server connection',
  '28000': 'the login was refused',
  '28P01': 'the password or the token was refused',
  '3D000': 'the database does not exist',
  '40001': 'rolled back: could not serialize with another transaction',
  '40003': 'the server says that it does not know whether the statement completed',
  '40P01': 'rolled back: deadlock',
  '42501': 'the role lacks a permission',
  '42P01': 'the table does not exist',
  '42P05': 'a prepared statement exists already on this server connection',
  '53100': 'the disk is full',
  '53200': 'the server is out of memory',
  '53300': 'too many connections: max_connections is used up',
  '57014': 'the statement was cancelled, by a time-out or by an administrator',
  '57P01': 'the server is shutting down, or an administrator ended the session',
  '57P02': 'the server restarts after a crash of one of its processes',
  '57P03': 'the server is starting up or shutting down and takes no connections yet',
  '57P04': 'the database was dropped',
  '57P05': 'the session was idle for too long',
  '58030': 'the server could not read or write its disk',
  XX000: 'internal error of the server',
  ECONNREFUSED: 'nothing listens at the address',
  ECONNRESET: 'the other side closed the connection abruptly',
  EPIPE: 'the connection was closed while something was being sent',
  ETIMEDOUT: 'the network gave no answer in time',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server did not answer',
  EADDRNOTAVAIL: 'the container ran out of local ports',
  EMFILE: 'the container ran out of file handles',
  'connection-closed': 'the connection was closed without a word',
  'reply-timeout': 'no reply in time: the connection was given up',
  'validation-timeout':
    'an idle connection did not answer when it was checked before use: it was given up, and nothing was sent',
  'connect-timeout': 'no connection in time',
  'no-password': 'the server asked for a password, and none was given',
  'no-token': "the login was refused, and the container's identity got no token since the last one expired",
  'protocol-error': 'the answer was not what the PostgreSQL protocol allows',
  'end-of-load': 'still without a reply when the load ended',
}

/** The first two letters of a SQLSTATE name its class. */
const CLASSES: Readonly<Record<string, string>> = {
  '08': 'trouble with the connection',
  '22': 'rolled back: bad data',
  '23': 'rolled back: a constraint was violated',
  '25': 'rolled back: invalid state of the transaction',
  '28': 'the login was refused',
  '40': 'the transaction was rolled back',
  '42': 'rolled back: wrong statement, or a missing permission',
  '53': 'the server is short of resources',
  '54': 'a limit of the server was exceeded',
  '55': 'an object is not in the state that the statement needs',
  '57': 'an operator or the server itself intervened',
  '58': 'a system error on the server',
  XX: 'internal error of the server',
}

export const meaningOf = (code: string): string =>
  MEANINGS[code] ??
  (/^[0-9A-Z]{5}$/.test(code) ? CLASSES[code.slice(0, 2)] : undefined) ??
  'not in the table of known codes'
