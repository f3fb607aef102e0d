/**
 * The last of four layers against a container that costs money indefinitely: deletes groups that carry this app's tag and whose
 * `expires-at` tag is past. A group that lacks one of the two tags, or has an unreadable time, is left alone.
 */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients, GroupState } from '../../clients/clients.ts'
import { DRILL_TAG, EXPIRES_TAG } from '../../platform/names.ts'
import { inTurns } from '../../units/in-turns.ts'
import { PLATFORM_WIDTH } from '../records/containers.ts'
import { saveLog } from '../records/logs.ts'

interface Swept {
  readonly deleted: readonly string[]
  readonly problems: readonly string[]
}

export async function sweep(clients: Clients): Promise<Swept> {
  const { groups, clock } = clients
  return deleteGroups(
    clients,
    (await groups.list()).filter((group) => isExpired(group, clock.now())),
  )
}

/** Saves their logs first. Attempts every deletion, even if one fails. */
export async function deleteGroups(
  clients: Pick<Clients, 'blobs' | 'groups'>,
  unwanted: readonly GroupState[],
): Promise<Swept> {
  const problems: string[] = []
  const deleted = await inTurns(unwanted, PLATFORM_WIDTH, async (group) => {
    await saveLog(clients, group).catch(() => undefined)
    try {
      await clients.groups.delete(group.name)
      return [group.name]
    } catch (error) {
      problems.push(errorText(error))
      return []
    }
  })
  return { deleted: deleted.flat(), problems }
}

function isExpired({ tags }: GroupState, now: Date): boolean {
  const expiresAtMs = Date.parse(tags[EXPIRES_TAG] ?? '')
  return (tags[DRILL_TAG] ?? '') !== '' && !Number.isNaN(expiresAtMs) && expiresAtMs < now.getTime()
}
