import { describe, expect, test } from 'vitest'
import { foldWays, waysOf } from '../../../functions/live/live-ways.ts'
import { liveWayText } from '../../../functions/render/text/way-words.ts'
import {
  type ProbeAttempt,
  type ProbeRecord,
  type Step,
  WAYS,
  type Way,
} from '../../../loadgen-image/contract/step-probe.ts'
import { LOAD_START_MS } from '../../support/builders.ts'
import { NO_WATCH } from '../../support/watch-records.ts'

const at = (second: number) => Math.round((LOAD_START_MS + second * 1000) * 1000)

/** From that second of the load on, a new attempt gets so far. */
type Course = ReadonlyArray<readonly [fromSecond: number, reached: Step, code: string]>

const attempt = (way: Way, second: number, reached: Step, code: string): ProbeAttempt => ({
  ...{ way, isNew: true, begunAtUs: at(second), endedAtUs: at(second) + 2_000, reached, code },
  ...{ resolvedAtUs: at(second), acceptedAtUs: null, encryptedAtUs: null, loggedInAtUs: null },
})

/** One record a second, as a container writes them while a way is out. */
function recordsOf(container: number, untilSecond: number, courses: Readonly<Record<Way, Course>>): ProbeRecord[] {
  return Array.from({ length: untilSecond }, (_, second) => ({
    ...{ second: LOAD_START_MS / 1000 + second, container, incarnation: `i${container}`, ways: WAYS, problem: '' },
    ...{ steady: [], names: [], stalls: [], watch: NO_WATCH },
    attempts: WAYS.flatMap((way) =>
      Array.from({ length: 10 }, (_, i) => {
        const now = second + i / 10
        const [, reached, code] = courses[way].findLast(([from]) => from <= now + 1e-9) ?? [0, 'wrote', '']
        return attempt(way, now, reached, code)
      }),
    ),
  }))
}

const WROTE: Course = [[0, 'wrote', '']]
const PROMOTED: Course = [
  [0, 'wrote', ''],
  [4, 'resolved', 'ECONNREFUSED'],
  [8.2, 'read-only', '25006'],
]
const LOCKED_OUT: Course = [
  [0, 'wrote', ''],
  [4, 'logged in', 'server-login-retry'],
]

const polled = (...polls: ReadonlyArray<readonly ProbeRecord[]>) =>
  waysOf(
    polls.reduce((states, records) => foldWays(states, records), foldWays({}, [])),
    LOAD_START_MS,
  )

describe('the ways to the server while the load runs', () => {
  test('say what a new connection meets, and for how long already', () => {
    const ways = polled(recordsOf(0, 9, { direct: PROMOTED, pgbouncer: LOCKED_OUT }))
    expect(ways).toEqual([
      { way: 'direct', state: 'read-only', second: 8.9, seconds: 0.7 },
      { way: 'pgbouncer', state: 'PgBouncer waits', second: 8.9, seconds: 4.9 },
    ])
    expect(ways.map(liveWayText)).toEqual(['read-only for 0.700 s', 'PgBouncer waits for 4.90 s'])
  })

  test('are the same whether the records come in one poll or in many', () => {
    const records = recordsOf(0, 12, { direct: PROMOTED, pgbouncer: LOCKED_OUT })
    expect(polled(...records.map((record) => [record]))).toEqual(polled(records))
  })

  test('are the same when a record comes twice, or after a newer one', () => {
    const [first, second, ...others] = recordsOf(0, 12, { direct: PROMOTED, pgbouncer: LOCKED_OUT })
    const all = [first, second, ...others].flatMap((one) => one ?? [])
    expect(polled(all, all.slice(0, 3))).toEqual(polled(all))
    expect(polled(others, all.slice(0, 2))).toEqual(polled(all))
  })

  test('take writes as soon as one container can write', () => {
    const out = recordsOf(0, 9, { direct: PROMOTED, pgbouncer: LOCKED_OUT })
    const ways = polled(out, recordsOf(1, 9, { direct: WROTE, pgbouncer: LOCKED_OUT }))
    expect(ways.map(liveWayText)).toEqual(['takes writes', 'PgBouncer waits for 4.90 s'])
  })

  test('are those of the moment that is known of every container', () => {
    const ahead = recordsOf(0, 9, { direct: PROMOTED, pgbouncer: LOCKED_OUT })
    const behind = recordsOf(1, 8, { direct: PROMOTED, pgbouncer: LOCKED_OUT })
    expect(polled(ahead, behind)[0]).toMatchObject({ state: 'refused', second: 7.9 })
  })

  test('leave out a container that has sent nothing for long', () => {
    const gone = recordsOf(1, 3, { direct: WROTE, pgbouncer: WROTE })
    const ways = polled(gone, recordsOf(0, 14, { direct: PROMOTED, pgbouncer: LOCKED_OUT }))
    expect(ways[0]).toMatchObject({ state: 'read-only', second: 13.9 })
  })

  test('are unknown while there is no record', () => expect(polled([])).toEqual([]))
})
