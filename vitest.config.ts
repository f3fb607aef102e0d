import { defineConfig } from 'vitest/config'

/** Tests that start real servers run one file at a time: two cores shared by several databases measure nothing but each other. */
const REAL = ['test/{threads,integration,browser,engine,e2e}/**/*.test.ts', 'test/functions-host/*.test.ts']

export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: REAL,
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
          fileParallelism: false,
          // Servers on a shared machine stall now and then: what fails must fail twice. Every second try is named at the end.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
