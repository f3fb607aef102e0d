/** The ways during an event, and the joined view of several containers. */
import { describe, expect, test } from 'vitest'
import { afterwardsOf, nameChangeOf, waysOfEvent } from '../../../functions/reachability/event-ways.ts'
import { reachabilityOf } from '../../../functions/reachability/reachability.ts'
import type { ProbeRecord } from '../../../loadgen-image/contract/step-probe.ts'
import { anAttempt, aProbeRecord, attempts, steadyWrites } from './support.ts'

const calm = (from: number, to: number) => [steadyWrites(from, to), steadyWrites(from, to, 'pgbouncer')]
const refused = (from: number, to: number, way: 'direct' | 'pgbouncer' = 'direct') =>
  attempts('resolved', { from, to, way, code: 'ECONNREFUSED' })

const window = (own: Partial<Record<'begin' | 't1' | 't2' | 'end', number>> = {}) => {
  const { begin = 900, t1 = 1000, t2 = 3000, end = 6000 } = own
  return { beginUs: begin * 1000, t1Us: t1 * 1000, t2Us: t2 * 1000, endUs: end * 1000 }
}

const ways = (records: readonly Partial<ProbeRecord>[], own = {}) =>
  waysOfEvent(reachabilityOf(records.map(aProbeRecord), []), window(own)).map(
    ({ way, steps, backUs, notMeasured }) => ({
      way,
      steps: steps.map(({ state, fromUs, toUs }) => [state, (toUs - fromUs) / 1000]),
      back: backUs === null ? null : backUs / 1000,
      notMeasured,
    }),
  )

describe('the ways of an event', () => {
  test('are back each at its own time', () => {
    const record = {
      steady: [
        steadyWrites(0, 980),
        steadyWrites(0, 980, 'pgbouncer'),
        steadyWrites(3100, 6000),
        steadyWrites(4500, 6000, 'pgbouncer'),
      ],
      attempts: [
        ...refused(1050, 2950),
        anAttempt('wrote', { from: 3050, to: 3060 }),
        ...attempts('logged in', { from: 1050, to: 4350, way: 'pgbouncer', code: 'server-login-retry' }),
        anAttempt('wrote', { from: 4450, to: 4460, way: 'pgbouncer' }),
      ],
    }
    expect(ways([record])).toEqual([
      { way: 'direct', steps: [['refused', 2008]], back: 3060, notMeasured: null },
      { way: 'pgbouncer', steps: [['PgBouncer waits', 3408]], back: 4460, notMeasured: null },
    ])
  })

  test('that took writes throughout have no steps', () => {
    const record = { steady: calm(0, 6000) }
    expect(ways([record])[0]).toEqual({ way: 'direct', steps: [], back: null, notMeasured: null })
  })

  test('have no step that is shorter than attempts are apart, and no time is lost', () => {
    const lost = anAttempt('logged in', { from: 1000, code: 'ECONNRESET' })
    const answered = anAttempt('read-only', { from: 2030, code: '25006' })
    const back = anAttempt('wrote', { from: 2100 })
    const all = [lost, ...refused(1060, 1960), answered, back]
    const [direct] = ways([{ steady: [steadyWrites(0, 950), steadyWrites(2200, 6000)], attempts: all }])
    expect(direct).toMatchObject({ steps: [['refused', 1100]], back: 2102 })
  })

  test('that were not back have no end', () => {
    const [direct] = ways([{ steady: [steadyWrites(0, 950)], attempts: refused(1050, 5950) }])
    expect(direct).toMatchObject({ back: null, notMeasured: null })
  })

  test('are not measured where they took no write before it', () => {
    const [direct] = ways([{ attempts: refused(0, 5950) }])
    expect(direct).toEqual({ way: 'direct', steps: [], back: null, notMeasured: 'before' })
    const [earlier] = ways([{ steady: [steadyWrites(0, 200), steadyWrites(3100, 6000)], attempts: refused(250, 3050) }])
    expect(earlier).toMatchObject({ steps: [], notMeasured: 'before' })
  })

  test('are not measured where the probe did not run', () => {
    const [direct] = ways([{ steady: [steadyWrites(0, 950), steadyWrites(4000, 6000)] }])
    expect(direct).toMatchObject({ steps: [['not watched', 3050]], notMeasured: 'not watched' })
    const [cut] = ways([{ steady: [steadyWrites(0, 1100)] }])
    expect(cut).toMatchObject({ steps: [], notMeasured: 'not watched' })
  })

  test('leave out what came after its first commit', () => {
    const later = { steady: [steadyWrites(0, 950), steadyWrites(2000, 3950), steadyWrites(4600, 6000)] }
    const [direct] = ways([{ ...later, attempts: [...refused(1050, 1950), ...refused(4050, 4550)] }])
    expect(direct).toMatchObject({ steps: [['refused', 948]], back: 2000 })
  })
})

