/** Opens one connection for one purpose and closes it in every case. The database under test may die at any moment, also mid-reply. */
import type { TokenCredential } from '@azure/identity'
import type { Client } from 'pg'
import { type OpenClient, openClient } from '../../../loadgen-image/connection/log-in.ts'
import { oneServer, type ServerTarget, VERIFIED } from '../../../loadgen-image/connection/target.ts'
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Login, LoginIdentity, PostgresConfig } from '../../config/config.ts'
import type { Target } from '../../model/plan.ts'

export type Via = 'pgbouncer' | 'direct'

export interface ConnectionSettings {
  readonly postgres: PostgresConfig
  readonly credentials: Credentials
}

/** Of the identities whose tokens stand in for passwords. */
export type Credentials = Readonly<Record<LoginIdentity, TokenCredential>>

export interface Purpose {
  readonly via: Via
  readonly as: Login
  /** Time limit of one query; then the connection is closed. */
  readonly queryTimeoutMs: number
  readonly connectTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 10_000

export const hostOf = ({ host, target, cloud }: PostgresConfig, server: string): string =>
  host !== null && server === target.server ? host : `${server}${cloud.serverSuffix}`

export const portOf = (postgres: PostgresConfig, via: Via): number =>
  via === 'direct' ? postgres.directPort : postgres.pgbouncerPort

async function passwordOf({ postgres, credentials }: ConnectionSettings, login: Login): Promise<string> {
  if (login.password !== null) return login.password.reveal()
  const asked = credentials[login.identity].getToken(postgres.cloud.databaseScope)
  const token = await asked.catch((cause: unknown) => {
    throw new Error(`no Microsoft Entra token for role ${login.user}; ${GIVE_IDENTITY[login.identity]}`, { cause })
  })
  if (token === null)
    throw new Error(`no Microsoft Entra token for role ${login.user}; ${GIVE_IDENTITY[login.identity]}`)
  return token.token
}

const GIVE_IDENTITY: Readonly<Record<LoginIdentity, string>> = {
  app: 'set POSTGRES_PASSWORD, or give the app its identity (AZURE_CLIENT_ID)',
  load: "give the app the load generators' identity too (LOADGEN_IDENTITY_CLIENT_ID): it checks what the load will meet",
}

export async function openConnection(
  settings: ConnectionSettings,
  target: Target,
  purpose: Purpose,
): Promise<OpenClient> {
  const limits = { timeoutMs: purpose.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, queryTimeoutMs: purpose.queryTimeoutMs }
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

const serverOf = async (settings: ConnectionSettings, target: Target, via: Via, login: Login): Promise<ServerTarget> =>
  serverAt(settings.postgres, target, via, { user: login.user, password: await passwordOf(settings, login) })

export const serverAt = (
  postgres: PostgresConfig,
  target: Target,
  via: Via,
  login: { readonly user: string; readonly password: string },
): ServerTarget =>
  oneServer({
    host: hostOf(postgres, target.server),
    port: portOf(postgres, via),
    database: target.database,
    ...login,
    tls: postgres.tls === 'disable' ? null : VERIFIED,
  })

/** The error's code and message. They may name roles and hosts. */
export function sqlErrorText(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? `${String(error.code)}: ` : ''
  return `${code}${errorText(error)}`
}
