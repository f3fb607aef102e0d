/**
 * What would be deployed runs a whole drill: the zip of the function app and the bundle of the image, in a folder that has nothing of
 * this repository around it, so that nothing can be found but what they hold.
 */
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { drillResultLine } from '../../functions/render/log-lines.ts'
import { bundleLoadgen } from '../../infra/azure/bundle-loadgen.ts'
import { packageApp } from '../../infra/azure/package.ts'
import { RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import { expectFailover, expectHonest, expectPass, MODEST } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { aFolder } from '../support/folder.ts'
import { processesOf, stackFolders } from '../support/leaks.ts'
import { timeouts } from '../support/timeouts.ts'

const PACKING_MS = 240_000

interface Deployed {
  readonly app: string
  readonly loadgen: string
}

async function deployed(): Promise<Deployed> {
  const folder = aFolder()
  const [made, alone] = [join(folder, 'made'), join(folder, 'alone')]
  const { zip } = await packageApp(join(made, 'app'))
  await bundleLoadgen(join(made, 'loadgen'))
  cpSync(zip, join(alone, 'app.zip'))
  cpSync(join(made, 'loadgen'), join(alone, 'loadgen'), { recursive: true })
  rmSync(made, { recursive: true })
  return { app: join(alone, 'app.zip'), loadgen: join(alone, 'loadgen', 'main.mjs') }
}

test('the packaged app and the bundled load generator run a drill with a failover, and lose nothing', {
  timeout: timeouts.drillMs + PACKING_MS,
}, async () => {
  const { app, loadgen } = await deployed()
  const options = ['--package', app, '--loadgen', loadgen, ...MODEST, '--keep']
  const run = startDrillCommand([...SMALL, ...options])
  await run.command.printed(/watch +load/, timeouts.stackStartsMs)
  const running = processesOf(run.stackId() ?? '').map(commandLineOf)
  const drill = await run.finished()
  const report = drill.report as Report
  const kept = stackFolders(run.stateFolder)[0] ?? ''

  expect(drill.files, drill.output).toEqual(expect.arrayContaining([...RESULT_FILES]))
  expectHonest(drill, report)
  expectFailover(report)
  expectPass(report)

  expect(running.filter((line) => line.includes(` --app ${app} `))).toHaveLength(1)
  expect(running.some((line) => line.includes(loadgen))).toBe(true)
  expect(existsSync(join(kept, 'functions-host/unpacked/app/dist/app.js'))).toBe(true)
  expect(linesOf(kept).at(-1)).toBe(drillResultLine(report, { server: 'pg-local', resourceGroup: 'rg-local' }, 'final'))
})

/** By its arguments, one space between each. */
const commandLineOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')

/** What the alerts would read, from the log of the Functions host. */
const linesOf = (folder: string): string[] =>
  readFileSync(join(folder, 'functions-host.log'), 'utf8')
    .split('\n')
    .flatMap((line) => /writeReport: (drill-result \{.*)$/.exec(line)?.[1] ?? [])
