/** The six server metrics of the live view: when each turns yellow or red, and the one line that sums them up. */
import { MIN_CONNECTIONS } from '../model/facts.ts'
import type { LiveMetric } from '../model/status.ts'

export type Level = 'good' | 'warn' | 'bad' | 'plain' | 'unmeasured'

export interface Gauge {
  readonly metric: string
  readonly label: string
  /** Shares of `full`; null without a limit. */
  readonly warnAt: number | null
  readonly badAt: number | null
  /** What a full bar stands for; null takes the highest value seen. */
  readonly full: number | null
}

export const GAUGES: readonly Gauge[] = [
  { metric: 'cpu_percent', label: 'CPU', warnAt: 70, badAt: 90, full: 100 },
  { metric: 'memory_percent', label: 'Memory', warnAt: 80, badAt: 90, full: 100 },
  {
    metric: 'active_connections',
    label: 'Connections',
    warnAt: 0.75 * MIN_CONNECTIONS,
    badAt: 0.9 * MIN_CONNECTIONS,
    full: MIN_CONNECTIONS,
  },
  { metric: 'network_bytes_ingress', label: 'Network in', warnAt: null, badAt: null, full: null },
  { metric: 'network_bytes_egress', label: 'Network out', warnAt: null, badAt: null, full: null },
  { metric: 'storage_percent', label: 'Storage', warnAt: 80, badAt: 90, full: 100 },
  { metric: 'iops', label: 'IOPS', warnAt: null, badAt: null, full: null },
]

export function levelOf({ warnAt, badAt }: Gauge, value: number | null): Level {
  if (value === null) return 'unmeasured'
  if (warnAt === null || badAt === null) return 'plain'
  return value < warnAt ? 'good' : value < badAt ? 'warn' : 'bad'
}

interface Rule {
  readonly metric: string
  readonly above: number
  readonly level: 'warn' | 'bad'
  readonly words: string
}

/** The first that holds is said. */
const RULES: readonly Rule[] = [
  { metric: 'cpu_percent', above: 90, level: 'bad', words: 'Critical: high CPU' },
  { metric: 'memory_percent', above: 90, level: 'bad', words: 'Critical: high memory' },
  { metric: 'active_connections', above: 1900, level: 'bad', words: 'Critical: connections almost exhausted' },
  { metric: 'cpu_percent', above: 80, level: 'warn', words: 'Elevated CPU' },
  { metric: 'memory_percent', above: 80, level: 'warn', words: 'Elevated memory' },
  { metric: 'active_connections', above: 1500, level: 'warn', words: 'High connection count' },
]

export interface Health {
  readonly level: Level
  readonly words: string
}

/** Without CPU, memory and connections there is no health to speak of: unknown is not healthy. */
export function healthOf(metrics: readonly LiveMetric[]): Health {
  const latestOf = (name: string): number | null => metrics.find((metric) => metric.name === name)?.value ?? null
  const rule = RULES.find(({ metric, above }) => (latestOf(metric) ?? Number.NEGATIVE_INFINITY) > above)
  if (rule) return { level: rule.level, words: rule.words }
  const judged = [...new Set(RULES.map(({ metric }) => metric))]
  if (judged.some((metric) => latestOf(metric) === null))
    return { level: 'unmeasured', words: 'Not all of CPU, memory and connections have arrived' }
  return { level: 'good', words: 'Resources are healthy' }
}
