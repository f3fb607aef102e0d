/** Drills and stacks that are interrupted: by Ctrl-C, by a killed host, by SIGKILL. Nothing of them stays. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startStackCommand } from '../support/command.ts'
import { expectFailover, expectHonest, expectPass, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { eventually } from '../support/eventually.ts'
import { processesOf } from '../support/leaks.ts'
import { timeouts } from '../support/timeouts.ts'

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
  await run.command.printed(/Aborting; the report follows/, timeouts.processEndsMs)
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

async function expectServed(dashboard: string, key: string): Promise<void> {
  const drills = dashboard.replace('dashboard', 'drills')
  const page = await fetch(dashboard)
  expect([page.status, page.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/html'])
  const list = await fetch(drills, { headers: { 'x-functions-key': key } })
  expect(await list.json()).toMatchObject({ drills: [] })
  expect((await fetch(drills)).status).toBe(401)
}

/** The pid of the stack's Functions host. */
const hostOf = (stackId: string): number | null =>
  processesOf(stackId).find((pid) => commandLineOf(pid).includes('host/main')) ?? null

const commandLineOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1')
