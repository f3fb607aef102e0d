/** Compares what the generator says about its keys with the rows that are there: key by key, so that a test can believe it. */
import type { Outcome, SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import type { TestDatabase } from './database.ts'

export interface Audit {
  readonly acknowledged: number
  readonly lost: number
  /** Refused, and there all the same: the outcome table is wrong. */
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
  const told = outcomesByKey(records)
  const count = (outcome: Outcome, isThere: boolean) =>
    [...told].filter(([key, each]) => each === outcome && stored.has(key) === isThere).length
  return {
    acknowledged: count('acknowledged', true),
    lost: count('acknowledged', false),
    misjudged: count('refused', true),
    recovered: count('unknown', true),
    unknownAbsent: count('unknown', false),
    unexpected: [...stored].filter((key) => !told.has(key)).length,
  }
}

function outcomesByKey(records: readonly SecondRecord[]): Map<string, Outcome> {
  const told = new Map<string, Outcome>()
  for (const { worker, firstSeq, count, exceptions } of records.flatMap(({ ledger }) => ledger)) {
    for (let seq = firstSeq; seq < firstSeq + count; seq++) told.set(`${worker}/${seq}`, 'acknowledged')
    for (const { seq, outcome } of exceptions) told.set(`${worker}/${seq}`, outcome)
  }
  return told
}
