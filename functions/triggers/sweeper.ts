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
  /** One sentence per drill that was closed, or could not be looked at. */
  readonly closeDeadDrills: (client: Terminations) => Promise<readonly string[]>
  /** One sentence per server. */
  readonly stopStartedServers: () => Promise<readonly string[]>
  readonly finishUndo: () => Promise<readonly string[]>
  /** Drills and their results, and the histories of orchestrations. */
  readonly removeExpired: (client: Terminations & Purges) => Promise<readonly string[]>
}

/** Containers first, because they cost money. What fails in one step must not stop the next: they are about other drills and servers. */
export const sweeper =
  ({ sweep, closeDeadDrills, stopStartedServers, finishUndo, removeExpired }: Sweeps) =>
  async (
    _timer: Timer,
    client: Terminations & Purges,
    { warn, error }: Pick<InvocationContext, 'warn' | 'error'>,
  ): Promise<void> => {
    const attempt = async (what: string, step: () => Promise<void>): Promise<void> => {
      await step().catch((cause: unknown) => error(`${what} failed: ${errorText(cause)}`))
    }
    await attempt('deleting expired containers', async () => {
      const { deleted, problems } = await sweep()
      if (deleted.length > 0) warn(`deleted ${deleted.length} expired containers: ${deleted.join(', ')}`)
      for (const problem of problems) error(problem)
    })
    await attempt('closing dead drills', async () => {
      for (const dead of await closeDeadDrills(client)) error(dead)
    })
    // After that, because a dead drill holds its server.
    await attempt('undoing what drills left', async () => {
      for (const undone of await finishUndo()) warn(undone)
    })
    await attempt('stopping servers', async () => {
      for (const stopped of await stopStartedServers()) warn(stopped)
    })
    await attempt('removing what has expired', async () => {
      for (const removed of await removeExpired(client)) warn(removed)
    })
  }
