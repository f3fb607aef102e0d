/** The ways to the server in the waterfall: what a new connection met by each of them, state by state, between T1 and T2. */
import type { WayState } from '../../model/chart-data.ts'
import type { DrillEvent, EventWay, Report } from '../../model/report.ts'
import { seconds } from '../../units/units.ts'
import { outText, WAY_NAMES } from '../text/way-words.ts'
import { COLOURS, FONT_FAMILY, FONT_SIZE, textWidth } from './drawing/chart.ts'
import { boxOf, patternPath, STATE_MARKS } from './drawing/state-marks.ts'

interface WayPart {
  readonly state: WayState
  /** Seconds on the axis of the waterfall. */
  readonly from: number
  readonly to: number
  /** Of the state itself, which the end of the axis may cut. */
  readonly seconds: number
}

export interface WayRow {
  readonly name: string
  readonly parts: readonly WayPart[]
  /** On the axis; null: it was not back, was not measured, or was never out. */
  readonly backAt: number | null
  readonly out: string
}

/** Of the worst event; none when the ways were not probed. */
export const worstWays = ({ events, worstEvent }: Report): readonly EventWay[] =>
  eventOf(events, worstEvent)?.ways ?? []

const eventOf = (events: Report['events'], worst: number | null): DrillEvent | undefined =>
  events.find(({ number }) => number === worst)

export function wayRowsOf(report: Report): WayRow[] {
  const { t0, t1, t2 } = report.moments
  if (t1 === null) return []
  const originMs = Date.parse(t0 ?? t1)
  const at = (iso: string): number => (Date.parse(iso) - originMs) / 1000
  return worstWays(report).map((way) => ({
    name: WAY_NAMES[way.way],
    parts: partsOf(way, at(t1), t2 === null ? null : at(t2), at),
    backAt: way.backAt === null ? null : at(way.backAt),
    out: way.steps.length === 0 && way.notMeasuredWhy === null ? 'took writes throughout' : outText(way),
  }))
}

/** A way that is back by T2 wrote until then; what it did later is not known here. */
function partsOf(
  { steps, backAt, notMeasuredWhy }: EventWay,
  t1: number,
  t2: number | null,
  at: (iso: string) => number,
): WayPart[] {
  const parts = steps.map(({ state, fromAt, toAt, seconds: length }) => {
    return { state, from: at(fromAt), to: at(toAt), seconds: length }
  })
  const writesFrom = backAt !== null ? at(backAt) : steps.length === 0 && notMeasuredWhy === null ? t1 : null
  if (writesFrom === null || t2 === null || t2 <= writesFrom) return parts
  return [...parts, { state: 'wrote', from: writesFrom, to: t2, seconds: t2 - writesFrom }]
}

export const WAY_ROW_HEIGHT = 48
const BAR_HEIGHT = 16
const WORDS_BELOW = 17
/** Between the words of neighbours. */
const WORDS_GAP = 8

/** `x` maps seconds to pixels; `middle` is that of the bar. Words stand below each part that has room for them. */
export const partShapes = (
  { state, from, to, seconds: length }: WayPart,
  x: (second: number) => number,
  middle: number,
) => {
  const left = x(from)
  const whole = { x: left, y: middle - BAR_HEIGHT / 2, width: Math.max(1.5, x(to) - left), height: BAR_HEIGHT }
  const box = boxOf(state, whole)
  const { fill, pattern } = STATE_MARKS[state]
  const dash = pattern === 'empty' ? { lineDash: [3, 2] } : {}
  const lines = patternPath(state, box)
  const words = wordsFor(state, length, whole.width)
  return [
    { type: 'rect', shape: box, style: { fill, stroke: COLOURS.muted, lineWidth: 1, ...dash } },
    ...(lines === ''
      ? []
      : [{ type: 'path', shape: { pathData: lines }, style: { stroke: COLOURS.page, lineWidth: 1.5, fill: 'none' } }]),
    ...(words === null ? [] : [wordsBelow(words, left, middle + WORDS_BELOW)]),
  ]
}

/** The longest words that fit; null: the legend alone says what it is. */
function wordsFor(state: WayState, length: number, width: number): string | null {
  const choices = state === 'wrote' ? [state] : [`${state} ${seconds(length)}`, state]
  return choices.find((words) => textWidth(words, FONT_SIZE - 1) + WORDS_GAP <= width) ?? null
}

const wordsBelow = (text: string, x: number, y: number) => ({
  type: 'text',
  style: {
    text,
    x,
    y,
    textAlign: 'left',
    textVerticalAlign: 'middle',
    fill: COLOURS.muted,
    fontSize: FONT_SIZE - 1,
    fontFamily: FONT_FAMILY,
  },
})
