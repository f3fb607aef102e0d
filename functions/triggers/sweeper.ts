/** The timer that cleans up what everybody else forgot: containers past their date, and drills that nobody will end any more. */
import type { InvocationContext, Timer } from '@azure/functions'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Terminations } from './orchestrations.ts'

interface Swept {
  readonly deleted: readonly string[]
  readonly problems: readonly string[]
}

export interface Sweeps {
  readonly sweep: () => Promise<Swept>
  /** A sentence about each drill that was found dead. */
  readonly tellTheDead: (client: Terminations) => Promise<readonly string[]>
}

/** Containers first, for they cost money; trouble with them must not keep a dead drill from being told. */
export const sweeper =
  ({ sweep, tellTheDead }: Sweeps) =>
  async (_timer: Timer, client: Terminations, context: Pick<InvocationContext, 'warn' | 'error'>): Promise<void> => {
    const { deleted, problems } = await sweep().catch(
      (error: unknown): Swept => ({ deleted: [], problems: [told(error)] }),
    )
    if (deleted.length > 0) context.warn(`deleted ${deleted.length} forgotten containers: ${deleted.join(', ')}`)
    for (const problem of problems) context.error(problem)
    for (const dead of await tellTheDead(client)) context.error(dead)
  }

const told = errorText
