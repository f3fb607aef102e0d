/** Charts on the page: each drawn for a screen and for a phone, because scaled text would be too small on a phone. */
import type { Chart, Room } from '../../charts/drawing/chart.ts'
import { renderSvg } from '../../charts/drawing/svg.ts'
import { html, type Insert, type Markup, raw } from '../../text/markup.ts'
import { anchor } from './anchors.ts'
import { absent } from './components.ts'

const WIDE: Room = { width: 860 }
const NARROW: Room = { width: 360 }

export interface FigureWords {
  readonly id: string
  /** Of its link. */
  readonly name: string
  /** For screen readers, in place of the drawing. */
  readonly label: string
  readonly caption: Insert
  /** Shown when there is nothing to draw. */
  readonly absent: string
}

export function figure(
  draw: (room: Room) => Chart | null,
  words: FigureWords,
  overlay?: (chart: Chart, room: Room) => string,
): Markup {
  const wide = draw(WIDE)
  const narrow = draw(NARROW)
  if (!wide || !narrow) return absent(words.absent)
  const over = overlay?.(wide, WIDE)
  return html`<figure id="figure-${words.id}">${anchor(`figure-${words.id}`, words.name)}
${raw(renderSvg(wide, WIDE, { id: `${words.id}-w`, label: words.label, className: 'wide', ...(over === undefined ? {} : { overlay: over }) }))}
${raw(renderSvg(narrow, NARROW, { id: `${words.id}-n`, label: words.label, className: 'narrow' }))}
<figcaption>${words.caption}</figcaption></figure>\n`
}

export const drawing = (chart: Chart | null, room: Room, id: string, label: string): Insert =>
  chart === null ? null : raw(renderSvg(chart, room, { id, label, className: 'spark' }))
