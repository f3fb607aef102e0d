/** Deletes the drill's containers, saves their logs first, and verifies that none is left. Undoes what the drill changed on the server. */
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { DRILL_TAG } from '../platform/names.ts'
import { inTurns } from '../units/in-turns.ts'
import { undoChanges } from './events/undo.ts'
import type { ProvisionRecord } from './provision.ts'
import { PLATFORM_WIDTH } from './records/containers.ts'
import { saveLog } from './records/logs.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

interface Cleaned {
  /** Containers that still cost money. */
  readonly left: number
  /** None is left, and two polls saw that: the platform's list may be a moment behind. */
  readonly isClean: boolean
  readonly detail: string
}

/** Null: not verified. */
export interface CleanupRecord {
  readonly containersLeft: number | null
  readonly verifiedAt: string | null
  /** When a poll saw none for the first time, with none seen since. */
  readonly emptySince: string | null
}

/** Between two polls that see no container. */
const SECOND_POLL_MS = 3_000

/** Attempts every deletion, even if one fails, and says what is left. The orchestrator repeats it until nothing is. */
export async function cleanUp(clients: Clients, { drillId }: DrillRef): Promise<Cleaned> {
  const { blobs, clock } = clients
  await readPlan(blobs, drillId)
  const problems: string[] = []
  const mine = await groupsToDelete(clients, drillId, problems)
  const deleted = await inTurns(mine, PLATFORM_WIDTH, (name) => deleteWithLog(clients, name, problems))
  const left = await namesLeft(clients, drillId, mine)
  const known = await blobs.readJson<CleanupRecord>(drillBlobs.cleanup(drillId))
  const now = clock.now().toISOString()
  // A container that the platform would not delete may be one that its answers do not show yet.
  const isEmpty = left.length === 0 && deleted.every(Boolean)
  const emptySince = isEmpty ? (known?.emptySince ?? now) : null
  const isSeenTwice = emptySince !== null && Date.parse(now) - Date.parse(emptySince) >= SECOND_POLL_MS
  // If no container was ever requested, one poll is enough.
  const isClean = isEmpty && (isSeenTwice || mine.length === 0)
  const isVerified = isClean || left.length > 0
  await blobs.writeJson(drillBlobs.cleanup(drillId), {
    containersLeft: isVerified ? left.length : null,
    verifiedAt: isVerified ? now : null,
    emptySince,
  } satisfies CleanupRecord)
  const result = left.length === 0 ? 'no container is left' : `${left.length} left: ${left.join(', ')}`
  return { left: left.length, isClean, detail: [result, ...problems].join('; ').slice(0, 1_000) }
}

export interface UndoRequest extends DrillRef {
  /** The load ended as planned: what is still measured is waited for. */
  readonly isPatient: boolean
}

/** One look at what the drill's events changed. The orchestrator repeats it until nothing is left to undo. */
export async function undoEvents(
  clients: Clients,
  { eventSilenceSeconds }: ActivitySettings,
  { drillId, isPatient }: UndoRequest,
) {
  const plan = await readPlan(clients.blobs, drillId)
  const isAborted = (await readAbort(clients.blobs, drillId)) !== null
  return undoChanges(clients, plan, {
    isPatient: isPatient && !isAborted,
    silenceSeconds: eventSilenceSeconds,
    holder: drillId,
  })
}

const listOwn = async ({ groups }: Clients, drillId: string): Promise<string[]> =>
  (await groups.list()).filter(({ tags }) => tags[DRILL_TAG] === drillId).map(({ name }) => name)

/** By tag in the list, and by name: each may show a container that the other does not. */
async function namesLeft(clients: Clients, drillId: string, names: readonly string[]): Promise<string[]> {
  const listed = await listOwn(clients, drillId)
  const found = await inTurns(names, PLATFORM_WIDTH, async (name) =>
    (await clients.groups.get(name)) === null ? [] : [name],
  )
  return [...new Set([...listed, ...found.flat()])]
}

/** By tag, and by name as well: the list may be a moment behind a container that was just created. */
async function groupsToDelete(clients: Clients, drillId: string, problems: string[]): Promise<string[]> {
  const record = await clients.blobs.readJson<ProvisionRecord>(drillBlobs.provisioned(drillId))
  const tagged = await listOwn(clients, drillId).catch((error: unknown) => {
    problems.push(`the list of containers: ${errorText(error)}`)
    return []
  })
  return [...new Set([...tagged, ...(record?.groups ?? [])])]
}

/** True when the platform accepted the deletion, or knows no such container. */
async function deleteWithLog(clients: Clients, name: string, problems: string[]): Promise<boolean> {
  const note = (error: unknown) => problems.push(errorText(error))
  const group = await clients.groups.get(name).catch(() => null)
  if (group !== null) await saveLog(clients, group).catch(note)
  try {
    await clients.groups.delete(name)
    return true
  } catch (error) {
    note(error)
    return false
  }
}
