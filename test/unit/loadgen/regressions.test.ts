/** The fourteen faults of the original tools that must never come back, each with the test that would notice. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const TESTS = resolve(import.meta.dirname, '../..')

type Regression = readonly [fault: string, ...tests: readonly (readonly [file: string, title: string])[]]

/** Each fault, and the file and title of every test that would notice it. */
const REGRESSIONS: ReadonlyArray<Regression> = [
  [
    '200 workers at 10 ms of latency reach a target of 8000',
    ['threads/load', '200 workers against 10 ms of latency reach a target of 8000: at least 7950 TPS'],
  ],
  [
    'a target of 100 with 200 workers is 100 plus or minus 1',
    ['threads/load', 'a target of 100 with 200 workers is 100 TPS, plus or minus 1'],
  ],
  [
    'a 5 s freeze shows in its own second and not in the next',
    ['threads/load', 'a 5 s freeze shows in the p99 of the second in which it ends, and not in the seconds after'],
    ['unit/loadgen/record/recorder', 'a 5 s freeze shows in the p99 of its own second and not in the next'],
  ],
  [
    'an all-fail run has TPS 0 and an exit code that says so',
    ['integration/loadgen/standalone', 'an all-fail run has a TPS of 0 and does not exit with 0'],
    [
      'integration/loadgen/failures',
      'an all-fail run has a TPS of 0 in every second, and refuses to call itself recovered',
    ],
  ],
  [
    'an outage of fast failures never looks recovered',
    ['unit/analysis/recovery', 'refusals that come fast are no recovery'],
  ],
  [
    'the blip of one worker is not a failover',
    ['unit/analysis/recovery', 'the blip of one worker is no outage'],
    ['unit/loadgen/record/recorder', 'blip of one worker is an outage of that worker and no gap of the others'],
  ],
  [
    'outcomes are known by SQLSTATE, errno and driver, and by what was sent',
    ['unit/loadgen/record/outcome', '%s "%s" after sending is %s'],
    ['unit/loadgen/record/outcome', '%s "%s" before anything was sent is refused: nothing can have committed'],
  ],
  [
    'one removed row is one lost commit, an unacknowledged one is not',
    ['unit/analysis/ledger-audit', 'a deleted row is lost, with its key and the second in which it was acknowledged'],
    ['unit/analysis/ledger-audit', 'an unknown that %s is %s, and never a loss'],
  ],
  [
    'kill -9 leaves what was written up to the last flush',
    [
      'integration/loadgen/container',
      'kill -9 in the middle of a run: records up to the last second that ended and the CSV up to its last flush exist',
    ],
  ],
  [
    'a database that is back at 79 % has an outage and no recovery',
    ['unit/analysis/recovery', 'a service that comes back at 79 % has an outage and no recovery'],
  ],
  [
    'two failovers in one run are both measured',
    ['unit/analysis/recovery', 'two failovers in one run are measured each'],
  ],
  [
    'memory is flat over 10 million samples',
    ['unit/loadgen/record/recorder', 'memory is flat over 10 million samples'],
  ],
  [
    'the total is the sum of its outcomes, exactly',
    ['unit/loadgen/schedule/arrivals', 'whatever happens: due = taken + missed + waiting'],
    ['unit/loadgen/record/recorder', 'the sums of all seconds are what happened, wherever the seconds end'],
    [
      'unit/criteria/verdict',
      'intended is acknowledged, refused, unknown and missed, also when a container was killed or a record was lost',
    ],
  ],
  [
    'a run with hung connections ends within its time',
    [
      'threads/load',
      'a run with hung connections ends within its duration and drain: in flight is unknown, waiting is missed',
    ],
  ],
]

/** The opening of a test, at the start of a line and so not commented out; of a table of tests, its last line. */
const OPENING = /^(?:test|test\.each\(.*\)|\](?: as const)?\))\((['`])(.*?)\1,/gm
const IS_SKIPPED = /^(?:test|describe)\.(?:skip|todo|fails|skipIf|runIf)/m

test.each(REGRESSIONS)('%s', (_, ...tests) => {
  const wanting = tests.filter(([file, title]) => {
    const source = readFileSync(resolve(TESTS, `${file}.test.ts`), 'utf8')
    const titles = [...source.matchAll(OPENING)].map(([, , found]) => found)
    return IS_SKIPPED.test(source) || !titles.includes(title)
  })
  expect(wanting).toEqual([])
})

test('all fourteen are here', () => expect(REGRESSIONS).toHaveLength(14))
