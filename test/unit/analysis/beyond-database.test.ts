/** How far an application outlasted the database, and when that is not said. */
import { describe, expect, test } from 'vitest'
import { beyondDatabase } from '../../../functions/analysis/beyond-database.ts'
import { type Reachability, reachabilityOf } from '../../../functions/reachability/reachability.ts'
import type { ProbeRecord } from '../../../loadgen-image/contract/step-probe.ts'
import { anAttempt, aProbeRecord, attempts, steadyWrites } from '../reachability/support.ts'

const refused = (from: number, to: number) => attempts('resolved', { from, to, code: 'ECONNREFUSED' })
const pooled = (from: number, to: number) =>
  attempts('logged in', { from, to, way: 'pgbouncer', code: 'server-login-retry' })

/** Milliseconds: out from 1000 on; straight back at 3000, through PgBouncer at 3500. */
const FAILOVER: Partial<ProbeRecord> = {
  steady: [
    steadyWrites(0, 980),
    steadyWrites(0, 980, 'pgbouncer'),
    steadyWrites(3100, 20_000),
    steadyWrites(3600, 20_000, 'pgbouncer'),
  ],
  attempts: [
    ...refused(1000, 2900),
    anAttempt('wrote', { from: 2998, to: 3000 }),
    ...pooled(1000, 3400),
    anAttempt('wrote', { from: 3498, to: 3500, way: 'pgbouncer' }),
  ],
}

const ways = (...records: readonly Partial<ProbeRecord>[]): Reachability =>
  reachabilityOf(records.map(aProbeRecord), [])

const EVERY_US = 250_000

interface Times {
  readonly from: number
  readonly lastFailed: number
  readonly to: number | null
  readonly isExact?: boolean
}

const outage = ({ from, lastFailed, to, isExact = true }: Times) => ({
  ...{ fromUs: from * 1000, lastFailedUs: lastFailed * 1000, toUs: to === null ? null : to * 1000, isExact },
  lastCode: 'status-503:dead-connection',
})

const found = (times: Times, reachability = ways(FAILOVER)) => {
  const beyond = beyondDatabase([outage(times)], EVERY_US, reachability)
  return beyond === null ? null : [beyond.outageUs / 1000, beyond.openUs / 1000]
}

describe('an application that fails while a new connection can write', () => {
  test('outlasts the database from the moment at which the last way was open to its first good answer', () =>
    expect(found({ from: 1100, lastFailed: 9600, to: 9900 })).toEqual([8800, 6400]))

  test('whose first good answer was not seen outlasts it at least to its last failed request', () => {
    expect(found({ from: 1100, lastFailed: 9600, to: null })).toEqual([8500, 6100])
    expect(found({ from: 1100, lastFailed: 9600, to: 9900, isExact: false })).toEqual([8500, 6100])
  })

  test('may meet a database that is out again at its last failed request', () => {
    const again = ways({
      steady: [
        ...(FAILOVER.steady ?? []).slice(0, 2),
        steadyWrites(3100, 8980),
        steadyWrites(3600, 20_000, 'pgbouncer'),
      ],
      attempts: [...(FAILOVER.attempts ?? []), ...refused(9000, 12_000)],
    })
    expect(found({ from: 1100, lastFailed: 9600, to: 9900 }, again)?.[1]).toBeCloseTo(9000 - 3500, -1)
  })

  test('is judged by the longest of its outages', () => {
    const long = outage({ from: 1100, lastFailed: 9600, to: 9900 })
    const short = { ...outage({ from: 1200, lastFailed: 5000, to: 5100 }), lastCode: 'timeout' }
    expect(beyondDatabase([short, long], EVERY_US, ways(FAILOVER))?.lastCode).toBe('status-503:dead-connection')
  })

  test.each<[string, Times, Reachability]>([
    ['it was back with the database', { from: 1100, lastFailed: 3400, to: 3700 }, ways(FAILOVER)],
    [
      'its last failed request was sent before, and timed out after',
      { from: 1100, lastFailed: 3900, to: 9000 },
      ways(FAILOVER),
    ],
    ['its outage began when the database was open', { from: 5000, lastFailed: 9600, to: 9900 }, ways(FAILOVER)],
    [
      'its requests were cut off by the outage of the database',
      { from: 100, lastFailed: 3400, to: 3700 },
      ways(FAILOVER),
    ],
    ['no request was due in the time', { from: 1100, lastFailed: 4200, to: 9000 }, ways(FAILOVER)],
    ['nothing was probed', { from: 1100, lastFailed: 9600, to: 9900 }, ways()],
    [
      'the step probe did not run',
      { from: 1100, lastFailed: 9600, to: 9900 },
      ways({
        ...FAILOVER,
        steady: [
          ...(FAILOVER.steady ?? []).slice(0, 2),
          steadyWrites(3100, 4000),
          steadyWrites(3600, 4000, 'pgbouncer'),
        ],
      }),
    ],
    [
      'one way was never back',
      { from: 1100, lastFailed: 9600, to: 9900 },
      ways({
        steady: (FAILOVER.steady ?? []).slice(0, 3),
        attempts: [...refused(1000, 2900), anAttempt('wrote', { from: 2998, to: 3000 }), ...pooled(1000, 19_900)],
      }),
    ],
  ])('is not said to do so when %s', (_why, times, reachability) => expect(found(times, reachability)).toBeNull())

  test('is not counted while the step probe itself did not run', () => {
    const steady = [
      ...(FAILOVER.steady ?? []).slice(0, 2),
      steadyWrites(3100, 6000),
      steadyWrites(6450, 20_000),
      steadyWrites(3600, 20_000, 'pgbouncer'),
    ]
    const seen = ways({ ...FAILOVER, steady })
    expect(seen.ways[0]?.intervals.map(({ state }) => state)).toContain('not watched')
    const [, open = 0] = found({ from: 1100, lastFailed: 9600, to: 9900 }, seen) ?? []
    expect(open).toBeGreaterThan(5900)
    expect(open).toBeLessThan(6000)
  })

  test('is not counted during a second outage of the database', () => {
    const again = ways({
      steady: [
        ...(FAILOVER.steady ?? []).slice(0, 2),
        steadyWrites(3100, 4980),
        steadyWrites(6100, 20_000),
        steadyWrites(3600, 20_000, 'pgbouncer'),
      ],
      attempts: [...(FAILOVER.attempts ?? []), ...refused(5000, 5900), anAttempt('wrote', { from: 5998, to: 6000 })],
    })
    expect(found({ from: 1100, lastFailed: 9600, to: 9900 }, again)?.[1]).toBeCloseTo(6400 - 1000, -2)
  })
})
