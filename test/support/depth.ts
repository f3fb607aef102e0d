/**
 * How deep a run of the tests goes: the one place that decides it. `TEST_DEPTH=all` runs everything; without it a run leaves out
 * the files below and plays a share of the large tables, so that a change is judged within minutes.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const namesFiles = process.argv.some((argument) => argument.startsWith('test/'))

/** Files and folders that the command names run whole. Kept in the environment, because the runner's workers read it too. */
const depth = process.env.TEST_DEPTH ?? (namesFiles ? 'named' : 'quick')
if (!['all', 'named', 'quick'].includes(depth)) throw new Error(`TEST_DEPTH must be all or quick, not ${depth}`)
process.env.TEST_DEPTH = depth

/** Long ones: whole drills beyond the first, every kind of failure, browsers, hostile environments, packages, variants. */
const LEFT_TO_ALL: readonly string[] = [
  'test/browser/dashboard/access.test.ts',
  'test/browser/dashboard/campaigns.test.ts',
  'test/browser/dashboard/finished.test.ts',
  'test/browser/dashboard/first-minute.test.ts',
  'test/browser/dashboard/list.test.ts',
  'test/browser/dashboard/running.test.ts',
  'test/browser/dashboard/start.test.ts',
  'test/browser/first-picture.test.ts',
  'test/browser/report.test.ts',
  'test/e2e/all-weathers.test.ts',
  'test/e2e/campaign.test.ts',
  'test/e2e/debian-13.test.ts',
  'test/e2e/guides.test.ts',
  'test/e2e/hostile-environment.test.ts',
  'test/e2e/interrupted-drills.test.ts',
  'test/e2e/other-drills.test.ts',
  'test/e2e/packaged-drill.test.ts',
  'test/e2e/weather.test.ts',
  'test/engine/contract.test.ts',
  'test/engine/drills.test.ts',
  'test/integration/clients-events.test.ts',
  'test/integration/clients-table.test.ts',
  'test/integration/deployed-bundle.test.ts',
  'test/integration/deployed-package.test.ts',
  'test/integration/image-build.test.ts',
  'test/integration/preconditions.test.ts',
  'test/integration/proxies.test.ts',
  'test/integration/stack-acts.test.ts',
  'test/integration/stack-cluster.test.ts',
  'test/integration/stack-events.test.ts',
  'test/integration/stack-pair.test.ts',
  'test/integration/stack-regions.test.ts',
  'test/integration/loadgen/container.test.ts',
  'test/integration/loadgen/failures.test.ts',
  'test/integration/loadgen/identity.test.ts',
  'test/integration/loadgen/lost-output.test.ts',
  'test/integration/loadgen/stale-watch.test.ts',
  'test/integration/loadgen/standalone.test.ts',
  'test/integration/loadgen/step-probe.test.ts',
  'test/integration/loadgen/synchronous.test.ts',
  'test/orchestration/long-drill.test.ts',
  'test/threads/load.test.ts',
  'test/unit/infra/queries.test.ts',
]

/** A file that was renamed would run at every depth without this. */
for (const file of LEFT_TO_ALL)
  if (!existsSync(join(import.meta.dirname, '../..', file)))
    throw new Error(`${file} is left to all, and does not exist`)

/** What this run leaves out. */
export const filesLeft: readonly string[] = depth === 'quick' ? LEFT_TO_ALL : []

const IN_WORDS = {
  all: 'everything',
  named: 'what the command names',
  quick: `a quick run, ${LEFT_TO_ALL.length} files are left to TEST_DEPTH=all`,
}
export const depthInWords: string = IN_WORDS[depth as keyof typeof IN_WORDS]

/** No table repeats itself in sevens, so every seventh case meets every column's values. */
const SHARE = 7

/** So many runs of a property, or played drills; a seventh of them in a quick run. */
export const runs = (all: number): number => (depth === 'quick' ? Math.ceil(all / SHARE) : all)

/** The cases of a large table; in a quick run every seventh. */
export const casesOf = <Case>(all: readonly Case[]): readonly Case[] =>
  all.filter((_, i) => depth !== 'quick' || i % SHARE === 0)
