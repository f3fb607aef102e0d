/** report.html: one file, no script, no network; everything on it is in report.json. */

import { html, type Markup, raw } from '../text/markup.ts'
import type { ReportData } from '../text/report-data.ts'
import type { Part } from './elements/components.ts'
import { clients } from './sections/clients.ts'
import { caveats, downloads } from './sections/ending.ts'
import { errors } from './sections/errors.ts'
import { generator } from './sections/generator.ts'
import { journal } from './sections/journal.ts'
import { latency } from './sections/latency.ts'
import { ledger } from './sections/ledger.ts'
import { setup } from './sections/setup.ts'
import { timeline } from './sections/timeline.ts'
import { trend } from './sections/trend.ts'
import { banner, criteria } from './sections/verdict.ts'
import { waterfall } from './sections/waterfall.ts'
import { STYLE } from './style.ts'

/** The page in its order. */
const parts = (data: ReportData): readonly Part[] => [
  { id: 'criteria', title: 'Criteria', body: criteria(data.report) },
  { id: 'waterfall', title: 'Where the time went', body: waterfall(data.report) },
  { id: 'timeline', title: 'Timeline', body: timeline(data) },
  { id: 'clients', title: 'What clients saw', body: clients(data) },
  { id: 'ledger', title: 'Was anything lost?', body: ledger(data.report) },
  { id: 'latency', title: 'Latency by phase', body: latency(data) },
  { id: 'errors', title: 'Errors', body: errors(data.report) },
  { id: 'generator', title: 'Was the generator the limit?', body: generator(data.report) },
  { id: 'trend', title: 'Against earlier drills', body: trend(data.report) },
  { id: 'setup', title: 'Set-up and checks', body: setup(data.report) },
  { id: 'journal', title: 'Journal, cost, clean-up', body: journal(data.report) },
  { id: 'caveats', title: 'Caveats', body: caveats(data.report) },
  { id: 'downloads', title: 'Downloads', body: downloads() },
]

const section = ({ id, title, body }: Part): Markup =>
  html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>\n`

/** The policy forbids scripts and the network, in case a value is not escaped. */
export const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

export function renderHtml(data: ReportData): string {
  const { report } = data
  const sections = parts(data)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.verdict}: ${report.headline}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#criteria">Skip to the criteria</a>
${banner(report)}
<div class="columns">
<nav aria-label="Parts of the report"><ol>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>\n`)}</ol></nav>
<main>
${sections.map(section)}</main>
</div>
<footer><p>Report schema ${String(report.schema)}. Times are UTC. What was not measured says so.</p></footer>
</body>
</html>\n`.text
}
