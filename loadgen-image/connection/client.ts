/**
 * Makes clients of `pg`; no other file does. pg fills every setting that it does not get from the environment (PGSSLMODE, PGOPTIONS,
 * PGAPPNAME, PGSSLNEGOTIATION, PGREPLICATION, NODE_PG_FORCE_NATIVE and a dozen more) and from ~/.pgpass, so a variable of the
 * caller's shell would decide how a drill connects. This file gives it every setting, and the startup message holds what stands
 * here and nothing else.
 */
import type { Socket } from 'node:net'
import { isIP } from 'node:net'
// Not the package's index: that one loads another client when NODE_PG_FORCE_NATIVE is set.
import type { Client } from 'pg'
import PgClient from 'pg/lib/client.js'
import pgUtils from 'pg/lib/utils.js'
import type { ServerPlace, ServerTarget, Tls } from './target.ts'

export const { escapeIdentifier, escapeLiteral } = pgUtils

export const CONNECT_CODES = {
  connectTimeout: 'connect-timeout',
  noPassword: 'no-password',
  /** The identity endpoint gave no token, or none since the last one expired. */
  noToken: 'no-token',
} as const

interface Attempt {
  readonly target: ServerTarget
  readonly place: ServerPlace
  /** What the place's host resolved to; a folder for a unix socket. */
  readonly address: string
  readonly isEncrypted: boolean
  readonly socket: Socket
  /** 0: none. */
  readonly queryTimeoutMs: number
  /** Null: none. */
  readonly keepAliveMs: number | null
}

class ClosedClient extends PgClient {
  readonly #startup: Readonly<Record<string, string>>

  constructor(config: ConstructorParameters<typeof PgClient>[0], startup: Readonly<Record<string, string>>) {
    super(config)
    this.#startup = startup
  }

  /** pg's own name for the parameters of the startup message. */
  getStartupConf(): Readonly<Record<string, string>> {
    return this.#startup
  }
}

/** Connects nothing yet. */
export function createClient({ target, place, address, isEncrypted, socket, ...limits }: Attempt): Client {
  const { user, database, session, tls } = target
  const ssl = isEncrypted && tls !== null ? tlsOptions(tls, place.host) : false
  const config = {
    host: address,
    port: place.port,
    user,
    database,
    // A function is asked only when the server wants a password; pg itself would look into PGPASSWORD and ~/.pgpass.
    password: () => passwordOf(target),
    ssl,
    sslnegotiation: ssl !== false && tls?.isDirect ? 'direct' : 'postgres',
    client_encoding: 'UTF8',
    keepAlive: limits.keepAliveMs !== null,
    keepAliveInitialDelayMillis: limits.keepAliveMs ?? 0,
    connectionTimeoutMillis: 0,
    query_timeout: limits.queryTimeoutMs,
    stream: () => socket,
  }
  const options = session.options === null ? {} : { options: session.options }
  return new ClosedClient(config as object, { user, database, application_name: session.applicationName, ...options })
}

function passwordOf({ password }: ServerTarget): string {
  if (password !== '') return password
  throw Object.assign(new Error('the server asks for a password, and none was given'), {
    code: CONNECT_CODES.noPassword,
  })
}

/** The name is checked against the certificate, not the address that it resolved to. */
function tlsOptions(tls: Tls, host: string) {
  return {
    rejectUnauthorized: tls.verifiesAuthority,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(tls.minVersion === null ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === null ? {} : { maxVersion: tls.maxVersion }),
  }
}

interface Inside {
  readonly connection: { readonly stream: Socket; once(event: 'sslconnect', listener: () => void): void }
}

/** pg has no public access to its socket; with TLS it is not the socket that it got. */
export const streamOf = (client: Client): Socket => (client as unknown as Inside).connection.stream

/** Calls once TLS is up; never without TLS. */
export const whenEncrypted = (client: Client, call: () => void): void =>
  (client as unknown as Inside).connection.once('sslconnect', () => streamOf(client).once('secureConnect', call))
