/** The fourteen faults of the original tools that must never come back, each with the test that would notice. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')

const REGRESSIONS = [
  [
    '200 workers at 10 ms of latency reach a target of 8000',
    'test/threads/load.test.ts',
    '200 workers against 10 ms of latency reach a target of 8000',
  ],
  [
    'a target of 100 with 200 workers is 100 plus or minus 1',
    'test/threads/load.test.ts',
    'a target of 100 with 200 workers is 100 TPS, plus or minus 1',
  ],
  [
    'a 5 s freeze shows in its own second and not in the next',
    'test/threads/load.test.ts',
    'a 5 s freeze shows in the p99 of the second in which it ends',
  ],
  [
    'an all-fail run has TPS 0 and an exit code that says so',
    'test/integration/loadgen/standalone.test.ts',
    'an all-fail run has a TPS of 0 and does not exit with 0',
  ],
  [
    'an outage of fast failures never looks recovered',
    'test/unit/drill/recovery.test.ts',
    'refusals that come fast are no recovery',
  ],
  [
    'the blip of one worker is not a failover',
    'test/unit/drill/recovery.test.ts',
    'the blip of one worker is no outage',
  ],
  [
    'outcomes are known by SQLSTATE, errno and driver',
    'test/unit/loadgen/outcome.test.ts',
    '%s "%s" after sending is %s',
  ],
  [
    'one removed row is one lost commit, an unacknowledged one is not',
    'test/unit/drill/audit.test.ts',
    'a deleted row is lost, with its key',
  ],
  [
    'kill -9 leaves what was written up to the last flush',
    'test/integration/loadgen/container.test.ts',
    'kill -9 in the middle of a run',
  ],
  [
    'a database that is back at 79 % has an outage and no recovery',
    'test/unit/drill/recovery.test.ts',
    'a service that comes back at 79 % has an outage and no recovery',
  ],
  [
    'two failovers in one run are both measured',
    'test/unit/drill/recovery.test.ts',
    'two failovers in one run are measured each',
  ],
  [
    'memory is flat over 10 million samples',
    'test/unit/loadgen/recorder.test.ts',
    'memory is flat over 10 million samples',
  ],
  [
    'the total is the sum of its outcomes, exactly',
    'test/unit/loadgen/arrivals.test.ts',
    'whatever happens: due = taken + missed + waiting',
  ],
  [
    'a run with hung connections ends within its time',
    'test/threads/load.test.ts',
    'a run with hung connections ends within its duration and drain',
  ],
] as const

test.each(REGRESSIONS)('%s', (_, file, name) => {
  expect(readFileSync(resolve(ROOT, file), 'utf8')).toContain(name)
})
