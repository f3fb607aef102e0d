/**
 * The distribution of one figure as a strip: each drill is a point that links to its report, with the range and the median behind. No
 * library draws it, because its points must be links that work without a script.
 */
import type { CampaignDrill, CampaignFigure } from '../../model/campaign/report.ts'
import { inUnit } from '../../units/units.ts'
import { html, type Insert, type Markup, raw } from '../text/markup.ts'

/** Null: there is nothing to link to. */
export type LinkOf = (drill: CampaignDrill) => string | null

const WIDTH = 320
const PADDING = 14
const RADIUS = 4.5
/** Points that would cover each other stand one above the other. */
const LEVEL = 8
const MARGIN = 17
/** What never ended stands beyond every value. */
const BEYOND = WIDTH - 7

type Point = CampaignFigure['points'][number]

interface Placed {
  readonly point: Point
  readonly drill: CampaignDrill
  readonly x: number
  readonly y: number
}

/** Null when no drill measured the figure. */
export function strip(figure: CampaignFigure, drills: readonly CampaignDrill[], linkOf: LinkOf): Markup | null {
  const known = figure.points.filter(({ kind }) => kind !== 'missing')
  if (known.length === 0) return null
  const values = known.flatMap(({ value }) => value ?? [])
  const x = scaleOf(values, known.length > values.length)
  const { placed, height } = place(known, drills, x)
  const points = placed.map((one) => pointLink(one, figure, linkOf(one.drill)))
  return html`<svg class="strip" viewBox="0 0 ${String(WIDTH)} ${px(height)}" role="group" aria-label="${figure.label} of each drill">${range(values, figure, x, height)}${points}</svg>`
}

/** Values that are alike stand in the middle. */
function scaleOf(values: readonly number[], hasBeyond: boolean): (value: number) => number {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const right = WIDTH - PADDING - (hasBeyond ? PADDING : 0)
  return (value) =>
    high === low ? (PADDING + right) / 2 : PADDING + ((value - low) / (high - low)) * (right - PADDING)
}

/** Each point on the first level on which its neighbours leave room. */
function place(
  points: readonly Point[],
  drills: readonly CampaignDrill[],
  scale: (value: number) => number,
): { readonly placed: readonly Placed[]; readonly height: number } {
  const ends: number[] = []
  const rows = points
    .flatMap((point) => {
      const drill = drills.find(({ number }) => number === point.drill)
      return drill === undefined ? [] : [{ point, drill, x: point.value === null ? BEYOND : scale(point.value) }]
    })
    .sort((a, b) => a.x - b.x || a.point.drill - b.point.drill)
    .map((row) => {
      const free = ends.findIndex((end) => end + 2 * RADIUS <= row.x)
      const level = free < 0 ? ends.length : free
      ends[level] = row.x
      return { ...row, level }
    })
  const height = 2 * MARGIN + (ends.length - 1) * LEVEL
  return { placed: rows.map(({ level, ...row }) => ({ ...row, y: height - MARGIN - level * LEVEL })), height }
}

const px = (value: number): string => value.toFixed(1)

function range(
  values: readonly number[],
  { median }: CampaignFigure,
  x: (value: number) => number,
  height: number,
): Insert {
  if (values.length < 2) return null
  const y = px(height - MARGIN)
  const line = `<line class="range" x1="${px(x(Math.min(...values)))}" x2="${px(x(Math.max(...values)))}" y1="${y}" y2="${y}"/>`
  const middle =
    median.value === null
      ? ''
      : `<line class="median" x1="${px(x(median.value))}" x2="${px(x(median.value))}" y1="5" y2="${px(height - 5)}"/>`
  return raw(`${line}${middle}`)
}

const WORDS: Readonly<Record<Point['kind'], (text: string) => string>> = {
  value: (text) => text,
  'at-least': (text) => `${text} or more`,
  'at-most': (text) => `${text} or less`,
  never: () => 'not back while the load ran',
  missing: () => 'not measured',
}

/** A circle; a lower bound points to the right, an upper bound to the left, and what never ended is a cross. */
function pointLink({ point, x, y }: Placed, { unit }: CampaignFigure, to: string | null): Markup {
  const words = `Drill ${point.drill}: ${WORDS[point.kind](inUnit(point.value, unit))}`
  const shape = html`<title>${words}</title>${raw(SHAPES[point.kind](x, y))}`
  return to === null ? html`<g>${shape}</g>` : html`<a href="${to}" aria-label="${words}">${shape}</a>`
}

const circle = (x: number, y: number): string => `<circle class="point" cx="${px(x)}" cy="${px(y)}" r="${RADIUS}"/>`

const SHAPES: Readonly<Record<Point['kind'], (x: number, y: number) => string>> = {
  value: circle,
  missing: circle,
  'at-least': (x, y) =>
    `<path class="point bound" d="M${px(x - 5)} ${px(y - 6)}L${px(x + 6)} ${px(y)}L${px(x - 5)} ${px(y + 6)}z"/>`,
  'at-most': (x, y) =>
    `<path class="point bound" d="M${px(x + 5)} ${px(y - 6)}L${px(x - 6)} ${px(y)}L${px(x + 5)} ${px(y + 6)}z"/>`,
  never: (x, y) =>
    `<path class="never" d="M${px(x - 5)} ${px(y - 5)}L${px(x + 5)} ${px(y + 5)}M${px(x - 5)} ${px(y + 5)}L${px(x + 5)} ${px(y - 5)}"/>`,
}
