/** The input of a renderer: the report, and the data of its charts and CSV files, which are too long for report.json. */
import type { ChartData } from '../../model/chart-data.ts'
import type { Report } from '../../model/report.ts'

export interface ReportData extends ChartData {
  readonly report: Report
}
