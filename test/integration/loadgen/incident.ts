/** A load on a real server during an incident, and what its ledger says of every key beside the rows of the table. */
import { expect } from 'vitest'
import type { ServerTarget } from '../../../loadgen-image/connection/target.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../../loadgen-image/contract/load-plan.ts'
import { eventually } from '../../support/eventually.ts'
import { aPlan as aThreadsPlan, type Outcome, runLoad } from '../../threads/support.ts'
import { type Audit, audit } from './audit.ts'
import type { TestDatabase } from './database.ts'

export const PATIENCE_MS = 30_000
export const WORKERS = 2

type Queried = Pick<TestDatabase, 'query'>

let drills = 0
export const aPlan = (changes: Partial<LoadPlan> = {}): LoadPlan =>
  aThreadsPlan({
    drillId: `failure-${++drills}`,
    targetTps: 40,
    workers: WORKERS,
    threads: 1,
    durationSeconds: 600,
    deadlineMs: 1000,
    drainSeconds: 3,
    connectTimeoutMs: 2000,
    replyTimeoutMs: 15_000,
    ...changes,
  })

interface Failed extends Outcome {
  readonly audit: Audit
  /** `phase code outcome` of every error. */
  readonly errors: ReadonlySet<string>
}

/** Runs until the incident is over and the workers have written again (or `comesBack` says that they cannot). */
export async function during(
  database: Queried,
  target: ServerTarget,
  plan: LoadPlan,
  incident: (records: readonly SecondRecord[]) => Promise<void>,
  { startsWell = true, comesBack = true } = {},
): Promise<Failed> {
  const outcome = await runLoad(plan, target, async (run, _, records) => {
    if (startsWell) await eventually('the load writes', PATIENCE_MS, () => hasRows(database, plan, 0))
    await incident(records)
    const rows = comesBack ? await rowsOf(database, plan) : 0
    if (comesBack)
      await eventually('the load writes again', PATIENCE_MS, () => hasRows(database, plan, rows + 2 * WORKERS))
    run.stop('stopped', 'the test has seen enough')
  })
  const { intended, acknowledged, refused, unknown, missed } = outcome.summary.totals
  expect(acknowledged + refused + unknown + missed).toBe(intended)
  return {
    ...outcome,
    audit: await audit(database, plan.drillId, outcome.records),
    errors: new Set(allErrors(outcome.records).map(({ phase, code, outcome }) => `${phase} ${code} ${outcome}`)),
  }
}

export const allErrors = (records: readonly SecondRecord[]) => records.flatMap(({ errors }) => errors)

export const rowsOf = async ({ query }: Queried, { drillId }: LoadPlan): Promise<number> => {
  const [row] = await query<{ rows: string }>(`SELECT count(*) AS rows FROM transactions WHERE drill_id = '${drillId}'`)
  return Number(row?.rows)
}

export const hasRows = async (database: Queried, plan: LoadPlan, more: number): Promise<boolean> =>
  (await rowsOf(database, plan)) > more
