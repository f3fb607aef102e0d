/** What was intended and what became of it, over the whole load. */
import type { Counts } from '../../loadgen-image/contract/glossary.ts'
import { countLedger } from '../merge/ledger.ts'
import type { Merged } from '../merge/merged.ts'
import type { AuditPass } from '../model/evidence.ts'

export interface Totals extends Counts {
  /** Keys without a reported outcome: of missing records, and of containers that were killed. Part of `unknown`. */
  readonly withoutRecord: number
}

/**
 * Arrivals whose record is missing are unknown: intended and unknown grow by the
 * keys that are known to be missing, and by the rows that the audit found without a record, so that the sum still holds.
 */
export function totalsOf(merged: Merged, pass: AuditPass | null): Totals {
  const { acknowledged, refused, unknown, missed, intended, weakAcks } = merged.totals
  const withoutRecord = countLedger(merged.ledger).unreported + (pass?.unrecorded ?? 0)
  if (isComplete(merged)) return { ...merged.totals, withoutRecord }
  const unsettled = intended - acknowledged - refused - unknown - missed
  const allUnknown = unknown + Math.max(withoutRecord, unsettled)
  return {
    intended: acknowledged + refused + allUnknown + missed,
    acknowledged,
    refused,
    unknown: allUnknown,
    missed,
    weakAcks,
    withoutRecord: allUnknown - unknown,
  }
}

const isComplete = ({ absent, incarnations }: Merged): boolean =>
  absent.length === 0 && incarnations.every(({ hasSummary, missing }) => hasSummary && missing.length === 0)
