/** Panels under each other on one time axis: each with its title, legend and scale, the marks through all of them. */
import type { EChartsOption } from 'echarts'
import { NOT_MEASURED, relativeTime } from '../../../units/units.ts'
import {
  axisEdge,
  axisStyle,
  BASE,
  type Chart,
  COLOURS,
  FONT_FAMILY,
  FONT_SIZE,
  isNarrow,
  LEGEND_ICONS,
  legendBase,
  type Room,
  textWidth,
  titleStyle,
} from '../drawing/chart.ts'
import {
  grouped,
  type Interval,
  MARK_ROW_HEIGHT,
  type Moment,
  markRows,
  momentLines,
  phaseAreas,
} from '../drawing/marks.ts'
import type { Panel, Threshold } from './panel.ts'

export interface TimeAxis {
  readonly fromSecond: number
  readonly toSecond: number
}

export interface Layout {
  readonly left: number
  readonly right: number
}

export const layoutOf = (room: Room): Layout => (isNarrow(room) ? { left: 44, right: 8 } : { left: 56, right: 14 })

export interface Scene {
  readonly room: Room
  /** Counts are drawn as the steps that they are; thinned rows cannot be. */
  readonly hasEverySecond: boolean
  readonly axis: TimeAxis
  readonly moments: readonly Moment[]
  readonly intervals: readonly Interval[]
}

const GAP = 44
const LEGEND_ROW = 17
const AXIS_HEIGHT = 44
const NARROW_ITEM_GAP = 12
/** Titles are bold. */
const TITLE_SCALE = 1.2

const itemWidth = (name: string): number => legendBase.itemWidth + 5 + textWidth(name)

/** On a phone, and where it would run over the title, the legend stands below it, in as many rows as it needs. */
const hasLegendBelow = ({ title, series }: Panel, room: Room): boolean => {
  const legend = series.reduce((sum, { name }) => sum + itemWidth(name) + legendBase.itemGap, 0)
  return isNarrow(room) || legend + TITLE_SCALE * textWidth(title) > room.width - layoutOf(room).right
}

function gapAbove(panel: Panel, room: Room): number {
  if (!hasLegendBelow(panel, room)) return GAP
  let rows = 1
  let taken = 0
  for (const { name } of panel.series) {
    const width = itemWidth(name)
    if (taken > 0 && taken + width > room.width) {
      rows++
      taken = 0
    }
    taken += width + NARROW_ITEM_GAP
  }
  return GAP + 2 + rows * LEGEND_ROW
}

export function stackPanels(panels: readonly Panel[], scene: Scene): Chart {
  const { left, right } = layoutOf(scene.room)
  const pixelsPerSecond = (scene.room.width - left - right) / Math.max(1, scene.axis.toSecond - scene.axis.fromSecond)
  const visible = grouped(
    scene.moments.filter(({ second }) => second >= scene.axis.fromSecond && second <= scene.axis.toSecond),
    pixelsPerSecond,
  )
  const marksHeight = markRows(visible, pixelsPerSecond) * MARK_ROW_HEIGHT
  const gaps = panels.map((panel) => gapAbove(panel, scene.room))
  const tops = topsOf(panels, gaps, marksHeight)
  const height = (tops.at(-1) ?? 0) + (panels.at(-1)?.height ?? 0) + AXIS_HEIGHT
  const titleTop = (index: number): number =>
    (tops[index] ?? 0) - (index === 0 ? marksHeight : 0) - (gaps[index] ?? GAP) + 14
  const option: EChartsOption = {
    ...BASE,
    title: panels.map(({ title }, index) => ({
      text: title,
      left: 0,
      top: titleTop(index),
      padding: 0,
      textStyle: titleStyle,
    })),
    legend: panels.map((panel, index) => ({
      ...legendBase,
      data: panel.series.map((one) => ({ name: one.name, icon: legendIcon(one) })),
      ...(hasLegendBelow(panel, scene.room)
        ? { left: 0, top: titleTop(index) + 20, itemGap: NARROW_ITEM_GAP }
        : { right, top: titleTop(index) + 2 }),
    })),
    grid: panels.map((panel, index) => ({ left, right, top: tops[index] ?? 0, height: panel.height })),
    xAxis: panels.map((_, index) => timeAxis(index, index === panels.length - 1, scene)),
    yAxis: panels.map((panel, index) => valueAxis(panel, index)),
    series: panels.flatMap((panel, index) =>
      panelSeries(panel, index, { ...scene, moments: visible }, pixelsPerSecond),
    ),
  }
  return { option, height }
}

