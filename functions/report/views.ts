/**
 * The JSON files beside report.json: each is a part of it for one reader, under the same names and with the same values.
 * All carry the drill's id and the schema number, so that a file that went astray still says what it is.
 */
import type { Report } from '../drill/report.ts'

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
      'events',
      'recovery',
      'throughput',
      'availability',
      'latencyMs',
      'cost',
      'cleanup',
      'caveats',
    ),
  )

export const renderLedgerJson = (report: Report): string => encode(part(report, 'ledger', 'failoverProof'))
export const renderChecklistJson = (report: Report): string => encode(part(report, 'checklist'))
export const renderMetricsJson = (report: Report): string => encode(part(report, 'metrics'))
export const renderJournalJson = (report: Report): string => encode(part(report, 'journal', 'cleanup', 'cost'))
