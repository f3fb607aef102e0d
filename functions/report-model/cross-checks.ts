/**
 * Figures that come by different ways must agree. Where they do not, something of ours is wrong: that is said loudly, and the
 * drill proves nothing.
 */
import type { Counts, LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import { countLedger, type LedgerCounts } from '../merge/ledger.ts'
import type { Incarnation, Merged } from '../merge/merged.ts'
import type { AuditPass } from '../model/evidence.ts'

export interface Totals extends Counts {
  /** Keys without a told outcome: of missing records, and of containers that were killed. Part of `unknown`. */
  readonly withoutRecord: number
}

/**
 * What was intended and what became of it. Arrivals whose record is missing are unknown: intended and unknown grow by the
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

export function contradictions(
  merged: Merged,
  summaries: readonly LoadSummary[],
  pass: AuditPass | null,
  keepsLedger: boolean,
): string[] {
  return [
    outcomesAddUp(merged, pass),
    keepsLedger ? ledgerMatches(merged, countLedger(merged.ledger)) : null,
    pass === null ? null : rowsAddUp(pass),
    pass === null ? null : auditSawTheLedger(merged, pass),
    ...merged.incarnations.map((one) => summaryMatches(one, summaries)),
    ...merged.incarnations.map(hasNoConflict),
  ].filter((sentence) => sentence !== null)
}

function outcomesAddUp(merged: Merged, pass: AuditPass | null): string | null {
  const { intended, acknowledged, refused, unknown, missed } = totalsOf(merged, pass)
  const sum = acknowledged + refused + unknown + missed
  return sum === intended
    ? null
    : `${intended} arrivals were intended, but acknowledged, refused, unknown and missed add up to ${sum}`
}

function ledgerMatches({ totals }: Merged, told: LedgerCounts): string | null {
  if (told.duplicateReports > 0) return `${told.duplicateReports} keys were told with an outcome more than once`
  const differing = (['acknowledged', 'refused', 'unknown'] as const).filter(
    (outcome) => told[outcome] !== totals[outcome],
  )
  if (differing.length === 0) return null
  return `the ledger and the counts differ: ${differing.map((o) => `${o} ${told[o]} and ${totals[o]}`).join(', ')}`
}

function rowsAddUp(pass: AuditPass): string | null {
  const sum = pass.acknowledgedPresent + pass.recovered + pass.misjudged + pass.unexpected + pass.duplicates
  return sum === pass.rows ? null : `the audit found ${pass.rows} rows, but its classes add up to ${sum}`
}

function auditSawTheLedger({ totals }: Merged, pass: AuditPass): string | null {
  const seen = pass.acknowledgedPresent + pass.lost
  return seen === totals.acknowledged
    ? null
    : `${totals.acknowledged} commits were acknowledged, but the audit looked for ${seen}`
}

function summaryMatches(
  { container, incarnation, counts, missing }: Incarnation,
  summaries: readonly LoadSummary[],
): string | null {
  const summary = summaries.find((one) => one.container === container && one.incarnation === incarnation)
  if (summary === undefined || missing.length > 0) return null
  const differing = (Object.keys(counts) as (keyof Counts)[]).filter((name) => counts[name] !== summary.totals[name])
  if (differing.length === 0) return null
  const pairs = differing.map((name) => `${name} ${counts[name]} and ${summary.totals[name]}`)
  return `records and summary of container ${container} differ: ${pairs.join(', ')}`
}

const hasNoConflict = ({ container, conflicts }: Incarnation): string | null =>
  conflicts.length === 0
    ? null
    : `container ${container} told ${conflicts.length} seconds twice with different contents (first: second ${conflicts[0]})`
