/** The rows that the made-up database holds: those that were stored, less those that a failover without synchronous replication lost. */
import type { StoredRange } from '../../../functions/clients/clients.ts'
import type { FakeServer } from './server.ts'

export interface Row {
  readonly worker: number
  readonly seq: number
  readonly atMs: number
  readonly acknowledged: boolean
}

export class Rows {
  readonly #rows: Row[] = []
  readonly #server: FakeServer
  /** Keys that somebody deleted, as worker:seq: a checker must be seen to fail. */
  readonly deleted = new Set<string>()

  constructor(server: FakeServer) {
    this.#server = server
  }

  add(row: Row): void {
    this.#rows.push(row)
  }

  isLost({ worker, seq, atMs }: Row): boolean {
    if (this.deleted.has(`${worker}:${seq}`)) return true
    return this.#server.failovers.some(
      ({ downAtMs, lostMs, upAtMs }) =>
        upAtMs !== Number.POSITIVE_INFINITY && atMs < downAtMs && atMs >= downAtMs - lostMs,
    )
  }

  get stored(): Row[] {
    return this.#rows.filter((row) => !this.isLost(row))
  }

  /** Acknowledged to a client, and gone. */
  get lost(): Row[] {
    return this.#rows.filter((row) => row.acknowledged && this.isLost(row))
  }

  /** Whatever became of them later. */
  get everAcknowledged(): Row[] {
    return this.#rows.filter(({ acknowledged }) => acknowledged)
  }

  clear(): number {
    const count = this.#rows.length
    this.#rows.length = 0
    return count
  }

  /** Maximal runs of consecutive keys per worker. */
  *runs(): Generator<StoredRange> {
    const byWorker = Map.groupBy(this.stored, ({ worker }) => worker)
    for (const [worker, rows] of [...byWorker].sort(([a], [b]) => a - b)) {
      const seqs = rows.map(({ seq }) => seq).sort((a, b) => a - b)
      let first = 0
      for (let i = 1; i <= seqs.length; i++) {
        if (i < seqs.length && seqs[i] === (seqs[i - 1] as number) + 1) continue
        const rowsInRun = i - first
        yield {
          worker,
          firstSeq: seqs[first] as number,
          lastSeq: seqs[i - 1] as number,
          rows: rowsInRun,
          distinctRows: rowsInRun,
        }
        first = i
      }
    }
  }
}
