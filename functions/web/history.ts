/** The last minutes of each server metric: the app's recent points and those that the page has seen. */
import type { LiveMetric } from '../model/status.ts'

export interface Sample {
  readonly at: string
  readonly value: number
}

export type MetricHistory = Readonly<Record<string, readonly Sample[]>>

const WINDOW_MS = 5 * 60_000

/** One sample per moment, oldest first; nothing older than the window before the newest. */
export function remember(history: MetricHistory, metrics: readonly LiveMetric[]): MetricHistory {
  const merged: Record<string, readonly Sample[]> = { ...history }
  for (const metric of metrics)
    merged[metric.name] = withinWindow([...(history[metric.name] ?? []), ...samplesOf(metric)])
  return merged
}

const samplesOf = ({ recent = [], at, value }: LiveMetric): Sample[] =>
  [...recent, { at, value }].filter((point): point is Sample => point.at !== null && point.value !== null)

function withinWindow(samples: readonly Sample[]): readonly Sample[] {
  const byMoment = [...new Map(samples.map((sample) => [sample.at, sample])).values()]
  const ordered = byMoment.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
  const newest = Date.parse(ordered.at(-1)?.at ?? '')
  return ordered.filter(({ at }) => newest - Date.parse(at) <= WINDOW_MS)
}

export interface Recent {
  readonly average: number | null
  readonly maximum: number | null
}

export function summarise(samples: readonly Sample[] = []): Recent {
  if (samples.length === 0) return { average: null, maximum: null }
  const values = samples.map(({ value }) => value)
  return { average: values.reduce((sum, value) => sum + value, 0) / values.length, maximum: Math.max(...values) }
}
