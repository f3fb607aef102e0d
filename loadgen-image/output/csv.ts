/** The CSV, one line a second: the nine columns of the original scripts, with interval values, then our own. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { type Counts, CSV_COLUMNS, type SecondRecord, type SparseHistogram } from '../contract/glossary.ts'
import { sparsePercentileUs } from '../contract/histogram.ts'

export const CSV_HEADER = `${CSV_COLUMNS.join(',')}\n`

const MS_PER_SECOND = 1000
const US_PER_MS = 1000

/** `totals`: since the start. TPS is acknowledged commits. A percentile that was not measured is empty, never 0. */
export function csvRow(record: SecondRecord, totals: Counts, startAtMs: number): string {
  const { counts, second, response, service, sendLag } = record
  const failed = totals.refused + totals.unknown
  const values: readonly (string | number)[] = [
    new Date(second * MS_PER_SECOND).toISOString().replace('T', ' ').replace('Z', ''),
    Math.max(0, second + 1 - startAtMs / MS_PER_SECOND).toFixed(3),
    counts.acknowledged,
    totals.acknowledged + failed,
    totals.acknowledged,
    failed,
    percentile(response, 0.5),
    percentile(response, 0.95),
    percentile(response, 0.99),
    counts.intended,
    counts.refused,
    counts.unknown,
    counts.missed,
    counts.weakAcks,
    percentile(service, 0.5),
    percentile(service, 0.99),
    percentile(sendLag, 0.99),
    record.connections.open,
    (record.health.eventLoopDelayP99Us / US_PER_MS).toFixed(2),
  ]
  return `${values.join(',')}\n`
}

function percentile(histogram: SparseHistogram, share: number): string {
  const valueUs = sparsePercentileUs(histogram, share)
  return valueUs === null ? '' : (valueUs / US_PER_MS).toFixed(2)
}

/** The CSV of a stand-alone run, which exists already with its header. A full disk ends the file, not the process. */
export class CsvFile {
  readonly #stream: WriteStream
  #problem: string | null = null

  /** `onProblem` is called once, with the message of the file system. */
  constructor(path: string, onProblem: (message: string) => void) {
    this.#stream = createWriteStream(path, { flags: 'a' })
    this.#stream.on('error', (error) => {
      if (this.#problem !== null) return
      this.#problem = error.message
      onProblem(error.message)
    })
  }

  get isWhole(): boolean {
    return this.#problem === null
  }

  add(row: string): void {
    if (this.#problem === null) this.#stream.write(row)
  }

  async close(): Promise<void> {
    this.#stream.end()
    await finished(this.#stream).catch(() => {})
  }
}
