/** How much WAL the primary has written, and how far back its last checkpoint lies: what a crash now would have to replay. */
import type { Client } from 'pg'
import type { WalPosition } from '../../model/facts.ts'
import type { Clock } from '../clients.ts'

/** Fails on a standby, which writes none. */
const WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS written"

/** By the server's own clock. A service may keep the function from a role. */
const CHECKPOINT = `SELECT
  pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::text AS since_redo,
  extract(epoch FROM clock_timestamp() - checkpoint_time)::text AS age
FROM pg_control_checkpoint()`

type Checkpoint = Pick<WalPosition, 'sinceRedoBytes' | 'sinceCheckpointSeconds' | 'checkpointProblem'>

export async function readWalPosition(client: Client, clock: Clock): Promise<WalPosition> {
  const askedAtMs = clock.now().getTime()
  const { rows } = await client.query<{ written: string }>(WRITTEN)
  const at = new Date((askedAtMs + clock.now().getTime()) / 2).toISOString()
  return { at, writtenBytes: Number(rows[0]?.written), ...(await checkpointOf(client)) }
}

async function checkpointOf(client: Client): Promise<Checkpoint> {
  try {
    const { rows } = await client.query<{ since_redo: string; age: string }>(CHECKPOINT)
    return {
      sinceRedoBytes: Number(rows[0]?.since_redo),
      sinceCheckpointSeconds: Number(rows[0]?.age),
      checkpointProblem: null,
    }
  } catch (error) {
    const code = String((error as { readonly code?: unknown }).code ?? 'no code')
    return { sinceRedoBytes: null, sinceCheckpointSeconds: null, checkpointProblem: code }
  }
}
