/** A run of the load with real threads, inside the test's process. */
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import type { LoadSummary, SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { Run, type RunOptions } from '../../loadgen-image/run/run.ts'
import { aCohort, aPlan as aDrillLoad } from '../support/builders.ts'

const HEAD_START_MS = 100
const CLOCK = { clock: { offsetMs: 0, errorMs: 0 } }

/** A load of two seconds whose deadlines pass only where a test sets them. */
export const aPlan = (changes: Partial<LoadPlan> = {}): LoadPlan =>
  aDrillLoad({
    drillId: 'threads',
    threads: 2,
    durationSeconds: 2,
    deadlineMs: 10_000,
    connectTimeoutMs: 5000,
    replyTimeoutMs: 20_000,
    cohorts: [aCohort({ firstDelayMs: 10, maxDelayMs: 100 })],
    ...changes,
  })

export interface Outcome {
  readonly records: readonly SecondRecord[]
  readonly summary: LoadSummary
}

/** Connects, runs, and calls `meanwhile` once the load has its start time. */
export async function runLoad(
  plan: LoadPlan,
  target: ServerTarget,
  meanwhile: (run: Run, startAtMs: number, records: readonly SecondRecord[]) => Promise<void> | void = () => {},
  options: Partial<RunOptions> = {},
): Promise<Outcome> {
  const records: SecondRecord[] = []
  const run = new Run({
    plan,
    container: 0,
    incarnation: 'test',
    pgbouncer: target,
    direct: target,
    onRecord: (record) => records.push(record),
    ...options,
  })
  try {
    await run.connect()
    const startAtMs = Date.now() + HEAD_START_MS
    const loaded = run.load(startAtMs)
    await meanwhile(run, startAtMs, records)
    await loaded
    return { records, summary: run.summary(CLOCK, 0) }
  } finally {
    await run.terminate()
  }
}

/** Resolves at a moment of the load, by the clock that it follows. */
export const until = (atMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - Date.now())))
