/** The frame of a report's page: one file with its own style, a banner, and its parts with a table of contents. */
import { html, type Markup, raw } from '../text/markup.ts'
import { anchor } from './elements/anchors.ts'
import type { Part } from './elements/components.ts'
import { SCRIPT, SCRIPT_SUM } from './script.ts'
import { STYLE } from './style.ts'

/** The policy forbids the network and every script but the page's own, in case a value is not escaped. */
export const REPORT_POLICY = `default-src 'none'; script-src '${SCRIPT_SUM}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`

interface Frame {
  readonly title: string
  /** In addition to the style of every report. */
  readonly style?: string
  readonly banner: Markup
  /** The first one is what a reader of the verdict looks for next. */
  readonly parts: readonly Part[]
  readonly footer: string
}

const section = ({ id, title, body }: Part): Markup =>
  html`<section id="${id}" aria-labelledby="${id}-title"><div class="titled"><h2 id="${id}-title">${title}</h2>${anchor(id, title)}</div>
${body}</section>\n`

export function pageFrame({ title, style = '', banner, parts, footer }: Frame): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(STYLE)}${raw(style)}</style>
</head>
<body>
${parts.slice(0, 1).map(({ id, title: first }) => html`<a class="skip" href="#${id}">Skip to: ${first}</a>`)}
${banner}
<div class="columns">
<nav aria-label="Parts of the report"><ol>${parts.map(({ id, title: words }) => html`<li><a href="#${id}">${words}</a></li>\n`)}</ol></nav>
<main>
${parts.map(section)}</main>
</div>
<footer><p>${footer}</p></footer>
<script type="module">${raw(SCRIPT)}</script>
</body>
</html>\n`.text
}
