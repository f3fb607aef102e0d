/**
 * The JSON files beside report.json: each is a part of it for one reader, under the same names and with the same values.
 * All carry the drill's id and the schema number, so that a file that went astray still says what it is.
 */
import type { Report } from '../model/report.ts'
import type { ReportData } from './text/report-data.ts'

const encode = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const part = <Key extends keyof Report>(report: Report, ...keys: readonly Key[]) => ({
  schema: report.schema,
  drillId: report.drillId,
  ...(Object.fromEntries(keys.map((key) => [key, report[key]])) as Pick<Report, Key>),
})

export const renderReportJson = (report: Report): string => encode(report)

/** For a dashboard, a chat bot, a gate in a pipeline: the verdict and the figures, no lists that grow with the drill. */
export const renderSummaryJson = (report: Report): string =>
  encode(
    part(
      report,
      'verdict',
      'headline',
      'reasons',
      'startedAt',
      'endedAt',
      'criteria',
      'worstEvent',
      'moments',
      'events',
      'recovery',
      'throughput',
      'availability',
      'latencyMs',
      'likeDrills',
      'cost',
      'cleanup',
      'caveats',
    ),
  )

/**
 * With the ranges of which the digest is made, so that whoever has the table can do the audit again: SHA-256 over the lines,
 * each with a line feed, is `ledger.digest`. Keys of a worker that lie between two of its ranges have no record of an outcome.
 */
export const renderLedgerJson = ({ report, ledgerRanges }: ReportData): string =>
  encode({
    ...part(report, 'ledger', 'failoverProof'),
    rangesFormat: 'worker:first-last:outcome',
    ranges: report.ledger.digest === null ? null : ledgerRanges,
  })
export const renderChecklistJson = (report: Report): string => encode(part(report, 'checklist'))
export const renderMetricsJson = (report: Report): string => encode(part(report, 'metrics'))
export const renderJournalJson = (report: Report): string => encode(part(report, 'journal', 'cleanup', 'cost'))
