/**
 * One drill per server: a blob that names the drill which holds the server. It is never deleted, only marked free, so that
 * every later change uses If-Match, and no drill frees or takes over a lock that another drill has just taken. A blob lease would
 * not do: it lasts 60 s, and a drill may last hours.
 */
import { serverBlobs } from '../../model/blob-paths.ts'
import type { Target } from '../../model/plan.ts'
import type { Blobs } from '../clients.ts'

export interface ServerLock {
  readonly drillId: string
  readonly state: 'held' | 'free'
  readonly since: string
}

type LockAnswer = { readonly kind: 'held' } | { readonly kind: 'refused'; readonly holder: ServerLock }

/**
 * `isDead` says whether a holder no longer runs. Only this frees a lock, never its age: a drill may last for hours, and a wrong guess
 * would run two drills against one server.
 */
export async function takeLock(
  blobs: Blobs,
  target: Target,
  drillId: string,
  now: Date,
  isDead: (holder: ServerLock) => Promise<boolean>,
): Promise<LockAnswer> {
  const name = serverBlobs.lock(target)
  const mine: ServerLock = { drillId, state: 'held', since: now.toISOString() }
  if (await blobs.writeOnce(name, mine)) return { kind: 'held' }
  const found = await blobs.readWithTag<ServerLock>(name)
  if (found === null) throw new Error(`the lock ${name} vanished while it was being taken; start the drill again`)
  if (found.value.state === 'held' && found.value.drillId === drillId) return { kind: 'held' }
  if (found.value.state === 'held' && !(await isDead(found.value))) return { kind: 'refused', holder: found.value }
  if (await blobs.replace(name, mine, found.etag)) return { kind: 'held' }
  return refusedByWhoWasFaster(blobs, name, mine)
}

async function refusedByWhoWasFaster(blobs: Blobs, name: string, mine: ServerLock): Promise<LockAnswer> {
  const holder = await blobs.readJson<ServerLock>(name)
  return holder !== null && holder.drillId !== mine.drillId ? { kind: 'refused', holder } : { kind: 'held' }
}

export const readLock = (blobs: Blobs, target: Target): Promise<ServerLock | null> =>
  blobs.readJson<ServerLock>(serverBlobs.lock(target))

/** Frees the server if the drill still holds it. */
export async function releaseLock(blobs: Blobs, target: Target, drillId: string, now: Date): Promise<boolean> {
  const name = serverBlobs.lock(target)
  const found = await blobs.readWithTag<ServerLock>(name)
  if (found === null || found.value.drillId !== drillId || found.value.state === 'free') return false
  return blobs.replace(name, { ...found.value, state: 'free', since: now.toISOString() }, found.etag)
}
