/** Outages of the clients: the share that was back after so many seconds, and below it one tick per client. */
import type { EChartsOption } from 'echarts'
import type { ClientRow } from '../../model/chart-data.ts'
import type { Report } from '../../model/report.ts'
import { axisSeconds, seconds } from '../../units/units.ts'
import {
  axisEdge,
  axisStyle,
  BASE,
  type Chart,
  COLOURS,
  FONT_FAMILY,
  FONT_SIZE,
  isNarrow,
  legendBase,
  lineBase,
  paletteColour,
  type Room,
  titleStyle,
} from './drawing/chart.ts'

/** Steps of the curve: more cannot be seen. */
const MAX_STEPS = 400
const CURVE_HEIGHT = 190
const STRIP_ROW = 18

export function clientOutageChart(report: Report, clients: readonly ClientRow[], room: Room): Chart | null {
  const rows = clients.filter(({ event }) => event === report.worstEvent)
  if (rows.length === 0) return null
  const cohorts = [...new Set(rows.map(({ cohort }) => cohort))]
  const containers = [...new Set(rows.map(({ container }) => container))].sort((a, b) => a - b)
  const left = isNarrow(room) ? 48 : 56
  const top = cohorts.length > 1 ? 60 : 40
  const stripTop = top + CURVE_HEIGHT + 34
  const longest = Math.max(...rows.map(({ outageSeconds }) => outageSeconds ?? 0))
  const shortest = Math.min(...rows.map(({ outageSeconds }) => outageSeconds ?? 0))
  const xAxis = {
    ...axisStyle,
    type: 'value' as const,
    min: axisStart(shortest, longest),
    max: axisEdge(longest * 1.02),
  }
  const option: EChartsOption = {
    ...BASE,
    title: [
      { text: 'Share of clients back', left: 0, top: 0, padding: 0, textStyle: titleStyle },
      { text: 'Every client, by container', left: 0, top: stripTop - 22, padding: 0, textStyle: titleStyle },
    ],
    ...(cohorts.length > 1 ? { legend: { ...legendBase, right: 12, top: 2, data: cohorts } } : {}),
    grid: [
      { left, right: 14, top, height: CURVE_HEIGHT },
      { left, right: 14, top: stripTop, height: containers.length * STRIP_ROW },
    ],
    xAxis: [
      { ...xAxis, gridIndex: 0, axisLabel: { show: false }, axisTick: { show: false } },
      {
        ...xAxis,
        gridIndex: 1,
        axisLabel: {
          ...axisStyle.axisLabel,
          formatter: axisSeconds,
          hideOverlap: true,
          showMaxLabel: false,
        },
        splitLine: { show: false },
      },
    ],
    yAxis: [
      {
        ...axisStyle,
        type: 'value',
        gridIndex: 0,
        min: 0,
        max: 100,
        interval: 25,
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...axisStyle.axisLabel, formatter: '{value} %' },
      },
      { type: 'value', gridIndex: 1, min: 0, max: containers.length, show: false },
    ],
    series: [
      ...cohorts.map((cohort, index) => curve(cohort, rows, index, index === 0 ? quantileLines(report) : [])),
      strip(rows, containers, left),
    ] as EChartsOption['series'] & object,
  }
  return { option, height: stripTop + containers.length * STRIP_ROW + 30 }
}

/** 0, or a round figure when all clients are so close together that the axis would be mostly empty. */
function axisStart(shortest: number, longest: number): number {
  const spread = longest - shortest
  if (shortest < longest * 0.5 || spread === 0) return 0
  const grain = 10 ** Math.floor(Math.log10(spread))
  return axisEdge(Math.max(0, Math.floor((shortest - spread * 0.3) / grain) * grain))
}

/** A client that never came back counts in the total, so the curve ends below 100 %. */
function curve(cohort: string, rows: readonly ClientRow[], index: number, marks: readonly object[]) {
  const own = rows.filter((row) => row.cohort === cohort)
  const outages = own.flatMap(({ outageSeconds }) => outageSeconds ?? []).sort((a, b) => a - b)
  const every = Math.max(1, Math.ceil(outages.length / MAX_STEPS))
  const points = outages
    .map((outage, rank): [number, number] => [outage, ((rank + 1) / own.length) * 100])
    .filter((_, rank) => rank % every === 0 || rank === outages.length - 1)
  const colour = index === 0 ? COLOURS.goodput : paletteColour(index)
  return {
    ...lineBase,
    name: cohort,
    step: 'end',
    xAxisIndex: 0,
    yAxisIndex: 0,
    data: [[outages[0] ?? 0, 0], ...points],
    lineStyle: { color: colour, width: 2 },
    itemStyle: { color: colour },
    markLine: { symbol: 'none', silent: true, animation: false, data: marks },
  }
}

/** Median and worst as labelled lines. */
const quantileLines = ({ events, worstEvent }: Report): object[] =>
  (['p50', 'max'] as const).flatMap((id) => {
    const value = events.find(({ number }) => number === worstEvent)?.recovery.clientOutageSeconds[id] ?? null
    return value === null
      ? []
      : [
          {
            xAxis: value,
            lineStyle: { color: COLOURS.ink, type: 'dashed', width: 1, opacity: 0.55 },
            label: {
              formatter: `${id === 'max' ? 'worst' : 'half'} ${seconds(value)}`,
              position: 'end',
              // One above the other: they may lie close together.
              distance: id === 'max' ? 3 : 16,
              color: COLOURS.ink,
              fontSize: FONT_SIZE - 1,
              fontWeight: 600,
              fontFamily: FONT_FAMILY,
              ...(id === 'max' ? { align: 'right' } : {}),
            },
          },
        ]
  })

interface Drawing {
  coord(point: readonly [number, number]): [number, number]
}

/** One path per container: a thousand clients are a thousand ticks, not a thousand elements. */
const strip = (rows: readonly ClientRow[], containers: readonly number[], left: number) => ({
  type: 'custom',
  xAxisIndex: 1,
  yAxisIndex: 1,
  silent: true,
  data: containers.map((_, index) => [index]),
  renderItem: (params: { dataIndex: number }, api: Drawing) => {
    const container = containers[params.dataIndex] ?? 0
    const line = containers.length - params.dataIndex
    const ticks = rows.flatMap((row) =>
      row.container === container && row.outageSeconds !== null ? [row.outageSeconds] : [],
    )
    const path = ticks
      .map((outage) => api.coord([outage, line]))
      .map(([x, y]) => `M${x.toFixed(1)} ${(y + 3).toFixed(1)}v12`)
      .join('')
    const [, y] = api.coord([0, line])
    return {
      type: 'group',
      children: [
        {
          type: 'path',
          shape: { pathData: path },
          style: { stroke: COLOURS.goodput, lineWidth: 1.2, opacity: 0.6, fill: 'none' },
        },
        {
          type: 'text',
          style: {
            text: String(container),
            x: left - 10,
            y: y + STRIP_ROW / 2,
            textAlign: 'right',
            textVerticalAlign: 'middle',
            fill: COLOURS.muted,
            fontSize: FONT_SIZE,
            fontFamily: FONT_FAMILY,
          },
        },
      ],
    }
  },
})
