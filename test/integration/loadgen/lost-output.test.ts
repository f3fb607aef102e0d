/** The generator alone when its output is closed or its clock is set: it writes the summary, or one message with the reason. */

import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { fill, smallDisk } from '../../support/small-disk.ts'
import { generatorProgram, MAIN, PATIENCE_MS, type Started } from './program.ts'

const PAGE_BYTES = 4096

const program = generatorProgram()
const { summary } = program
const start = (environment: Readonly<Record<string, string>> = {}, options: readonly string[] = []) =>
  program.start({ TEST_DURATION: '60', ...environment }, options)
const SUMMARY = /Ended: stopped \(.*\) after \d+\.\d s\nIntended \d+ = acknowledged \d+/
const lines = (text: string) => text.split('\n').length - 1
const untilLoads = ({ out }: Started) => eventually('two seconds of load', PATIENCE_MS, () => lines(out()) >= 5)

test('a reader that leaves after four lines ends the load, and the summary is on standard error', async () => {
  const started = start()
  await eventually('four lines', PATIENCE_MS, () => lines(started.out()) >= 4)
  started.process.stdout?.destroy()
  expect(await started.ended, started.errors()).toBe(0)
  expect(started.errors()).toMatch(SUMMARY)
  expect(started.errors()).toContain('the output is closed (EPIPE)')
  expect(started.errors()).not.toContain('    at ')
  expect(summary()).toMatchObject({ ended: 'stopped' })
})

test('a terminal that closes: SIGHUP ends the load, which reports to its files when nothing else is left', async () => {
  const started = start()
  await untilLoads(started)
  started.process.stdout?.destroy()
  started.process.stderr?.destroy()
  started.process.kill('SIGHUP')
  expect(await started.ended).toBe(0)
  const { ended, totals } = summary()
  expect([ended, totals.acknowledged > 0]).toEqual(['stopped', true])
  expect(lines(readFileSync(program.file('loadtest_results.csv'), 'utf8'))).toBe(1 + summary().records)
})

test('SIGHUP with a terminal that stays gives the summary on it', async () => {
  const started = start()
  await untilLoads(started)
  started.process.kill('SIGHUP')
  expect(await started.ended).toBe(0)
  expect(started.out()).toMatch(SUMMARY)
  expect(summary()).toMatchObject({ ended: 'stopped', reason: 'SIGHUP' })
})

test('a disk that fills up ends the load with one message and the summary, and not with exit 0', async (context) => {
  const disk = smallDisk(context, 256)
  const csv = join(disk, 'out.csv')
  const started = start({ OUTPUT_CSV: csv })
  await untilLoads(started)
  // The file system gives whole pages: the page of the CSV is filled too.
  appendFileSync(csv, ' '.repeat(PAGE_BYTES - (statSync(csv).size % PAGE_BYTES)))
  fill(disk, 0)
  expect(await started.ended).toBe(1)
  const text = started.log()
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
  const moved = program.file('moved-clock.mjs')
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
