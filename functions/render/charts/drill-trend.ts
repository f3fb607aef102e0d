/** Recovery time and write outage over the listed drills, oldest first. A drill without a figure leaves a gap. */
import type { EChartsOption } from 'echarts'
import type { ListedFigures } from '../../model/drill-index.ts'
import { axisSeconds, dateTime, day } from '../../units/units.ts'
import { axisStyle, BASE, type Chart, COLOURS, isNarrow, LEGEND_ICONS, legendBase, type Room } from './drawing/chart.ts'

export interface TrendPoint {
  readonly drillId: string
  readonly requestedAt: string
  readonly report: ListedFigures | null
}

/** The day, or day and time when a day has several drills. */
function labelsOf(points: readonly TrendPoint[]): string[] {
  const days = points.map(({ requestedAt }) => day(requestedAt))
  const isDaily = new Set(days).size === days.length
  return isDaily ? days : points.map(({ requestedAt }) => dateTime(requestedAt).slice(5, 16))
}

const line = (name: string, colour: string, data: ReadonlyArray<number | null>) => ({
  type: 'line',
  name,
  data,
  symbol: 'circle',
  symbolSize: 6,
  showAllSymbol: true,
  emphasis: { disabled: true },
  lineStyle: { color: colour, width: 1.75 },
  itemStyle: { color: colour },
})

export function drillTrendChart(points: readonly TrendPoint[], room: Room): Chart | null {
  const known = points.filter(({ report }) => report?.figures.recoveryTimeSeconds != null)
  if (known.length < 2) return null
  const ordered = [...known].sort((a, b) => a.requestedAt.localeCompare(b.requestedAt))
  const option: EChartsOption = {
    ...BASE,
    legend: {
      ...legendBase,
      right: 8,
      top: 4,
      data: ['recovery time', 'write outage'].map((name) => ({ name, icon: LEGEND_ICONS.solid })),
    },
    grid: { left: isNarrow(room) ? 44 : 56, right: 14, top: 32, bottom: 26 },
    xAxis: {
      ...axisStyle,
      type: 'category',
      data: labelsOf(ordered),
      axisLabel: { ...axisStyle.axisLabel, hideOverlap: true },
      splitLine: { show: false },
    },
    yAxis: {
      ...axisStyle,
      type: 'value',
      splitNumber: 3,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...axisStyle.axisLabel, formatter: axisSeconds },
    },
    series: [
      line(
        'recovery time',
        COLOURS.goodput,
        ordered.map(({ report }) => report?.figures.recoveryTimeSeconds ?? null),
      ),
      line(
        'write outage',
        COLOURS.failed,
        ordered.map(({ report }) => report?.figures.writeOutageSeconds ?? null),
      ),
    ] as EChartsOption['series'] & object,
  }
  return { option, height: 170 }
}
