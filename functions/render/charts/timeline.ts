/** The timeline: panels on one time axis, with the moments of the events marked through all of them. */
import type { TimelineRow } from '../../model/chart-data.ts'
import type { DrillEvent, Report } from '../../model/report.ts'
import { type Chart, isNarrow, type Room } from './drawing/chart.ts'
import { downsample } from './drawing/downsample.ts'
import { axisOf, intervalsOf, momentsOf } from './drawing/marks.ts'
import { connectionsPanel } from './panels/connections.ts'
import { errorsPanel } from './panels/errors.ts'
import { latencyPanel } from './panels/latency.ts'
import type { Panel, Threshold } from './panels/panel.ts'
import { platformPanel } from './panels/platform.ts'
import { stackPanels, type TimeAxis } from './panels/stack.ts'
import { throughputPanel } from './panels/throughput.ts'

/** Points per series: more cannot be seen at this width. */
const maxRows = (room: Room): number => (isNarrow(room) ? 360 : 1200)

export const timelineAxis = (timeline: readonly TimelineRow[]): TimeAxis => ({
  fromSecond: timeline[0]?.relativeSeconds ?? 0,
  toSecond: (timeline.at(-1)?.relativeSeconds ?? 0) + 1,
})

export function timelineChart(report: Report, timeline: readonly TimelineRow[], room: Room): Chart {
  const rows = downsample(timeline, maxRows(room))
  const { originMs } = axisOf(report)
  const counts = rows === timeline ? closed(rows) : rows
  const panels = [
    throughputPanel(counts, report.throughput.baselineTps),
    errorsPanel(counts),
    latencyPanel(rows, latencyThresholds(report)),
    connectionsPanel(counts),
    originMs === null ? null : platformPanel(report.metrics, originMs),
  ].filter((panel): panel is Panel => panel !== null)
  const scene = {
    room,
    hasEverySecond: rows === timeline,
    axis: timelineAxis(timeline),
    moments: momentsOf(report),
    intervals: intervalsOf(report),
  }
  return stackPanels(panels, scene)
}

const LEAD_SECONDS = 20
const TAIL_SECONDS = 40
/** A chart of the event alone must be at least this many times wider. */
const MIN_MAGNIFICATION = 4

/** Every second around one event; null when the whole timeline shows it in enough detail. */
export function aroundEvent(
  report: Report,
  timeline: readonly TimelineRow[],
  event: DrillEvent,
): readonly TimelineRow[] | null {
  const { originMs } = axisOf(report)
  const { t0, t1, t2, t4 } = event.moments
  const first = t0 ?? t1
  if (originMs === null || first === null) return null
  const from = (Date.parse(first) - originMs) / 1000 - LEAD_SECONDS
  const to = (Date.parse(t4 ?? t2 ?? t1 ?? first) - originMs) / 1000 + TAIL_SECONDS
  const rows = timeline.filter(({ relativeSeconds }) => relativeSeconds >= from && relativeSeconds <= to)
  return rows.length * MIN_MAGNIFICATION > timeline.length ? null : rows
}

/** Counts hold for their whole second, the last one too. */
function closed(rows: readonly TimelineRow[]): readonly TimelineRow[] {
  const last = rows.at(-1)
  return last ? [...rows, { ...last, relativeSeconds: last.relativeSeconds + 1 }] : rows
}

/** The objective of p99 in the baseline, drawn where it can be compared with what was measured. */
function latencyThresholds({ criteria }: Report): Threshold[] {
  const objective = criteria.find((criterion) => /^p99_ms(\[baseline\])? <=? [\d.]+$/.test(criterion.objective))
  const value = Number(objective?.objective.split(' ').at(-1))
  return objective && value > 0 ? [{ label: `p99 objective ${value} ms`, value, side: 'above' }] : []
}
