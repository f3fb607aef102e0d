/** Latency by percentile, on an axis of "nines": each step to the right is ten times rarer, which gives the tail enough room. */
import type { EChartsOption } from 'echarts'
import type { PercentileCurve } from '../../model/chart-data.ts'
import { axisMilliseconds } from '../../units/units.ts'
import { PHASE_NAMES } from '../text/words.ts'
import {
  axisEdge,
  axisStyle,
  BASE,
  type Chart,
  COLOURS,
  isNarrow,
  LEGEND_ICONS,
  legendBase,
  lineBase,
  type Room,
} from './drawing/chart.ts'

const PHASE_COLOURS: Readonly<Record<string, string>> = {
  baseline: 'var(--c-blue)',
  outage: 'var(--c-red)',
  recovery: 'var(--c-orange)',
  after: 'var(--c-teal)',
  whole: 'var(--ink)',
}

const FLOOR_MS = 0.01
const MAX_NINES = 6

/** Steps to the right: 0 is the minimum, 1 is p90, 2 is p99, 3 is p99.9. */
const nines = (share: number): number => Math.min(MAX_NINES, -Math.log10(Math.max(10 ** -MAX_NINES, 1 - share)))

export function percentilesChart(curves: readonly PercentileCurve[], room: Room): Chart | null {
  const drawn = curves
    .filter(({ phase }) => PHASE_COLOURS[phase] !== undefined)
    .map(withoutMaximum)
    .filter(({ points }) => points.length > 1)
  if (drawn.length === 0) return null
  const furthest = Math.max(...drawn.flatMap(({ points }) => points.map(({ share }) => nines(share))))
  const narrow = isNarrow(room)
  const option: EChartsOption = {
    ...BASE,
    legend: {
      ...legendBase,
      left: 0,
      top: 0,
      itemGap: narrow ? 8 : 14,
      data: drawn
        .filter(({ kind }) => kind === 'response' || narrow === false)
        .map((curve) => ({ name: nameOf(curve), icon: LEGEND_ICONS[curve.kind === 'response' ? 'solid' : 'dashed'] })),
    },
    grid: { left: narrow ? 48 : 56, right: 14, top: narrow ? 72 : 48, bottom: 30 },
    xAxis: {
      ...axisStyle,
      type: 'value',
      min: 0,
      max: axisEdge(furthest),
      interval: 1,
      axisLabel: {
        ...axisStyle.axisLabel,
        formatter: ninesLabel,
        hideOverlap: true,
        showMaxLabel: Number.isInteger(furthest),
      },
    },
    yAxis: {
      ...axisStyle,
      type: 'log',
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...axisStyle.axisLabel, formatter: axisMilliseconds },
    },
    series: drawn.flatMap(series) as EChartsOption['series'] & object,
  }
  return { option, height: 300 }
}

/** The maximum has no fixed share, so it has no place on this axis. The table has it. */
const withoutMaximum = (curve: PercentileCurve): PercentileCurve => ({
  ...curve,
  points: curve.points.filter(({ share }) => share < 1),
})

const ninesLabel = (value: number): string =>
  value === 0 ? 'min' : value === 1 ? 'p90' : `p99${value > 2 ? `.${'9'.repeat(value - 2)}` : ''}`

const nameOf = ({ phase, kind }: PercentileCurve): string => `${PHASE_NAMES[phase] ?? phase}, ${kind}`

/** Where percentiles fall among missed arrivals the value is only a lower bound: that part is drawn thin and dotted. */
function series(curve: PercentileCurve) {
  const points = curve.points.map(({ share, ms, isLowerBound }) => ({
    at: [nines(share), Math.max(FLOOR_MS, ms)],
    isLowerBound,
  }))
  const border = points.findIndex(({ isLowerBound }) => isLowerBound)
  const measured = border === -1 ? points : points.slice(0, border + 1)
  const bound = border === -1 ? [] : points.slice(border)
  const colour = PHASE_COLOURS[curve.phase] ?? COLOURS.muted
  const line = (data: typeof points, width: number, type: 'solid' | 'dashed' | 'dotted') => ({
    ...lineBase,
    name: nameOf(curve),
    data: data.map(({ at }) => at),
    lineStyle: { color: colour, width, type },
    itemStyle: { color: colour },
  })
  const type = curve.kind === 'response' ? 'solid' : 'dashed'
  return [
    line(measured, curve.kind === 'response' ? 2 : 1.25, type),
    ...(bound.length > 1 ? [line(bound, 1, 'dotted')] : []),
  ]
}
