/**
 * `npm run bench` runs every benchmark, `npm run bench -- pgbench merge` some. Figures go to runs/bench.json, where those of
 * benchmarks that did not run stay as they were. What counts are ratios of interleaved runs and simulated hours, not the
 * absolute speed of the machine. Exits with 1 when something that is wanted was not reached.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, resolve } from 'node:path'
import { benchEngine } from './engine.ts'
import { benchList } from './list.ts'
import { benchMemory } from './memory.ts'
import { benchMerge } from './merge.ts'
import { benchCeiling, benchSchedule } from './null-benches.ts'
import { benchOutage } from './outage.ts'
import { benchPackage } from './package.ts'
import { benchPgbench } from './pgbench.ts'
import { benchProbes } from './probes.ts'
import type { BenchResult, Line } from './spread.ts'

const BENCHES: Readonly<Record<string, () => Promise<BenchResult>>> = {
  pgbench: benchPgbench,
  probes: benchProbes,
  ceiling: benchCeiling,
  schedule: benchSchedule,
  memory: benchMemory,
  outage: benchOutage,
  merge: benchMerge,
  package: benchPackage,
  engine: benchEngine,
  list: benchList,
}
const FILE = resolve(import.meta.dirname, '../../runs/bench.json')

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  process.stderr.write(`No benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.\n`)
  process.exitCode = 2
} else process.exitCode = (await runAll(wanted.length > 0 ? wanted : Object.keys(BENCHES))) ? 0 : 1

async function runAll(names: readonly string[]): Promise<boolean> {
  let isAllReached = true
  for (const name of names) {
    process.stdout.write(`\n${name}\n`)
    const result = await (BENCHES[name] as () => Promise<BenchResult>)()
    process.stdout.write(result.lines.map(lineText).join(''))
    save(name, result)
    if (result.lines.some(({ isReached }) => isReached === false)) isAllReached = false
  }
  process.stdout.write(`\nWritten: ${FILE}\n`)
  return isAllReached
}

function lineText({ figure, measured, wanted: limit, isReached }: Line): string {
  const mark = isReached === null ? '    ' : isReached ? 'ok  ' : 'MISS'
  return `  ${mark} ${figure.padEnd(48)} ${measured}${limit === null ? '' : `   wanted ${limit}`}\n`
}

function save(name: string, { lines, figures }: BenchResult): void {
  mkdirSync(dirname(FILE), { recursive: true })
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.version }
  const entry = { at: new Date().toISOString(), machine, lines, figures }
  writeFileSync(FILE, `${JSON.stringify({ ...earlier(), [name]: entry }, null, 2)}\n`)
}

function earlier(): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}
