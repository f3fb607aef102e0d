/** Table storage in memory: rows of a partition in the order of their keys, conditional writes, and the calls that were made. */
import type { StoredRow, Table, TablePage } from '../../functions/clients/clients.ts'
import type { TableQuery, TableRow } from '../../functions/model/history/rows.ts'

interface Kept {
  readonly row: TableRow
  readonly text: string
  readonly etag: string
}

export class MemoryTable implements Table {
  readonly #partitions = new Map<string, Map<string, Kept>>()
  readonly calls: string[] = []
  #version = 0
  /** Throws from every call while it says so. */
  isAway: () => boolean = () => false
  /** Runs before a write, which fails when it throws: the process dies between two writes. */
  beforeWrite: (row: TableRow) => void = () => {}
  /** As the service under a filter: it looks at so many rows a call, and returns those that fit. */
  maxRowsLookedAt = 1_000

  keys(partition: string): string[] {
    return [...(this.#partitions.get(partition)?.keys() ?? [])].sort()
  }

  peek<T>(partition: string, key: string): T | null {
    const kept = this.#partitions.get(partition)?.get(key)
    return kept === undefined ? null : (JSON.parse(kept.text) as T)
  }

  store(row: TableRow): void {
    const rows = this.#partitions.get(row.partition) ?? new Map<string, Kept>()
    this.#partitions.set(row.partition, rows)
    rows.set(row.key, { row, text: JSON.stringify(row.value), etag: `"${++this.#version}"` })
  }

  async page<T>(query: TableQuery, limit: number, after: string | null): Promise<TablePage<T>> {
    this.#reach('page')
    const rows = this.#partitions.get(query.partition)
    const start = after ?? query.from ?? ''
    const keys = this.keys(query.partition).filter((key) => key >= start && (query.below === null || key < query.below))
    const found: Array<StoredRow<T>> = []
    let at = 0
    while (at < keys.length && at < this.maxRowsLookedAt && found.length < limit) {
      const kept = rows?.get(keys[at++] as string) as Kept
      if (Object.entries(query.where).every(([name, value]) => kept.row.columns[name] === value))
        found.push(storedRow<T>(kept))
    }
    return { rows: found, next: keys[at] ?? null }
  }

  async read<T>(partition: string, key: string): Promise<StoredRow<T> | null> {
    this.#reach('read')
    const kept = this.#partitions.get(partition)?.get(key)
    return kept === undefined ? null : storedRow<T>(kept)
  }

  async insert(row: TableRow): Promise<boolean> {
    this.#reach('insert')
    if (this.#partitions.get(row.partition)?.has(row.key)) return false
    this.beforeWrite(row)
    this.store(row)
    return true
  }

  async put(row: TableRow): Promise<void> {
    this.#reach('put')
    this.beforeWrite(row)
    this.store(row)
  }

  async replace(row: TableRow, etag: string): Promise<boolean> {
    this.#reach('replace')
    if (this.#partitions.get(row.partition)?.get(row.key)?.etag !== etag) return false
    this.beforeWrite(row)
    this.store(row)
    return true
  }

  async delete(partition: string, key: string): Promise<void> {
    this.#reach('delete')
    this.#partitions.get(partition)?.delete(key)
  }

  #reach(call: string): void {
    this.calls.push(call)
    if (this.isAway()) throw new Error('the table storage does not answer')
  }
}

const storedRow = <T>({ row, text, etag }: Kept): StoredRow<T> => ({ key: row.key, value: JSON.parse(text) as T, etag })
