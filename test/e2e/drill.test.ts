import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Report, reportSchema } from '../../functions/model/report.ts'
import { createDrillApi } from '../../infra/local/cli/drill-client.ts'
import { RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import { clearDeadStacks } from '../../infra/local/process/stack-folder.ts'
import { startCommand } from '../support/command.ts'
import { expectFailover, expectHonest, expectPass, MODEST_CRITERIA } from '../support/drill-expectations.ts'
import { type FinishedDrill, SMALL, startDrillCommand } from '../support/drill-run.ts'
import { eventually } from '../support/eventually.ts'
import { processesOf, stackFolders } from '../support/leaks.ts'
import { timeouts } from '../support/timeouts.ts'

const MODEST = ['--criteria', MODEST_CRITERIA]

/** Its files are there, and nothing else of it is. */
function reportOf(drill: FinishedDrill): Report {
  expect(drill.left).toEqual({ folders: [], processes: [] })
  expect(drill.files, drill.output).toEqual(expect.arrayContaining([...RESULT_FILES]))
  return drill.report as Report
}

for (const mode of ['forced', 'planned'] as const)
  test(`a ${mode} failover under load is measured from end to end and loses nothing`, {
    timeout: timeouts.drillMs,
  }, async () => {
    const drill = await startDrillCommand([...SMALL, '--failover-mode', mode, ...MODEST]).finished()
    const report = reportOf(drill)
    expectHonest(drill, report)
    expectFailover(report)
    expectPass(report)
    const { rowsFound, acknowledged, recovered, misjudged } = report.ledger
    expect(rowsFound).toBe(acknowledged + (recovered ?? 0) + (misjudged ?? 0))
    await expectSameWhenRenderedAgain(drill.folder ?? '')
  })

async function expectSameWhenRenderedAgain(folder: string): Promise<void> {
  const contents = () => RESULT_FILES.map((name) => readFileSync(join(folder, name), 'utf8'))
  const before = contents()
  for (const name of RESULT_FILES) if (name !== 'report.json') rmSync(join(folder, name))
  expect(await startCommand('infra/local/render.ts', [folder]).ended).toMatchObject({ code: 0 })
  expect(contents()).toEqual(before)
}

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

test('Ctrl-C in the middle of the load ends the drill as ABORTED, with a report', {
  timeout: timeouts.drillMs,
}, async () => {
  const run = startDrillCommand(SMALL)
  await run.command.printed(/baseline +load/, timeouts.stackStartsMs)
  run.command.signal('SIGINT')
  const drill = await run.finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expect(report.verdict).toBe('ABORTED')
})

test('a second Ctrl-C ends everything at once', { timeout: timeouts.drillMs }, async () => {
  const run = startDrillCommand(SMALL)
  await run.command.printed(/baseline +load/, timeouts.stackStartsMs)
  run.command.signal('SIGINT')
  await run.command.printed(/Aborting the drill/, timeouts.processEndsMs)
  run.command.signal('SIGINT')
  expect((await run.command.ended).code).toBe(130)
  await eventually('no process is left', timeouts.processEndsMs, () => processesOf(run.stackId() ?? '').length === 0)
})

test('a drill goes on when the Functions host is killed in the middle of it', {
  timeout: timeouts.drillMs,
}, async () => {
  const run = startDrillCommand([...SMALL, '--failover-mode', 'planned', ...MODEST])
  await run.command.printed(/baseline +load/, timeouts.stackStartsMs)
  process.kill(await eventually('the host runs', 10_000, () => hostOf(run.stackId() ?? '')), 'SIGKILL')
  await run.command.printed(/the Functions host died: starting it again/, timeouts.processEndsMs)
  const drill = await run.finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expectFailover(report)
  expectPass(report)
})

test('what a drill that was SIGKILLed leaves is gone after the next start, and one beside it is left alone', {
  timeout: timeouts.drillMs,
}, async () => {
  const killed = startDrillCommand(SMALL)
  await killed.command.printed(/baseline +load/, timeouts.stackStartsMs)
  const id = killed.stackId() ?? ''
  killed.command.signal('SIGKILL')
  await killed.command.ended
  expect(processesOf(id).length, 'servers that nobody owns any more').toBeGreaterThan(0)
  expect(clearDeadStacks(killed.stateFolder)).toHaveLength(1)
  await eventually('all of them are gone', timeouts.processEndsMs, () => processesOf(id).length === 0)
  expect(stackFolders(killed.stateFolder)).toEqual([])
})

test('npm start serves API and dashboard beside another stack, and Ctrl-C stops all of it', {
  timeout: timeouts.drillMs,
}, async () => {
  const commands = [startStackCommand(), startStackCommand()]
  const ids: string[] = []
  for (const command of commands) {
    const [, id] = await command.printed(/Folder +\S+-(\w{10})$/m, timeouts.stackStartsMs)
    const [, url] = await command.printed(/Dashboard +(\S+)$/m, timeouts.stackStartsMs)
    const [, key] = await command.printed(/Key +(\S+)/, timeouts.stackStartsMs)
    ids.push(id ?? '')
    await expectServed(url ?? '', key ?? '')
  }
  for (const command of commands) command.signal('SIGINT')
  for (const command of commands) expect(await command.ended).toMatchObject({ code: 0 })
  expect(ids.map(processesOf)).toEqual([[], []])
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

async function expectServed(dashboard: string, key: string): Promise<void> {
  const drills = dashboard.replace('dashboard', 'drills')
  const page = await fetch(dashboard)
  expect([page.status, page.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/html'])
  const list = await fetch(drills, { headers: { 'x-functions-key': key } })
  expect(await list.json()).toMatchObject({ drills: [] })
  expect((await fetch(drills)).status).toBe(401)
}

/** Both live in the usual place: side by side is what they must be. */
const startStackCommand = () => startCommand('infra/local/start.ts', ['--port', '0'])

/** The pid of the stack's Functions host. */
const hostOf = (stackId: string): number | null =>
  processesOf(stackId).find((pid) => commandLineOf(pid).includes('host/main')) ?? null

const commandLineOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1')
