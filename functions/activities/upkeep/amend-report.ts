/** Adds to the report of a drill that has ended what was done for it since, so that no file of it is out of date. */
import type { Clients } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { ChartData } from '../../model/chart-data.ts'
import type { Amendment } from '../../model/files/report-inputs.ts'
import type { JournalEntry, Report } from '../../model/report.ts'
import type { Renderer } from '../../render/formats.ts'
import { dateTime } from '../../units/units.ts'
import { writeReportFiles } from '../records/report-files.ts'

/** A caveat and an entry of the journal. A drill that died without a report has none to amend. */
export async function amendReport(
  { blobs }: Pick<Clients, 'blobs'>,
  renderers: readonly Renderer[],
  drillId: string,
  events: readonly Amendment[],
): Promise<void> {
  const [report, charts, earlier] = await Promise.all([
    blobs.readJson<Report>(drillBlobs.report(drillId, 'report.json')),
    blobs.readJson<ChartData>(drillBlobs.chartData(drillId)),
    blobs.readJson<Amendment[]>(drillBlobs.amendments(drillId)),
  ])
  if (report === null || charts === null) return
  await writeReportFiles(blobs, renderers, drillId, { ...charts, report: amended(report, events) })
  await blobs.writeJson(drillBlobs.amendments(drillId), [...(earlier ?? []), ...events])
}

export function amended(report: Report, events: readonly Amendment[]): Report {
  const entries = events.map((event): JournalEntry => ({ ...event, seconds: null, attempt: 1, result: 'note' }))
  const caveats = events.map(({ at, detail }) => `After the drill, at ${dateTime(at)}, ${detail}.`)
  return { ...report, journal: [...report.journal, ...entries], caveats: [...report.caveats, ...caveats] }
}
