/** report.html: one file, no network; everything on it is in report.json, and is there without its script. */

import type { ReportData } from '../text/report-data.ts'
import { titleOf } from '../text/words.ts'
import type { Part } from './elements/components.ts'
import { whatStoppedIt } from './elements/stopping-checks.ts'
import { pageFrame } from './frame.ts'
import { applications } from './sections/applications.ts'
import { clients } from './sections/clients.ts'
import { caveats, downloads } from './sections/ending.ts'
import { errors } from './sections/errors.ts'
import { generator } from './sections/generator.ts'
import { journal } from './sections/journal.ts'
import { latency } from './sections/latency.ts'
import { ledger } from './sections/ledger.ts'
import { platform } from './sections/platform.ts'
import { setup } from './sections/setup.ts'
import { timeline } from './sections/timeline.ts'
import { trend } from './sections/trend.ts'
import { banner, criteria } from './sections/verdict.ts'
import { waterfall } from './sections/waterfall.ts'

/** The page of a drill whose load did not start: what stopped it and what is known, without a part for what was not measured. */
function partsWithoutLoad({ report }: ReportData): readonly Part[] {
  const stopped = whatStoppedIt(report)
  return [
    ...(stopped === null ? [] : [{ id: 'stopped', title: 'What stopped it', body: stopped }]),
    { id: 'journal', title: 'Journal, cost, clean-up', body: journal(report) },
    { id: 'setup', title: 'Set-up and checks', body: setup(report) },
    ...(report.caveats.length === 0 ? [] : [{ id: 'caveats', title: 'Caveats', body: caveats(report) }]),
    { id: 'downloads', title: 'Downloads', body: downloads(report) },
  ]
}

/** The page in its order. */
const parts = (data: ReportData): readonly Part[] => [
  { id: 'criteria', title: 'Criteria', body: criteria(data.report) },
  { id: 'waterfall', title: 'Where the time went', body: waterfall(data.report) },
  { id: 'timeline', title: 'Timeline', body: timeline(data) },
  { id: 'clients', title: 'What clients saw', body: clients(data) },
  ...(data.report.applications.length === 0
    ? []
    : [{ id: 'applications', title: 'What applications felt', body: applications(data.report) }]),
  { id: 'ledger', title: 'Was anything lost?', body: ledger(data.report) },
  { id: 'latency', title: 'Latency by phase', body: latency(data) },
  { id: 'errors', title: 'Errors', body: errors(data.report) },
  { id: 'generator', title: 'Was the generator the limit?', body: generator(data.report) },
  ...(data.report.platformLog === null
    ? []
    : [{ id: 'platform', title: 'What the platform recorded', body: platform(data.report.platformLog) }]),
  { id: 'trend', title: 'Against earlier drills', body: trend(data.report) },
  { id: 'setup', title: 'Set-up and checks', body: setup(data.report) },
  { id: 'journal', title: 'Journal, cost, clean-up', body: journal(data.report) },
  { id: 'caveats', title: 'Caveats', body: caveats(data.report) },
  { id: 'downloads', title: 'Downloads', body: downloads(data.report) },
]

export function renderHtml(data: ReportData): string {
  const { report } = data
  return pageFrame({
    title: titleOf(report),
    banner: banner(report),
    parts: report.stoppedBy === null ? parts(data) : partsWithoutLoad(data),
    footer: `Report schema ${report.schema}. Times are UTC.${report.stoppedBy === null ? ' What was not measured says so.' : ''}`,
  })
}
