/** The live table: one line a second. ASCII only, because not every viewer of container logs shows more. */
import type { Counts, SecondRecord, SparseHistogram } from '../contract/glossary.ts'
import { sparsePercentileUs } from '../contract/histogram.ts'

const HEADER =
  'Time (UTC)        TPS   Intended      Total    Failed    Missed    P50 ms    P95 ms    P99 ms  Conns  Errors'
const LINES_PER_HEADER = 20
const US_PER_MS = 1000

export class ConsoleTable {
  #lines = 0

  /** `totals`: since the start. The header stands before every 20th line. */
  line({ counts, connections, second, response, errors }: SecondRecord, totals: Counts): string {
    const header = this.#lines++ % LINES_PER_HEADER === 0 ? `${HEADER}\n` : ''
    const columns = [
      new Date(second * 1000).toISOString().slice(11, 19).padEnd(10),
      String(counts.acknowledged).padStart(10),
      String(counts.intended).padStart(10),
      String(totals.acknowledged).padStart(10),
      String(totals.refused + totals.unknown).padStart(9),
      String(counts.missed).padStart(9),
      milliseconds(response, 0.5),
      milliseconds(response, 0.95),
      milliseconds(response, 0.99),
      String(connections.open).padStart(6),
      `  ${errors.map(({ code, phase, count }) => `${phase === 'connect' ? 'connect ' : ''}${code} x${count}`).join(', ')}`,
    ]
    return header + columns.join(' ').trimEnd()
  }
}

const milliseconds = (histogram: SparseHistogram, share: number): string => {
  const valueUs = sparsePercentileUs(histogram, share)
  return (valueUs === null ? '-' : (valueUs / US_PER_MS).toFixed(1)).padStart(9)
}
