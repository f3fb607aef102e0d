/** Reads what the platform recorded of the server while a drill watched it. What is refused is noted, and stops nothing. */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { PlatformLog, PlatformReading, PlatformRecord } from '../../model/facts.ts'

export interface PlatformSpan {
  readonly drillId: string
  readonly serverId: string
  readonly fromMs: number
  readonly toMs: number
}

/** A repeated run replaces the record: entries arrive minutes late. */
export async function notePlatformLog(
  { blobs, platformLogs }: Pick<Clients, 'blobs' | 'platformLogs'>,
  { drillId, serverId, fromMs, toMs }: PlatformSpan,
): Promise<void> {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
  const [activityLog, resourceHealth] = await Promise.all([
    readingOf(platformLogs.activities(serverId, from, to)),
    readingOf(platformLogs.health(serverId).then((records) => inside(records, fromMs, toMs))),
  ])
  await blobs.writeJson(drillBlobs.platformLog(drillId), { activityLog, resourceHealth } satisfies PlatformLog)
}

const readingOf = (read: Promise<readonly PlatformRecord[]>): Promise<PlatformReading> =>
  read.then(
    (records): PlatformReading => ({ kind: 'read', records }),
    (error: unknown): PlatformReading => ({ kind: 'not read', why: errorText(error) }),
  )

/** Of that time, and the state before it. */
function inside(records: readonly PlatformRecord[], fromMs: number, toMs: number): PlatformRecord[] {
  const earlier = records.findLast(({ at }) => Date.parse(at) < fromMs)
  const during = records.filter(({ at }) => Date.parse(at) >= fromMs && Date.parse(at) <= toMs)
  return earlier === undefined ? during : [earlier, ...during]
}
