/** Facts of one session: which server answers, on which timeline, by which clock. */
import type { Client } from 'pg'
import type { SessionFacts } from '../../model/facts.ts'
import type { Clock } from '../clients.ts'
import { sqlErrorText, type Via } from './connection.ts'
import { CURRENT_TIMELINE } from './schema.ts'

type Known = Omit<SessionFacts, 'via' | 'reachable' | 'error'>

const UNSEEN: Known = {
  serverVersion: null,
  reachedAt: null,
  address: null,
  inRecovery: null,
  timeline: null,
  currentWalLsn: null,
  postmasterStartedAt: null,
  synchronousStandbyNames: null,
  clockOffsetMs: null,
  clockErrorMs: null,
}

export const unreachable = (via: Via, error: unknown): SessionFacts => ({
  via,
  reachable: false,
  error: sqlErrorText(error),
  ...UNSEEN,
})

/**
 * `pg_settings` leaves out what a role may not see, where `current_setting` would fail. The port belongs to the address:
 * two servers can share a host. A standby has no write position and stamps no rows.
 */
const SESSION = `SELECT
  current_setting('server_version') AS version,
  host(inet_server_addr()) || ':' || inet_server_port() AS address,
  pg_is_in_recovery() AS in_recovery,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE ${CURRENT_TIMELINE} END AS timeline,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn,
  pg_postmaster_start_time() AS started,
  (SELECT setting FROM pg_settings WHERE name = 'synchronous_standby_names') AS synchronous_standby_names`

interface SessionRow {
  readonly version: string
  readonly address: string | null
  readonly in_recovery: boolean
  readonly timeline: number | null
  readonly lsn: string | null
  readonly started: Date
  readonly synchronous_standby_names: string | null
}

export async function readSession(client: Client, via: Via, clock: Clock): Promise<SessionFacts> {
  const { rows } = await client.query<SessionRow>(SESSION)
  const row = rows[0]
  if (row === undefined) return unreachable(via, new Error('the server answered without a row'))
  return {
    via,
    reachable: true,
    error: null,
    serverVersion: row.version,
    // The resolved address: log-in.ts gives the client no name.
    reachedAt: client.host,
    address: row.address,
    inRecovery: row.in_recovery,
    timeline: row.timeline,
    currentWalLsn: row.lsn,
    postmasterStartedAt: row.started.toISOString(),
    synchronousStandbyNames: row.synchronous_standby_names,
    ...(await compareClocks(client, clock)),
  }
}

const ROUND_TRIPS = 5

/** This machine's clock minus the server's, from the fastest of several round trips; half of that trip is the error. */
async function compareClocks(
  client: Client,
  clock: Clock,
): Promise<Pick<SessionFacts, 'clockOffsetMs' | 'clockErrorMs'>> {
  let best = { clockOffsetMs: 0, clockErrorMs: Number.POSITIVE_INFINITY }
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const sentAtMs = clock.now().getTime()
    const { rows } = await client.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')
    const receivedAtMs = clock.now().getTime()
    const clockErrorMs = (receivedAtMs - sentAtMs) / 2
    if (clockErrorMs < best.clockErrorMs)
      best = { clockOffsetMs: (sentAtMs + receivedAtMs) / 2 - Number(rows[0]?.ms), clockErrorMs }
  }
  return best
}
