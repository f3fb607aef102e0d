/** From the attempts of one container to the states of one way. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { courseOf } from '../../../functions/reachability/course.ts'
import { stateAtEnd } from '../../../functions/reachability/states.ts'
import { PROBE_CODES, type ProbeRecord, type Step } from '../../../loadgen-image/contract/step-probe.ts'
import { anAttempt, aProbeRecord, attempts, steadyWrites } from './support.ts'

const course = (record: Partial<ProbeRecord>): readonly (readonly [string, number, number])[] =>
  courseOf([aProbeRecord(record)], 'direct').map(({ state, fromUs, toUs }) => [state, fromUs / 1000, toUs / 1000])

test.each<readonly [Step, string, string]>([
  ['nothing', 'ENOTFOUND', 'name without address'],
  ['nothing', 'connect-timeout', 'name without address'],
  ['resolved', 'ECONNREFUSED', 'refused'],
  ['resolved', 'connect-timeout', 'no answer'],
  ['resolved', 'EHOSTUNREACH', 'not reached'],
  ['accepted', '57P03', 'starting or stopping'],
  ['encrypted', '57P03', 'starting or stopping'],
  ['accepted', 'connect-timeout', 'login without answer'],
  ['encrypted', '53300', 'login failed'],
  ['accepted', PROBE_CODES.serverLoginRetry, 'PgBouncer waits'],
  ['logged in', PROBE_CODES.serverLoginRetry, 'PgBouncer waits'],
  ['logged in', 'reply-timeout', 'no reply'],
  ['logged in', PROBE_CODES.writeWaits, 'no reply'],
  ['logged in', '57P01', 'write failed'],
  ['read-only', '25006', 'read-only'],
  ['wrote', '', 'wrote'],
])('an attempt that ended after "%s" with %s shows: %s', (reached, code, state) => {
  expect(stateAtEnd(reached, code)).toBe(state)
})

describe('a course', () => {
  test('goes from state to state as attempts show them', () => {
    const down = attempts('resolved', { from: 1000, to: 1800, code: 'ECONNREFUSED' })
    const readOnly = attempts('read-only', { from: 1900, to: 2100, code: '25006' })
    const back = anAttempt('wrote', { from: 2200, to: 2210 })
    const steady = [steadyWrites(0, 950), steadyWrites(2300, 3000)]
    expect(course({ steady, attempts: [...down, ...readOnly, back] })).toEqual([
      ['wrote', 0, 1002],
      ['refused', 1002, 1902],
      ['read-only', 1902, 2210],
      ['wrote', 2210, 3000],
    ])
  })

  test('dates a wait from where it began, also when all of it ends at once', () => {
    const waiting = [1000, 1100, 1200, 1300].map((from) => anAttempt('wrote', { from, to: 1800 }))
    expect(course({ steady: [steadyWrites(0, 950), steadyWrites(1900, 2500)], attempts: waiting })).toEqual([
      ['wrote', 0, 1000],
      ['no reply', 1000, 1800],
      ['wrote', 1800, 2500],
    ])
  })

  test('takes no news from an attempt that began before one that has ended', () => {
    const lost = anAttempt('resolved', { from: 1000, to: 2000, code: 'connect-timeout' })
    const served = attempts('wrote', { from: 1100, to: 2500 })
    expect(course({ steady: [steadyWrites(0, 950)], attempts: [lost, ...served] })).toEqual([
      ['wrote', 0, 1000],
      ['no answer', 1000, 1102],
      ['wrote', 1102, 2502],
    ])
  })

  test('takes from an attempt that the probe gave up only that it waited', () => {
    const slow = anAttempt('wrote', { from: 1000, to: 1800 })
    const given = anAttempt('logged in', { from: 1050, to: 1801, code: PROBE_CODES.givenUp })
    const held = anAttempt('logged in', { from: 1750, to: 1802, code: PROBE_CODES.writeWaits })
    expect(course({ steady: [steadyWrites(0, 950), steadyWrites(1850, 2500)], attempts: [slow, given, held] })).toEqual(
      [
        ['wrote', 0, 1000],
        ['no reply', 1000, 1800],
        ['wrote', 1800, 2500],
      ],
    )
  })

  test('takes a slow login for no state of its own', () => {
    const slow = [1000, 1100, 1200].map((from) => anAttempt('wrote', { from, to: from + 300 }))
    expect(course({ steady: [steadyWrites(0, 950), steadyWrites(1600, 2500)], attempts: slow })).toEqual([
      ['wrote', 0, 2500],
    ])
  })

  test('takes an answer that was read while the process stood still, and no deadline that passed meanwhile', () => {
    const stalls = [{ fromUs: 1_000_000, toUs: 1_300_000 }]
    const own = (code: string) => {
      const attempt = anAttempt(code === '25006' ? 'read-only' : 'logged in', { from: 990, to: 1310, code })
      return course({ steady: [steadyWrites(0, 980), steadyWrites(1350, 2000)], attempts: [attempt], stalls })
    }
    expect(own('25006').map(([state]) => state)).toEqual(['wrote', 'read-only', 'wrote'])
    expect(own('reply-timeout').map(([state]) => state)).toEqual(['wrote', 'not watched', 'wrote'])
  })

  test('keeps a wait that went on after the process stood still', () => {
    const stalls = [{ fromUs: 1_200_000, toUs: 1_300_000 }]
    const waiting = anAttempt('wrote', { from: 1000, to: 2000 })
    expect(course({ steady: [steadyWrites(0, 950), steadyWrites(2100, 2500)], attempts: [waiting], stalls })).toEqual([
      ['wrote', 0, 1000],
      ['no reply', 1000, 2000],
      ['wrote', 2000, 2500],
    ])
  })

  test('is not watched where no attempt was made', () => {
    expect(course({ steady: [steadyWrites(0, 1000), steadyWrites(3000, 4000)] })).toEqual([
      ['wrote', 0, 1000],
      ['not watched', 1000, 3000],
      ['wrote', 3000, 4000],
    ])
  })

  test('takes no wait from a process that stood still itself', () => {
    const late = anAttempt('wrote', { from: 990, to: 1700 })
    const stalls = [{ fromUs: 1_000_000, toUs: 1_690_000 }]
    expect(course({ steady: [steadyWrites(0, 950), steadyWrites(1800, 2500)], attempts: [late], stalls })).toEqual([
      ['wrote', 0, 2500],
    ])
    const cut = anAttempt('logged in', { from: 990, to: 1700, code: 'reply-timeout' })
    expect(course({ steady: [steadyWrites(0, 950), steadyWrites(1800, 2500)], attempts: [cut], stalls })).toEqual([
      ['wrote', 0, 950],
      ['not watched', 950, 1800],
      ['wrote', 1800, 2500],
    ])
  })

  test('of another way is not mixed in', () => {
    const other = attempts('resolved', { from: 0, to: 900, way: 'pgbouncer', code: 'ECONNREFUSED' })
    expect(course({ steady: [steadyWrites(0, 1000)], attempts: other })).toEqual([['wrote', 0, 1000]])
  })
})

test('states follow each other without holes, each other than the one before, in any order of the records', () => {
  const step = fc.constantFrom<Step>('nothing', 'resolved', 'accepted', 'logged in', 'read-only', 'wrote')
  const some = fc.array(fc.tuple(step, fc.nat(5000), fc.nat(1500)), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(some, fc.nat(), (list, seed) => {
      const all = list.map(([reached, from, ms]) => anAttempt(reached, { from, to: from + ms, code: 'x' }))
      const records = all.map((attempt) => aProbeRecord({ attempts: [attempt] }))
      const found = courseOf(records, 'direct')
      const turned = [...records.slice(seed % records.length), ...records.slice(0, seed % records.length)]
      expect(courseOf(turned, 'direct').map(({ fromUs, toUs }) => [fromUs, toUs])).toEqual(
        found.map(({ fromUs, toUs }) => [fromUs, toUs]),
      )
      for (const [i, one] of found.entries()) {
        expect(one.toUs).toBeGreaterThan(one.fromUs)
        const next = found[i + 1]
        if (next !== undefined) expect([next.fromUs, next.state === one.state]).toEqual([one.toUs, false])
      }
    }),
  )
})
