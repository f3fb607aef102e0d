/** Requests the abort of a drill, for its own API and for that of its campaign. */
import { blobNames, type StopSignal } from '../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'

/**
 * Writes the abort request as a blob first: the event only wakes an orchestration that waits, and may be lost. False: the drill has
 * ended, and nothing is written.
 */
export async function abortDrill(
  { blobs, clock }: Pick<Clients, 'blobs' | 'clock'>,
  client: Orchestrations,
  drillId: string,
  reason: string,
): Promise<boolean> {
  const state = await readState(client, drillId)
  if (state !== null && hasEnded(state)) return false
  await blobs.writeOnce(drillBlobs.abort(drillId), { reason, at: clock.now().toISOString() })
  await blobs.writeOnce(blobNames.stop(drillId), { reason } satisfies StopSignal)
  if (state !== null) await client.raiseEvent(drillId, 'abort', { reason }).catch(() => undefined)
  return true
}
