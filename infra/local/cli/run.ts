/** A drill behind the API, here or far away: started, shown to its end, its report printed and kept. */
import type { DrillStatus } from '../../../functions/model/status.ts'
import { screen } from '../../../loadgen-image/output/screen.ts'
import { CannotRun } from '../process/problem.ts'
import { type DrillApi, newKey } from './drill-client.ts'
import type { ProgressView, Terminal } from './drill-progress.ts'
import { exitCodeOf, fetchReport, keepFiles, keptLines, verdictLines } from './drill-result.ts'
import { type Course, followToEnd } from './follow.ts'

/** What stands beside the report of a drill: lines under the verdict, and files in its folder. */
export interface Beside {
  readonly lines: readonly string[]
  readonly files: Readonly<Record<string, Uint8Array>>
}

export interface Run {
  readonly api: DrillApi
  /** One attempt a call: `course` says how often. */
  readonly poll: DrillApi
  readonly terminal: Terminal
  /** Length of the load; null: not known. */
  readonly loadSeconds: number | null
  /** By the id of what is followed. */
  readonly course: (id: string) => Course
  readonly signal: AbortSignal
  readonly out: string
  /** Advice when there is no report. */
  readonly withoutReport: string
  readonly beside?: () => Beside
}

export interface DrillRun extends Run {
  readonly view: ProgressView
  readonly onStatus?: (status: DrillStatus) => void
}

export const ABORTED_BY = 'Ctrl-C'

/** The exit code. */
export async function runDrill(run: DrillRun & { readonly words: string }, body: unknown): Promise<number> {
  const drillId = await run.api.start(body, newKey())
  run.view.note(`Drill ${drillId}: ${run.words}`)
  return followDrill(run, drillId)
}

/** Of a drill that has been started. The exit code. */
export async function followDrill(run: DrillRun, drillId: string): Promise<number> {
  const { api, poll, view, course, signal, out, withoutReport, onStatus, beside } = run
  const last = await followToEnd(
    {
      read: () => poll.status(drillId),
      abort: () => poll.abort(drillId, ABORTED_BY),
      onStatus: (status) => {
        view.show(status)
        onStatus?.(status)
      },
      say: view.note,
    },
    course(drillId),
    signal,
  ).finally(view.end)
  const report = await fetchReport(api, drillId)
  if (report === null)
    throw new CannotRun(`Drill ${drillId} ended without a report: ${last.error ?? last.state}. ${withoutReport}`)
  const { lines, files } = beside?.() ?? { lines: [], files: {} }
  // Before the files: their errors must not hide the verdict.
  screen.show([...verdictLines(report), ...lines].join('\n'))
  screen.show(keptLines(await keepFiles(api, drillId, out, files)).join('\n'))
  return exitCodeOf(report)
}
