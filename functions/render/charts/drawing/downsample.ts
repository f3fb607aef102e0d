/**
 * Fewer rows for a chart, without losing a peak: of each stretch the rows with the lowest and the highest goodput, the slowest
 * p99 and the most trouble stay, as they were measured. Nothing is averaged.
 */
import type { TimelineRow } from '../../../model/chart-data.ts'

const ROWS_PER_STRETCH = 4

export function downsample(rows: readonly TimelineRow[], maxRows: number): readonly TimelineRow[] {
  if (rows.length <= maxRows || maxRows < ROWS_PER_STRETCH) return rows
  const stretches = Math.floor(maxRows / ROWS_PER_STRETCH)
  return Array.from({ length: stretches }, (_, i) =>
    extremes(rows.slice(Math.floor((i * rows.length) / stretches), Math.floor(((i + 1) * rows.length) / stretches))),
  ).flat()
}

const trouble = ({ refused, unknown, missed, errors }: TimelineRow): number =>
  refused + unknown + missed + Object.values(errors).reduce((sum, count) => sum + count, 0)

const MEASURES: ReadonlyArray<(row: TimelineRow) => number> = [
  ({ goodput }) => -goodput,
  ({ goodput }) => goodput,
  ({ responseP99Ms }) => responseP99Ms ?? -1,
  trouble,
]

function extremes(stretch: readonly TimelineRow[]): TimelineRow[] {
  const kept = new Set(
    MEASURES.map((measure) => stretch.reduce((most, row) => (measure(row) > measure(most) ? row : most))),
  )
  return [...kept].sort((a, b) => a.second - b.second)
}
