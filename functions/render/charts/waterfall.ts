/**
 * The waterfall: each step between two moments as a bar where it happened, in seconds since T0, and below the write outage what a new
 * connection met by each way to the server. The standby is built beside them.
 */
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
import { partShapes, WAY_ROW_HEIGHT, type WayRow, wayRowsOf } from './way-rows.ts'

interface Bar {
  readonly name: string
  readonly ends: string
  readonly from: number
  readonly to: number
  readonly seconds: number
  readonly isCut: boolean
}

type Row = { readonly bar: Bar } | { readonly way: WayRow; readonly isCut: boolean }

interface Placed {
  readonly row: Row
  /** Pixels from the top of the first row. */
  readonly top: number
  readonly height: number
}

const ROW_HEIGHT = 32
/** Its name stands above it. */
const NARROW_EXTRA = 12
/** The standby takes minutes, and a way may never be back: a bar beyond this multiple of the others is cut. */
const CUT_AT = 1.35

const STEP_COLOURS: Readonly<Record<string, string>> = {
  t1: 'var(--c-grey)',
  t2: 'var(--c-red)',
  t3: 'var(--c-orange)',
  t4: 'var(--c-orange)',
  t5: 'var(--c-violet)',
  t6: 'var(--c-teal)',
}

export function waterfallChart(report: Report, room: Room): Chart | null {
  const rows = placed(rowsOf(report), room)
  const ends = rows.flatMap(({ row }) => endsOf(row))
  if (ends.length === 0) return null
  const left = isNarrow(room) ? 8 : 234
  const height = rows.reduce((sum, row) => sum + row.height, 0)
  const from = axisEdge(Math.min(0, ...ends))
  const option: EChartsOption = {
    ...BASE,
    grid: { left, right: isNarrow(room) ? 62 : 90, top: 4, bottom: 32 },
    xAxis: {
      ...axisStyle,
      type: 'value',
      min: from,
      max: axisEdge(Math.max(...ends)),
      axisLabel: { ...axisStyle.axisLabel, formatter: relativeTime, hideOverlap: true, showMaxLabel: false },
    },
    // In pixels: rows differ in height.
    yAxis: { type: 'value', min: 0, max: height, inverse: true, show: false },
    series: [
      {
        type: 'custom',
        silent: true,
        clip: false,
        data: rows.map((_, index) => [index]),
        renderItem: drawer(rows, from, room) as never,
      },
    ],
  }
  return { option, height: height + 40 }
}

const endsOf = (row: Row): number[] =>
  'bar' in row ? [row.bar.from, row.bar.to] : row.way.parts.flatMap(({ from, to }) => [from, to])

/** The ways belong to the write outage, and stand below it. */
function rowsOf(report: Report): Row[] {
  const whole = report.waterfall.flatMap((step) => barOf(step) ?? [])
  const ways = wayRowsOf(report)
  const limit = CUT_AT * Math.max(0, ...whole.flatMap(({ ends, to }) => (ends === 't6' ? [] : [to])), ...backs(ways))
  const bars = whole.map(
    (bar): Row => ({ bar: limit > 0 && bar.to > limit ? { ...bar, to: limit, isCut: true } : bar }),
  )
  const after = whole.findLastIndex(({ ends }) => ends === 't1' || ends === 't2')
  return [...bars.slice(0, after + 1), ...ways.map((way) => cutAt(way, limit)), ...bars.slice(after + 1)]
}

/** When each way that was back was so. */
const backs = (ways: readonly WayRow[]): number[] => ways.flatMap(({ backAt }) => (backAt === null ? [] : [backAt]))

function cutAt(way: WayRow, limit: number): Row {
  const isCut = limit > 0 && way.parts.some(({ to }) => to > limit)
  if (!isCut) return { way, isCut }
  const parts = way.parts.filter(({ from }) => from < limit).map((part) => ({ ...part, to: Math.min(part.to, limit) }))
  return { way: { ...way, parts }, isCut }
}

function placed(rows: readonly Row[], room: Room): Placed[] {
  let top = 0
  return rows.map((row) => {
    const height = ('bar' in row ? ROW_HEIGHT : WAY_ROW_HEIGHT) + (isNarrow(room) ? NARROW_EXTRA : 0)
    top += height
    return { row, top: top - height, height }
  })
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

/** Rows from the top down: name, bar, length; on a phone the name stands above its bar. */
const drawer =
  (rows: readonly Placed[], from: number, room: Room) =>
  ({ dataIndex }: { dataIndex: number }, api: Drawing) => {
    const place = rows[dataIndex]
    if (!place) return null
    const { row, top } = place
    const narrow = isNarrow(room)
    const x = (second: number): number => api.coord([second, 0])[0]
    const y = api.coord([from, top])[1]
    const middle = y + ROW_HEIGHT / 2 + (narrow ? NARROW_EXTRA + 2 : 0)
    const name = 'bar' in row ? row.bar.name : row.way.name
    const head = words(name, narrow ? x(from) : x(from) - 14, narrow ? y + 10 : middle, narrow ? 'left' : 'right', 400)
    const shapes = 'bar' in row ? barShapes(row.bar, x, middle) : wayShapes(row, x, middle)
    return { type: 'group', children: [head, ...shapes] }
  }

type Scale = (second: number) => number

function barShapes({ ends, from, to, seconds: length, isCut }: Bar, x: Scale, middle: number): object[] {
  const fill = STEP_COLOURS[ends] ?? COLOURS.muted
  const width = Math.max(2, x(Math.max(to, from)) - x(from))
  return [
    { type: 'rect', shape: { x: x(from), y: middle - 8, width, height: 16, r: 2 }, style: { fill } },
    ...(isCut ? [cutMark(x(from) + width, middle, fill)] : []),
    words(seconds(length), x(from) + width + (isCut ? 14 : 8), middle, 'left', 600),
  ]
}

function wayShapes({ way, isCut }: { way: WayRow; isCut: boolean }, x: Scale, middle: number): object[] {
  const end = x(way.parts.at(-1)?.to ?? 0)
  return [
    ...way.parts.flatMap((part) => partShapes(part, x, middle)),
    ...(isCut ? [cutMark(end, middle, COLOURS.muted)] : []),
    words(way.out, end + (isCut ? 14 : 8), middle, 'left', 600),
  ]
}

const cutMark = (x: number, middle: number, fill: string) => ({
  type: 'polygon',
  shape: {
    points: [
      [x + 1, middle - 8],
      [x + 9, middle],
      [x + 1, middle + 8],
    ],
  },
  style: { fill },
})

const words = (text: string, x: number, y: number, align: 'left' | 'right', fontWeight: number) => ({
  type: 'text',
  style: {
    text,
    x,
    y,
    textAlign: align,
    textVerticalAlign: 'middle',
    fill: COLOURS.ink,
    fontSize: FONT_SIZE,
    fontWeight,
    fontFamily: FONT_FAMILY,
  },
})
