/** The panel of platform metrics in percent: one step per minute. A minute that did not arrive is a gap. */
import type { Report } from '../../../model/report.ts'
import { percent } from '../../../units/units.ts'
import { metricName } from '../../text/words.ts'
import { lineBase, paletteColour } from '../drawing/chart.ts'
import type { Panel, Point } from './panel.ts'

const MINUTE = 60

type MetricSeries = Report['metrics']['series'][number]

const isPercent = ({ unit }: MetricSeries): boolean => /^(percent|%)$/i.test(unit)

export function platformPanel(metrics: Report['metrics'], originMs: number): Panel | null {
  const series = metrics.series.filter((one) => isPercent(one) && one.points.length > 0)
  if (series.length === 0) return null
  return {
    title: `Platform metrics (${metrics.resolution} resolution)`,
    height: 84,
    scale: 'value',
    axisLabel: (value) => `${value} %`,
    inWords: percent,
    max: 100,
    series: series.map((one, index) => ({
      ...lineBase,
      name: metricName(one.name),
      step: 'end',
      data: stepsOf(one, originMs) as never,
      lineStyle: { color: paletteColour(index + 3), width: 1.5 },
      itemStyle: { color: paletteColour(index + 3) },
    })),
    thresholds: [{ label: '80 %', value: 80, side: 'below' }],
  }
}

/** Each value holds for its minute; the end of the minute closes the step, so that a gap after it is visible. */
export function stepsOf({ points }: MetricSeries, originMs: number): Point[] {
  const spacing = spacingOf(points)
  return points.flatMap(({ at, average }, index): Point[] => {
    const second = (Date.parse(at) - originMs) / 1000
    const next = points[index + 1]
    const nextSecond = next ? (Date.parse(next.at) - originMs) / 1000 : Number.POSITIVE_INFINITY
    if (average === null) return [[second, null]]
    const end = second + spacing
    return nextSecond <= end && next?.average !== null && next !== undefined
      ? [[second, average]]
      : [
          [second, average],
          [end, average],
          [end, null],
        ]
  })
}

/** A minute on the platform; less where metrics are sampled from local processes. */
function spacingOf(points: MetricSeries['points']): number {
  const gaps = points.slice(1).map(({ at }, index) => (Date.parse(at) - Date.parse(points[index]?.at ?? at)) / 1000)
  return gaps.length === 0 ? MINUTE : Math.min(MINUTE, ...gaps.filter((gap) => gap > 0))
}
