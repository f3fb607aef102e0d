/**
 * Which of several events stands at the top of the report, and the worst of each figure over all of them. An event that did not
 * recover is worse than every number. A figure that is unknown of one event is unknown of the drill: the others may be shorter.
 */
import { NO_RECOVERY } from './event-report.ts'
import type { DrillEvent, Report } from './report.ts'

type Recovery = Report['recovery']

/** Null when there was no event. */
export const worstEventOf = (events: readonly DrillEvent[]): DrillEvent | null =>
  events.reduce<DrillEvent | null>((worst, event) => (worst === null || isWorse(event, worst) ? event : worst), null)

function isWorse(one: DrillEvent, other: DrillEvent): boolean {
  const [rank, otherRank] = [rankOf(one), rankOf(other)]
  if (rank !== otherRank) return rank > otherRank
  return lengthOf(one) > lengthOf(other)
}

const RANKS: Readonly<Record<DrillEvent['service'], number>> = {
  uninterrupted: 0,
  recovered: 2,
  'not measured': 1,
  'not sustained': 3,
  out: 4,
}

const rankOf = ({ service }: DrillEvent): number => RANKS[service]

const lengthOf = ({ recovery }: DrillEvent): number => recovery.recoveryTimeSeconds ?? recovery.writeOutageSeconds ?? 0

export function worstRecoveryOf(events: readonly DrillEvent[], outages: Recovery['outages']): Recovery {
  // An event that no client noticed has no outage to be compared.
  const seen = events.filter(({ service }) => service !== 'uninterrupted')
  const worst = (read: (recovery: Recovery) => number | null): number | null =>
    maxOrUnknown(seen.map(({ recovery }) => read(recovery)))
  if (seen.length === 0) return { ...NO_RECOVERY, outages }
  return {
    recoveryTimeSeconds: worst(({ recoveryTimeSeconds }) => recoveryTimeSeconds),
    recoveryFromTriggerSeconds: worst(({ recoveryFromTriggerSeconds }) => recoveryFromTriggerSeconds),
    detectionSeconds: worst(({ detectionSeconds }) => detectionSeconds),
    writeOutageSeconds: worst(({ writeOutageSeconds }) => writeOutageSeconds),
    clientOutageSeconds: {
      p50: worst(({ clientOutageSeconds }) => clientOutageSeconds.p50),
      p95: worst(({ clientOutageSeconds }) => clientOutageSeconds.p95),
      max: worst(({ clientOutageSeconds }) => clientOutageSeconds.max),
      clients: Math.max(...seen.map(({ recovery }) => recovery.clientOutageSeconds.clients)),
    },
    exposureSeconds: worst(({ exposureSeconds }) => exposureSeconds),
    outages,
  }
}

const maxOrUnknown = (values: readonly (number | null)[]): number | null =>
  values.reduce((most, value) => (most === null || value === null ? null : Math.max(most, value)))
