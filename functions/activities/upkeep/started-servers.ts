/**
 * Stops the servers that a scheduled drill started and did not stop: it died, or the platform refused. Under the lock, so that no drill
 * starts meanwhile; a server that a drill holds is left to that drill.
 */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients } from '../../clients/clients.ts'
import { releaseLock, takeLock } from '../../clients/storage/server-lock.ts'
import { undoRecordsOf } from '../../clients/storage/undo-records.ts'
import { type StartedServer, serverBlobs } from '../../model/blob-paths.ts'

/** One sentence per server. */
export async function stopStartedServers(clients: Pick<Clients, 'blobs' | 'clock' | 'servers'>): Promise<string[]> {
  const names = (await clients.blobs.list(serverBlobs.prefix)).map(({ name }) => name)
  const lines: string[] = []
  for (const name of names.filter((one) => one.endsWith(serverBlobs.startedSuffix))) {
    const started = await clients.blobs.readJson<StartedServer>(name)
    const line = started === null ? null : await stopOne(clients, started)
    if (line !== null) lines.push(line)
  }
  return lines
}

async function stopOne(
  { blobs, clock, servers }: Pick<Clients, 'blobs' | 'clock' | 'servers'>,
  { drillId, target }: StartedServer,
): Promise<string | null> {
  // The platform changes nothing on a stopped server: what the drill left changed is undone first.
  if ((await undoRecordsOf(blobs, target, drillId)).length > 0) return null
  const holder = `stop-${drillId}`
  const lock = await takeLock(blobs, target, holder, clock.now(), async () => false)
  if (lock.kind === 'refused') return null
  try {
    await servers.stop(target)
    await blobs.delete(serverBlobs.started(target))
    return `server ${target.server}, which drill ${drillId} started and did not stop, was stopped`
  } catch (error) {
    return `server ${target.server}, which drill ${drillId} started, could not be stopped: ${errorText(error)}`
  } finally {
    await releaseLock(blobs, target, holder, clock.now())
  }
}
