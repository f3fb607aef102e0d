/**
 * Fewer rows for a chart, without losing a peak: of each interval the rows with the lowest and the highest goodput, the slowest
 * p99 and the most trouble stay, as they were measured. Nothing is averaged.
 */
import type { TimelineRow } from '../../../model/chart-data.ts'

const ROWS_PER_INTERVAL = 4

export function downsample<Row extends TimelineRow>(rows: readonly Row[], maxRows: number): readonly Row[] {
  if (rows.length <= maxRows || maxRows < ROWS_PER_INTERVAL) return rows
  const intervals = Math.floor(maxRows / ROWS_PER_INTERVAL)
  return Array.from({ length: intervals }, (_, i) =>
    extremes(rows.slice(Math.floor((i * rows.length) / intervals), Math.floor(((i + 1) * rows.length) / intervals))),
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

function extremes<Row extends TimelineRow>(interval: readonly Row[]): Row[] {
  const kept = new Set(
    MEASURES.map((measure) => interval.reduce((most, row) => (measure(row) > measure(most) ? row : most))),
  )
  return [...kept].sort((a, b) => a.second - b.second)
}
