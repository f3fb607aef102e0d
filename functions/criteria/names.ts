/** Every figure that an objective can name: its unit, its name in words, and what may stand in its brackets. */

export type CriterionUnit = 's' | 'ms' | 'tps' | '%' | 'share' | 'count' | 'yes/no'

interface NamedFigure {
  readonly unit: CriterionUnit
  readonly words: string
  /** What may stand in brackets; the first is meant when there are none. Absent: the figure takes none. */
  readonly phases?: readonly string[]
  /** The values that it can take, where they are not those of its unit. */
  readonly range?: Range
}

export type Range = readonly [lowest: number, highest: number]

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
const latency = (words: string) => ({ unit: 'ms', words, phases: LATENCY_PHASES }) as const

const FIGURES = {
  recovery_time_s: { unit: 's', words: 'recovery time' },
  recovery_from_trigger_s: { unit: 's', words: 'recovery time since the trigger' },
  detection_s: { unit: 's', words: 'detection', range: EITHER_SIGN },
  write_outage_s: { unit: 's', words: 'write outage' },
  worst_client_outage_s: { unit: 's', words: 'worst client outage' },
  client_outage_s: { unit: 's', words: 'client outage', phases: ['p50', 'p95', 'max'] },
  exposure_s: { unit: 's', words: 'time without a standby', range: EITHER_SIGN },
  lost_commits: { unit: 'count', words: 'lost commits' },
  lost_s: { unit: 's', words: 'recovery point' },
  duplicates: { unit: 'count', words: 'duplicates' },
  unknown_unresolved: { unit: 'count', words: 'unresolved outcomes' },
  misjudged: { unit: 'count', words: 'misjudged rows' },
  unexpected: { unit: 'count', words: 'unexpected rows' },
  weak_acks: { unit: 'count', words: 'weak acknowledgements' },
  missed: { unit: 'count', words: 'missed arrivals' },
  outages: { unit: 'count', words: 'outages' },
  baseline_tps: { unit: 'tps', words: 'baseline rate' },
  mean_tps: { unit: 'tps', words: 'mean rate' },
  peak_tps: { unit: 'tps', words: 'peak rate' },
  p50_ms: latency('p50 response'),
  p95_ms: latency('p95 response'),
  p99_ms: latency('p99 response'),
  p999_ms: latency('p99.9 response'),
  max_ms: latency('longest response'),
  service_p50_ms: latency('p50 service time'),
  service_p95_ms: latency('p95 service time'),
  service_p99_ms: latency('p99 service time'),
  availability: { unit: 'share', words: 'availability', phases: ['whole', 'around_failover'] },
  success_rate: { unit: 'share', words: 'success of attempts' },
  seconds_at_baseline: { unit: 'share', words: 'seconds at the baseline' },
  monthly_budget_share: { unit: 'share', words: 'share of the monthly downtime budget', range: [0, Infinity] },
  cpu_percent: { unit: '%', words: 'CPU of the server' },
  memory_percent: { unit: '%', words: 'memory of the server' },
  failover_proven: { unit: 'yes/no', words: 'proof of the failover' },
  containers_left: { unit: 'count', words: 'containers left' },
} as const satisfies Readonly<Record<string, NamedFigure>>

export type CriterionName = keyof typeof FIGURES
export const CRITERION_NAMES = Object.keys(FIGURES) as readonly CriterionName[]

export const unitOf = (name: CriterionName): CriterionUnit => FIGURES[name].unit

/** The lowest and the highest value that the figure can take. */
export function rangeOf(name: CriterionName): Range {
  const figure: NamedFigure = FIGURES[name]
  return figure.range ?? RANGES[figure.unit]
}

/** Null: the figure takes no phase. */
export const phasesOf = (name: CriterionName): readonly string[] | null => {
  const figure: NamedFigure = FIGURES[name]
  return figure.phases ?? null
}

const PHASE_WORDS: Readonly<Record<string, string>> = {
  baseline: ' in the baseline',
  outage: ' during the outage',
  recovery: ' during the recovery',
  after: ' after the recovery',
  whole: ' over the load without the warm-up',
  around_failover: ' around the failover',
}

/** p99_ms[baseline] -> p99 response in the baseline. What is no figure keeps its own words. */
export function inWords(id: string): string {
  const [, name = '', phase = null] = /^(\w+)(?:\[([\w-]+)\])?$/.exec(id) ?? []
  const figure: NamedFigure | undefined = FIGURES[name as CriterionName]
  if (figure === undefined) return id
  return phase === null ? figure.words : `${figure.words}${PHASE_WORDS[phase] ?? ` (${phase})`}`
}
