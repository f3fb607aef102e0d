/**
 * The CSV files. Each has one header line whose names say the units; a value that was not measured is an empty field.
 * Text from outside (error messages, cohort names) never starts a formula when the file is opened in a spreadsheet.
 */
import { stringify } from 'csv-stringify/sync'
import { CSV_COLUMNS } from '../../loadgen-image/contract/glossary.ts'
import type { ClientRow, ProbeRow, TimelineRow } from '../model/chart-data.ts'
import type { Report } from '../model/report.ts'
import { exact } from '../units/units.ts'
import type { ReportData } from './text/report-data.ts'
import { type StaleRow, staleRows } from './text/stale-words.ts'

type Cell = string | number | null
export type Columns<Row> = ReadonlyArray<readonly [name: string, cell: (row: Row) => Cell]>

/**
 * https://owasp.org/www-community/attacks/CSV_Injection: also after space and a new line, which spreadsheets skip, and in full width.
 * Numbers are left alone, so that -1 stays a number.
 */
const withoutFormula = (text: string): string => (/^(\s*[=+\-@＝＋－＠]|[\t\r\n])/.test(text) ? `'${text}` : text)

export function toCsv<Row>(columns: Columns<Row>, rows: Iterable<Row>): string {
  const all = [...rows]
  const parts = [lines([columns.map(([name]) => name)])]
  for (let from = 0; from < all.length; from += ROWS_AT_ONCE) {
    const some = all.slice(from, from + ROWS_AT_ONCE)
    parts.push(lines(some.map((row) => columns.map(([, cell]) => cell(row)))))
  }
  return parts.join('')
}

/** All cells of five hours of seconds at once take 30 MB more. */
const ROWS_AT_ONCE = 1000

const lines = (records: readonly (readonly Cell[])[]): string =>
  stringify([...records], { cast: { string: withoutFormula } })

const isoOfSecond = (second: number): string => new Date(second * 1000).toISOString()

/**
 * Every second, every count, and one column per error code that occurred. A drill whose load did not start has one row without a
 * figure, whose phase says so.
 */
export function renderTimelineCsv({ report, timeline }: Pick<ReportData, 'report' | 'timeline'>): string {
  if (report.stoppedBy !== null) return toCsv(notStartedColumns, [report])
  const codes = [...new Set(timeline.flatMap((row) => Object.keys(row.errors)))].sort()
  return toCsv<TimelineRow>([...timelineColumns, ...codes.map(errorColumn)], timeline)
}

const errorColumn = (code: string) => [`error_${code}_count`, (row: TimelineRow) => row.errors[code] ?? 0] as const

const timelineColumns: Columns<TimelineRow> = [
  ['time_utc', (row) => isoOfSecond(row.second)],
  ['elapsed_s', (row) => row.elapsedSeconds],
  ['relative_to_event_s', (row) => row.relativeSeconds],
  ['phase', (row) => row.phase],
  ['offered_tps', (row) => row.offered],
  ['goodput_tps', (row) => row.goodput],
  ['refused_count', (row) => row.refused],
  ['unknown_count', (row) => row.unknown],
  ['missed_count', (row) => row.missed],
  ['weak_acks_count', (row) => row.weakAcks],
  ['response_p50_ms', (row) => exact(row.responseP50Ms)],
  ['response_p95_ms', (row) => exact(row.responseP95Ms)],
  ['response_p99_ms', (row) => exact(row.responseP99Ms)],
  ['service_p50_ms', (row) => exact(row.serviceP50Ms)],
  ['service_p99_ms', (row) => exact(row.serviceP99Ms)],
  ['send_lag_p99_ms', (row) => exact(row.sendLagP99Ms)],
  ['connections_open', (row) => row.connectionsOpen],
  ['connections_wanted', (row) => row.connectionsWanted],
  ['waiting_count', (row) => row.waiting],
  ['containers_missing_count', (row) => row.containersMissing],
  ['event_loop_delay_p99_ms', (row) => exact(row.eventLoopDelayP99Ms)],
]

const notStartedCells: Readonly<Record<string, (report: Report) => Cell>> = {
  time_utc: ({ endedAt }) => endedAt,
  phase: ({ headline }) => headline,
}

const notStartedColumns: Columns<Report> = timelineColumns.map(([name]) => [
  name,
  notStartedCells[name] ?? (() => null),
])

/**
 * The table that users of the original scripts know, merged over all containers: their nine columns in their order,
 * then ours. Values are of the interval, and TPS counts acknowledged commits only.
 */
export function renderLoadtestResultsCsv(timeline: readonly TimelineRow[]): string {
  return toCsv<TimelineRow>(
    CSV_COLUMNS.map((name) => [name, loadtestResults[name]]),
    timeline,
  )
}

const attempts = (row: TimelineRow): number => row.goodput + row.refused + row.unknown

