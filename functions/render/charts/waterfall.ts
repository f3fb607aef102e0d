/** The waterfall: each step between two events as a bar where it happened, in seconds since T0. The standby is built beside them. */
import type { EChartsOption } from 'echarts'
import type { Report, WaterfallStep } from '../../model/report.ts'
import { relativeTime, seconds } from '../../units/units.ts'
import { STEP_NAMES } from '../text/words.ts'
import {
  axisEdge,
  axisStyle,
  BASE,
  type Chart,
  COLOURS,
  FONT_FAMILY,
  FONT_SIZE,
  isNarrow,
  type Room,
} from './drawing/chart.ts'

interface Bar {
  readonly name: string
  readonly ends: string
  readonly from: number
  readonly to: number
  readonly seconds: number
  readonly isCut: boolean
}

const ROW_HEIGHT = 32
/** The standby takes minutes: a bar beyond this multiple of the others is cut. */
const CUT_AT = 1.35

const STEP_COLOURS: Readonly<Record<string, string>> = {
  t1: 'var(--c-grey)',
  t2: 'var(--c-red)',
  t3: 'var(--c-orange)',
  t4: 'var(--c-orange)',
  t5: 'var(--c-violet)',
  t6: 'var(--c-teal)',
}

export function waterfallChart({ waterfall }: Report, room: Room): Chart | null {
  const bars = barsOf(waterfall)
  if (bars.length === 0) return null
  const left = isNarrow(room) ? 8 : 206
  const rowHeight = isNarrow(room) ? 44 : ROW_HEIGHT
  const height = bars.length * rowHeight + 40
  const option: EChartsOption = {
    ...BASE,
    grid: { left, right: isNarrow(room) ? 62 : 90, top: 4, bottom: 32 },
    xAxis: {
      ...axisStyle,
      type: 'value',
      min: axisEdge(Math.min(0, ...bars.map(({ from }) => from))),
      max: axisEdge(Math.max(...bars.map(({ to }) => to))),
      axisLabel: { ...axisStyle.axisLabel, formatter: relativeTime, hideOverlap: true, showMaxLabel: false },
    },
    yAxis: { type: 'value', min: 0, max: bars.length, show: false },
    series: [
      {
        type: 'custom',
        silent: true,
        clip: false,
        data: bars.map((_, index) => [index]),
        renderItem: drawer(bars, room) as never,
      },
    ],
  }
  return { option, height }
}

function barsOf(steps: readonly WaterfallStep[]): Bar[] {
  const whole = steps.flatMap((step) => barOf(step) ?? [])
  const others = whole.filter(({ ends }) => ends !== 't6')
  const limit = CUT_AT * Math.max(0, ...others.map(({ to }) => to))
  return whole.map((bar) => (others.length > 0 && bar.to > limit ? { ...bar, to: limit, isCut: true } : bar))
}

function barOf({ from, to, sinceTriggerSeconds, seconds: length }: WaterfallStep): Bar | null {
  if (sinceTriggerSeconds === null || length === null) return null
  return {
    name: `${from.toUpperCase()} to ${to.toUpperCase()}  ${STEP_NAMES[to] ?? ''}`,
    ends: to,
    from: sinceTriggerSeconds - length,
    to: sinceTriggerSeconds,
    seconds: length,
    isCut: false,
  }
}

interface Drawing {
  coord(point: readonly [number, number]): [number, number]
}

/** Bars from the top down: name, bar, length; on a phone the name stands above its bar. */
const drawer = (bars: readonly Bar[], room: Room) => (params: { dataIndex: number }, api: Drawing) => {
  const bar = bars[params.dataIndex]
  if (!bar) return null
  const row = bars.length - params.dataIndex
  const [left, top] = api.coord([bar.from, row])
  const [right, bottom] = api.coord([Math.max(bar.to, bar.from), row - 1])
  const [origin] = api.coord([0, 0])
  const narrow = isNarrow(room)
  const middle = narrow ? bottom - 14 : (top + bottom) / 2
  const width = Math.max(2, right - left)
  return {
    type: 'group',
    children: [
      {
        type: 'rect',
        shape: { x: left, y: middle - 8, width, height: 16, r: 2 },
        style: { fill: STEP_COLOURS[bar.ends] ?? COLOURS.muted },
      },
      ...(bar.isCut ? [cutMark(right, middle)] : []),
      words(
        bar.name,
        narrow ? origin : origin - 14,
        narrow ? top + 10 : middle,
        narrow ? 'left' : 'right',
        COLOURS.ink,
        400,
      ),
      words(seconds(bar.seconds), left + width + (bar.isCut ? 14 : 8), middle, 'left', COLOURS.ink, 600),
    ],
  }
}

const cutMark = (x: number, middle: number) => ({
  type: 'polygon',
  shape: {
    points: [
      [x + 1, middle - 8],
      [x + 9, middle],
      [x + 1, middle + 8],
    ],
  },
  style: { fill: COLOURS.teal },
})

const words = (text: string, x: number, y: number, align: 'left' | 'right', fill: string, fontWeight: number) => ({
  type: 'text',
  style: {
    text,
    x,
    y,
    textAlign: align,
    textVerticalAlign: 'middle',
    fill,
    fontSize: FONT_SIZE,
    fontWeight,
    fontFamily: FONT_FAMILY,
  },
})
