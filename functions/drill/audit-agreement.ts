/**
 * Two looks that agree make an audit: one look may fall into a moment in which rows still arrive, or into a primary that is
 * about to change. Both must have been at a writable server, on the same timeline, and far enough apart, and must have found
 * the same rows: as many of others is no agreement.
 */
import type { AuditPass } from './outcome.ts'

export type AuditResult =
  | { readonly kind: 'agreed'; readonly pass: AuditPass }
  | { readonly kind: 'unresolved'; readonly pass: AuditPass; readonly why: string }
  | { readonly kind: 'none'; readonly why: string }

/** When the second look may begin: rows that were on their way when the first one ended have had the whole pause to arrive. */
export const secondAuditFromMs = (firstEndedAtMs: number, pauseSeconds: number): number =>
  firstEndedAtMs + pauseSeconds * 1000

/** Two hosts may make the two looks, and their clocks differ a little. */
const CLOCK_TOLERANCE_MS = 100

const FIGURES = [
  'timeline',
  'rows',
  'acknowledgedPresent',
  'lost',
  'recovered',
  'unknownAbsent',
  'misjudged',
  'unexpected',
  'duplicates',
] as const satisfies ReadonlyArray<keyof AuditPass>

/** The last two passes decide: earlier ones may have come too early. */
export function agreeOn(passes: readonly AuditPass[], pauseSeconds: number): AuditResult {
  const [before, last] = passes.slice(-2)
  if (before === undefined) return { kind: 'none', why: 'the ledger was not compared with the database' }
  if (last === undefined) return { kind: 'unresolved', pass: before, why: 'the ledger was compared only once' }
  const why = disagreement(before, last, pauseSeconds)
  return why === null ? { kind: 'agreed', pass: last } : { kind: 'unresolved', pass: last, why }
}

function disagreement(before: AuditPass, last: AuditPass, pauseSeconds: number): string | null {
  if (before.inRecovery !== false || last.inRecovery !== false)
    return 'the audited server was not seen to be a writable primary'
  const beganAtMs = Date.parse(last.at)
  const endedAtMs = Date.parse(before.endedAt)
  if (beganAtMs < secondAuditFromMs(endedAtMs, pauseSeconds) - CLOCK_TOLERANCE_MS)
    return `the two looks were ${(beganAtMs - endedAtMs) / 1000} s apart; at least ${pauseSeconds} s are needed`
  const differing = FIGURES.filter((figure) => before[figure] !== last[figure])
  if (differing.length > 0)
    return `the two looks differ: ${differing.map((name) => `${name} ${before[name]} then ${last[name]}`).join(', ')}`
  return before.digest === last.digest
    ? null
    : `the two looks counted the same, but not the same rows${otherKeys(before, last)}`
}

/** Keys that one look lists as lost and the other does not, as far as the lists reach. */
function otherKeys(before: AuditPass, last: AuditPass): string {
  const only = (one: AuditPass, other: AuditPass) => one.lostKeys.find((key) => !other.lostKeys.includes(key))
  const [first, then] = [only(before, last), only(last, before)]
  return first === undefined || then === undefined ? '' : `: ${first} was lost, and then ${then}`
}
