/** One connection for one purpose, closed whatever happens. The database under test may die at any moment, also mid-reply. */
import { Socket } from 'node:net'
import type { TokenCredential } from '@azure/identity'
import { Client, type ClientConfig } from 'pg'
import type { Login, PostgresConfig } from '../config.ts'
import type { Target } from '../drill/plan.ts'

export type Via = 'pgbouncer' | 'direct'

export interface ConnectionSettings {
  readonly postgres: PostgresConfig
  readonly credential: TokenCredential
}

export interface Purpose {
  readonly via: Via
  readonly as: Login
  /** How long one query may take before the connection is given up. */
  readonly queryTimeoutMs: number
}

const CONNECT_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 1_000

export const hostOf = ({ host, target, cloud }: PostgresConfig, server: string): string =>
  host !== null && server === target.server ? host : `${server}${cloud.serverSuffix}`

export const portOf = (postgres: PostgresConfig, via: Via): number =>
  via === 'direct' ? postgres.directPort : postgres.pgbouncerPort

export async function passwordOf({ postgres, credential }: ConnectionSettings, login: Login): Promise<string> {
  if (login.password !== null) return login.password.reveal()
  const token = await credential.getToken(postgres.cloud.databaseScope)
  if (token === null)
    throw new Error(`no Microsoft Entra token for role ${login.user}; set its password, or give the app an identity`)
  return token.token
}

export interface Connection {
  readonly client: Client
  close(): Promise<void>
}

export async function openConnection(
  settings: ConnectionSettings,
  target: Target,
  purpose: Purpose,
): Promise<Connection> {
  const socket = new Socket()
  const client = new Client({ ...(await optionsOf(settings, target, purpose)), stream: () => socket })
  // Without a listener, a server that goes away between two queries would end the process. The next query tells.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    socket.destroy()
    throw error
  }
  return { client, close: () => close(client, socket) }
}

export async function withConnection<T>(
  settings: ConnectionSettings,
  target: Target,
  purpose: Purpose,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { client, close } = await openConnection(settings, target, purpose)
  try {
    return await use(client)
  } finally {
    await close()
  }
}

/** No startup parameter beyond the plain ones: PgBouncer refuses a connection for one that it does not know. */
async function optionsOf(settings: ConnectionSettings, target: Target, purpose: Purpose): Promise<ClientConfig> {
  const { postgres } = settings
  const host = hostOf(postgres, target.server)
  return {
    host,
    port: portOf(postgres, purpose.via),
    database: target.database,
    user: purpose.as.user,
    password: await passwordOf(settings, purpose.as),
    application_name: 'pg-failover-drill',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: purpose.queryTimeoutMs,
    keepAlive: true,
    ssl: postgres.tls === 'disable' ? false : { rejectUnauthorized: true, servername: host },
  }
}

/** A polite goodbye, and then the socket: a server that froze never answers the goodbye. */
async function close(client: Client, socket: Socket): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS)
  try {
    await client.end()
  } catch {
    // The connection is gone already.
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** The server's code and words. They name roles and hosts, never passwords. */
export function wordsOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? `${String(error.code)}: ` : ''
  return `${code}${error instanceof Error ? error.message || error.name : String(error)}`
}
