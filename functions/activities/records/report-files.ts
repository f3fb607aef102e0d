/** The files of a report, and the data of its charts. */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { ChartData } from '../../model/chart-data.ts'
import type { Renderer } from '../../render/formats.ts'
import type { ReportData } from '../../render/text/report-data.ts'

/** report.json last: its reader finds the other files. A file that cannot be rendered does not stop the rest. */
export async function writeReportFiles(
  blobs: Clients['blobs'],
  renderers: readonly Renderer[],
  drillId: string,
  data: ReportData,
): Promise<string[]> {
  const problems: string[] = []
  const { report: _report, ...charts } = data
  await blobs.write(drillBlobs.chartData(drillId), JSON.stringify(charts satisfies ChartData), 'application/json')
  const last = renderers.filter(({ name }) => name === 'report.json')
  for (const { name, contentType, render } of [...renderers.filter((one) => !last.includes(one)), ...last])
    try {
      await blobs.write(drillBlobs.report(drillId, name), render(data), contentType)
    } catch (error) {
      if (name === 'report.json') throw error
      problems.push(`${name} could not be written: ${errorText(error)}`)
    }
  return problems
}
