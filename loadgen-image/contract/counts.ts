/** Counts of arrivals and of what became of them, added up. */
import type { Counts } from './glossary.ts'

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] }

export const noCounts = (): MutableCounts => ({
  intended: 0,
  acknowledged: 0,
  refused: 0,
  unknown: 0,
  missed: 0,
  weakAcks: 0,
})

export function addCounts(sum: MutableCounts, counts: Counts): void {
  sum.intended += counts.intended
  sum.acknowledged += counts.acknowledged
  sum.refused += counts.refused
  sum.unknown += counts.unknown
  sum.missed += counts.missed
  sum.weakAcks += counts.weakAcks
}

export function addUp(all: readonly Counts[]): Counts {
  const sum = noCounts()
  for (const counts of all) addCounts(sum, counts)
  return sum
}
