/** The panel of latency: p50 and p99 of response and service time, on a log axis for values of very different size. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisMilliseconds, milliseconds } from '../../../units/units.ts'
import { COLOURS, lineBase } from '../drawing/chart.ts'
import type { Panel, Point, Threshold } from './panel.ts'

/** A log axis has no 0; nothing faster than a hundredth of a millisecond was measured. */
const FLOOR_MS = 0.01

const line = (name: string, colour: string, data: readonly Point[], type: 'solid' | 'dotted') => ({
  ...lineBase,
  name,
  data: data as Point[] as never,
  lineStyle: { color: colour, width: type === 'solid' ? 1.5 : 1.25, type },
  itemStyle: { color: colour },
})

export function latencyPanel(rows: readonly TimelineRow[], thresholds: readonly Threshold[]): Panel | null {
  if (rows.every((row) => row.responseP99Ms === null)) return null
  const points = (of: (row: TimelineRow) => number | null): Point[] =>
    rows.map((row) => {
      const value = of(row)
      return [row.relativeSeconds, value === null ? null : Math.max(FLOOR_MS, value)]
    })
  return {
    title: 'Latency of acknowledged commits',
    height: 150,
    scale: 'log',
    axisLabel: axisMilliseconds,
    inWords: milliseconds,
    series: [
      line(
        'response p99',
        COLOURS.response,
        points((row) => row.responseP99Ms),
        'solid',
      ),
      line(
        'response p50',
        COLOURS.response,
        points((row) => row.responseP50Ms),
        'dotted',
      ),
      line(
        'service p99',
        COLOURS.service,
        points((row) => row.serviceP99Ms),
        'solid',
      ),
      line(
        'service p50',
        COLOURS.service,
        points((row) => row.serviceP50Ms),
        'dotted',
      ),
    ],
    thresholds,
  }
}
