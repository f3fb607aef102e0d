/**
 * How a state of a way to the server is drawn: a colour for how far a new connection got, and a pattern for why it got no further
 * (solid: a plain no; slanted: no answer; upright: an error). The colours remain apart for colour-blind readers, and in grey; the
 * patterns distinguish states of one colour.
 */
import type { WayState } from '../../../model/chart-data.ts'

type Pattern = 'solid' | 'slanted' | 'upright' | 'level' | 'empty' | 'thin'

interface StateMark {
  readonly fill: string
  readonly pattern: Pattern
}

const NO_CONNECTION = 'var(--s-connection)'
const NO_LOGIN = 'var(--s-login)'
const NO_WRITE = 'var(--s-write)'

export const STATE_MARKS: Readonly<Record<WayState, StateMark>> = {
  'not watched': { fill: 'none', pattern: 'empty' },
  'name without address': { fill: NO_CONNECTION, pattern: 'level' },
  'no answer': { fill: NO_CONNECTION, pattern: 'slanted' },
  refused: { fill: NO_CONNECTION, pattern: 'solid' },
  'not reached': { fill: NO_CONNECTION, pattern: 'upright' },
  'starting or stopping': { fill: NO_LOGIN, pattern: 'solid' },
  'login without answer': { fill: NO_LOGIN, pattern: 'slanted' },
  'login failed': { fill: NO_LOGIN, pattern: 'upright' },
  'PgBouncer waits': { fill: 'var(--s-pooler)', pattern: 'solid' },
  'no reply': { fill: NO_WRITE, pattern: 'slanted' },
  'write failed': { fill: NO_WRITE, pattern: 'upright' },
  'read-only': { fill: 'var(--s-read-only)', pattern: 'solid' },
  wrote: { fill: 'var(--s-wrote)', pattern: 'thin' },
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const GAP = 6
const INSET = 0.38

/** A write is a line, so that what is out stands out. */
export const boxOf = (state: WayState, { x, y, width, height }: Box): Box =>
  STATE_MARKS[state].pattern === 'thin'
    ? { x, y: y + height * INSET, width, height: height * (1 - 2 * INSET) }
    : { x, y, width, height }

/** The lines of its pattern inside of the box, as the data of an SVG path; empty: it has none. */
export function patternPath(state: WayState, box: Box): string {
  const { x, y, width, height } = box
  switch (STATE_MARKS[state].pattern) {
    case 'upright':
      return steps(x + GAP / 2, x + width, GAP)
        .map((at) => line(at, y, at, y + height))
        .join('')
    case 'level':
      return steps(y + height / 4, y + height, height / 2)
        .map((at) => line(x, at, x + width, at))
        .join('')
    case 'slanted':
      return steps(x - height + GAP, x + width, GAP + 2)
        .map((at) => slanted(at, box))
        .join('')
    default:
      return ''
  }
}

const steps = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / by)) }, (_, i) => from + i * by)

const round = (value: number): number => Math.round(value * 10) / 10
const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}`

/** Rises to the right from the lower edge at `at`, cut at the sides of the box. */
function slanted(at: number, { x, y, width, height }: Box): string {
  const from = Math.max(at, x)
  const to = Math.min(at + height, x + width)
  return to <= from ? '' : line(from, y + height - (from - at), to, y + height - (to - at))
}
