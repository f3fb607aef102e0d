import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { filesLeft } from './test/support/depth.ts'

/** They measure nothing and need no database, so they run beside the tests of pure code. */
const WITHOUT_DATABASE =
  'azure-endpoint|azure-weather|clients-azure|image-build|platform-log|stack-azure-host|stack-commands'

/** Nothing runs beside them: they measure a rate or an instant, or look at every process and segment of the machine. */
const ALONE = [
  'test/threads/*.test.ts',
  'test/integration/loadgen/container.test.ts',
  'test/integration/loadgen/failures.test.ts',
  'test/integration/loadgen/identity.test.ts',
  'test/integration/loadgen/stale-watch.test.ts',
  'test/integration/loadgen/step-probe.test.ts',
  'test/integration/stack-processes.test.ts',
  'test/engine/drills.test.ts',
  'test/e2e/drill.test.ts',
  'test/e2e/other-drills.test.ts',
  // Its drills are measured, and have no second try.
  'test/e2e/campaign.test.ts',
]

/** A file that was renamed would run beside others without this. */
for (const file of ALONE)
  if (!file.includes('*') && !existsSync(join(import.meta.dirname, file)))
    throw new Error(`${file} is to run alone, and does not exist`)

/** Tests among real servers. They mostly wait, so two files run at a time. */
const REAL = [
  'test/{browser,engine,e2e}/**/*.test.ts',
  'test/integration/loadgen/*.test.ts',
  `test/integration/!(${WITHOUT_DATABASE}).test.ts`,
]

/** Whole drills first: the file that is left at the end, with nothing beside it, is a short one. */
class DrillsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) =>
      2 * project.config.sequence.groupOrder + (moduleId.includes('/test/e2e/') ? 0 : 1)
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

/** Colours that the caller's shell forces, and a language that this machine lacks, add to the texts that tests compare. */
const env = { FORCE_COLOR: '0', LC_ALL: 'C' }

const AMONG_SERVERS = {
  env,
  globalSetup: './test/support/template-cluster.ts',
  setupFiles: './test/support/second-tries.ts',
  testTimeout: 120_000,
  // Of the tests of one file, where a file says that they may.
  maxConcurrency: 2,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    sequence: { sequencer: DrillsFirst },
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...REAL, ...ALONE, ...filesLeft],
          env,
          testTimeout: 30_000,
          maxWorkers: '100%',
          // First, so that a wrong figure shows within a minute. (Order 0 on one worker would run last.)
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...AMONG_SERVERS,
          name: 'real',
          include: REAL,
          exclude: [...ALONE, ...filesLeft],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...AMONG_SERVERS,
          name: 'alone',
          include: ALONE,
          exclude: [...filesLeft],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
