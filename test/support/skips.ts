/** Tests of what not every machine has: skipped there, and the closing lines of the run say why. */
declare module 'vitest' {
  interface TaskMeta {
    whySkipped?: string | null
  }
}

/** The options of a suite or a test. Null: it runs. */
export const unless = (whySkipped: string | null) => ({ skip: whySkipped !== null, meta: { whySkipped } })
