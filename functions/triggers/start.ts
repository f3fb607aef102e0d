/**
 * Starting a drill, for HTTP and for the timer alike. The order matters:
 *
 *   1. the lock of the server, so that of two simultaneous starts one is refused;
 *   2. the request, written once, so that a repeated start under the same id is recognised;
 *   3. the orchestration, under the drill's id.
 *
 * Dying between two of them leaves nothing that a later start does not mend: the same id goes on where it stopped, and a
 * lock whose drill was never started is taken over after a grace period.
 */
import { createHash, randomBytes } from 'node:crypto'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../clients/clients.ts'
import { beginIndexEntry } from '../clients/storage/drill-list.ts'
import { releaseLock, type ServerLock, takeLock } from '../clients/storage/server-lock.ts'
import { startedEntry } from '../model/drill-index.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'
import { endRemains, isLeaseFresh } from './remains.ts'

export type StartAnswer =
  | { readonly kind: 'started' | 'known'; readonly plan: DrillPlan }
  | { readonly kind: 'busy'; readonly holder: ServerLock }
  /** The id belongs to a drill with another request. */
  | { readonly kind: 'other request' }

type Storage = Pick<Clients, 'blobs' | 'clock'>

/** Between lock and orchestration lie two blob writes and one call. */
const GRACE_MS = 120_000

export async function startDrill(
  storage: Storage,
  client: Orchestrations,
  plan: DrillPlan,
  bodyHash: string,
): Promise<StartAnswer> {
  const { blobs, clock } = storage
  const earlier = await blobs.readJson<StoredRequest>(blobNames.request(plan.drillId))
  if (earlier !== null && earlier.bodyHash !== bodyHash) return { kind: 'other request' }
  if (earlier !== null && (await readState(client, plan.drillId)) !== null) return { kind: 'known', plan: earlier.plan }
  const lock = await takeLock(blobs, plan.target, plan.drillId, clock.now(), async (holder) => {
    if (!(await isDead(storage, client, holder))) return false
    // Before the server changes hands: two loads at once would measure each other.
    if (holder.drillId !== plan.drillId)
      await endRemains(blobs, client, holder.drillId, `drill ${plan.drillId} takes over the server`)
    return true
  })
  if (lock.kind === 'refused') return { kind: 'busy', holder: lock.holder }
  return startHolding(storage, client, earlier?.plan ?? plan, bodyHash)
}

async function startHolding(
  storage: Storage,
  client: Orchestrations,
  plan: DrillPlan,
  bodyHash: string,
): Promise<StartAnswer> {
  const { blobs, clock } = storage
  const { drillId } = plan
  const isFirst = await blobs.writeOnce(blobNames.request(drillId), { plan, bodyHash } satisfies StoredRequest)
  const stored = isFirst ? { plan, bodyHash } : await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  if (stored !== null && stored.bodyHash !== bodyHash) return { kind: 'other request' }
  const agreed = stored?.plan ?? plan
  await beginIndexEntry(blobs, startedEntry(agreed))
  try {
    await client.startNew('drill', { instanceId: drillId, input: agreed })
    return { kind: 'started', plan: agreed }
  } catch (error) {
    // The service refuses an id that is running: then another request under the same key was faster. While it does not
    // answer at all, the drill may have started: the lock stays, and a later start finds out.
    if ((await readState(client, drillId)) !== null) return { kind: 'known', plan: agreed }
    await releaseLock(blobs, plan.target, drillId, clock.now())
    throw new Error(`starting the orchestration of drill ${drillId} failed`, { cause: error })
  }
}

async function isDead(storage: Storage, client: Orchestrations, holder: ServerLock): Promise<boolean> {
  const state = await readState(client, holder.drillId)
  if (state !== null) return hasEnded(state)
  if (await isLeaseFresh(storage, holder.drillId)) return false
  return storage.clock.now().getTime() - Date.parse(holder.since) > GRACE_MS
}

/** Ids of drills: made here, because an orchestration may neither read a clock nor roll a dice. */

/** Sorts by time, and is readable in a list of containers. */
export const newDrillId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`

/** The same key is the same drill, for ever. */
export const drillIdOfKey = (key: string): string => `key-${sha256(key).slice(0, 24)}`

/** A timer may fire some milliseconds before its time, and once more at it. */
const EARLY_MS = 250

/** One per occurrence of the schedule, so a timer that fires twice starts one drill. */
export const dailyDrillId = (firedAt: Date): string =>
  `daily-${new Date(firedAt.getTime() + EARLY_MS).toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}`

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
