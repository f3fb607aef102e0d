/** The panel of transactions: acknowledged, failed and missed, stacked up to the offered rate. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisCount, count } from '../../../units/units.ts'
import { COLOURS, lineBase } from '../drawing/chart.ts'
import type { Panel, Point, Threshold } from './panel.ts'

const area = (name: string, colour: string, data: readonly Point[], opacity: number) => ({
  ...lineBase,
  name,
  stack: 'arrivals',
  data: data as Point[] as never,
  lineStyle: { width: 0 },
  itemStyle: { color: colour },
  areaStyle: { color: colour, opacity },
})

/** After the load nothing is offered; that is not drawn as a drop of the rate. */
function untilLast(points: readonly Point[]): Point[] {
  const last = points.findLastIndex(([, offered]) => offered !== 0)
  return points.map(
    ([second, offered], index): Point => [
      second,
      index > last + 1 ? null : index > last ? (points[last]?.[1] ?? null) : offered,
    ],
  )
}

export function throughputPanel(rows: readonly TimelineRow[], baselineTps: number | null): Panel {
  const points = (of: (row: TimelineRow) => number): Point[] => rows.map((row) => [row.relativeSeconds, of(row)])
  const thresholds: Threshold[] =
    baselineTps === null ? [] : [{ label: '95 % of the baseline', value: 0.95 * baselineTps, side: 'below' }]
  return {
    title: 'Transactions per second',
    height: 180,
    scale: 'value',
    axisLabel: axisCount,
    inWords: count,
    series: [
      area(
        'acknowledged',
        COLOURS.goodput,
        points((row) => row.goodput),
        0.45,
      ),
      area(
        'refused or unknown',
        COLOURS.failed,
        points((row) => row.refused + row.unknown),
        0.7,
      ),
      area(
        'missed',
        COLOURS.missed,
        points((row) => row.missed),
        0.25,
      ),
      {
        ...lineBase,
        name: 'offered',
        data: untilLast(points((row) => row.offered)) as never,
        lineStyle: { color: COLOURS.offered, width: 1.25 },
        itemStyle: { color: COLOURS.offered },
      },
    ],
    thresholds,
  }
}
