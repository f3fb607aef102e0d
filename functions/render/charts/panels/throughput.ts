/** The panel of transactions: acknowledged, failed and missed, stacked up to the offered rate. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisCount, count } from '../../../units/units.ts'
import { COLOURS } from '../drawing/chart.ts'
import { type Panel, seriesOf, type Threshold } from './panel.ts'

export function throughputPanel(rows: readonly TimelineRow[], baselineTps: number | null): Panel {
  const { area, line } = seriesOf(rows, ({ relativeSeconds }) => relativeSeconds)
  const stack = 'arrivals'
  const last = rows.findLastIndex(({ offered }) => offered !== 0)
  // After the load nothing is offered; that is not drawn as a drop of the rate.
  const offeredUntilLast = ({ offered }: TimelineRow, index: number): number | null =>
    index > last + 1 ? null : index > last ? (rows[last]?.offered ?? null) : offered
  const thresholds: Threshold[] =
    baselineTps === null ? [] : [{ label: '95 % of the baseline', value: 0.95 * baselineTps, side: 'below' }]
  return {
    title: 'Transactions per second',
    height: 180,
    scale: 'value',
    axisLabel: axisCount,
    inWords: count,
    series: [
      area('acknowledged', COLOURS.goodput, { opacity: 0.45, stack }, ({ goodput }) => goodput),
      area('refused or unknown', COLOURS.failed, { opacity: 0.7, stack }, ({ refused, unknown }) => refused + unknown),
      area('missed', COLOURS.missed, { opacity: 0.25, stack }, ({ missed }) => missed),
      line('offered', COLOURS.offered, { width: 1.25 }, offeredUntilLast),
    ],
    thresholds,
  }
}
