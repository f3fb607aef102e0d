/** The history of drills as CSV: a row per drill, newest first. What was not measured is an empty field. */
import { eventFigureText } from '../event-figures/table.ts'
import { eventsInWords } from '../event-kinds/kinds.ts'
import type { IndexEntry } from '../model/drill-index.ts'
import { verdictWord } from '../model/early-end/stopped-by.ts'
import { exact } from '../units/units.ts'
import { type Columns, toCsv } from './csv.ts'

const figure = (id: string) => (entry: IndexEntry) => exact(entry.trend?.figures[id] ?? null)

/** The words of a figure that is a bound, or that the load's end cut off; of a measured one its value in words. */
const reading =
  (name: 'recoveryTime' | 'writeOutage') =>
  ({ trend }: IndexEntry) =>
    trend === null ? null : eventFigureText(trend.worst[name].measured)

const COLUMNS: Columns<IndexEntry> = [
  ['requested_utc', ({ requestedAt }) => requestedAt],
  ['drill_id', ({ drillId }) => drillId],
  ['resource_group', ({ target }) => target.resourceGroup],
  ['server', ({ target }) => target.server],
  ['requested_by', ({ requestedBy }) => requestedBy],
  ['events', ({ events }) => eventsInWords(events)],
  ['planned_s', ({ plannedSeconds }) => exact(plannedSeconds)],
  ['ended_utc', ({ endedAt }) => endedAt],
  ['verdict', verdictWord],
  ['recovery_time_s', figure('recoveryTimeSeconds')],
  ['recovery_time_reading', reading('recoveryTime')],
  ['write_outage_s', figure('writeOutageSeconds')],
  ['write_outage_reading', reading('writeOutage')],
  ['worst_client_outage_s', figure('worstClientOutageSeconds')],
  ['lost_count', figure('lost')],
  ['baseline_tps', figure('baselineTps')],
  ['baseline_p50_ms', figure('baselineP50Ms')],
  ['baseline_p99_ms', figure('baselineP99Ms')],
  ['availability_share', ({ trend }) => trend?.figures.availability ?? null],
  ['load', ({ trend }) => trend?.like.words ?? null],
  ['stopped_by', ({ stoppedBy }) => stoppedBy?.why ?? null],
  ['headline', ({ headline }) => headline],
]

export const renderHistoryCsv = (entries: readonly IndexEntry[]): string => toCsv(COLUMNS, entries)
