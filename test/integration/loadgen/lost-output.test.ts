/** The generator alone when its output is closed or its clock is set: it writes the summary, or one message with the reason. */

import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { baseEnvironment } from '../../../infra/local/process/processes.ts'
import { urlOf } from '../../../loadgen-image/connection/url.ts'
import type { LoadSummary } from '../../../loadgen-image/contract/glossary.ts'
import { eventually } from '../../support/eventually.ts'
import { fill, smallDisk } from '../../support/small-disk.ts'
import { type OpenDatabase, openDatabase } from './database.ts'

const MAIN = fileURLToPath(new URL('../../../loadgen-image/main.ts', import.meta.url))
const PATIENCE_MS = 60_000
const PAGE_BYTES = 4096

let open: OpenDatabase
let folder: string
beforeAll(async () => {
  open = await openDatabase('async')
}, 120_000)
afterAll(() => open?.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadgen-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Started {
  readonly child: ChildProcess
  readonly out: () => string
  readonly errors: () => string
  readonly ended: Promise<number | null>
}

function start(environment: Readonly<Record<string, string>> = {}, options: readonly string[] = []): Started {
  const child = spawn(process.execPath, [...options, MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...baseEnvironment(),
      POSTGRES_CONNECTION_STRING: urlOf(open.database.pooled),
      TARGET_TPS: '50',
      WORKER_COUNT: '4',
      TEST_DURATION: '60',
      START_TIMEOUT: '5',
      ...environment,
    },
  })
  const texts = { out: '', errors: '' }
  child.stdout?.on('data', (part: Buffer) => (texts.out += part.toString()))
  child.stderr?.on('data', (part: Buffer) => (texts.errors += part.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, out: () => texts.out, errors: () => texts.errors, ended }
}

const summary = () => JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as LoadSummary
const SUMMARY = /Ended: stopped \(.*\) after \d+\.\d s\nIntended \d+ = acknowledged \d+/
const lines = (text: string) => text.split('\n').length - 1
const untilLoads = ({ out }: Started) => eventually('two seconds of load', PATIENCE_MS, () => lines(out()) >= 5)

test('a reader that leaves after four lines ends the load, and the summary is on standard error', async () => {
  const started = start()
  await eventually('four lines', PATIENCE_MS, () => lines(started.out()) >= 4)
  started.child.stdout?.destroy()
  expect(await started.ended, started.errors()).toBe(0)
  expect(started.errors()).toMatch(SUMMARY)
  expect(started.errors()).toContain('the output is closed (EPIPE)')
  expect(started.errors()).not.toContain('    at ')
  expect(summary()).toMatchObject({ ended: 'stopped' })
})

test('a terminal that closes: SIGHUP ends the load, which reports to its files when nothing else is left', async () => {
  const started = start()
  await untilLoads(started)
  started.child.stdout?.destroy()
  started.child.stderr?.destroy()
  started.child.kill('SIGHUP')
  expect(await started.ended).toBe(0)
  const { ended, totals } = summary()
  expect([ended, totals.acknowledged > 0]).toEqual(['stopped', true])
  expect(lines(readFileSync(join(folder, 'loadtest_results.csv'), 'utf8'))).toBe(1 + summary().records)
})

test('SIGHUP with a terminal that stays gives the summary on it', async () => {
  const started = start()
  await untilLoads(started)
  started.child.kill('SIGHUP')
  expect(await started.ended).toBe(0)
  expect(started.out()).toMatch(SUMMARY)
  expect(summary()).toMatchObject({ ended: 'stopped', reason: 'SIGHUP' })
})

test('a disk that fills up ends the load with one message and the summary, and not with exit 0', async (context) => {
  const disk = smallDisk(256)
  if (disk === null) return context.skip()
  const csv = join(disk, 'out.csv')
  const started = start({ OUTPUT_CSV: csv })
  await untilLoads(started)
  // The file system gives whole pages: the page of the CSV is filled too.
  appendFileSync(csv, ' '.repeat(PAGE_BYTES - (statSync(csv).size % PAGE_BYTES)))
  fill(disk, 0)
  expect(await started.ended).toBe(1)
  const text = started.out() + started.errors()
  expect(text.match(/Cannot write .*out\.csv: ENOSPC/g)).toHaveLength(1)
  expect(text).toMatch(/Cannot write .*summary\.json: ENOSPC.*The summary follows here\./)
  expect(text).toMatch(SUMMARY)
  expect(text).toContain(`Written: ${csv} (not whole)`)
  expect(text).not.toContain('    at ')
  expect(lines(readFileSync(csv, 'utf8'))).toBeGreaterThan(1)
})

test.each([
  ['back by an hour', -3_600_000],
  ['forward by two', 7_200_000],
])('a clock that is set %s in the middle changes no duration and no rate', async (_, stepMs) => {
  const moved = join(folder, 'moved-clock.mjs')
  writeFileSync(
    moved,
    `const now = Date.now, began = performance.now()
Date.now = () => now() + (performance.now() - began > 2500 ? ${stepMs} : 0)`,
  )
  const started = start({ TEST_DURATION: '5' }, ['--import', pathToFileURL(moved).href])
  expect(await started.ended, started.errors()).toBe(0)
  const [, seconds] = /Ended: completed after (\d+\.\d) s/.exec(started.out()) ?? []
  const [, rate] = /Average TPS: (\d+\.\d)/.exec(started.out()) ?? []
  const { totals, startedAtUs, endedAtUs } = summary()
  expect(Number(seconds)).toBeGreaterThanOrEqual(4.9)
  expect(Number(seconds)).toBeLessThan(30)
  expect(Number(rate)).toBeCloseTo(totals.acknowledged / Number(seconds), -1)
  expect((endedAtUs - startedAtUs) / 1e6).toBeLessThan(30)
})

test('help that is cut off by its reader is no crash', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let errors = ''
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()))
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  expect(errors).not.toContain('    at ')
})
