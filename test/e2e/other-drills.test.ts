/** A whole drill that loses commits. */
import { expect, test } from 'vitest'
import { expectHonest, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { timeouts } from '../support/timeouts.ts'

test('asynchronous and held back, the standby loses commits, and the drill names them and fails', {
  timeout: timeouts.drillMs,
}, async () => {
  const options = ['--replication', 'async', '--hold-standby', '4', '--failover-mode', 'forced']
  const drill = await startDrillCommand([...SMALL, ...options, ...MODEST]).finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expect(report.verdict).toBe('FAIL')
  expect(report.ledger.lost).toBeGreaterThan(0)
  expect(report.ledger.lostKeys).toHaveLength(Math.min(1000, report.ledger.lost ?? 0))
  expect(report.ledger.lostSeconds).toBeGreaterThan(1)
  const { rowsFound, acknowledged, recovered, misjudged, lost } = report.ledger
  expect(rowsFound).toBe(acknowledged + (recovered ?? 0) + (misjudged ?? 0) - (lost ?? 0))
})
