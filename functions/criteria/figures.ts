/**
 * Every figure that an objective can name: its unit, its name in words, what may stand in its brackets, and how it is read
 * from the report itself, so that what is judged is what is printed.
 */

import { type Application, availabilityOf, outageOf, recoveryOf } from '../event-figures/applications.ts'
import { type EventFigureName, known, missing, NOT_AUDITED, value, worstOf } from '../event-figures/figures.ts'
import { requestSentence } from '../event-figures/requests.ts'
import { splitBrainOf } from '../event-figures/split-brain.ts'
import { kindWords } from '../event-kinds/kinds.ts'
import type { Measured } from '../model/drill-index.ts'
import type { Percentiles, Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { lowerFirst } from '../units/text.ts'

export type CriterionUnit = 's' | 'ms' | 'tps' | '%' | 'share' | 'count' | 'yes/no'

/** The report before it is judged. */
export type ReportFigures = Omit<Report, 'verdict' | 'headline' | 'reasons' | 'criteria'>

type Reader = (figures: ReportFigures, phase: string | null) => Measured
type Range = readonly [lowest: number, highest: number]

interface Figure {
  readonly unit: CriterionUnit
  readonly words: string
  readonly read: Reader
  /** What may stand in brackets; the first is meant when there are none. Absent: the figure takes none. */
  readonly phases?: readonly string[]
  /** The brackets take the number of an event, or a kind of events: the worst of these. */
  readonly isOfEvents?: true
  /** The brackets take the name of an application that the drill probes; there is no figure without it. */
  readonly isOfApplications?: true
  /** The values that it can take, where they are not those of its unit. */
  readonly range?: Range
  /** Only an audit of the ledger measures it. */
  readonly needsLedger?: true
  /** The clients measured it commit by commit: no weakness of the experiment excuses a missed objective. */
  readonly standsAlone?: true
  /** A generator at its limit falsifies it: in any case, or when the figure is only a lower bound. */
  readonly spoiledByGenerator?: 'always' | 'as a bound'
}

const RANGES: Readonly<Record<CriterionUnit, Range>> = {
  s: [0, Infinity],
  ms: [0, Infinity],
  tps: [0, Infinity],
  '%': [0, 100],
  share: [0, 1],
  count: [0, Infinity],
  'yes/no': [0, 1],
}

/** Between moments of two clocks, or of two observers: either may come first. */
const EITHER_SIGN: Range = [-Infinity, Infinity]

const LATENCY_PHASES = ['baseline', 'outage', 'recovery', 'after', 'whole']
const NO_BASELINE = 'there was no baseline'
const NO_LOAD = 'there was no load'

const ALONE = { standsAlone: true } as const
/** Goodput that a generator at its limit may have held back itself. A recovery that the clients measured stands. */
const RECOVERY = { standsAlone: true, spoiledByGenerator: 'as a bound' } as const

const FIGURES = {
  recovery_time_s: { ...ofEvents('recovery time', 'recovery_time_s'), ...RECOVERY },
  recovery_from_trigger_s: { ...ofEvents('recovery time since the trigger', 'recovery_from_trigger_s'), ...RECOVERY },
  detection_s: { ...ofEvents('detection', 'detection_s'), range: EITHER_SIGN },
  write_outage_s: { ...ofEvents('write outage', 'write_outage_s'), ...ALONE },
  worst_client_outage_s: { ...ofEvents('worst client outage', 'worst_client_outage_s'), ...ALONE },
  client_outage_s: {
    unit: 's',
    words: 'client outage',
    phases: ['p50', 'p95', 'max'],
    read: (f, spread) => worstOf(`client_outage_s[${spread as 'p50' | 'p95' | 'max'}]`, f).measured,
    ...ALONE,
  },
  exposure_s: { ...ofEvents('time without a standby', 'exposure_s'), range: EITHER_SIGN },
  lost_commits: { ...ofAudit('lost commits', 'lost'), ...ALONE },
  lost_s: { unit: 's', words: 'recovery point', read: recoveryPoint, needsLedger: true, isOfEvents: true, ...ALONE },
  duplicates: { ...ofAudit('duplicates', 'duplicates'), ...ALONE },
  split_brain_writes: {
    ...counted('writes on the old primary after T2', ({ events }) => splitBrainOf(events)),
    ...ALONE,
  },
  unknown_unresolved: ofAudit('unresolved outcomes', 'unresolved'),
  misjudged: ofAudit('misjudged rows', 'misjudged'),
  unexpected: ofAudit('unexpected rows', 'unexpected'),
  weak_acks: counted('weak acknowledgements', ({ ledger }) => value(ledger.weakAcks)),
  missed: counted('missed arrivals', ({ ledger }) => value(ledger.missed)),
  outages: counted('outages', countOfOutages),
  baseline_tps: rate('baseline rate', 'baselineTps', NO_BASELINE),
  mean_tps: rate('mean rate', 'meanTps', NO_LOAD),
  peak_tps: rate('peak rate', 'peakTps', NO_LOAD),
  p50_ms: latency('p50 response', 'response', 'p50'),
  p95_ms: latency('p95 response', 'response', 'p95'),
  p99_ms: latency('p99 response', 'response', 'p99'),
  p999_ms: latency('p99.9 response', 'response', 'p999'),
  max_ms: latency('longest response', 'response', 'max'),
  service_p50_ms: latency('p50 service time', 'service', 'p50'),
  service_p95_ms: latency('p95 service time', 'service', 'p95'),
  service_p99_ms: latency('p99 service time', 'service', 'p99'),
  availability: {
    unit: 'share',
    words: 'availability',
    phases: ['whole', 'around_event'],
    read: ({ availability: { whole, aroundEvent } }, phase) =>
      known(phase === 'whole' ? whole : aroundEvent, 'there was no load around an event'),
    spoiledByGenerator: 'always',
  },
  success_rate: {
    unit: 'share',
    words: 'success of attempts',
    read: ({ availability }) => known(availability.successOfAttempts, 'nothing was attempted'),
  },
  seconds_at_baseline: {
    unit: 'share',
    words: 'seconds at the baseline',
    read: ({ availability }) => known(availability.secondsAtBaseline, NO_BASELINE),
    spoiledByGenerator: 'always',
  },
  monthly_budget_share: {
    unit: 'share',
    words: 'share of the monthly downtime budget',
    range: [0, Infinity],
    read: ({ availability }) => known(availability.monthlyBudgetShare, NO_LOAD),
  },
  cpu_percent: { unit: '%', words: 'CPU of the server', read: platformMetric('cpu_percent') },
  memory_percent: { unit: '%', words: 'memory of the server', read: platformMetric('memory_percent') },
  app_outage_s: { ...ofApplication('outage', 's', outageOf), ...ALONE },
  app_recovery_s: { ...ofApplication('time until it was back', 's', recoveryOf), ...ALONE },
  app_availability: ofApplication('availability', 'share', availabilityOf),
  events_proven: {
    unit: 'yes/no',
    words: 'proof of the events',
    read: ({ eventsProof }) => value(eventsProof.proven ? 1 : 0),
  },
  containers_left: counted('containers left', ({ cleanup }) =>
    known(cleanup.containersLeft, 'the clean-up was not verified'),
  ),
} as const satisfies Readonly<Record<string, Figure>>

export type CriterionName = keyof typeof FIGURES
export const CRITERION_NAMES = Object.keys(FIGURES) as readonly CriterionName[]

export interface FigureRef {
  readonly name: CriterionName
  readonly phase: string | null
}

export const figureOf = (name: CriterionName): Figure => FIGURES[name]
export const unitOf = (name: CriterionName): CriterionUnit => FIGURES[name].unit
export const measure = ({ name, phase }: FigureRef, figures: ReportFigures): Measured =>
  figureOf(name).read(figures, phase)

/** The lowest and the highest value that the figure can take. */
export function rangeOf(name: CriterionName): Range {
  const { range, unit } = figureOf(name)
  return range ?? RANGES[unit]
}

const PHASE_WORDS: Readonly<Record<string, string>> = {
  baseline: ' in the baseline',
  outage: ' during the outage',
  recovery: ' during the recovery',
  after: ' after the recovery',
  whole: ' over the load without the warm-up',
  around_event: ' around the event',
}

/** Of the id of a criterion, such as p99_ms[baseline]; null for an objective that could not be read. */
export function figureOfId(id: string): { readonly figure: Figure; readonly phase: string | null } | null {
  const [, name = '', phase = null] = /^(\w+)(?:\[([\w-]+)\])?$/.exec(id) ?? []
  return name in FIGURES ? { figure: figureOf(name as CriterionName), phase } : null
}

/** p99_ms[baseline] -> p99 response in the baseline. An id of no figure keeps its own words. */
export function inWords(id: string): string {
  const found = figureOfId(id)
  if (found === null) return id
  const { figure, phase } = found
  if (phase === null) return figure.words
  if (figure.isOfApplications === true) return `${figure.words} of the application ${phase}`
  if (figure.isOfEvents === true)
    return `${figure.words} of ${/^\d/.test(phase) ? `event ${phase}` : `the worst ${kindWords(phase)}`}`
  return `${figure.words}${PHASE_WORDS[phase] ?? ` (${phase})`}`
}

// ---- Rows of the table that are read alike ----------------------------------------------------------------------------

function counted(words: string, read: Reader) {
  return { unit: 'count', words, read } as const
}

function ofAudit(words: string, field: 'lost' | 'duplicates' | 'unresolved' | 'misjudged' | 'unexpected') {
  return { ...counted(words, ({ ledger }) => known(ledger[field], NOT_AUDITED)), needsLedger: true } as const
}

function recoveryPoint(figures: ReportFigures, events: string | null): Measured {
  const { ledger } = figures
  if (events !== null) return worstOf('lost_s', figures, events).measured
  return known(
    ledger.lostSeconds,
    ledger.lost === null ? NOT_AUDITED : 'no event was seen that can have lost the commits',
  )
}

function rate(words: string, field: 'baselineTps' | 'meanTps' | 'peakTps', whyMissing: string) {
  const read: Reader = ({ throughput }) => known(throughput[field], whyMissing)
  return { unit: 'tps', words, read, spoiledByGenerator: 'always' } as const
}

function latency(
  words: string,
  kind: 'response' | 'service',
  name: keyof Percentiles & ('p50' | 'p95' | 'p99' | 'p999' | 'max'),
) {
  const read: Reader = ({ latencyMs }, phase) => {
    const percentiles = latencyMs[phase as keyof typeof latencyMs]?.[kind]
    const ms = percentiles?.[name] ?? null
    if (percentiles === undefined || ms === null) return missing(`nothing was measured in the phase ${phase}`)
    if (!percentiles.atLeast.includes(name)) return value(ms)
    return { kind: 'at-least', value: ms, why: 'it falls among the missed arrivals' }
  }
  return { unit: 'ms', words, read, phases: LATENCY_PHASES, spoiledByGenerator: 'always' } as const
}

function ofEvents(words: string, name: EventFigureName) {
  const read: Reader = (figures, events) => {
    const [request] = figures.requests
    const { measured } = worstOf(name, figures, events)
    if (figures.events.length > 0 || request === undefined || measured.kind !== 'missing') return measured
    if (request.state === 'watched') return missing('no event was seen')
    // Nothing was seen: the state of the request is the reason.
    return missing(lowerFirst(requestSentence(request)).replace(/\.$/, ''))
  }
  return { unit: 's', words, read, isOfEvents: true } as const
}

function ofApplication(words: string, unit: 's' | 'share', of: (application: Application) => Measured) {
  const read: Reader = ({ applications }, name) => {
    const application = applications.find((one) => one.name === name)
    return application === undefined ? missing('no probe of that name left a record') : of(application)
  }
  return { unit, words, read, isOfApplications: true } as const
}

/** An interval that no generator watched may hide another outage. */
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
