import { defineConfig } from 'vitest/config'
import { filesLeft } from './test/support/depth.ts'

/** They measure nothing and need no database, so they run beside the tests of pure code. */
const WITHOUT_DATABASE = 'azure-endpoint|azure-weather|clients-azure|image-build|stack-azure-host|stack-commands'

/** Tests among real servers run one file at a time: two cores shared by several databases measure nothing but each other. */
const REAL = [
  'test/{threads,browser,engine,e2e}/**/*.test.ts',
  'test/integration/loadgen/*.test.ts',
  `test/integration/!(${WITHOUT_DATABASE}).test.ts`,
]

export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...REAL, ...filesLeft],
          testTimeout: 30_000,
          maxWorkers: '100%',
          // First, so that a wrong figure shows within a minute. (Order 0 on one worker would run last.)
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'real',
          include: REAL,
          exclude: [...filesLeft],
          fileParallelism: false,
          globalSetup: './test/support/template-cluster.ts',
          setupFiles: './test/support/second-tries.ts',
          testTimeout: 120_000,
          // Of the tests of one file, where a file says that they may.
          maxConcurrency: 2,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
