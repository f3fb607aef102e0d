/** The rows that the made-up database holds: those that were committed, less those that a promotion forgot. */
import type { StoredRange } from '../../../functions/clients/clients.ts'
import type { WatchRun } from '../../../functions/model/evidence.ts'
import type { Outcome } from '../../../loadgen-image/contract/glossary.ts'
import type { FakeServer } from './server.ts'
import type { Interruption } from './service.ts'

export interface Row {
  readonly drillId: string
  readonly container: number
  readonly worker: number
  readonly seq: number
  /** When it was sent the last time. */
  sentMs: number
  /** When the server committed it; Infinity: it did not. */
  atMs: number
  /** What its client came to know, and when; null: nothing yet. */
  outcome: Outcome | null
  knownMs: number
}

/** A row of the stale-primary watch that was acknowledged. */
export interface WatchRow {
  readonly drillId: string
  readonly container: number
  readonly session: number
  readonly seq: number
  readonly sentMs: number
  readonly atMs: number
  /** The promotion after whose beginning the old primary took it; null: it was the primary. */
  readonly stale: Interruption | null
}

export class Rows {
  readonly watch: WatchRow[] = []
  readonly #rows: Row[] = []
  readonly #server: FakeServer
  /** Keys that were deleted by hand, as worker:seq: a checker must be seen to fail. */
  readonly deleted = new Set<string>()

  constructor(server: FakeServer) {
    this.#server = server
  }

  add(row: Row): void {
    this.#rows.push(row)
  }

  /** Committed, and gone. */
  isLost({ worker, seq, atMs }: Row, nowMs = this.#server.nowMs): boolean {
    if (!Number.isFinite(atMs)) return false
    const { service } = this.#server
    const isDeleted = this.deleted.size > 0 && this.deleted.has(`${worker}:${seq}`)
    return isDeleted || service.forgottenBy(atMs, nowMs) !== undefined
  }

  isStored(row: Row): boolean {
    return this.isStoredAt(row, this.#server.nowMs)
  }

  isStoredAt(row: Row, atMs: number): boolean {
    return Number.isFinite(row.atMs) && !this.isLost(row, atMs)
  }

  /** All that were sent. */
  get all(): readonly Row[] {
    return this.#rows
  }

  get stored(): Row[] {
    return this.#rows.filter((row) => this.isStored(row))
  }

  /** Acknowledged to a client, and gone. */
  get lost(): Row[] {
    return this.everAcknowledged.filter((row) => this.isLost(row))
  }

  /** Also those that were lost later. */
  get everAcknowledged(): Row[] {
    return this.#rows.filter(({ outcome }) => outcome === 'acknowledged')
  }

  /** Row by row, as far as the primary of now has them. */
  watchRuns(drillId: string): WatchRun[] {
    const { service } = this.#server
    const has = (row: WatchRow) => row.stale === null && !service.forgottenBy(row.atMs, this.#server.nowMs)
    return this.watch
      .filter((row) => row.drillId === drillId && has(row))
      .map(({ container, session, seq }) => ({ container, session, firstSeq: seq, lastSeq: seq }))
  }

  clear(): number {
    const count = this.#rows.length
    this.#rows.length = 0
    return count
  }

  runs(drillId: string): Generator<StoredRange> {
    const own = this.stored.filter((row) => row.drillId === drillId)
    return rangesOf(own.map(({ worker, seq }) => ({ worker, seq, rows: 1 })))
  }
}

/** As the database sums its rows up: maximal runs of consecutive keys per worker. */
export function* rangesOf(
  keys: Iterable<{ readonly worker: number; readonly seq: number; readonly rows: number }>,
): Generator<StoredRange> {
  const byWorker = Map.groupBy(keys, ({ worker }) => worker)
  for (const [worker, own] of [...byWorker].sort(([a], [b]) => a - b)) {
    const ranges: StoredRange[] = []
    for (const { seq, rows } of own.sort((a, b) => a.seq - b.seq)) {
      const last = ranges.at(-1)
      if (last?.lastSeq === seq - 1)
        ranges[ranges.length - 1] = {
          ...last,
          lastSeq: seq,
          rows: last.rows + rows,
          distinctRows: last.distinctRows + 1,
        }
      else ranges.push({ worker, firstSeq: seq, lastSeq: seq, rows, distinctRows: 1 })
    }
    yield* ranges
  }
}
