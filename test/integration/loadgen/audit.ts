/** Compares the generator's ledger with the rows in the table, key by key and without the code that the app audits with. */
import type { Outcome, SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import type { TestDatabase } from './database.ts'

export interface Audit {
  readonly acknowledged: number
  readonly lost: number
  /** Refused, and in the table: the outcome table is wrong. */
  readonly misjudged: number
  readonly recovered: number
  readonly unknownAbsent: number
  readonly unexpected: number
}

export async function audit(
  { query }: Pick<TestDatabase, 'query'>,
  drillId: string,
  records: readonly SecondRecord[],
): Promise<Audit> {
  const rows = await query<{ key: string }>(
    `SELECT worker || '/' || seq AS key FROM transactions WHERE drill_id = '${drillId}'`,
  )
  const stored = new Set(rows.map(({ key }) => key))
  const outcomes = outcomesByKey(records)
  const count = (outcome: Outcome, isThere: boolean) =>
    [...outcomes].filter(([key, each]) => each === outcome && stored.has(key) === isThere).length
  return {
    acknowledged: count('acknowledged', true),
    lost: count('acknowledged', false),
    misjudged: count('refused', true),
    recovered: count('unknown', true),
    unknownAbsent: count('unknown', false),
    unexpected: [...stored].filter((key) => !outcomes.has(key)).length,
  }
}

function outcomesByKey(records: readonly SecondRecord[]): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>()
  for (const { worker, firstSeq, count, exceptions } of records.flatMap(({ ledger }) => ledger)) {
    for (let seq = firstSeq; seq < firstSeq + count; seq++) outcomes.set(`${worker}/${seq}`, 'acknowledged')
    for (const { seq, outcome } of exceptions) outcomes.set(`${worker}/${seq}`, outcome)
  }
  return outcomes
}
