/** Every file of a drill and its renderer, one line each. */
import {
  renderApplicationsCsv,
  renderClientsCsv,
  renderErrorsCsv,
  renderLoadtestResultsCsv,
  renderProbesCsv,
  renderStaleWritesCsv,
  renderTimelineCsv,
} from './csv.ts'
import { renderHtml } from './html/page.ts'
import { renderJunit } from './junit/drill.ts'
import { renderMarkdown } from './markdown.ts'
import type { ReportData } from './text/report-data.ts'
import {
  renderChecklistJson,
  renderJournalJson,
  renderLedgerJson,
  renderMetricsJson,
  renderReportJson,
  renderSummaryJson,
} from './views.ts'

export interface Renderer {
  readonly name: string
  readonly contentType: string
  render(data: ReportData): string
}

const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'
const CSV = 'text/csv; charset=utf-8; header=present'
const XML = 'application/xml; charset=utf-8'
const MARKDOWN = 'text/markdown; charset=utf-8'

export const renderers: readonly Renderer[] = [
  { name: 'report.html', contentType: HTML, render: renderHtml },
  { name: 'report.json', contentType: JSON_TYPE, render: ({ report }) => renderReportJson(report) },
  { name: 'report.md', contentType: MARKDOWN, render: ({ report }) => renderMarkdown(report) },
  { name: 'junit.xml', contentType: XML, render: ({ report }) => renderJunit(report) },
  { name: 'timeline.csv', contentType: CSV, render: renderTimelineCsv },
  { name: 'loadtest_results.csv', contentType: CSV, render: ({ timeline }) => renderLoadtestResultsCsv(timeline) },
  { name: 'clients.csv', contentType: CSV, render: ({ clients }) => renderClientsCsv(clients) },
  { name: 'applications.csv', contentType: CSV, render: ({ report }) => renderApplicationsCsv(report.applications) },
  { name: 'probes.csv', contentType: CSV, render: ({ probes }) => renderProbesCsv(probes) },
  { name: 'stale_writes.csv', contentType: CSV, render: ({ report }) => renderStaleWritesCsv(report) },
  { name: 'errors.csv', contentType: CSV, render: ({ report }) => renderErrorsCsv(report.errors) },
  { name: 'summary.json', contentType: JSON_TYPE, render: ({ report }) => renderSummaryJson(report) },
  { name: 'ledger.json', contentType: JSON_TYPE, render: renderLedgerJson },
  { name: 'checklist.json', contentType: JSON_TYPE, render: ({ report }) => renderChecklistJson(report) },
  { name: 'metrics.json', contentType: JSON_TYPE, render: ({ report }) => renderMetricsJson(report) },
  { name: 'journal.json', contentType: JSON_TYPE, render: ({ report }) => renderJournalJson(report) },
]
