/**
 * Starts a drill, for HTTP and for the timer. The order matters:
 *
 *   1. the lock of the server, so that one of two simultaneous starts is refused;
 *   2. the request, written once, so that a repeated start with the same id is recognised;
 *   3. the orchestration, under the drill's id.
 *
 * A crash between two steps is recovered by the next start with the same id; another drill takes over the lock of a drill that never
 * started after a grace period.
 */
import { createHash } from 'node:crypto'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../clients/clients.ts'
import { beginIndexEntry, readIndexEntry } from '../clients/storage/drill-list.ts'
import { releaseLock, type ServerLock, takeLock } from '../clients/storage/server-lock.ts'
import { startedEntry } from '../model/drill-index.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { isOfTime } from '../units/drill-id.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'
import { endRemains, isLeaseFresh } from './remains.ts'

type StartAnswer =
  | { readonly kind: 'started' | 'known'; readonly plan: DrillPlan }
  | { readonly kind: 'busy'; readonly holder: ServerLock }
  /** The id belongs to a drill with another request. */
  | { readonly kind: 'other request' }

type Storage = Pick<Clients, 'blobs' | 'table' | 'clock'>

/** Between the lock and the orchestration are four writes and one call. */
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
  if (earlier !== null && (await isKnown(storage, client, earlier.plan))) return { kind: 'known', plan: earlier.plan }
  const lock = await takeLock(blobs, plan.target, plan.drillId, clock.now(), async (holder) => {
    if (!(await isDead(storage, client, holder))) return false
    // Before the new drill starts: two simultaneous loads would measure each other.
    if (holder.drillId !== plan.drillId)
      await endRemains(blobs, client, holder.drillId, `drill ${plan.drillId} takes over the server`)
    return true
  })
  if (lock.kind === 'refused') return { kind: 'busy', holder: lock.holder }
  return startHolding(storage, client, earlier?.plan ?? plan, bodyHash)
}

/** The service forgets a drill that ended long ago; the list of drills does not. */
async function isKnown({ table }: Storage, client: Orchestrations, plan: DrillPlan): Promise<boolean> {
  if ((await readState(client, plan.drillId)) !== null) return true
  const entry = await readIndexEntry(table, plan)
  return entry !== null && entry.endedAt !== null
}

async function startHolding(
  storage: Storage,
  client: Orchestrations,
  plan: DrillPlan,
  bodyHash: string,
): Promise<StartAnswer> {
  const { blobs, table, clock } = storage
  const { drillId } = plan
  const isFirst = await blobs.writeOnce(blobNames.request(drillId), { plan, bodyHash } satisfies StoredRequest)
  const stored = isFirst ? { plan, bodyHash } : await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  if (stored !== null && stored.bodyHash !== bodyHash) return { kind: 'other request' }
  const agreed = stored?.plan ?? plan
  await beginIndexEntry(table, startedEntry(agreed))
  try {
    await client.startNew('drill', { instanceId: drillId, input: agreed })
    return { kind: 'started', plan: agreed }
  } catch (error) {
    // The service refuses an id that is running: another request with the same key was faster. If it does not answer at all, the
    // drill may have started: the lock stays, and a later start finds out.
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

// ---- Ids: made here because orchestrator code must be deterministic (no clock, no random) --------------------------------

/**
 * The same key is always the same drill. A key in the form of an id by time is the id: a caller who makes one knows its drill even when
 * no answer arrives.
 */
export const drillIdOfKey = (key: string): string => (isOfTime(key) ? key : `key-${sha256(key).slice(0, 24)}`)

/** A timer may fire some milliseconds early, and again on time. */
const EARLY_MS = 250

/** One per occurrence of the schedule, so a timer that fires twice starts one drill. `name`: of one server among several. */
export const dailyDrillId = (firedAt: Date, name: string | null = null): string =>
  `daily-${name === null ? '' : `${name}-`}${new Date(firedAt.getTime() + EARLY_MS).toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}`

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
