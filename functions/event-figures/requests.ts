/** The failover requests that a drill planned, each with its state: also those that it did not reach. */
import type { DrillOutcome, FailoverEvidence } from '../model/evidence.ts'
import type { DrillEvent, FailoverRequest } from '../model/report.ts'
import { round } from '../units/statistics.ts'

export const requestsOf = (
  { plan, failovers, loadStartAtMs }: Pick<DrillOutcome, 'plan' | 'failovers' | 'loadStartAtMs'>,
  events: readonly DrillEvent[],
): FailoverRequest[] =>
  Array.from({ length: Math.max(plan.failovers.length, failovers.length) }, (_, index) => {
    const evidence = failovers.find((one) => one.index === index) ?? null
    const planned = plan.failovers[index]
    return {
      mode: evidence?.mode ?? planned?.mode ?? 'forced',
      plannedAtSeconds: evidence?.requestedAtSeconds ?? planned?.atSeconds ?? 0,
      state: evidence?.request ?? 'not reached',
      detail: evidence?.detail ?? null,
      sentAt: evidence?.sentAt ?? null,
      lateSeconds: evidence === null ? null : lateSeconds(evidence, loadStartAtMs),
      acceptedAt: evidence?.acceptedAt ?? null,
      requestId: evidence?.requestId ?? null,
      event: events.find((event) => event.request === index)?.number ?? null,
    }
  })

function lateSeconds({ sentAt, requestedAtSeconds }: FailoverEvidence, loadStartAtMs: number | null): number | null {
  if (sentAt === null || loadStartAtMs === null) return null
  return round(Math.max(0, (Date.parse(sentAt) - loadStartAtMs) / 1000 - requestedAtSeconds), 3)
}

type Words = Pick<FailoverRequest, 'mode' | 'state' | 'detail'>

/** The state of the request, as a sentence. */
export function requestSentence({ mode, state, detail }: Words): string {
  const why = detail === null ? '' : `: ${detail.replace(/\.$/, '')}`
  switch (state) {
    case 'not reached':
      return `A ${mode} failover was planned and not reached: the drill ended before it${why}.`
    case 'withheld':
      return `The ${mode} failover was not asked for, because the drill held the request back${why}.`
    case 'refused':
      return `The platform refused the ${mode} failover${why}.`
    case 'ambiguous':
      return `The platform's answer to the request for a ${mode} failover was lost, so this report cannot say that the drill caused what followed${why}.`
    case 'accepted':
      return `The platform accepted the request for a ${mode} failover${why}.`
  }
}
