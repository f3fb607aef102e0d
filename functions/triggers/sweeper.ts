/** Every few minutes: deletes expired containers, closes drills without a live orchestration, undoes what they changed, and removes what has expired. */
import type { InvocationContext, Timer } from '@azure/functions'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Purges, Terminations } from './orchestrations.ts'

interface Swept {
  readonly deleted: readonly string[]
  readonly problems: readonly string[]
}

interface Sweeps {
  readonly sweep: () => Promise<Swept>
  /** One sentence per drill that was closed. */
  readonly closeDeadDrills: (client: Terminations) => Promise<readonly string[]>
  /** One sentence per server. */
  readonly stopStartedServers: () => Promise<readonly string[]>
  readonly finishUndo: () => Promise<readonly string[]>
  /** Drills and their results, and the histories of orchestrations. */
  readonly removeExpired: (client: Terminations & Purges) => Promise<readonly string[]>
}

/** Containers first, because they cost money. An error while deleting must not stop dead drills from being closed. */
export const sweeper =
  ({ sweep, closeDeadDrills, stopStartedServers, finishUndo, removeExpired }: Sweeps) =>
  async (
    _timer: Timer,
    client: Terminations & Purges,
    context: Pick<InvocationContext, 'warn' | 'error'>,
  ): Promise<void> => {
    const { deleted, problems } = await sweep().catch(
      (error: unknown): Swept => ({ deleted: [], problems: [errorText(error)] }),
    )
    if (deleted.length > 0) context.warn(`deleted ${deleted.length} expired containers: ${deleted.join(', ')}`)
    for (const problem of problems) context.error(problem)
    for (const dead of await closeDeadDrills(client)) context.error(dead)
    // After that, because a dead drill holds its server.
    for (const undone of await finishUndo()) context.warn(undone)
    for (const stopped of await stopStartedServers()) context.warn(stopped)
    for (const removed of await removeExpired(client)) context.warn(removed)
  }
