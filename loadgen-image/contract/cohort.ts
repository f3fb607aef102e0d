/**
 * The cohort of each worker. Cohorts are drawn along the golden ratio sequence, which spreads evenly over any range of numbers,
 * so every range of workers holds all cohorts by their shares. The generator assigns cohorts by it, and the report counts by it.
 * A file of its own, because the threads load it and must not load the schema of the plan.
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
