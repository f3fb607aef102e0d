/**
 * The time of a server's last promotion, for the cool-down before the next drill. A request whose answer was lost counts at the latest
 * time at which it may arrive: until then no drill begins, not even one without a cool-down.
 */
import { serverBlobs } from '../../model/blob-paths.ts'
import type { DrillPlan, Target } from '../../model/plan.ts'
import type { Blobs } from '../clients.ts'
import { mayArriveUntilMs, readAttempts } from './event-attempts.ts'

export interface LastPromotion {
  /** In the future while a request whose answer was lost may still arrive. */
  readonly at: string
  readonly drillId: string
}

export const readLastPromotion = (blobs: Pick<Blobs, 'readJson'>, target: Target): Promise<LastPromotion | null> =>
  blobs.readJson<LastPromotion>(serverBlobs.lastPromotion(target))

/** The time on record only moves forward. */
export async function notePromotion(
  blobs: Pick<Blobs, 'readJson' | 'writeJson'>,
  { target, drillId }: Pick<DrillPlan, 'target' | 'drillId'>,
  atMs: number,
): Promise<void> {
  const known = await readLastPromotion(blobs, target)
  const latestMs = known === null ? atMs : Math.max(atMs, Date.parse(known.at))
  const note: LastPromotion = { at: new Date(latestMs).toISOString(), drillId }
  await blobs.writeJson(serverBlobs.lastPromotion(target), note)
}

/** When an answer is found lost, and at the end of every drill. True: the answer to one of its requests was lost, and starts the cool-down. */
export async function noteLostRequests(
  blobs: Pick<Blobs, 'readJson' | 'writeJson'>,
  plan: Pick<DrillPlan, 'target' | 'drillId' | 'events'>,
): Promise<boolean> {
  const all = plan.events.map(async (_, index) => mayArriveUntilMs(await readAttempts(blobs, plan.drillId, index)))
  const untilMs = (await Promise.all(all)).filter((one) => one !== null)
  if (untilMs.length === 0) return false
  await notePromotion(blobs, plan, Math.max(...untilMs))
  return true
}
