/** Every few minutes: deletes expired containers, closes drills without a live orchestration, and undoes what they changed. */
import type { InvocationContext, Timer } from '@azure/functions'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Terminations } from './orchestrations.ts'

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
}

/** Containers first, because they cost money. An error while deleting must not stop dead drills from being closed. */
export const sweeper =
  ({ sweep, closeDeadDrills, stopStartedServers, finishUndo }: Sweeps) =>
  async (_timer: Timer, client: Terminations, context: Pick<InvocationContext, 'warn' | 'error'>): Promise<void> => {
    const { deleted, problems } = await sweep().catch(
      (error: unknown): Swept => ({ deleted: [], problems: [errorText(error)] }),
    )
    if (deleted.length > 0) context.warn(`deleted ${deleted.length} expired containers: ${deleted.join(', ')}`)
    for (const problem of problems) context.error(problem)
    for (const dead of await closeDeadDrills(client)) context.error(dead)
    // After that, because a dead drill holds its server.
    for (const undone of await finishUndo()) context.warn(undone)
    for (const stopped of await stopStartedServers()) context.warn(stopped)
  }
