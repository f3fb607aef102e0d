/** The timer that deletes containers which everybody else forgot. Runs whether or not a drill does. */
import type { InvocationContext, Timer } from '@azure/functions'

interface Swept {
  readonly deleted: readonly string[]
  readonly problems: readonly string[]
}

export const sweeper =
  (sweep: () => Promise<Swept>) =>
  async (_timer: Timer, context: InvocationContext): Promise<void> => {
    const { deleted, problems } = await sweep()
    if (deleted.length > 0) context.warn(`deleted ${deleted.length} forgotten containers: ${deleted.join(', ')}`)
    for (const told of problems) context.error(told)
  }
