/** What the colours and patterns of a picture of ways stand for. */
import { WAY_STATES, type WayState } from '../../../model/chart-data.ts'
import { type Box, boxOf, patternPath, STATE_MARKS } from '../../charts/drawing/state-marks.ts'
import { html, type Markup } from '../../text/markup.ts'

const SWATCH: Box = { x: 1, y: 1, width: 20, height: 12 }

/** The states in the order of how far a new connection gets, each with what stands for it. */
export function stateLegend(states: Iterable<WayState>): Markup {
  const shown = new Set(states)
  return html`<ul class="states">${WAY_STATES.filter((state) => shown.has(state)).map(
    (state) => html`<li>${swatch(state)} ${state}</li>`,
  )}</ul>`
}

function swatch(state: WayState): Markup {
  const { x, y, width, height } = boxOf(state, SWATCH)
  const lines = patternPath(state, SWATCH)
  const isEmpty = STATE_MARKS[state].pattern === 'empty'
  return html`<svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true" focusable="false"><rect x="${String(x)}" y="${y.toFixed(1)}" width="${String(width)}" height="${height.toFixed(1)}" fill="${STATE_MARKS[state].fill}" stroke="var(--muted)"${isEmpty && html` stroke-dasharray="3 2"`}/>${lines !== '' && html`<path d="${lines}" stroke="var(--page)" stroke-width="1.5"/>`}</svg>`
}
