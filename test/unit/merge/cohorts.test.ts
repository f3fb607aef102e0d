import { expect, test } from 'vitest'
import { cohortOf } from '../../../loadgen-image/contract/cohort.ts'
import type { Cohort } from '../../../loadgen-image/contract/load-plan.ts'
import { aCohort } from '../../support/builders.ts'
import { aRun, assembledOf, reportOf } from '../../support/world.ts'

const COHORTS: readonly Cohort[] = [
  aCohort({}, { name: 'eager', share: 0.5 }),
  aCohort({ firstDelayMs: 5000, maxDelayMs: 60_000, jitter: false }, { name: 'patient', share: 0.5, via: 'direct' }),
]
const WORKERS = 10
const SLOWER_BY_SECONDS = 6

test('the report compares the recovery of the cohorts, each by its own workers', async () => {
  const workers = Array.from({ length: WORKERS }, (_, worker) => worker)
  const patient = workers.filter((worker) => cohortOf(COHORTS, worker).name === 'patient')
  const run = aRun({
    load: { workers: WORKERS, cohorts: COHORTS },
    troubles: [
      {
        atSeconds: 30.35,
        seconds: 5,
        kind: 'failover',
        stragglers: Object.fromEntries(patient.map((worker) => [worker, SLOWER_BY_SECONDS])),
      },
    ],
  })
  const { report, charts } = await assembledOf(run)
  const [eager, slow] = report.generator.cohorts
  expect(report.generator.cohorts.map((row) => [row.name, row.via, row.retry, row.workers])).toEqual([
    ['eager', 'pgbouncer', '100 ms, x 2 up to 2000 ms, full jitter', WORKERS - patient.length],
    ['patient', 'direct', '5000 ms, x 2 up to 60000 ms', patient.length],
  ])
  expect((eager?.acknowledged ?? 0) + (slow?.acknowledged ?? 0)).toBe(report.ledger.acknowledged)
  const apart = (slow?.clientOutageSeconds.p50 ?? 0) - (eager?.clientOutageSeconds.p50 ?? 0)
  expect(apart).toBeGreaterThan(SLOWER_BY_SECONDS - 1)
  expect(eager?.clientOutageSeconds.max).toBeLessThan(slow?.clientOutageSeconds.p50 ?? 0)
  const namedRightly = charts.clients.every(({ worker, cohort }) => cohort === cohortOf(COHORTS, worker).name)
  expect([charts.clients.length, namedRightly]).toEqual([WORKERS, true])
})

test('the compat load keeps no ledger: what a cohort had acknowledged is not measured, and not 0', async () => {
  const run = aRun({ load: { workers: WORKERS, cohorts: COHORTS, transactions: 'compat' } })
  const report = await reportOf(run)
  expect(report.generator.cohorts.map(({ acknowledged }) => acknowledged)).toEqual([null, null])
})
