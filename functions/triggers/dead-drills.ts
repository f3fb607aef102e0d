/**
 * For drills whose orchestration cannot tell their end any more: it failed before the final report, was terminated by hand, or
 * sits in the task hub without ever getting a turn. Their index entry would say "running" for ever, and a server whose holder
 * still counts as running could not be reserved by any other drill.
 *
 * An orchestration bounds itself and resumes after any outage of its host, so one that is past its deadline gets another
 * quarter of an hour: a host that was away fires this timer in the same moment as the timers of the drill that it resumes.
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

/** All of the last two days, and at least so many: older ones were looked at when they were new. */
const NEWEST = 50
const STILL_LOOKED_AT_MS = 2 * 86_400_000
/** Between the request and the first turn. */
const STARTING_MS = 600_000
const MARGIN_MS = 900_000
const SECOND_LOOK_MS = 600_000

interface Case {
  readonly entry: IndexEntry
  readonly plan: DrillPlan
  readonly state: OrchestrationState | null
}

/** A sentence about each drill that was found dead. */
export async function tellTheDead(
  storage: Storage,
  client: Terminations,
  notify: (drill: { readonly drillId: string }) => Promise<unknown>,
): Promise<readonly string[]> {
  const told: string[] = []
  for (const one of await casesOf(storage, client)) {
    const why = await whyDead(storage, one)
    if (why === null) continue
    await bury(storage, client, one, why)
    // A webhook that is away must not keep the next one from being told.
    if (one.entry.endedAt === null) await notify(one.plan).catch(() => undefined)
    told.push(`drill ${one.plan.drillId} is dead: ${why}`)
  }
  return told
}

async function casesOf({ blobs, clock }: Storage, client: Terminations): Promise<Case[]> {
  const since = clock.now().getTime() - STILL_LOOKED_AT_MS
  const entries = await newestDrills(blobs, NEWEST, new Date(since))
  const open = entries.filter((entry) => entry.endedAt === null || Date.parse(entry.requestedAt) > since)
  const cases = open.map(async (entry): Promise<Case | null> => {
    const request = await blobs.readJson<StoredRequest>(blobNames.request(entry.drillId))
    return request === null ? null : { entry, plan: request.plan, state: await readState(client, entry.drillId) }
  })
  return (await Promise.all(cases)).filter((one) => one !== null)
}

async function whyDead({ blobs, clock }: Storage, { entry, plan, state }: Case): Promise<string | null> {
  const ageMs = clock.now().getTime() - Date.parse(plan.requestedAt)
  if (state === null) return whyAbsent({ blobs, clock }, entry, ageMs)
  if (hasEnded(state))
    return entry.endedAt === null ? `its orchestration ended as ${state.runtimeStatus} without a final report` : null
  if (ageMs < overallDeadlineSeconds(plan) * 1000 + MARGIN_MS) return null
  if (!(await isSeenTwice({ blobs, clock }, drillBlobs.overdue(plan.drillId)))) return null
  return 'its orchestration did not end within the deadline of the drill, and was terminated'
}

/** One absence proves nothing: it is seen twice, and a lease that is still renewed outweighs it. */
async function whyAbsent(storage: Storage, { drillId, endedAt }: IndexEntry, ageMs: number): Promise<string | null> {
  if (endedAt !== null || ageMs <= STARTING_MS || (await isLeaseFresh(storage, drillId))) return null
  const isAbsent = await isSeenTwice(storage, drillBlobs.absent(drillId))
  return isAbsent ? 'the orchestration service does not know it' : null
}

/** True when the first look that left this blob was long enough ago. */
async function isSeenTwice({ blobs, clock }: Storage, name: string): Promise<boolean> {
  const seen = { at: clock.now().toISOString() }
  const first = (await blobs.writeOnce(name, seen)) ? seen : await blobs.readJson<typeof seen>(name)
  return Date.parse(seen.at) - Date.parse(first?.at ?? seen.at) >= SECOND_LOOK_MS
}

async function bury({ blobs, clock }: Storage, client: Terminations, { entry, plan, state }: Case, why: string) {
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
