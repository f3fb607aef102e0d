/** How the stack itself asks its servers: over loopback, without encryption, by what is given here and nothing else. */
import type { Client } from 'pg'
import { withClient } from '../../../loadgen-image/connection/log-in.ts'
import { oneServer } from '../../../loadgen-image/connection/target.ts'

const LOCAL_HOST = '127.0.0.1'

interface Login {
  readonly user: string
  readonly password: string
  readonly database: string
}

const CONNECT_TIMEOUT_MS = 2_000

/** One connection per use: nothing stays open that a failover could break. */
export const withLocalClient = <T>(
  port: number,
  { user, password, database }: Login,
  use: (client: Client) => Promise<T>,
): Promise<T> => {
  const target = oneServer({ host: LOCAL_HOST, port, user, password, database })
  return withClient(target, { timeoutMs: CONNECT_TIMEOUT_MS }, use)
}
