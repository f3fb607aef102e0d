/** The panel of client connections: open and wanted. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisCount, count } from '../../../units/units.ts'
import { COLOURS, lineBase } from '../drawing/chart.ts'
import type { Panel, Point } from './panel.ts'

export function connectionsPanel(rows: readonly TimelineRow[]): Panel {
  const points = (of: (row: TimelineRow) => number): never =>
    rows.map((row): Point => [row.relativeSeconds, of(row)]) as never
  return {
    title: 'Client connections',
    height: 64,
    scale: 'value',
    axisLabel: axisCount,
    inWords: count,
    series: [
      {
        ...lineBase,
        name: 'open',
        data: points((row) => row.connectionsOpen),
        lineStyle: { width: 0 },
        itemStyle: { color: COLOURS.service },
        areaStyle: { color: COLOURS.service, opacity: 0.55 },
      },
      {
        ...lineBase,
        name: 'wanted',
        data: points((row) => row.connectionsWanted),
        lineStyle: { color: COLOURS.ink, width: 1 },
        itemStyle: { color: COLOURS.ink },
      },
    ],
    thresholds: [],
  }
}
