/**
 * The worst event, which stands at the top of the report, and the worst of each figure over all events. An event that did not
 * recover is worse than every number. A figure that is unknown for one event is unknown for the drill.
 */

import type { DrillEvent, Report } from '../model/report.ts'
import { type EventFigureName, type EventParts, worstOf } from './figures.ts'

type Recovery = Report['recovery']

/** Null when there was no event. */
export const worstEventOf = (events: readonly DrillEvent[]): DrillEvent | null =>
  events.reduce<DrillEvent | null>((worst, event) => (worst === null || isWorse(event, worst) ? event : worst), null)

function isWorse(one: DrillEvent, other: DrillEvent): boolean {
  const [rank, otherRank] = [rankOf(one), rankOf(other)]
  return rank === otherRank ? lengthOf(one) > lengthOf(other) : rank > otherRank
}

const RANKS: Readonly<Record<DrillEvent['service'], number>> = {
  uninterrupted: 0,
  recovered: 1,
  'not measured': 1,
  'not sustained': 2,
  out: 3,
}

const rankOf = ({ service }: DrillEvent): number => RANKS[service]

const lengthOf = ({ recovery, atLeast }: DrillEvent): number =>
  recovery.recoveryTimeSeconds ?? atLeast.recoveryTimeSeconds ?? 0

export function worstRecoveryOf(report: EventParts, outages: Recovery['outages']): Recovery {
  const worst = (name: EventFigureName): number | null => {
    const { measured } = worstOf(name, report)
    return measured.kind === 'value' ? measured.value : null
  }
  return {
    recoveryTimeSeconds: worst('recovery_time_s'),
    recoveryFromTriggerSeconds: worst('recovery_from_trigger_s'),
    detectionSeconds: worst('detection_s'),
    writeOutageSeconds: worst('write_outage_s'),
    clientOutageSeconds: {
      p50: worst('client_outage_s[p50]'),
      p95: worst('client_outage_s[p95]'),
      max: worst('worst_client_outage_s'),
      clients: Math.max(0, ...report.events.map(({ recovery }) => recovery.clientOutageSeconds.clients)),
      notMeasured: Math.max(0, ...report.events.map(({ recovery }) => recovery.clientOutageSeconds.notMeasured)),
    },
    exposureSeconds: worst('exposure_s'),
    outages,
  }
}
