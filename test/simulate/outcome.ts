/** What one seed's drill came to: small enough to be handed from thread to thread. */
import { NotEndedError } from '../support/play.ts'
import type { Happening } from './happenings.ts'
import { violations } from './invariants.ts'
import { happeningsIn, troublesMet } from './met.ts'
import { rendersAll, scenarioOf } from './scenario.ts'
import { simulate } from './simulation.ts'
import type { TroubleName } from './troubles.ts'
import { truthOf } from './truth.ts'

export interface Outcome {
  readonly seed: number
  readonly verdict: string
  readonly isRendered: boolean
  /** The troubles of the world that this drill met. */
  readonly met: readonly TroubleName[]
  /** The events of all kinds that took place in it. */
  readonly happened: readonly Happening[]
  readonly broken: readonly string[]
}

export async function outcomeOf(seed: number): Promise<Outcome> {
  const isRendered = rendersAll(seed)
  try {
    const simulated = await simulate(scenarioOf(seed))
    const truth = truthOf(simulated)
    const met = troublesMet(simulated, truth)
    const happened = happeningsIn(simulated, truth)
    const verdict = simulated.played.report?.verdict ?? 'none'
    return { seed, verdict, isRendered, met, happened, broken: await violations(simulated, truth) }
  } catch (error) {
    return { seed, verdict: 'none', isRendered, met: [], happened: [], broken: [inWords(error)] }
  }
}

/** A drill that does not end is a broken invariant. All else that is thrown is a defect with a place in the code. */
export function inWords(error: unknown): string {
  if (error instanceof NotEndedError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
