/**
 * The JSON files beside report.json: each holds a part of it under the same names and with the same values. All have the
 * drill's id and the schema number, so that a single file can be identified.
 */
import type { Report } from '../model/report.ts'
import { summaryOf } from './summary.ts'
import type { ReportData } from './text/report-data.ts'

const encode = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const part = <Key extends keyof Report>(report: Report, ...keys: readonly Key[]) => ({
  schema: report.schema,
  drillId: report.drillId,
  ...(Object.fromEntries(keys.map((key) => [key, report[key]])) as Pick<Report, Key>),
})

export const renderReportJson = (report: Report): string => encode(report)

export const renderSummaryJson = (report: Report): string => encode(summaryOf(report))

/**
 * With the ranges from which the digest is computed, so that the operator can repeat the audit: SHA-256 over the lines, each
 * with a line feed, is `ledger.digest`. Keys of a worker between two of its ranges have no record of an outcome.
 */
export const renderLedgerJson = ({ report, ledgerRanges }: ReportData): string =>
  encode({
    ...part(report, 'ledger', 'eventsProof'),
    rangesFormat: 'worker:first-last:outcome',
    ranges: report.ledger.digest === null ? null : ledgerRanges,
  })
export const renderChecklistJson = (report: Report): string => encode(part(report, 'checklist'))
export const renderMetricsJson = (report: Report): string => encode(part(report, 'metrics'))
export const renderJournalJson = (report: Report): string => encode(part(report, 'journal', 'cleanup', 'cost'))