const loadtestResults: Readonly<Record<(typeof CSV_COLUMNS)[number], (row: TimelineRow) => Cell>> = {
  Timestamp: (row) => isoOfSecond(row.second).slice(0, 23).replace('T', ' '),
  ElapsedSeconds: (row) => row.elapsedSeconds.toFixed(3),
  TPS: (row) => row.goodput,
  TotalTransactions: attempts,
  SuccessfulTransactions: (row) => row.goodput,
  FailedTransactions: (row) => row.refused + row.unknown,
  P50_Latency_ms: (row) => exact(row.responseP50Ms),
  P95_Latency_ms: (row) => exact(row.responseP95Ms),
  P99_Latency_ms: (row) => exact(row.responseP99Ms),
  Intended: (row) => row.offered,
  Refused: (row) => row.refused,
  Unknown: (row) => row.unknown,
  Missed: (row) => row.missed,
  WeakAcks: (row) => row.weakAcks,
  P50_Service_ms: (row) => exact(row.serviceP50Ms),
  P99_Service_ms: (row) => exact(row.serviceP99Ms),
  P99_SendLag_ms: (row) => exact(row.sendLagP99Ms),
  OpenConnections: (row) => row.connectionsOpen,
  EventLoopDelayP99_ms: (row) => exact(row.eventLoopDelayP99Ms),
}

export const renderClientsCsv = (clients: readonly ClientRow[]): string => toCsv(clientColumns, clients)

const clientColumns: Columns<ClientRow> = [
  ['event', (row) => row.event],
  ['container', (row) => row.container],
  ['worker', (row) => row.worker],
  ['cohort', (row) => row.cohort],
  ['outage_s', (row) => exact(row.outageSeconds)],
  ['last_good_utc', (row) => row.lastGoodAt],
  ['first_good_utc', (row) => row.firstGoodAt],
  ['refused_count', (row) => row.refused],
  ['unknown_count', (row) => row.unknown],
  ['connect_failures_count', (row) => row.connectFailures],
  ['first_error_code', (row) => row.code],
  ['client', (row) => row.client],
]

/** A row per way and state; without a container: as the container saw it that got furthest. */
export const renderProbesCsv = (probes: readonly ProbeRow[]): string => toCsv(probeColumns, probes)

const probeColumns: Columns<ProbeRow> = [
  ['way', (row) => row.way],
  ['container', (row) => row.container],
  ['state', (row) => row.state],
  ['from_utc', (row) => row.fromAt],
  ['to_utc', (row) => row.toAt],
  ['length_s', (row) => exact(row.seconds)],
  ['code', (row) => row.code],
]

/** A row per write that an old primary acknowledged after T2. */
export const renderStaleWritesCsv = (report: Report): string => toCsv(staleColumns, staleRows(report))

const staleColumns: Columns<StaleRow> = [
  ['event', (row) => row.event],
  ['container', (row) => row.container],
  ['session', (row) => row.session],
  ['seq', (row) => row.seq],
  ['timeline', (row) => row.timeline],
  ['sent_utc', (row) => row.sentAt],
  ['acknowledged_utc', (row) => row.acknowledgedAt],
  ['on_new_primary', (row) => (row.onNewPrimary === null ? null : row.onNewPrimary ? 'yes' : 'no')],
]

export const renderErrorsCsv = (errors: Report['errors']): string => toCsv(errorColumns, errors)

const errorColumns: Columns<Report['errors'][number]> = [
  ['code', (row) => row.code],
  ['meaning', (row) => row.meaning],
  ['phase', (row) => row.phase],
  ['outcome', (row) => row.outcome],
  ['count', (row) => row.count],
  ['first_utc', (row) => row.firstAt],
  ['last_utc', (row) => row.lastAt],
  ['workers_count', (row) => row.workers],
  ['example', (row) => row.example],
]

/** A row per outage of a probed application. */
export const renderApplicationsCsv = (applications: Report['applications']): string =>
  toCsv(
    applicationColumns,
    applications.flatMap(({ name, outages }) => outages.map((outage) => ({ name, ...outage }))),
  )

type ApplicationRow = { readonly name: string } & Report['applications'][number]['outages'][number]

const applicationColumns: Columns<ApplicationRow> = [
  ['application', (row) => row.name],
  ['event', (row) => row.event],
  ['container', (row) => row.container],
  ['outage_s', (row) => exact(row.seconds)],
  ['outage_at_least_s', (row) => exact(row.atLeastSeconds)],
  ['first_failed_utc', (row) => row.fromAt],
  ['first_good_utc', (row) => row.toAt],
  ['end', (row) => row.end],
  ['failed_count', (row) => row.failed],
  ['first_error_code', (row) => row.code],
  ['last_error_code', (row) => row.lastCode],
]
