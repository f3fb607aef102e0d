/** Opens one connection for one purpose and closes it in every case. The database under test may die at any moment, also mid-reply. */
import type { TokenCredential } from '@azure/identity'
import type { Client } from 'pg'
import { type OpenClient, openClient } from '../../../loadgen-image/connection/log-in.ts'
import { oneServer, type ServerTarget, VERIFIED } from '../../../loadgen-image/connection/target.ts'
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Login, PostgresConfig } from '../../config/config.ts'
import type { Target } from '../../model/plan.ts'

export type Via = 'pgbouncer' | 'direct'

export interface ConnectionSettings {
  readonly postgres: PostgresConfig
  readonly credential: TokenCredential
}

export interface Purpose {
  readonly via: Via
  readonly as: Login
  /** Time limit of one query; then the connection is closed. */
  readonly queryTimeoutMs: number
}

const CONNECT_TIMEOUT_MS = 10_000

export const hostOf = ({ host, target, cloud }: PostgresConfig, server: string): string =>
  host !== null && server === target.server ? host : `${server}${cloud.serverSuffix}`

export const portOf = (postgres: PostgresConfig, via: Via): number =>
  via === 'direct' ? postgres.directPort : postgres.pgbouncerPort

async function passwordOf({ postgres, credential }: ConnectionSettings, login: Login): Promise<string> {
  if (login.password !== null) return login.password.reveal()
  const token = await credential.getToken(postgres.cloud.databaseScope)
  if (token === null)
    throw new Error(`no Microsoft Entra token for role ${login.user}; set its password, or give the app an identity`)
  return token.token
}

export async function openConnection(
  settings: ConnectionSettings,
  target: Target,
  purpose: Purpose,
): Promise<OpenClient> {
  const limits = { timeoutMs: CONNECT_TIMEOUT_MS, queryTimeoutMs: purpose.queryTimeoutMs }
  return await openClient(await serverOf(settings, target, purpose.via, purpose.as), limits)
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

export async function serverOf(
  settings: ConnectionSettings,
  target: Target,
  via: Via,
  login: Login,
): Promise<ServerTarget> {
  const { postgres } = settings
  return oneServer({
    host: hostOf(postgres, target.server),
    port: portOf(postgres, via),
    database: target.database,
    user: login.user,
    password: await passwordOf(settings, login),
    tls: postgres.tls === 'disable' ? null : VERIFIED,
  })
}

/** The error's code and message. They may name roles and hosts. */
export function sqlErrorText(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? `${String(error.code)}: ` : ''
  return `${code}${errorText(error)}`
}
