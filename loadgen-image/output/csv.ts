/** One line a second: the nine columns that users of the original scripts know, with interval values, then our own. */

import type { SparseHistogram } from '../contract/glossary.ts'
import { CSV_COLUMNS, type SecondRecord } from '../contract/glossary.ts'
import { sparsePercentileUs } from '../contract/histogram.ts'

export const CSV_HEADER = `${CSV_COLUMNS.join(',')}\n`

const MS_PER_SECOND = 1000
const US_PER_MS = 1000

/** Totals since the start, which the known columns ask for. */
export interface RunningTotals {
  readonly acknowledged: number
  readonly failed: number
}

/** TPS is acknowledged commits; failed are refused and unknown. An empty percentile was not measured: never 0. */
export function csvRow(record: SecondRecord, totals: RunningTotals, startAtMs: number): string {
  const { counts, second, response, service, sendLag } = record
  const values: readonly (string | number)[] = [
    new Date(second * MS_PER_SECOND).toISOString().replace('T', ' ').replace('Z', ''),
    Math.max(0, second + 1 - startAtMs / MS_PER_SECOND).toFixed(3),
    counts.acknowledged,
    totals.acknowledged + totals.failed,
    totals.acknowledged,
    totals.failed,
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
