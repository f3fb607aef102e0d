/** The panel of client connections: open and wanted. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisCount, count } from '../../../units/units.ts'
import { COLOURS } from '../drawing/chart.ts'
import { type Panel, seriesOf } from './panel.ts'

export function connectionsPanel(rows: readonly TimelineRow[]): Panel {
  const { area, line } = seriesOf(rows, ({ relativeSeconds }) => relativeSeconds)
  return {
    title: 'Client connections',
    height: 64,
    scale: 'value',
    axisLabel: axisCount,
    inWords: count,
    series: [
      area('open', COLOURS.service, { opacity: 0.55 }, ({ connectionsOpen }) => connectionsOpen),
      line('wanted', COLOURS.ink, { width: 1 }, ({ connectionsWanted }) => connectionsWanted),
    ],
    thresholds: [],
  }
}
