/** A whole drill that watches, while another user fails the server over, which loses commits. */
import { expect, test } from 'vitest'
import { startCommand } from '../support/command.ts'
import { expectHonest, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { timeouts } from '../support/timeouts.ts'

test('a failover by hand loses what the standby had not received: the drill names the commits, fails, and says that others caused it', {
  timeout: timeouts.drillMs,
}, async () => {
  const options = ['--replication', 'async', '--hold-standby', '4', '--event', 'external@12']
  const run = startDrillCommand([...SMALL, ...options, ...MODEST])
  await run.command.printed(/ {2}watch$/m, timeouts.stackStartsMs)
  const hand = startCommand('infra/local/act.ts', ['failover', '--no-wait'], { DRILL_STATE_DIR: run.stateFolder })
  expect(await hand.ended).toMatchObject({ code: 0, output: expect.stringContaining('failover accepted') })
  const drill = await run.finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expect(report.verdict).toBe('FAIL')
  expect(report.requests).toMatchObject([{ kind: 'external', state: 'watched', event: 1, sentAt: null }])
  expect(report.events).toMatchObject([{ kind: 'failover', cause: 'other', request: null, proof: { proven: true } }])
  expect(report.headline).toMatch(/^Watch of pg-local: failover that this drill did not request: no commit for /)
  expect(report.ledger.lost).toBeGreaterThan(0)
  expect(report.ledger.lostKeys).toHaveLength(Math.min(1000, report.ledger.lost ?? 0))
  expect(report.ledger.lostSeconds).toBeGreaterThan(1)
  const { rowsFound, acknowledged, recovered, misjudged, lost } = report.ledger
  expect(rowsFound).toBe(acknowledged + (recovered ?? 0) + (misjudged ?? 0) - (lost ?? 0))
})
