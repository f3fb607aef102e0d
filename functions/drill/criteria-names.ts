/** Every figure that an objective can name, with its unit and what may stand in its brackets. */

export type CriterionUnit = 's' | 'ms' | 'tps' | '%' | 'share' | 'count' | 'yes/no'

interface NamedFigure {
  readonly unit: CriterionUnit
  /** What may stand in brackets; the first is meant when there are none. Absent: the figure takes none. */
  readonly phases?: readonly string[]
}

const LATENCY_PHASES = ['baseline', 'outage', 'recovery', 'after', 'whole']
const latency = { unit: 'ms', phases: LATENCY_PHASES } as const

const FIGURES = {
  recovery_time_s: { unit: 's' },
  recovery_from_trigger_s: { unit: 's' },
  detection_s: { unit: 's' },
  write_outage_s: { unit: 's' },
  worst_client_outage_s: { unit: 's' },
  client_outage_s: { unit: 's', phases: ['p50', 'p95', 'max'] },
  exposure_s: { unit: 's' },
  lost_commits: { unit: 'count' },
  lost_s: { unit: 's' },
  duplicates: { unit: 'count' },
  unknown_unresolved: { unit: 'count' },
  misjudged: { unit: 'count' },
  unexpected: { unit: 'count' },
  weak_acks: { unit: 'count' },
  missed: { unit: 'count' },
  outages: { unit: 'count' },
  baseline_tps: { unit: 'tps' },
  mean_tps: { unit: 'tps' },
  peak_tps: { unit: 'tps' },
  p50_ms: latency,
  p95_ms: latency,
  p99_ms: latency,
  p999_ms: latency,
  max_ms: latency,
  service_p50_ms: latency,
  service_p95_ms: latency,
  service_p99_ms: latency,
  availability: { unit: 'share', phases: ['whole', 'around_failover'] },
  success_rate: { unit: 'share' },
  seconds_at_baseline: { unit: 'share' },
  monthly_budget_share: { unit: 'share' },
  cpu_percent: { unit: '%' },
  memory_percent: { unit: '%' },
  failover_proven: { unit: 'yes/no' },
  containers_left: { unit: 'count' },
} as const satisfies Readonly<Record<string, NamedFigure>>

export type CriterionName = keyof typeof FIGURES
export const CRITERION_NAMES = Object.keys(FIGURES) as readonly CriterionName[]

export const unitOf = (name: CriterionName): CriterionUnit => FIGURES[name].unit

/** Null: the figure takes no phase. */
export const phasesOf = (name: CriterionName): readonly string[] | null => {
  const figure: NamedFigure = FIGURES[name]
  return figure.phases ?? null
}
