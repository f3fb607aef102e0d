/**
 * Ends what a terminated orchestration leaves running. The platform ends no sub-orchestration with its parent: the watch goes on and
 * renews the lease, so the load goes on too.
 */
import { blobNames, type Lease, type StopSignal } from '../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../clients/clients.ts'
import { noteLostRequests } from '../clients/storage/last-promotion.ts'
import { STALE_LEASE_SECONDS } from '../model/load-plan.ts'
import type { StoredRequest } from '../model/plan.ts'
import { watchId } from '../model/status.ts'
import { hasEnded, readState, type Terminations } from './orchestrations.ts'

/** More watches than a drill ever starts. */
const MAX_WATCHES = 500

/** Stops the load and the watch of a drill that is dead, and notes the cool-down after requests it may have sent. Safe to repeat. */
export async function endRemains(
  blobs: Clients['blobs'],
  client: Terminations,
  drillId: string,
  reason: string,
): Promise<void> {
  await blobs.writeOnce(blobNames.stop(drillId), { reason } satisfies StopSignal)
  const request = await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  if (request !== null) await noteLostRequests(blobs, request.plan)
  for (let number = 0; number < MAX_WATCHES; number++) {
    const id = watchId(drillId, number)
    const state = await readState(client, id)
    if (state === null) return
    if (!hasEnded(state)) await client.terminate(id, reason)
  }
}

/** Every poll renews the lease. A drill that renews it lives, even if the orchestration service does not know it. */
export async function isLeaseFresh(
  { blobs, clock }: Pick<Clients, 'blobs' | 'clock'>,
  drillId: string,
): Promise<boolean> {
  const lease = await blobs.readJson<Lease>(blobNames.lease(drillId))
  return lease !== null && clock.now().getTime() - lease.renewedAtMs < STALE_LEASE_SECONDS * 1000
}
