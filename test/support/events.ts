/** Events as a report has them, by the seconds of the load at which their moments were. */

import { missing } from '../../functions/event-figures/figures.ts'
import type { WorstOfDrill } from '../../functions/model/drill-index.ts'
import type { DrillEvent, Moments } from '../../functions/model/report.ts'
import { NO_MOMENTS, NO_RECOVERY } from '../../functions/report-model/events.ts'
import { stalePrimaryOf } from '../../functions/stale-primary/stale-event.ts'
import { isoAt } from './builders.ts'

type Seconds = Readonly<Partial<Record<keyof Moments, number>>>

/** Of a drill that measured nothing. */
export const NO_WORST: WorstOfDrill = {
  events: 0,
  recoveryTime: { measured: missing('no event was asked for'), event: null },
  writeOutage: { measured: missing('no event was asked for'), event: null },
}

/** An event with these moments: its spans follow from them, and its clients were out as long as the writes. */
export function anEvent(number: number, at: Seconds, own: Partial<DrillEvent> = {}): DrillEvent {
  const span = (from: keyof Moments, to: keyof Moments): number | null => {
    const [begin, end] = [at[from], at[to]]
    return begin === undefined || end === undefined ? null : Number((end - begin).toFixed(3))
  }
  const outage = span('t1', 't2')
  return {
    number,
    cause: 'drill',
    kind: 'failover',
    request: 0,
    mode: 'forced',
    what: 'forced failover',
    requestedAtSeconds: at.t0 ?? null,
    requestId: null,
    beganAt: isoAt(at.t0 ?? at.t1 ?? 0),
    outcome: 'accepted',
    moments: { ...NO_MOMENTS, ...Object.fromEntries(Object.entries(at).map(([name, s]) => [name, isoAt(s)])) },
    recovery: {
      ...NO_RECOVERY,
      recoveryTimeSeconds: span('t1', 't4'),
      recoveryFromTriggerSeconds: span('t0', 't4'),
      detectionSeconds: span('t0', 't1'),
      writeOutageSeconds: outage,
      clientOutageSeconds: {
        p50: outage,
        p95: outage,
        max: outage,
        clients: at.t1 === undefined ? 0 : 20,
        notMeasured: 0,
      },
      exposureSeconds: span('t2', 't6'),
    },
    service: serviceOf(at),
    cutBy: at.t1 === undefined || at.t4 !== undefined ? null : 'end of the load',
    lostSeconds: 0,
    proof: { proven: true, evidence: [], before: null, after: null },
    watched: true,
    watchedWhy: null,
    atLeast: { recoveryTimeSeconds: null, recoveryFromTriggerSeconds: null, writeOutageSeconds: null },
    notMeasuredWhy: null,
    replay: null,
    ways: [],
    stalePrimary: stalePrimaryOf({ sessions: [], problem: null, refusal: null }, null, null),
    nameChange: null,
    sentence: `Event ${number}.`,
    ...own,
  }
}

const serviceOf = ({ t1, t2, t4 }: Seconds): DrillEvent['service'] =>
  t1 === undefined ? 'uninterrupted' : t2 === undefined ? 'out' : t4 === undefined ? 'not sustained' : 'recovered'
