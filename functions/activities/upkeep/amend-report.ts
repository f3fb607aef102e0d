/** Adds to the report of a drill that has ended what was done for it since, so that no file of it is out of date. */
import type { Clients } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { ChartData } from '../../model/chart-data.ts'
import type { JournalEntry, Report } from '../../model/report.ts'
import type { Renderer } from '../../render/formats.ts'
import { dateTime } from '../../units/units.ts'
import { writeReportFiles } from '../records/report-files.ts'

type Event = Pick<JournalEntry, 'at' | 'phase' | 'step' | 'detail'>

/** A caveat and an entry of the journal. A drill that died without a report has none to amend. */
export async function amendReport(
  { blobs }: Pick<Clients, 'blobs'>,
  renderers: readonly Renderer[],
  drillId: string,
  events: readonly Event[],
): Promise<void> {
  const [report, charts] = await Promise.all([
    blobs.readJson<Report>(drillBlobs.report(drillId, 'report.json')),
    blobs.readJson<ChartData>(drillBlobs.chartData(drillId)),
  ])
  if (report === null || charts === null) return
  const entries = events.map((event): JournalEntry => ({ ...event, seconds: null, attempt: 1, result: 'note' }))
  const caveats = events.map(({ at, detail }) => `After the drill, at ${dateTime(at)}, ${detail}.`)
  const amended = {
    ...report,
    journal: [...report.journal, ...entries],
    caveats: [...report.caveats, ...caveats],
  }
  await writeReportFiles(blobs, renderers, drillId, { ...charts, report: amended })
}
