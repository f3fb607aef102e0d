/**
 * The time of a server's last failover, for the cool-down before the next drill. A request whose answer was lost counts at the latest
 * time at which it may arrive: until then no drill begins, not even one without a cool-down.
 */
import { serverBlobs } from '../../model/blob-paths.ts'
import type { DrillPlan, Target } from '../../model/plan.ts'
import type { Blobs } from '../clients.ts'
import { mayArriveUntilMs, readAttempts } from './failover-attempts.ts'

export interface LastFailover {
  /** In the future while a request whose answer was lost may still arrive. */
  readonly at: string
  readonly drillId: string
}

export const readLastFailover = (blobs: Pick<Blobs, 'readJson'>, target: Target): Promise<LastFailover | null> =>
  blobs.readJson<LastFailover>(serverBlobs.lastFailover(target))

/** The time on record only moves forward. */
export async function noteFailover(
  blobs: Pick<Blobs, 'readJson' | 'writeJson'>,
  { target, drillId }: Pick<DrillPlan, 'target' | 'drillId'>,
  atMs: number,
): Promise<void> {
  const known = await readLastFailover(blobs, target)
  const latestMs = known === null ? atMs : Math.max(atMs, Date.parse(known.at))
  const note: LastFailover = { at: new Date(latestMs).toISOString(), drillId }
  await blobs.writeJson(serverBlobs.lastFailover(target), note)
}

/** When an answer is found lost, and at the end of every drill. True: the answer to one of its requests was lost, and starts the cool-down. */
export async function noteLostRequests(
  blobs: Pick<Blobs, 'readJson' | 'writeJson'>,
  plan: Pick<DrillPlan, 'target' | 'drillId' | 'failovers'>,
): Promise<boolean> {
  const all = plan.failovers.map(async (_, index) => mayArriveUntilMs(await readAttempts(blobs, plan.drillId, index)))
  const untilMs = (await Promise.all(all)).filter((one) => one !== null)
  if (untilMs.length === 0) return false
  await noteFailover(blobs, plan, Math.max(...untilMs))
  return true
}
