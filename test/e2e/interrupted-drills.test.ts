/** Drills and stacks that are interrupted: by Ctrl-C, by a killed host, by SIGKILL. Nothing of them stays. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CHART_DATA, RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import { TcpProxy } from '../../infra/local/cluster/servers/tcp-proxy.ts'
import { startCommand, startStackCommand } from '../support/command.ts'
import { expectFailover, expectHonest, expectPass, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder } from '../support/folder.ts'
import { argumentsOf } from '../support/guides/runs.ts'
import { processesOf } from '../support/leaks.ts'
import { freePort } from '../support/ports.ts'
import { timeouts } from '../support/timeouts.ts'

test('Ctrl-C in the middle of the load ends the drill as ABORTED, with a report', {
  timeout: timeouts.drillMs,
}, async () => {
  const run = startDrillCommand([...argumentsOf('npm run drill -- --force synchronous-commit'), ...SMALL])
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
  const shown = argumentsOf(
    'npm run drill -- --target-tps 400 --workers 20 --duration 40 --failover-at 15 --failover-mode planned',
  )
  const run = startDrillCommand([...shown, ...MODEST])
  await run.command.printed(/baseline +load/, timeouts.stackStartsMs)
  process.kill(await eventually('the host runs', 10_000, () => hostOf(run.stackId() ?? '')), 'SIGKILL')
  await run.command.printed(/the Functions host died: starting it again/, timeouts.processEndsMs)
  const drill = await run.finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expectFailover(report)
  expectPass(report)
})

test('npm start serves API and dashboard beside another stack, runs a drill for a far client that loses its connection, and Ctrl-C stops all of it', {
  timeout: timeouts.drillMs,
}, async () => {
  const commands = [startStackCommand(), startStackCommand()]
  const ids: string[] = []
  const dashboards: Place[] = []
  for (const command of commands) {
    const [, id] = await command.printed(/Folder +\S+-(\w{10})$/m, timeouts.stackStartsMs)
    const [, url] = await command.printed(/Dashboard +(\S+)$/m, timeouts.stackStartsMs)
    const [, key] = await command.printed(/Key +(\S+)/, timeouts.stackStartsMs)
    ids.push(id ?? '')
    await expectServed(url ?? '', key ?? '')
    dashboards.push({ url: url ?? '', key: key ?? '' })
  }
  await expectDrillThroughCutConnection(dashboards[0] as Place)
  for (const command of commands) command.signal('SIGINT')
  for (const command of commands) expect(await command.ended).toMatchObject({ code: 0 })
  expect(ids.map(processesOf)).toEqual([[], []])
})

interface Place {
  readonly url: string
  readonly key: string
}

/** Without an event, as short as a drill may be: exit code 3, because nothing is proven. */
const SHORT =
  '--target-tps 60 --workers 4 --duration 14 --failover-mode none --warmup-seconds 2 --min-baseline-seconds 3'
const HERE = '--audit-pause-seconds 0 --late-metrics-seconds 0 --force server-sku --force storage-iops'

/** The app as if it were far away, with the connection cut in the middle of the load; and the other commands. */
async function expectDrillThroughCutConnection({ url, key }: Place): Promise<void> {
  const port = await freePort()
  const proxy = new TcpProxy({ port, release: async () => port })
  const server = Number(new URL(url).port)
  await proxy.open(server)
  onTestFinished(() => proxy.close())
  const out = aFolder()
  const app = ['--app', `http://127.0.0.1:${port}`]
  const environment = { DRILL_FUNCTION_KEY: key }
  const inApp = (...args: string[]) => startCommand('infra/pg-failover-drill.cjs', [...args, ...app], environment)
  const drill = inApp('drill', ...SHORT.split(' '), ...HERE.split(' '), '--out', out)
  await drill.printed(/ load +1 s/, timeouts.drillMs)
  await proxy.close()
  await drill.printed(/No answer from .*ECONNREFUSED.* The drill goes on there/, timeouts.processEndsMs)
  await proxy.open(server)
  await drill.printed(/answers again, after/, timeouts.processEndsMs)
  const { code, output } = await drill.ended
  const [, id = ''] = /^Drill (\S+): /m.exec(output) ?? []
  expect({ code, output }).toEqual({ code: 3, output: expect.stringMatching(/ load +13 s[\s\S]*^INCONCLUSIVE /m) })
  expect(readdirSync(join(out, id)).sort()).toEqual([...RESULT_FILES, CHART_DATA].sort())
  const [list, watch, containers] = [inApp('list'), inApp('watch', id, '--out', aFolder()), inApp('containers')]
  expect(await list.ended).toMatchObject({ code: 0, output: expect.stringContaining(id) })
  expect(await watch.ended).toMatchObject({ code: 3, output: expect.stringMatching(/^INCONCLUSIVE /m) })
  expect(await containers.ended).toMatchObject({ code: 0, output: 'No container exists.\n' })
}

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
