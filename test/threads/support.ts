/** A run of the real coordinator and real threads, inside the test's process. */

import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import type { LoadSummary, SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { Run } from '../../loadgen-image/run/run.ts'

const HEAD_START_MS = 100
const CLOCK = { clock: { offsetMs: 0, errorMs: 0 } }

export function aPlan(changes: Partial<LoadPlan> = {}): LoadPlan {
  return {
    version: 1,
    drillId: 'threads',
    containers: 1,
    targetTps: 200,
    workers: 10,
    threads: 2,
    durationSeconds: 2,
    arrivals: 'even',
    seed: 1,
    profile: [],
    deadlineMs: 10_000,
    onDeadline: 'shed',
    connectTimeoutMs: 5000,
    replyTimeoutMs: 20_000,
    cohorts: [
      {
        name: 'all',
        share: 1,
        via: 'pgbouncer',
        retry: { firstDelayMs: 10, maxDelayMs: 100, multiplier: 2, jitter: true },
      },
    ],
    retryUnknown: false,
    transactions: 'ledger',
    drainSeconds: 10,
    hardDeadlineSeconds: 600,
    staleLeaseSeconds: 0,
    ...changes,
  }
}

export interface Outcome {
  readonly records: readonly SecondRecord[]
  readonly summary: LoadSummary
}

/** Connects, runs, and hands the run to `meanwhile` once the load is on its way. */
export async function runLoad(
  plan: LoadPlan,
  target: ServerTarget,
  meanwhile: (run: Run, startAtMs: number, records: readonly SecondRecord[]) => Promise<void> | void = () => {},
  direct: ServerTarget = target,
): Promise<Outcome> {
  const records: SecondRecord[] = []
  const onRecord = (record: SecondRecord) => records.push(record)
  const run = new Run({ plan, container: 0, incarnation: 'test', pgbouncer: target, direct, onRecord })
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
