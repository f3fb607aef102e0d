/**
 * Starts a stopped server for a scheduled drill, and stops it after it (STOP_SERVER_BETWEEN_DRILLS). Only a server that a drill of this
 * app started is stopped, and only under its lock: a server that its owner runs, or that another drill uses, keeps running.
 */
import { azureErrorParts } from '../clients/azure/azure-errors.ts'
import type { Clients } from '../clients/clients.ts'
import { readLock } from '../clients/storage/server-lock.ts'
import { undoRecordsOf } from '../clients/storage/undo-records.ts'
import { type StartedServer, serverBlobs } from '../model/blob-paths.ts'
import { isBusy } from '../model/event-answer.ts'
import type { ServerFacts } from '../model/facts.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

interface ServerStart {
  readonly isReady: boolean
  /** Why it will not start; null: it may. */
  readonly refused: string | null
  readonly abort: string | null
  readonly detail: string
}

export async function startServer(
  clients: Clients,
  { upkeepOf }: ActivitySettings,
  { drillId }: DrillRef,
): Promise<ServerStart> {
  const { blobs, clock, servers } = clients
  const { target, requestedBy } = await readPlan(blobs, drillId)
  const abort = await readAbort(blobs, drillId)
  const answer = { isReady: false, refused: null, abort }
  if (!upkeepOf(target).stopServerBetweenDrills || requestedBy !== 'timer')
    return { ...answer, isReady: true, detail: 'the server is left as it is' }
  if (abort !== null) return { ...answer, detail: 'aborted before the server was started' }
  const server = await servers.get(target)
  const name = serverBlobs.started(target)
  const mine: StartedServer = { drillId, target, at: clock.now().toISOString() }
  const earlier = await blobs.readJson<StartedServer>(name)
  // Before the request, so that a drill that dies after it leaves a server that is stopped in the end.
  if (server.state === 'Stopped' || (earlier !== null && earlier.drillId !== drillId)) await blobs.writeJson(name, mine)
  if (server.state === 'Stopped') return { ...answer, ...(await request(() => servers.start(target))) }
  return isUp(server)
    ? { ...answer, isReady: true, detail: `${target.server} is ${server.state}` }
    : { ...answer, detail: `${target.server} is ${wordsOf(server)}` }
}

/** A busy server is asked again at the next poll. */
async function request(start: () => Promise<void>): Promise<Pick<ServerStart, 'refused' | 'detail'>> {
  try {
    await start()
    return { refused: null, detail: 'the start of the server was requested' }
  } catch (error) {
    const { status, code, message } = azureErrorParts(error instanceof Error ? (error.cause ?? error) : error)
    const detail = `the start of the server was answered with ${status ?? 'no status'} ${code}: ${message}`
    const isFinal = status !== null && status < 500 && ![404, 408].includes(status) && !isBusy({ status, code })
    return { refused: isFinal ? detail : null, detail }
  }
}

/** After a start the standby takes longer than the primary. */
function isUp({ state, highAvailability }: ServerFacts): boolean {
  const isSingle = highAvailability === null || highAvailability.mode === 'Disabled'
  return state === 'Ready' && (isSingle || highAvailability.state === 'Healthy')
}

const wordsOf = ({ state, highAvailability }: ServerFacts): string =>
  `${state ?? 'in an unknown state'}, high availability ${highAvailability?.state ?? 'unknown'}`

export async function stopServer(
  { blobs, servers }: Clients,
  { drillId }: DrillRef,
): Promise<{ readonly detail: string }> {
  const { target } = await readPlan(blobs, drillId)
  const started = await blobs.readJson<StartedServer>(serverBlobs.started(target))
  if (started?.drillId !== drillId) return { detail: 'this drill did not start the server, so it keeps running' }
  const lock = await readLock(blobs, target)
  if (lock?.drillId !== drillId || lock.state !== 'held')
    return { detail: 'the server is no longer reserved for this drill, so it keeps running' }
  if ((await undoRecordsOf(blobs, target, drillId)).length > 0)
    return {
      detail: 'a change of this drill is not undone yet, so the server keeps running until the sweep has done it',
    }
  await servers.stop(target)
  await blobs.delete(serverBlobs.started(target))
  return { detail: `the stop of ${target.server} was requested: this drill had started it` }
}
