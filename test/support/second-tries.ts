/**
 * The only tests that may fail once and run again, each with its reason: the machine is shared, and these need their share of it at
 * every moment. Loaded before every file of the project `real`. The end of the run names each that needed its second try.
 */
import { relative } from 'node:path'
import { beforeAll, type RunnerTask, type RunnerTestCase } from 'vitest'
import { ROOT } from './command.ts'

type SecondTry = readonly [file: string, title: string, reason: string]

const BUSY_DRILL = 'a machine that cannot send on time ends a drill as INCONCLUSIVE, as it must'
const BUSY_THREADS = 'a rate needs a free core while it is measured'

/** Every test of the file: whole drills. */
const EVERY = '*'

const SECOND_TRIES: ReadonlyArray<SecondTry> = [
  [
    'engine/drills',
    EVERY,
    'whole drills on a second engine beside the servers: any of them can lose its share of the machine',
  ],
  ['e2e/drill', 'a forced failover under load is measured from end to end and loses nothing', BUSY_DRILL],
  ['e2e/debian-13', EVERY, BUSY_DRILL],
  ['e2e/weather', EVERY, BUSY_DRILL],
  ['e2e/all-weathers', EVERY, BUSY_DRILL],
  ['e2e/interrupted-drills', 'a drill goes on when the Functions host is killed in the middle of it', BUSY_DRILL],
  [
    'e2e/packaged-drill',
    'the packaged app and the bundled load generator run a drill with a failover, and lose nothing',
    BUSY_DRILL,
  ],
  [
    'integration/loadgen/step-probe',
    'each step is found by each way within 150 ms of the truth',
    'what is left of the tolerance is for a login, which needs a free core at each moment',
  ],
  ['threads/load', '200 workers against 10 ms of latency reach a target of 8000: at least 7950 TPS', BUSY_THREADS],
  ['threads/load', 'a target of 100 with 200 workers is 100 TPS, plus or minus 1', BUSY_THREADS],
]

// biome-ignore lint/correctness/noEmptyPattern: the runner reads fixtures from the first parameter, and wants it destructured
beforeAll(({}, file) => {
  const own = SECOND_TRIES.filter(([name]) => `test/${name}.test.ts` === relative(ROOT, file.file.filepath))
  for (const [name, title] of own) {
    const tests = testsIn(file.tasks).filter((task) => title === EVERY || task.name === title)
    if (tests.length === 0) throw new Error(`second-tries.ts names a test that ${name} does not have: ${title}`)
    for (const test of tests) test.retry = 1
  }
})

const testsIn = (tasks: readonly RunnerTask[]): RunnerTestCase[] =>
  tasks.flatMap((task) => (task.type === 'suite' ? testsIn(task.tasks) : [task]))
