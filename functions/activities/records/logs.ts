/**
 * The logs of the drill's containers. The platform keeps 4 MB of a container that runs, and the last 1000 lines or 16 KB of one that
 * has ended ("Resource availability and quota limits for Azure Container Instances"). So they are read while it runs, and joined.
 */
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import type { Clients, GroupState } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import { CONTAINER_TAG, DRILL_TAG } from '../../platform/names.ts'

type Sources = Pick<Clients, 'blobs' | 'groups'>

/** Before a group is deleted: the log may be the only record of why a container ended. */
export async function saveLog(sources: Sources, group: GroupState): Promise<void> {
  const drillId = group.tags[DRILL_TAG]
  const container = Number(group.tags[CONTAINER_TAG] ?? Number.NaN)
  if (drillId === undefined || !Number.isInteger(container)) return
  const log = await joined(sources, drillId, container, await sources.groups.logs(group.name))
  if (log !== '') await sources.blobs.write(blobNames.log(drillId, container), log, TEXT)
}

/** While it runs. Under a name of its own, because the container itself still appends to the final one. */
export async function keepLog(sources: Sources, drillId: string, container: number, name: string): Promise<void> {
  const log = await joined(sources, drillId, container, await sources.groups.logs(name))
  if (log !== '') await sources.blobs.write(drillBlobs.logSoFar(drillId, container), log, TEXT)
}

const TEXT = 'text/plain; charset=utf-8'

const joined = async ({ blobs }: Sources, drillId: string, container: number, log: string): Promise<string> =>
  joinLogs((await blobs.readText(drillBlobs.logSoFar(drillId, container))) ?? '', log)

const GAP = '... lines are missing here: the platform keeps only the last ones of a container that has ended\n'
/** The first line of what is left may be cut: the second one is looked for. */
const firstWholeLine = (log: string): string => log.slice(log.indexOf('\n') + 1)

/** The log that was read later continues the one that was read earlier, and may have lost its beginning. */
export function joinLogs(earlier: string, later: string): string {
  if (later.startsWith(earlier)) return later
  if (later === '' || earlier.endsWith(later)) return earlier
  const rest = firstWholeLine(later)
  const line = rest.slice(0, rest.indexOf('\n') + 1)
  // From its last occurrence back: lines may repeat, and what follows must be the same.
  for (let at = earlier.lastIndexOf(line); line !== '' && at >= 0; at = earlier.lastIndexOf(line, at - 1)) {
    if (rest.startsWith(earlier.slice(at))) return earlier.slice(0, at) + rest
    if (at === 0) break
  }
  return `${earlier}${GAP}${later}`
}
