/**
 * Closes drills whose orchestration ended without a final report: it failed, was terminated, or never started. Without this their
 * index entry says "running" indefinitely, and no other drill can reserve the server that they hold.
 *
 * An orchestration ends by its own deadline and resumes after any outage of its host. One that is past its deadline gets another
 * quarter of an hour: a host that restarts fires this timer at the same moment as the timers of the drill that it resumes.
 */
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../clients/clients.ts'
import { newestDrills, writeIndexEntry } from '../clients/storage/drill-list.ts'
import { releaseLock } from '../clients/storage/server-lock.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { IndexEntry } from '../model/drill-index.ts'
import { overallDeadlineSeconds } from '../model/load-plan.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { hasEnded, type OrchestrationState, readState, type Terminations } from './orchestrations.ts'
import { endRemains, isLeaseFresh } from './remains.ts'

type Storage = Pick<Clients, 'blobs' | 'clock'>

/** Checks all drills of the last two days, and at least this many: older drills were checked earlier. */
const MIN_CHECKED = 50
const CHECKED_AGE_MS = 2 * 86_400_000
/** Between the request and the first turn. */
const STARTING_MS = 600_000
const MARGIN_MS = 900_000
const SECOND_SIGHT_MS = 600_000

interface Case {
  readonly entry: IndexEntry
  readonly plan: DrillPlan
  readonly state: OrchestrationState | null
}

/** Returns one sentence per drill that it closed. */
export async function closeDeadDrills(
  storage: Storage,
  client: Terminations,
  notify: (drill: { readonly drillId: string }) => Promise<unknown>,
): Promise<readonly string[]> {
  const closed: string[] = []
  for (const one of await casesOf(storage, client)) {
    const why = await reasonDead(storage, one)
    if (why === null) continue
    await closeDrill(storage, client, one, why)
    // A webhook that does not answer must not stop the next drill from being closed.
    if (one.entry.endedAt === null) await notify(one.plan).catch(() => undefined)
    closed.push(`drill ${one.plan.drillId} is dead: ${why}`)
  }
  return closed
}

async function casesOf({ blobs, clock }: Storage, client: Terminations): Promise<Case[]> {
  const since = clock.now().getTime() - CHECKED_AGE_MS
  const entries = await newestDrills(blobs, MIN_CHECKED, new Date(since))
  const open = entries.filter((entry) => entry.endedAt === null || Date.parse(entry.requestedAt) > since)
  const cases = open.map(async (entry): Promise<Case | null> => {
    const request = await blobs.readJson<StoredRequest>(blobNames.request(entry.drillId))
    return request === null ? null : { entry, plan: request.plan, state: await readState(client, entry.drillId) }
  })
  return (await Promise.all(cases)).filter((one) => one !== null)
}

async function reasonDead({ blobs, clock }: Storage, { entry, plan, state }: Case): Promise<string | null> {
  const ageMs = clock.now().getTime() - Date.parse(plan.requestedAt)
  if (state === null) return reasonAbsent({ blobs, clock }, entry, ageMs)
  if (hasEnded(state))
    return entry.endedAt === null ? `its orchestration ended as ${state.runtimeStatus} without a final report` : null
  if (ageMs < overallDeadlineSeconds(plan) * 1000 + MARGIN_MS) return null
  if (!(await isSeenTwice({ blobs, clock }, drillBlobs.overdue(plan.drillId)))) return null
  return 'its orchestration did not end within the deadline of the drill, and was terminated'
}

/** One absence proves nothing: it must be seen twice, and a lease that is still renewed outweighs it. */
async function reasonAbsent(storage: Storage, { drillId, endedAt }: IndexEntry, ageMs: number): Promise<string | null> {
  if (endedAt !== null || ageMs <= STARTING_MS || (await isLeaseFresh(storage, drillId))) return null
  const isAbsent = await isSeenTwice(storage, drillBlobs.absent(drillId))
  return isAbsent ? 'the orchestration service does not know it' : null
}

/** True when the check that first wrote this blob was long enough ago. */
async function isSeenTwice({ blobs, clock }: Storage, name: string): Promise<boolean> {
  const seen = { at: clock.now().toISOString() }
  const first = (await blobs.writeOnce(name, seen)) ? seen : await blobs.readJson<typeof seen>(name)
  return Date.parse(seen.at) - Date.parse(first?.at ?? seen.at) >= SECOND_SIGHT_MS
}

async function closeDrill({ blobs, clock }: Storage, client: Terminations, { entry, plan, state }: Case, why: string) {
  if (state !== null && !hasEnded(state)) await client.terminate(plan.drillId, why)
  await endRemains(blobs, client, plan.drillId, `the drill died: ${why}`)
  const now = clock.now()
  if (entry.endedAt === null)
    await writeIndexEntry(blobs, {
      ...entry,
      endedAt: now.toISOString(),
      headline: entry.headline ?? `The drill died: ${why}`,
    })
  await releaseLock(blobs, plan.target, plan.drillId, now)
}
