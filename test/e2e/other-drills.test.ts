/** Whole drills of other kinds: planned, with an asynchronous standby, without a failover, with two. */
import { expect, test } from 'vitest'
import { reportSchema } from '../../functions/model/report.ts'
import { createDrillApi } from '../../infra/local/cli/drill-client.ts'
import { startStackCommand } from '../support/command.ts'
import { expectFailover, expectHonest, expectPass, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { eventually } from '../support/eventually.ts'
import { timeouts } from '../support/timeouts.ts'

test('a planned failover under load is measured from end to end and loses nothing', {
  timeout: timeouts.drillMs,
}, async () => {
  const drill = await startDrillCommand([...SMALL, '--failover-mode', 'planned', ...MODEST]).finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expectFailover(report)
  expectPass(report)
})

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

test('without a failover nothing is proven, and the drill does not pass', { timeout: timeouts.drillMs }, async () => {
  const drill = await startDrillCommand([
    '--target-tps',
    '120',
    '--workers',
    '8',
    '--duration',
    '15',
    '--failover-mode',
    'none',
  ]).finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.failoverProof.proven).toBe(false)
  expect(report.ledger).toMatchObject({ lost: 0, duplicates: 0, unresolved: 0 })
})

test('two failovers in one drill are both measured, and nothing is lost', { timeout: timeouts.drillMs }, async () => {
  const command = startStackCommand()
  const [, url] = await command.printed(/API +(\S+)\/drills$/m, timeouts.stackStartsMs)
  const [, key] = await command.printed(/Key +(\S+)/, timeouts.stackStartsMs)
  const api = createDrillApi(url ?? '', key ?? '')
  const drillId = await api.start({
    targetTps: 100,
    workers: 8,
    durationSeconds: 55,
    failovers: [
      { atSeconds: 10, mode: 'forced' },
      { atSeconds: 32, mode: 'planned' },
    ],
    criteria: ['recovery_time_s <= 120', 'lost_commits == 0'],
    timing: {
      warmupSeconds: 3,
      minBaselineSeconds: 3,
      auditPauseSeconds: 1,
      lateMetricsSeconds: 0,
      watchIntervalSeconds: 1,
    },
    force: ['server-sku', 'storage-iops'],
  })
  const hasEnded = async () => {
    const status = await api.status(drillId)
    return status.state === 'finished' || status.state === 'failed' ? status : null
  }
  const last = await eventually('the drill ends', timeouts.drillMs - 60_000, hasEnded, 500)
  expect([last.state, last.error]).toEqual(['finished', null])
  const report = reportSchema.parse(
    JSON.parse(new TextDecoder().decode((await api.file(drillId, 'report.json')) ?? new Uint8Array())),
  )
  expect(report.events.map(({ mode, proof }) => [mode, proof.before?.timeline, proof.after?.timeline])).toEqual([
    ['forced', 1, 2],
    ['planned', 2, 3],
  ])
  expectPass(report)
})
