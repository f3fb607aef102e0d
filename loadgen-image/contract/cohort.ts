/**
 * The cohort of a worker, so that any run of neighbouring workers holds all cohorts by their shares: cohorts are drawn along
 * the golden ratio sequence, which spreads evenly over every stretch of numbers. The generator assigns by it, and the report
 * counts by it.
 */

const GOLDEN_RATIO = 0.618_033_988_749_895

export function cohortOf<C extends { readonly share: number }>(cohorts: readonly C[], worker: number): C {
  const position = (worker * GOLDEN_RATIO) % 1
  let upTo = 0
  for (const cohort of cohorts) {
    upTo += cohort.share
    if (position < upTo) return cohort
  }
  return cohorts.at(-1) as C
}
