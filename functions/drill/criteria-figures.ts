/** What an objective's figure measured, read from the report itself: what is judged is what is printed. */
import type { FigureRef } from './criteria-grammar.ts'
import type { CriterionName } from './criteria-names.ts'
import type { DrillEvent, Percentiles, Report } from './report.ts'
import { round } from './statistics.ts'
import { seconds as inSeconds } from './units.ts'

/** The report before it is judged. */
export type ReportFigures = Omit<Report, 'verdict' | 'headline' | 'reasons' | 'criteria'>

/**
 * `at-least`: the true value is this or more (a percentile among the missed, a recovery that the end of the load cut off).
 * `never`: it did not happen while the load ran, which is worse than every limit.
 */
export type Measured =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'at-least'; readonly value: number; readonly why: string }
  | { readonly kind: 'never'; readonly why: string }
  | { readonly kind: 'missing'; readonly why: string }

type Reader = (figures: ReportFigures, phase: string | null) => Measured

const value = (number: number): Measured => ({ kind: 'value', value: number })
const missing = (why: string): Measured => ({ kind: 'missing', why })
const known = (number: number | null, why: string): Measured => (number === null ? missing(why) : value(number))

const NOT_AUDITED = 'the ledger was not audited'
const NO_BASELINE = 'there was no baseline'

const READERS: Readonly<Record<CriterionName, Reader>> = {
  recovery_time_s: (f) => worst(f, (event) => recoveryTime(f, event, event.moments.t1)),
  recovery_from_trigger_s: (f) => worst(f, (event) => recoveryTime(f, event, event.moments.t0)),
  detection_s: (f) => worst(f, ({ recovery }) => known(recovery.detectionSeconds, 'no outage followed the trigger')),
  write_outage_s: (f) => worst(f, (event) => writeOutage(f, event)),
  worst_client_outage_s: (f) => worst(f, (event) => clientOutage(event, 'max')),
  client_outage_s: (f, spread) => worst(f, (event) => clientOutage(event, spread as 'p50' | 'p95' | 'max')),
  exposure_s: (f) =>
    worst(f, ({ recovery }) => known(recovery.exposureSeconds, 'high availability was not seen to be healthy again')),
  lost_commits: ({ ledger }) => known(ledger.lost, NOT_AUDITED),
  lost_s: ({ ledger }) => known(ledger.lostSeconds, NOT_AUDITED),
  duplicates: ({ ledger }) => known(ledger.duplicates, NOT_AUDITED),
  unknown_unresolved: ({ ledger }) => known(ledger.unresolved, NOT_AUDITED),
  misjudged: ({ ledger }) => known(ledger.misjudged, NOT_AUDITED),
  unexpected: ({ ledger }) => known(ledger.unexpected, NOT_AUDITED),
  weak_acks: ({ ledger }) => value(ledger.weakAcks),
  missed: ({ ledger }) => value(ledger.missed),
  outages: ({ recovery }) => value(recovery.outages.length),
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

/** Of all events the worst counts. */
function worst({ events }: ReportFigures, read: (event: DrillEvent) => Measured): Measured {
  const all = events.map(read)
  const [first] = all
  if (first === undefined) return missing('no failover was asked for')
  const never = all.find(({ kind }) => kind === 'never')
  if (never !== undefined) return never
  const most = all.flatMap((one) => ('value' in one ? [one] : [])).sort((a, b) => b.value - a.value)[0]
  const bound = all.find(({ kind }) => kind === 'at-least' || kind === 'missing')
  if (bound === undefined || most === undefined) return most ?? first
  return { kind: 'at-least', value: most.value, why: 'why' in bound ? bound.why : '' }
}

function recoveryTime(figures: ReportFigures, event: DrillEvent, from: string | null): Measured {
  const { t2, t4 } = event.moments
  const gone = outOfService(figures, event)
  if (gone !== null) return gone
  if (from === null || t2 === null) return missing('the clients saw no failover')
  if (t4 !== null) return value(seconds(from, t4))
  const end = watchedUntil(figures, event)
  if (end === null) return missing('there was no baseline to recover to')
  return { kind: 'at-least', value: seconds(from, end), why: 'goodput was not sustained again before the load ended' }
}

function writeOutage(figures: ReportFigures, event: DrillEvent): Measured {
  return outOfService(figures, event) ?? known(event.recovery.writeOutageSeconds, 'the clients saw no failover')
}

/** An outage that the end of the load cut off: however long the load would have run on, this is no recovery. */
function outOfService(figures: ReportFigures, { moments }: DrillEvent): Measured | null {
  const end = figures.phases.at(-1)?.toAt
  if (moments.t1 === null || moments.t2 !== null || end === undefined) return null
  return {
    kind: 'never',
    why: `no commit was acknowledged in the last ${inSeconds(seconds(moments.t1, end))} of the load`,
  }
}

function watchedUntil(figures: ReportFigures, event: DrillEvent): string | null {
  const next = figures.events.find(({ number }) => number > event.number)
  return next?.moments.t0 ?? figures.phases.at(-1)?.toAt ?? null
}

const seconds = (fromAt: string, toAt: string): number => round((Date.parse(toAt) - Date.parse(fromAt)) / 1000, 3)

function clientOutage({ recovery }: DrillEvent, spread: 'p50' | 'p95' | 'max'): Measured {
  const { clients } = recovery.clientOutageSeconds
  if (clients === 0) return missing('no client saw an outage')
  const longest = recovery.clientOutageSeconds[spread]
  return longest === null ? { kind: 'never', why: 'a client never came back while the load ran' } : value(longest)
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