describe('several containers', () => {
  test('together are where the one is that got furthest, on one clock', () => {
    const slow = {
      container: 1,
      steady: [steadyWrites(50, 950), steadyWrites(3600, 6000)],
      attempts: refused(1000, 3500),
    }
    const fast = { steady: [steadyWrites(0, 950), steadyWrites(2600, 6000)], attempts: refused(1050, 2500) }
    const records = [aProbeRecord(fast), aProbeRecord(slow)]
    const clock = { offsetUs: 100_000, errorMs: 1 }
    const seen = reachabilityOf(records, [{ container: 1, incarnation: 'a', clock }])
    const [direct] = waysOfEvent(seen, window())
    expect(direct?.steps.map(({ state, fromUs, toUs }) => [state, fromUs / 1000, toUs / 1000])).toEqual([
      ['refused', 1052, 2600],
    ])
    expect(seen.byContainer.map(({ container, way }) => [container, way])).toEqual([
      [0, 'direct'],
      [1, 'direct'],
    ])
    expect(seen.byContainer[1]?.intervals[1]).toMatchObject({ state: 'refused', fromUs: 902_000, toUs: 3_500_000 })
  })

  test('without a record say so, and a probe that could not run says why', () => {
    expect(reachabilityOf([], []).problem).toBe('the load generators left no record of a step probe')
    const none = aProbeRecord({ problem: 'there is no table drill_probe' })
    expect(reachabilityOf([none], [])).toMatchObject({ ways: [], problem: 'there is no table drill_probe' })
    expect(reachabilityOf([none, aProbeRecord({ container: 1, steady: calm(0, 500) })], []).problem).toBeNull()
  })
})

test('a name changes when it has other addresses, and not when it had none for a while', () => {
  const reading = (at: number, ...addresses: string[]) => ({ atUs: at * 1000, addresses })
  const names = [reading(0, '10.0.0.1'), reading(1200), reading(1500, '10.0.0.1'), reading(2500, '10.0.0.2')]
  const seen = reachabilityOf([aProbeRecord({ names, steady: calm(0, 500) })], [])
  expect(nameChangeOf(seen, window())).toEqual({
    container: 0,
    atUs: 2_500_000,
    before: ['10.0.0.1'],
    after: ['10.0.0.2'],
  })
  expect(nameChangeOf(seen, window({ begin: 3000, t1: 3100 }))).toBeNull()
  expect(nameChangeOf(seen, window({ end: 2000 }))).toBeNull()
})

describe('a name that changes more than once', () => {
  /** Milliseconds, and the last number of the address. */
  const named = (...readings: ReadonlyArray<readonly [atMs: number, address: number]>): Partial<ProbeRecord> => ({
    names: readings.map(([atMs, address]) => ({ atUs: atMs * 1000, addresses: [`10.0.0.${address}`] })),
  })
  const changeIn = (...records: readonly Partial<ProbeRecord>[]) => {
    const change = nameChangeOf(reachabilityOf(records.map(aProbeRecord), []), window())
    return change === null ? null : [change.atUs / 1000, change.before[0], change.after[0]]
  }

  test('leads from its first address to its last one', () =>
    expect(changeIn(named([0, 1], [2000, 2], [2500, 3]))).toEqual([2500, '10.0.0.1', '10.0.0.3']))

  test('and comes back did not change', () => expect(changeIn(named([0, 1], [2000, 2], [2500, 1]))).toBeNull())

  test('again and again is answered in turns', () =>
    expect(changeIn(named([0, 1], [1500, 2], [2000, 1], [2500, 2], [3000, 1], [3500, 2]))).toBeNull())

  test('and did so just before the event does it by itself', () =>
    expect(changeIn(named([0, 1], [400, 2], [2000, 3]))).toBeNull())

  test('counts from the container that saw the last address first', () =>
    expect(changeIn(named([0, 1], [2600, 2]), { ...named([0, 1], [2400, 2]), container: 1, incarnation: 'b' })).toEqual(
      [2400, '10.0.0.1', '10.0.0.2'],
    ))
})

test('what came after the steps: when a way was out again, and from when on every container could write', () => {
  const one: Partial<ProbeRecord> = {
    steady: [steadyWrites(0, 980), steadyWrites(3100, 5000)],
    attempts: [...refused(1000, 2900), anAttempt('wrote', { from: 3000, to: 3010 }), ...refused(5100, 6000)],
  }
  const other: Partial<ProbeRecord> = {
    ...{ container: 1, incarnation: 'b' },
    steady: [steadyWrites(0, 980), steadyWrites(4100, 5000)],
    attempts: [...refused(1000, 3900), anAttempt('wrote', { from: 4000, to: 4010 }), ...refused(5100, 6000)],
  }
  const seen = reachabilityOf([one, other].map(aProbeRecord), [])
  expect(afterwardsOf(seen, 'direct', 3_010_000)).toEqual({ outAgainUs: 5_102_000, everywhereUs: 4_010_000 })
  expect(afterwardsOf(seen, 'pgbouncer', 3_010_000)).toEqual({ outAgainUs: null, everywhereUs: null })
  expect(afterwardsOf(reachabilityOf([aProbeRecord(one)], []), 'direct', 5_200_000).everywhereUs).toBeNull()
})
