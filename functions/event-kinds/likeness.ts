/**
 * What drills of a server must have in common to be compared: the same load and the same events. A figure of another rate or of
 * another kind of event differs for that reason alone, and would be read as a change of the server.
 */

import type { Likeness } from '../model/drill-index.ts'
import type { DrillPlan } from '../model/plan.ts'
import { counted, duration, perSecond } from '../units/units.ts'
import { eventsInWords } from './kinds.ts'

export function likenessOf({ load, events }: DrillPlan): Likeness {
  const { targetTps, workers, containers, durationSeconds } = load
  const { arrivals, deadlineMs, onDeadline, retryUnknown, transactions, cohorts, profile } = load
  const rate = targetTps > 0 ? perSecond(targetTps) : 'full speed'
  const size = [rate, counted(workers, 'client'), counted(containers, 'container'), duration(durationSeconds)]
  return {
    words: `${size.join(', ')}; ${eventsInWords(events)}`,
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
