/**
 * How deep a run of the tests goes: the one place that decides it. `TEST_DEPTH=all` runs everything; without it a run leaves out
 * the files below and plays a share of the large tables, so that a change is judged within minutes.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const isAll = process.env.TEST_DEPTH === 'all'

/** Files and folders that the command names run at any depth. */
const namesFiles = process.argv.some((argument) => argument.startsWith('test/'))

/** Long ones: whole drills beyond the first, every kind of failure, hostile environments, packages, variants of the browser tests. */
const LEFT_TO_ALL: readonly string[] = [
  'test/browser/report.test.ts',
  'test/browser/live-drill.test.ts',
  'test/e2e/database-upkeep.test.ts',
  'test/e2e/hostile-environment.test.ts',
  'test/e2e/interrupted-drills.test.ts',
  'test/e2e/other-drills.test.ts',
  'test/e2e/packaged-drill.test.ts',
  'test/engine/contract.test.ts',
  'test/integration/clients-failover.test.ts',
  'test/integration/deployed-bundle.test.ts',
  'test/integration/deployed-package.test.ts',
  'test/integration/proxies.test.ts',
  'test/integration/loadgen/failures.test.ts',
  'test/integration/loadgen/lost-output.test.ts',
  'test/integration/loadgen/synchronous.test.ts',
  'test/orchestration/long-drill.test.ts',
  'test/threads/load.test.ts',
]

/** A file that was renamed would run at every depth without this. */
for (const file of LEFT_TO_ALL)
  if (!existsSync(join(import.meta.dirname, '../..', file)))
    throw new Error(`${file} is left to all, and does not exist`)

/** What this run leaves out. */
export const filesLeft: readonly string[] = isAll || namesFiles ? [] : LEFT_TO_ALL

export const depthInWords: string = isAll
  ? 'everything'
  : namesFiles
    ? 'the named files'
    : `a quick run, ${filesLeft.length} files are left to TEST_DEPTH=all`

const SHARE = 5

/** So many runs of a property, or played drills; a fifth of them in a quick run. */
export const runs = (all: number): number => (isAll ? all : Math.ceil(all / SHARE))

/** The cases of a large table; in a quick run every fifth. */
export const casesOf = <Case>(all: readonly Case[]): readonly Case[] => all.filter((_, i) => isAll || i % SHARE === 0)
