/**
 * Reserve and release. The trigger takes the server lock (triggers/start.ts), because only it can ask the orchestration service
 * whether the holder still runs. Here the drill verifies that it holds the lock, and gives it back.
 */
import type { Clients } from '../clients/clients.ts'
import { noteLostRequests } from '../clients/storage/last-promotion.ts'
import { releaseLock, takeLock } from '../clients/storage/server-lock.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'

interface Reservation {
  readonly reserved: boolean
  readonly abort: string | null
  readonly detail: string
}

export async function reserve({ blobs, clock }: Clients, { drillId }: DrillRef): Promise<Reservation> {
  const { target } = await readPlan(blobs, drillId)
  const answer = await takeLock(blobs, target, drillId, clock.now(), async () => false)
  const abort = await readAbort(blobs, drillId)
  if (answer.kind === 'held') return { reserved: true, abort, detail: `${target.server} is reserved` }
  return { reserved: false, abort, detail: `${target.server} is held by drill ${answer.holder.drillId}` }
}

export async function release({ blobs, clock }: Clients, { drillId }: DrillRef): Promise<{ readonly detail: string }> {
  const plan = await readPlan(blobs, drillId)
  const { target } = plan
  // A lost request may still fail the server over: the next drill waits for the whole cool-down.
  const isLost = await noteLostRequests(blobs, plan)
  const wasHeld = await releaseLock(blobs, target, drillId, clock.now())
  const state = wasHeld ? `${target.server} is free` : `${target.server} was not held by this drill`
  return { detail: isLost ? `${state}; a request whose answer was lost starts its cool-down` : state }
}
