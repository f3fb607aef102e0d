/**
 * What drills of a server must have in common to be compared: the same load and the same events. A figure of another rate or of
 * another kind of failover differs for that reason alone, and would be read as a change of the server.
 */

import { counted, duration, perSecond } from '../units/units.ts'
import type { DrillPlan } from './plan.ts'

export interface Likeness {
  /** "400 TPS, 20 clients, 1 container, 45 s; forced failover" */
  readonly words: string
  /** All other settings of the load that move a figure, as one text. */
  readonly settings: string
}

export function likenessOf({ load, failovers }: DrillPlan): Likeness {
  const { targetTps, workers, containers, durationSeconds } = load
  const { arrivals, deadlineMs, onDeadline, retryUnknown, transactions, cohorts, profile } = load
  const rate = targetTps > 0 ? perSecond(targetTps) : 'full speed'
  const size = [rate, counted(workers, 'client'), counted(containers, 'container'), duration(durationSeconds)]
  const modes = failovers.map(({ mode }) => `${mode} failover`)
  return {
    words: `${size.join(', ')}; ${modes.length === 0 ? 'no failover' : modes.join(', ')}`,
    settings: JSON.stringify([
      targetTps,
      arrivals,
      deadlineMs,
      onDeadline,
      retryUnknown,
      transactions,
      cohorts,
      profile,
    ]),
  }
}

export const isLike = (one: Likeness, other: Likeness): boolean =>
  one.words === other.words && one.settings === other.settings
