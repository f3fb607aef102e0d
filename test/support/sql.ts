/** A test's own connection to a server, as closed to the environment as the product's. */
import type { Client } from 'pg'
import { parseConnectionString } from '../../loadgen-image/connection/connection-string.ts'
import { type OpenClient, openClient, withClient } from '../../loadgen-image/connection/log-in.ts'
import type { ServerPlace, ServerTarget } from '../../loadgen-image/connection/target.ts'

const LIMITS = { timeoutMs: 10_000 }

export const openSql = (target: ServerTarget): Promise<OpenClient> => openClient(target, LIMITS)

export const withSql = <T>(target: ServerTarget, use: (client: Client) => Promise<T>): Promise<T> =>
  withClient(target, LIMITS, use)

export const placeOf = ({ places }: ServerTarget): ServerPlace => {
  const [first] = places
  if (first === undefined) throw new Error('a target without a place')
  return first
}

/** The admin console of the PgBouncer at this target. */
export const atConsole = <T>(target: ServerTarget, use: (client: Client) => Promise<T>): Promise<T> =>
  withSql({ ...target, user: 'pgbouncer_admin', database: 'pgbouncer' }, use)

/** PgBouncer tries a login that failed again after 15 s, which would only make tests longer. */
export const retryLoginsSoon = (target: ServerTarget): Promise<unknown> =>
  atConsole(target, (client) => client.query("SET server_login_retry = '1'"))

export function targetIn(connectionString: string): ServerTarget {
  const parsed = parseConnectionString(connectionString)
  if ('value' in parsed) return parsed.value
  throw new Error(parsed.problems.join('; '))
}
