/** The two figures of a criterion, as every reader sees them. A figure that the drill could only bound says so. */
import type { Criterion } from './report.ts'
import { inUnit, signed } from './units.ts'

export const measuredText = ({ measured, unit, isLowerBound }: Criterion): string =>
  isLowerBound ? `≥ ${inUnit(measured, unit)}` : inUnit(measured, unit)

/** To spare (+) or missed by (-). A lower bound that misses is missed by that or more. */
export function marginText({ margin, unit, verdict, isLowerBound }: Criterion): string {
  if (margin === null || verdict === 'unknown') return 'not known'
  if (!isLowerBound) return signed(margin, unit)
  return `${verdict === 'pass' ? '≥' : '≤'} ${signed(margin, unit)}`
}