/** The first panel leaves room for the marks above it. */
function topsOf(panels: readonly Panel[], gaps: readonly number[], marksHeight: number): number[] {
  let bottom = marksHeight
  return panels.map(({ height }, index) => {
    const top = bottom + (gaps[index] ?? GAP)
    bottom = top + height
    return top
  })
}

const legendIcon = (series: Panel['series'][number]): string => {
  const { areaStyle, lineStyle } = series as { areaStyle?: object; lineStyle?: { type?: 'solid' | 'dotted' } }
  return areaStyle ? LEGEND_ICONS.area : LEGEND_ICONS[lineStyle?.type ?? 'solid']
}

const timeAxis = (gridIndex: number, isLast: boolean, { axis, room }: Scene) => ({
  ...axisStyle,
  type: 'value' as const,
  gridIndex,
  min: axisEdge(axis.fromSecond),
  max: axisEdge(axis.toSecond),
  axisTick: { show: isLast, lineStyle: { color: COLOURS.line }, customValues: ticksOf(axis, isNarrow(room) ? 5 : 10) },
  axisLabel: {
    ...axisStyle.axisLabel,
    show: isLast,
    formatter: relativeTime,
    hideOverlap: true,
    customValues: ticksOf(axis, isNarrow(room) ? 5 : 10),
  },
  splitLine: { show: false },
})

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200] as const

const tickEvery = (length: number, most: number): number => STEPS.find((step) => length / step <= most) ?? 14_400

/** Whole multiples of the step, so that 0 is among them wherever the axis begins; none so near an end that it is cut. */
function ticksOf({ fromSecond, toSecond }: TimeAxis, most: number): number[] {
  const every = tickEvery(toSecond - fromSecond, most)
  const margin = (toSecond - fromSecond) / 40
  const first = Math.ceil((fromSecond + margin) / every)
  const last = Math.floor((toSecond - margin) / every)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * every)
}

const valueAxis = (panel: Panel, gridIndex: number) => ({
  ...axisStyle,
  type: panel.scale,
  gridIndex,
  ...(panel.max === undefined ? {} : { max: panel.max }),
  ...(panel.scale === 'value' && panel.max === undefined ? { boundaryGap: [0, '8%'] as [number, string] } : {}),
  splitNumber: panel.height < 100 ? 2 : 4,
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: { ...axisStyle.axisLabel, formatter: panel.axisLabel, hideOverlap: true },
  minorSplitLine: { show: false },
})

function panelSeries(
  panel: Panel,
  gridIndex: number,
  scene: Scene,
  pixelsPerSecond: number,
): EChartsOption['series'] & object[] {
  const marks = {
    markLine: {
      symbol: 'none',
      silent: true,
      animation: false,
      data: [...momentLines(scene.moments, pixelsPerSecond, gridIndex === 0), ...panel.thresholds.map(thresholdLine)],
    },
    markArea: { silent: true, animation: false, data: phaseAreas(scene.intervals) },
  }
  const step = scene.hasEverySecond && panel.scale === 'value' ? { step: 'end' } : {}
  return panel.series.map((series, index) => ({
    ...step,
    ...series,
    tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? panel.inWords(value) : NOT_MEASURED) },
    xAxisIndex: gridIndex,
    yAxisIndex: gridIndex,
    ...(index === panel.series.length - 1 ? marks : {}),
  })) as never
}

const thresholdLine = ({ label, value, side }: Threshold) => ({
  yAxis: value,
  lineStyle: { color: COLOURS.muted, width: 1, type: 'solid' as const, opacity: 0.8 },
  label: {
    formatter: label,
    position: side === 'below' ? ('insideStartBottom' as const) : ('insideStartTop' as const),
    // Dark enough to be read over an area, and on a ground of its own over lines.
    color: COLOURS.ink,
    backgroundColor: COLOURS.page,
    padding: [1, 3],
    fontSize: FONT_SIZE - 1,
    fontFamily: FONT_FAMILY,
  },
})
