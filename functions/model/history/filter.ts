/** What a list of drills may be reduced to, and the query that does it. */
import { keysBetween, PARTITIONS } from './keys.ts'
import { kindColumn, type ListedKind, type TableQuery } from './rows.ts'

/** Null: any. */
export interface DrillFilter {
  /** Name of a server. */
  readonly server: string | null
  /** A verdict, `NOT STARTED`, or `none`. */
  readonly verdict: string | null
  /** Drills with an event of this kind, or `none`. */
  readonly kind: ListedKind | null
  /** Requested then or later, and then or earlier. */
  readonly fromMs: number | null
  readonly toMs: number | null
}

/** `keptSinceMs`: drills that were requested earlier are expired, and not listed even before they are removed. */
export function queryOf({ server, verdict, kind, fromMs, toMs }: DrillFilter, keptSinceMs: number): TableQuery {
  return {
    partition: server === null ? PARTITIONS.all : PARTITIONS.ofServer(server),
    ...keysBetween(Math.max(fromMs ?? 0, keptSinceMs), toMs),
    where: { ...(verdict !== null && { verdict }), ...(kind !== null && { [kindColumn(kind)]: true }) },
  }
}
