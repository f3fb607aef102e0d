/** A sparkline: one figure over the last drills, with the usual band and the median; this drill is the last point. */
import type { EChartsOption } from 'echarts'
import type { TrendFigure } from '../../model/report.ts'
import { BASE, type Chart, COLOURS, lineBase } from './drawing/chart.ts'

const READING_COLOURS: Readonly<Record<TrendFigure['reading'], string>> = {
  usual: COLOURS.ink,
  better: COLOURS.good,
  worse: COLOURS.bad,
  'no history': COLOURS.muted,
}

export function sparkline(figure: TrendFigure): Chart | null {
  const values = [...figure.history.map(({ value }) => value), figure.value]
  const known = values.filter((value): value is number => value !== null)
  if (known.length < 2) return null
  const edges = [...known, ...[figure.low, figure.high].filter((value): value is number => value !== null)]
  const room = (Math.max(...edges) - Math.min(...edges)) * 0.15 || 1
  const option: EChartsOption = {
    ...BASE,
    grid: { left: 5, right: 7, top: 3, bottom: 3 },
    xAxis: { type: 'value', min: 0, max: values.length - 1, show: false },
    yAxis: { type: 'value', min: Math.min(...edges) - room, max: Math.max(...edges) + room, show: false },
    series: [
      {
        ...lineBase,
        data: values.map((value, index) => [index, value]),
        lineStyle: { color: COLOURS.muted, width: 1.25 },
        markArea: { silent: true, data: band(figure) },
        markLine: { silent: true, symbol: 'none', data: median(figure) },
      },
      {
        type: 'scatter',
        silent: true,
        symbolSize: 6,
        data: [[values.length - 1, figure.value]],
        itemStyle: { color: READING_COLOURS[figure.reading] },
      },
    ] as EChartsOption['series'] & object,
  }
  return { option, height: 34 }
}

const band = ({ low, high }: TrendFigure): object[] =>
  low === null || high === null ? [] : [[{ yAxis: low, itemStyle: { color: 'var(--shade-usual)' } }, { yAxis: high }]]

const median = ({ median: value }: TrendFigure): object[] =>
  value === null
    ? []
    : [{ yAxis: value, label: { show: false }, lineStyle: { color: COLOURS.muted, width: 1, type: 'dotted' } }]
