/** A drill behind the API, here or far away: started, shown to its end, its report printed and kept. */
import type { DrillStatus } from '../../../functions/model/status.ts'
import { screen } from '../../../loadgen-image/output/screen.ts'
import { CannotRun } from '../process/problem.ts'
import { type DrillApi, newKey } from './drill-client.ts'
import type { ProgressView, Terminal } from './drill-progress.ts'
import { exitCodeOf, fetchReport, keepFiles, keepPage, keptLines, titleLine, verdictLines } from './drill-result.ts'
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
  const { api, poll, view, signal, out, withoutReport, onStatus, beside } = run
  const course = run.course(drillId)
  const { early } = course
  const showFirst = early === null ? null : firstReport(run, drillId, early.offer)
  const last = await followToEnd(
    {
      read: () => poll.status(drillId),
      abort: () => poll.abort(drillId, ABORTED_BY),
      onStatus: async (status) => {
        view.show(status)
        onStatus?.(status)
        await showFirst?.(status)
      },
      say: view.note,
      isEnough: (status) => early !== null && isEarly(status),
    },
    course,
    signal,
  ).finally(view.end)
  const report = await fetchReport(api, drillId)
  if (report === null)
    throw new CannotRun(`Drill ${drillId} ended without a report: ${last.error ?? last.state}. ${withoutReport}`)
  const { lines, files } = beside?.() ?? { lines: [], files: {} }
  // Before the files: their errors must not hide the verdict.
  screen.show([...verdictLines(report), ...lines].join('\n'))
  screen.show(keptLines(await keepFiles(api, drillId, out, files)).join('\n'))
  if (early !== null && isEarly(last)) screen.show(early.left)
  return exitCodeOf(report)
}

/** The report is written, and is written again when late metrics are in. */
const isEarly = ({ state, progress, links }: DrillStatus): boolean =>
  state === 'running' && links.report !== null && progress?.phase === 'late metrics'

/** Says once that there is a report, and keeps its page: what is awaited after it takes minutes. */
function firstReport({ poll, out, view }: DrillRun, drillId: string, offer: string) {
  let isShown = false
  return async (status: DrillStatus): Promise<void> => {
    if (isShown || !isEarly(status)) return
    // A connection that is lost now is back at a later status.
    const report = await fetchReport(poll, drillId).catch(() => null)
    const place = report === null ? null : await keepPage(poll, drillId, out)
    if (report === null || place === null) return
    isShown = true
    view.note(`${titleLine(report)}\nReport: ${place}\n${offer}`)
  }
}
