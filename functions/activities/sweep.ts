/**
 * The last of four layers against a container that bills for ever: deletes groups that carry this app's tag and whose time,
 * which they carry as well, is past. Whatever lacks one of the two tags, or has a time that cannot be read, is left alone.
 */
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Clients, GroupState } from '../clients/clients.ts'
import { CONTAINER_TAG, DRILL_TAG, EXPIRES_TAG } from '../platform/tags.ts'
import { describeError, inTurns } from './records/stored-drill.ts'

export interface Swept {
  readonly deleted: readonly string[]
  readonly problems: readonly string[]
}

export function sweepActivities({ groups, blobs, clock }: Clients) {
  return {
    async sweep(): Promise<Swept> {
      const expired = (await groups.list()).filter((group) => isExpired(group, clock.now()))
      const problems: string[] = []
      const deleted = await inTurns(expired, 8, async (group) => {
        await saveLog(group).catch(() => undefined)
        try {
          await groups.delete(group.name)
          return [group.name]
        } catch (error) {
          problems.push(describeError(error))
          return []
        }
      })
      return { deleted: deleted.flat(), problems }
    },
  }

  /** Of a drill that died: the log may be the only one who knows why. */
  async function saveLog({ name, tags }: GroupState): Promise<void> {
    const drillId = tags[DRILL_TAG]
    const container = Number(tags[CONTAINER_TAG] ?? Number.NaN)
    if (drillId === undefined || !Number.isInteger(container)) return
    const log = await groups.logs(name)
    if (log !== '') await blobs.write(blobNames.log(drillId, container), log, 'text/plain; charset=utf-8')
  }
}

export function isExpired({ tags }: Pick<GroupState, 'tags'>, now: Date): boolean {
  const expiresAtMs = Date.parse(tags[EXPIRES_TAG] ?? '')
  return (tags[DRILL_TAG] ?? '') !== '' && !Number.isNaN(expiresAtMs) && expiresAtMs < now.getTime()
}
