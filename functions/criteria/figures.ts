/** What an objective's figure measured, read from the report itself: what is judged is what is printed. */

import { type EventFigureName, known, missing, NOT_AUDITED, value, worstOf } from '../event-figures/figures.ts'
import { requestSentence } from '../event-figures/requests.ts'
import type { Measured } from '../model/drill-index.ts'
import type { Percentiles, Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { lowerFirst } from '../units/text.ts'
import type { FigureRef } from './grammar.ts'
import type { CriterionName } from './names.ts'

/** The report before it is judged. */
export type ReportFigures = Omit<Report, 'verdict' | 'headline' | 'reasons' | 'criteria'>

type Reader = (figures: ReportFigures, phase: string | null) => Measured

const NO_BASELINE = 'there was no baseline'

const READERS: Readonly<Record<CriterionName, Reader>> = {
  recovery_time_s: ofEvents('recovery_time_s'),
  recovery_from_trigger_s: ofEvents('recovery_from_trigger_s'),
  detection_s: ofEvents('detection_s'),
  write_outage_s: ofEvents('write_outage_s'),
  worst_client_outage_s: ofEvents('worst_client_outage_s'),
  client_outage_s: (f, spread) => worstOf(`client_outage_s[${spread as 'p50' | 'p95' | 'max'}]`, f).measured,
  exposure_s: ofEvents('exposure_s'),
  lost_commits: ({ ledger }) => known(ledger.lost, NOT_AUDITED),
  lost_s: ({ ledger }) =>
    known(ledger.lostSeconds, ledger.lost === null ? NOT_AUDITED : 'no event was seen that can have lost the commits'),
  duplicates: ({ ledger }) => known(ledger.duplicates, NOT_AUDITED),
  unknown_unresolved: ({ ledger }) => known(ledger.unresolved, NOT_AUDITED),
  misjudged: ({ ledger }) => known(ledger.misjudged, NOT_AUDITED),
  unexpected: ({ ledger }) => known(ledger.unexpected, NOT_AUDITED),
  weak_acks: ({ ledger }) => value(ledger.weakAcks),
  missed: ({ ledger }) => value(ledger.missed),
  outages: countOfOutages,
  baseline_tps: ({ throughput }) => known(throughput.baselineTps, NO_BASELINE),
  mean_tps: ({ throughput }) => known(throughput.meanTps, 'there was no load'),
  peak_tps: ({ throughput }) => known(throughput.peakTps, 'there was no load'),
  p50_ms: latency('response', 'p50'),
  p95_ms: latency('response', 'p95'),
  p99_ms: latency('response', 'p99'),
  p999_ms: latency('response', 'p999'),
  max_ms: latency('response', 'max'),
  service_p50_ms: latency('service', 'p50'),
  service_p95_ms: latency('service', 'p95'),
  service_p99_ms: latency('service', 'p99'),
  availability: ({ availability }, window) =>
    known(window === 'whole' ? availability.whole : availability.aroundFailover, 'there was no load around a failover'),
  success_rate: ({ availability }) => known(availability.successOfAttempts, 'nothing was attempted'),
  seconds_at_baseline: ({ availability }) => known(availability.secondsAtBaseline, NO_BASELINE),
  monthly_budget_share: ({ availability }) => known(availability.monthlyBudgetShare, 'there was no load'),
  cpu_percent: platformMetric('cpu_percent'),
  memory_percent: platformMetric('memory_percent'),
  failover_proven: ({ failoverProof }) => value(failoverProof.proven ? 1 : 0),
  containers_left: ({ cleanup }) => known(cleanup.containersLeft, 'the clean-up was not verified'),
}

export const measure = ({ name, phase }: FigureRef, figures: ReportFigures): Measured => READERS[name](figures, phase)

function latency(
  kind: 'response' | 'service',
  name: keyof Percentiles & ('p50' | 'p95' | 'p99' | 'p999' | 'max'),
): Reader {
  return ({ latencyMs }, phase) => {
    const percentiles = latencyMs[phase as keyof typeof latencyMs]?.[kind]
    const ms = percentiles?.[name] ?? null
    if (percentiles === undefined || ms === null) return missing(`nothing was measured in the phase ${phase}`)
    if (!percentiles.atLeast.includes(name)) return value(ms)
    return { kind: 'at-least', value: ms, why: 'it falls among the missed arrivals' }
  }
}

function ofEvents(name: EventFigureName): Reader {
  return (figures) => {
    const [request] = figures.requests
    const { measured } = worstOf(name, figures)
    if (figures.events.length > 0 || request === undefined || measured.kind !== 'missing') return measured
    // Nothing was seen: what became of the request says why.
    return missing(lowerFirst(requestSentence(request)).replace(/\.$/, ''))
  }
}

/** A time that no generator watched may hide another one. */
function countOfOutages({ recovery, events }: ReportFigures): Measured {
  const { length } = recovery.outages
  const unwatched = events.find(({ watched }) => !watched)
  if (unwatched === undefined) return value(length)
  return { kind: 'at-least', value: length, why: `not all of event ${unwatched.number} was watched` }
}

/** The highest one-minute average. The platform's maxima of single samples would judge one moment. */
function platformMetric(name: string): Reader {
  return ({ metrics }) => {
    const points = metrics.series.find((series) => series.name === name)?.points ?? []
    const averages = points.flatMap(({ average }) => average ?? [])
    return averages.length === 0
      ? missing('the platform gave no points of this metric')
      : value(round(Math.max(...averages), 2))
  }
}
