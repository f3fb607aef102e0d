/** One figure over the last drills as a small line, the newest last; a drill without the figure leaves a gap. The number stands beside it. */
import { type Markup, raw } from '../render/text/markup.ts'

const WIDTH = 72
const HEIGHT = 18
const EDGE = 3

/** Null: fewer than two values make no line. */
export function spark(values: readonly (number | null)[]): Markup | null {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return null
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const x = (index: number) => EDGE + (index * (WIDTH - 2 * EDGE)) / Math.max(1, values.length - 1)
  const y = (value: number) =>
    high === low ? HEIGHT / 2 : HEIGHT - EDGE - ((value - low) * (HEIGHT - 2 * EDGE)) / (high - low)
  const points = values.map((value, index) => (value === null ? null : `${x(index).toFixed(1)} ${y(value).toFixed(1)}`))
  const path = points
    .map((point, index) => (point === null ? '' : `${(points[index - 1] ?? null) === null ? 'M' : 'L'}${point}`))
    .join('')
  const last = values.at(-1) ?? null
  const dot =
    last === null ? '' : `<circle cx="${x(values.length - 1).toFixed(1)}" cy="${y(last).toFixed(1)}" r="2.2"/>`
  return raw(
    `<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true"><path d="${path}"/>${dot}</svg>`,
  )
}
