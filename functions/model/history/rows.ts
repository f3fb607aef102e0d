/** Rows of the table of drills: what a query may filter by, and the entry itself. */
import { type IndexEntry, serverKey } from '../drill-index.ts'
import { verdictWord } from '../early-end/stopped-by.ts'
import { PLANNED_KINDS, type PlannedKind } from '../planned-event.ts'
import { type KeyRange, keyOf, PARTITIONS } from './keys.ts'

export type Columns = Readonly<Record<string, string | boolean>>

export interface TableRow {
  readonly partition: string
  readonly key: string
  readonly columns: Columns
  readonly value: unknown
}

export interface TableQuery extends KeyRange {
  readonly partition: string
  /** Columns that must have these values. */
  readonly where: Columns
}

/** `none` of a drill that has no verdict (yet), and of one without an event. */
export const NONE = 'none'

export const LISTED_KINDS = [...PLANNED_KINDS, NONE] as const
export type ListedKind = PlannedKind | typeof NONE

/** A drill may have events of several kinds, and a query can only compare: one column per kind. */
export const kindColumn = (kind: ListedKind): string => `kind_${kind}`

/** Servers are compared with their resource group. */
export const serverColumn = (target: IndexEntry['target']): Columns => ({ server: serverKey(target) })

const kindsOf = ({ events }: IndexEntry): ListedKind[] =>
  events.length === 0 ? [NONE] : events.map(({ kind }) => kind)

const columnsOf = (entry: IndexEntry): Columns => ({
  ...serverColumn(entry.target),
  verdict: verdictWord(entry) ?? NONE,
  requestedBy: entry.requestedBy,
  ...Object.fromEntries(kindsOf(entry).map((kind) => [kindColumn(kind), true])),
})

/** Which drill a row is about. */
export type DrillKey = Pick<IndexEntry, 'drillId' | 'requestedAt' | 'target'>

export const drillKey = ({ requestedAt, drillId }: Omit<DrillKey, 'target'>): string => keyOf(requestedAt, drillId)

export const rowOfServer = (entry: IndexEntry): TableRow => ({
  partition: PARTITIONS.ofServer(entry.target.server),
  key: drillKey(entry),
  columns: columnsOf(entry),
  value: entry,
})

export const rowOfAll = (entry: IndexEntry): TableRow => ({ ...rowOfServer(entry), partition: PARTITIONS.all })

export const rowOfOpen = ({ drillId, requestedAt, target }: DrillKey): TableRow => ({
  partition: PARTITIONS.open,
  key: drillKey({ drillId, requestedAt }),
  columns: {},
  value: { drillId, requestedAt, target } satisfies DrillKey,
})
