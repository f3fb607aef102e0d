/** The live table: one line a second. ASCII only, because container logs are read everywhere. */
import type { SecondRecord, SparseHistogram } from '../contract/glossary.ts'
import { sparsePercentileUs } from '../contract/histogram.ts'
import type { RunningTotals } from './csv.ts'

const HEADER =
  'Time (UTC)        TPS   Intended      Total    Failed    Missed    P50 ms    P95 ms    P99 ms  Conns  Errors'
const LINES_PER_HEADER = 20
const US_PER_MS = 1000

export class ConsoleTable {
  #lines = 0

  /** With the header in front where it is due. */
  line(record: SecondRecord, totals: RunningTotals): string {
    const header = this.#lines++ % LINES_PER_HEADER === 0 ? `${HEADER}\n` : ''
    return header + tableLine(record, totals)
  }
}

function tableLine(record: SecondRecord, totals: RunningTotals): string {
  const { counts, connections, second, response } = record
  const columns = [
    new Date(second * 1000).toISOString().slice(11, 19).padEnd(10),
    String(counts.acknowledged).padStart(10),
    String(counts.intended).padStart(10),
    String(totals.acknowledged).padStart(10),
    String(totals.failed).padStart(9),
    String(counts.missed).padStart(9),
    milliseconds(response, 0.5),
    milliseconds(response, 0.95),
    milliseconds(response, 0.99),
    `${connections.open}`.padStart(6),
    `  ${errorWords(record)}`,
  ]
  return columns.join(' ').trimEnd()
}

const milliseconds = (histogram: SparseHistogram, share: number): string => {
  const valueUs = sparsePercentileUs(histogram, share)
  return (valueUs === null ? '-' : (valueUs / US_PER_MS).toFixed(1)).padStart(9)
}

const errorWords = (record: SecondRecord): string =>
  record.errors.map(({ code, phase, count }) => `${phase === 'connect' ? 'connect ' : ''}${code} x${count}`).join(', ')
