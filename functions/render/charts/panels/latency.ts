/** The panel of latency: p50 and p99 of response and service time, on a log axis for values of very different size. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisMilliseconds, milliseconds } from '../../../units/units.ts'
import { COLOURS } from '../drawing/chart.ts'
import { type Panel, seriesOf, type Threshold } from './panel.ts'

/** A log axis has no 0; nothing faster than a hundredth of a millisecond was measured. */
const FLOOR_MS = 0.01

const floored = (valueMs: number | null): number | null => (valueMs === null ? null : Math.max(FLOOR_MS, valueMs))

const P99 = { width: 1.5, type: 'solid' } as const
const P50 = { width: 1.25, type: 'dotted' } as const

export function latencyPanel(rows: readonly TimelineRow[], thresholds: readonly Threshold[]): Panel | null {
  if (rows.every((row) => row.responseP99Ms === null)) return null
  const { line } = seriesOf(rows, ({ relativeSeconds }) => relativeSeconds)
  return {
    title: 'Latency of acknowledged commits',
    height: 150,
    scale: 'log',
    axisLabel: axisMilliseconds,
    inWords: milliseconds,
    series: [
      line('response p99', COLOURS.response, P99, ({ responseP99Ms }) => floored(responseP99Ms)),
      line('response p50', COLOURS.response, P50, ({ responseP50Ms }) => floored(responseP50Ms)),
      line('service p99', COLOURS.service, P99, ({ serviceP99Ms }) => floored(serviceP99Ms)),
      line('service p50', COLOURS.service, P50, ({ serviceP50Ms }) => floored(serviceP50Ms)),
    ],
    thresholds,
  }
}
