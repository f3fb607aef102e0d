import { expect, test } from 'vitest'
import { expectHonest } from '../support/drill-expectations.ts'
import { startDrillCommand } from '../support/drill-run.ts'
import { argumentsOf } from '../support/guides/runs.ts'
import { HOSTILE_ENVIRONMENT } from '../support/hostile-environment.ts'
import { timeouts } from '../support/timeouts.ts'

const SHORT = [
  ...argumentsOf('npm run drill -- --failover-mode none'),
  ...['--target-tps', '50', '--workers', '4', '--duration', '10'],
]

test('variables, proxies and umask of the caller change nothing of a drill', {
  timeout: timeouts.drillMs,
}, async () => {
  const drill = await startDrillCommand(SHORT, { environment: HOSTILE_ENVIRONMENT, umask: '077' }).finished()
  const report = drill.report
  if (report === null) throw new Error(`no report was left:\n${drill.output}`)
  expectHonest(drill, report)
  expect(drill.left).toEqual({ folders: [], processes: [] })
  expect([report.verdict, report.eventsProof.proven], 'without a failover nothing is proven').toEqual([
    'INCONCLUSIVE',
    false,
  ])
  const before = report.checklist.filter(({ when }) => when === 'before')
  expect(before.filter(({ verdict, forced }) => verdict === 'fail' && !forced)).toEqual([])
  expect(report.ledger.acknowledged, drill.output).toBeGreaterThan(0)
  expect(report.ledger).toMatchObject({ lost: 0, duplicates: 0, unresolved: 0 })
})
