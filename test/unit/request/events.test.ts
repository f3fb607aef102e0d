/** The events of a request: each kind with its fields, the rules between events, and the way home. */

import { describe, expect, test } from 'vitest'
import { type ParsedRequest, parseRequest } from '../../../functions/request/request.ts'
import { requestsTo } from '../../support/builders.ts'

const parse = (body: object): ParsedRequest =>
  parseRequest(body, {
    drillId: 'drill-1',
    requestedAt: '2026-01-01T00:00:00.000Z',
    requestedBy: 'http',
    defaults: requestsTo({ resourceGroup: 'rg', server: 'pg-a', database: 'app' }, 20),
  })

const planned = (body: object) => {
  const parsed = parse(body)
  return parsed.ok ? parsed.plan.events : parsed.problems
}
const problems = (body: object) => {
  const parsed = parse(body)
  return parsed.ok ? [] : parsed.problems.map(({ field, expected }) => `${field}: ${expected}`)
}

test.each([
  [{ kind: 'failover', mode: 'forced' }],
  [{ kind: 'failover', mode: 'planned' }],
  [{ kind: 'failover', mode: 'forcedSwitchover' }],
  [{ kind: 'failover', mode: 'plannedSwitchover' }],
  [{ kind: 'restart' }],
  [{ kind: 'scale', sku: 'Standard_D8ds_v5' }],
  [{ kind: 'switchover', mode: 'planned', replica: 'pg-dr', returnHome: true }],
  [{ kind: 'external' }],
])('%o is an event', (event) => {
  expect(planned({ events: [{ atSeconds: 120, ...event }] })).toEqual([{ atSeconds: 120, ...event }])
})

test('a switchover is not returned unless the request says so', () =>
  expect(planned({ events: [{ atSeconds: 120, kind: 'switchover', mode: 'forced', replica: 'pg-dr' }] })).toMatchObject(
    [{ returnHome: false }],
  ))

test.each<[object, string]>([
  [{ kind: 'failover' }, 'events[0].mode: one of forced, planned, forcedSwitchover, plannedSwitchover'],
  [{ kind: 'meteor' }, 'events[0].kind: one of failover, restart, scale, switchover, external'],
  [{ mode: 'forced' }, 'events[0].kind: one of failover, restart, scale, switchover, external'],
  [{ kind: 'restart', mode: 'forced' }, 'events[0].mode: no such field'],
  [{ kind: 'scale' }, 'events[0].sku: the name of a size (SKU) of flexible servers, such as Standard_D4ds_v5'],
  [
    { kind: 'scale', sku: 'bigger' },
    'events[0].sku: the name of a size (SKU) of flexible servers, such as Standard_D4ds_v5',
  ],
  [{ kind: 'switchover', mode: 'soft', replica: 'pg-dr' }, 'events[0].mode: one of planned, forced'],
  [
    { kind: 'switchover', mode: 'forced', replica: 'pg-dr.postgres.database.azure.com' },
    'events[0].replica: the name of a flexible server, such as pg-orders: 3 to 63 of a-z, 0-9 and hyphens; this holds a dot: give the name alone, which is the first part of the host name',
  ],
  [{ kind: 'failover', mode: 'forced', returnsHome: true }, 'events[0].returnsHome: no such field'],
])('%o is refused: %s', (event, problem) => {
  expect(problems({ events: [{ atSeconds: 120, ...event }] })).toEqual([problem])
})

test('an event that is no object is refused with an example', () =>
  expect(problems({ events: ['restart'] })).toEqual([
    'events[0]: an object such as {"atSeconds": 120, "kind": "failover", "mode": "forced"}',
  ]))

describe('between events', () => {
  const restart = (atSeconds: number) => ({ atSeconds, kind: 'restart' })
  const failover = (atSeconds: number) => ({ atSeconds, kind: 'failover', mode: 'forced' })
  const external = (atSeconds: number) => ({ atSeconds, kind: 'external' })
  const switchover = (atSeconds: number) => ({ atSeconds, kind: 'switchover', mode: 'forced', replica: 'pg-dr' })

  test.each<[string, object[], string | null]>([
    ['restarts need no cool-down', [restart(120), restart(180)], null],
    ['nor does a failover after a restart', [restart(120), failover(180)], null],
    ['but their recovery must be seen', [restart(120), restart(140)], 'at least 35 s between these two'],
    [
      'a restart after a failover waits for the standby',
      [failover(120), restart(180)],
      'at least 1200 s between these two',
    ],
    ['an external event stands alone', [external(120), failover(180)], 'an external event alone'],
    ['also beside another one', [external(120), external(180)], 'an external event alone'],
    ['a switchover is the last event', [switchover(120), restart(1400)], 'a switchover as the last event'],
    ['and may follow others', [restart(120), switchover(180)], null],
  ])('%s', (_, events, problem) => {
    expect(problems({ durationSeconds: 1_800, events })).toEqual(
      problem === null ? [] : [expect.stringMatching(`^events: ${problem}`)],
    )
  })
})

describe('returnHome', () => {
  test('adds a planned failover after the cool-down of the last one', () => {
    expect(planned({ durationSeconds: 1_800, returnHome: true })).toEqual([
      { atSeconds: 120, kind: 'failover', mode: 'forced' },
      { atSeconds: 1_325, kind: 'failover', mode: 'planned', returnsHome: true },
    ])
  })

  test('comes after the events that follow the last failover, and after their recovery', () => {
    const events = [
      { atSeconds: 120, kind: 'failover', mode: 'forced' },
      { atSeconds: 1_400, kind: 'restart' },
    ]
    expect(planned({ durationSeconds: 1_800, returnHome: true, events })).toMatchObject([{}, {}, { atSeconds: 1_440 }])
  })

  test('adds nothing unless it is asked for', () =>
    expect(planned({ durationSeconds: 1_800, returnHome: false })).toHaveLength(1))

  test('a load that is too short is refused, and the length that the message names will do', () => {
    const [problem] = problems({ returnHome: true })
    expect(problem).toMatch(/^returnHome: durationSeconds of at least \d+, or a shorter timing\.cooldownMinutes$/)
    const durationSeconds = Number(/\d+/.exec(problem ?? '')?.[0])
    expect(problems({ returnHome: true, durationSeconds: durationSeconds - 1 })).toHaveLength(1)
    expect(planned({ returnHome: true, durationSeconds })).toHaveLength(2)
  })

  test('needs a failover', () =>
    expect(problems({ returnHome: true, events: [{ atSeconds: 120, kind: 'restart' }] })).toEqual([
      'returnHome: a failover among the events, or false',
    ]))
})
