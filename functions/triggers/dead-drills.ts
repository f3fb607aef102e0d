/**
 * Closes drills whose orchestration ended without a final report: it failed, was terminated, or never started. Without this their
 * index entry says "running" indefinitely, and no other drill can reserve the server that they hold.
 *
 * It looks at the drills that are open, which are few, however old they are and however many others there were since.
 *
 * An orchestration ends by its own deadline and resumes after any outage of its host. One that is past its deadline gets another
 * quarter of an hour: a host that restarts fires this timer at the same moment as the timers of the drill that it resumes.
 */
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Clients } from '../clients/clients.ts'
import {
  beginIndexEntry,
  openDrills,
  repairedEntry,
  settleDrill,
  writeIndexEntry,
} from '../clients/storage/drill-list.ts'
import { releaseLock } from '../clients/storage/server-lock.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { type IndexEntry, startedEntry } from '../model/drill-index.ts'
import type { DrillKey } from '../model/history/rows.ts'
import { overallDeadlineSeconds } from '../model/load-plan.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { hasEnded, type OrchestrationState, readState, type Terminations } from './orchestrations.ts'
import { endRemains, isLeaseFresh } from './remains.ts'

type Storage = Pick<Clients, 'blobs' | 'table' | 'clock'>

/** Between the request and the first turn. */
const STARTING_MS = 600_000
const MARGIN_MS = 900_000
const SECOND_SIGHT_MS = 600_000

interface Case {
  readonly entry: IndexEntry
  readonly plan: DrillPlan
  readonly state: OrchestrationState | null
}

type Notify = (drill: { readonly drillId: string }) => Promise<unknown>

/** One sentence for each drill that it closed, or could not look at: that one must not keep the others, of other servers, from being closed. */
export async function closeDeadDrills(
  storage: Storage,
  client: Terminations,
  notify: Notify,
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const drill of await openDrills(storage.table)) {
    const line = await closeIfDead(storage, client, notify, drill).catch(
      (error: unknown) => `looking at drill ${drill.drillId} failed: ${errorText(error)}`,
    )
    if (line !== null) lines.push(line)
  }
  return lines
}

/** Also repairs its rows, and forgets a drill that is over. */
async function closeIfDead(
  storage: Storage,
  client: Terminations,
  notify: Notify,
  drill: DrillKey,
): Promise<string | null> {
  const one = await caseOf(storage, client, drill)
  if (one === null || isSettled(one)) {
    await settleDrill(storage.table, drill)
    return null
  }
  const why = await reasonDead(storage, one)
  if (why === null) return null
  await closeDrill(storage, client, one, why)
  // The drill is closed, whether the webhook answers or not.
  if (one.entry.endedAt === null) await notify(one.plan).catch(() => undefined)
  return `drill ${one.plan.drillId} is dead: ${why}`
}

/** Null: its request is gone, and with it all that could be done for it. */
async function caseOf({ blobs, table }: Storage, client: Terminations, drill: DrillKey): Promise<Case | null> {
  const request = await blobs.readJson<StoredRequest>(blobNames.request(drill.drillId))
  if (request === null) return null
  const { plan } = request
  const known = await repairedEntry(table, drill)
  // The start ended between its writes.
  if (known === null) await beginIndexEntry(table, startedEntry(plan))
  return { entry: known ?? startedEntry(plan), plan, state: await readState(client, drill.drillId) }
}

/** Its final report was written, or it was closed, and nothing of it runs. */
const isSettled = ({ entry, state }: Case): boolean => entry.endedAt !== null && (state === null || hasEnded(state))

async function reasonDead(
  storage: Pick<Storage, 'blobs' | 'clock'>,
  { entry, plan, state }: Case,
): Promise<string | null> {
  const ageMs = storage.clock.now().getTime() - Date.parse(plan.requestedAt)
  if (state === null) return reasonAbsent(storage, entry, ageMs)
  if (hasEnded(state))
    return entry.endedAt === null ? `its orchestration ended as ${state.runtimeStatus} without a final report` : null
  if (ageMs < overallDeadlineSeconds(plan) * 1000 + MARGIN_MS) return null
  if (!(await isSeenTwice(storage, drillBlobs.overdue(plan.drillId)))) return null
  return 'its orchestration did not end within the deadline of the drill, and was terminated'
}

/** One absence proves nothing: it must be seen twice, and a lease that is still renewed outweighs it. */
async function reasonAbsent(
  storage: Pick<Storage, 'blobs' | 'clock'>,
  { drillId, endedAt }: IndexEntry,
  ageMs: number,
): Promise<string | null> {
  if (endedAt !== null || ageMs <= STARTING_MS || (await isLeaseFresh(storage, drillId))) return null
  const isAbsent = await isSeenTwice(storage, drillBlobs.absent(drillId))
  return isAbsent ? 'the orchestration service does not know it' : null
}

/** True when the check that first wrote this blob was long enough ago. */
async function isSeenTwice({ blobs, clock }: Pick<Storage, 'blobs' | 'clock'>, name: string): Promise<boolean> {
  const seen = { at: clock.now().toISOString() }
  const first = (await blobs.writeOnce(name, seen)) ? seen : await blobs.readJson<typeof seen>(name)
  return Date.parse(seen.at) - Date.parse(first?.at ?? seen.at) >= SECOND_SIGHT_MS
}

async function closeDrill(
  { blobs, table, clock }: Storage,
  client: Terminations,
  { entry, plan, state }: Case,
  why: string,
) {
  if (state !== null && !hasEnded(state)) await client.terminate(plan.drillId, why)
  await endRemains(blobs, client, plan.drillId, `the drill died: ${why}`)
  const now = clock.now()
  if (entry.endedAt === null)
    await writeIndexEntry(table, {
      ...entry,
      endedAt: now.toISOString(),
      headline: entry.headline ?? `The drill died: ${why}`,
    })
  await releaseLock(blobs, plan.target, plan.drillId, now)
}
