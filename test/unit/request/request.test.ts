import { expect, test } from 'vitest'
import { defaultCriteria } from '../../../functions/criteria/defaults.ts'
import { loadPlanOf } from '../../../functions/model/load-plan.ts'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import { type ParsedRequest, parseRequest } from '../../../functions/request/request.ts'
import { CLIENT_NAMES, documentedSettings } from '../../../loadgen-image/contract/clients/known-clients.ts'
import { aCohort, requestsTo } from '../../support/builders.ts'

const context = {
  drillId: 'drill-1',
  requestedAt: '2026-01-01T00:00:00.000Z',
  requestedBy: 'http',
  defaults: requestsTo({ resourceGroup: 'rg', server: 'pg', database: 'app' }, 20),
} as const

const parse = (body: unknown): ParsedRequest => parseRequest(body, context)
const planOf = (body: unknown): DrillPlan => {
  const parsed = parse(body)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.plan
}
const fieldsOf = (body: unknown): string[] => {
  const parsed = parse(body)
  return parsed.ok ? [] : parsed.problems.map(({ field }) => field)
}

test.each([
  [1, 25, 25],
  [5, 25, 25],
  [20, 50, 100],
  [200, 50, 1000],
  [1000, 50, 1000],
])(
  '%i workers wait %i ms first and at most %i ms between two attempts, so that from 5 on one of them tries every 2.5 ms on average',
  (workers, firstDelayMs, maxDelayMs) => {
    expect(planOf({ workers, targetTps: 100 })?.load.cohorts[0]?.retry).toEqual({
      firstDelayMs,
      maxDelayMs,
      multiplier: 2,
      jitter: true,
    })
  },
)

test('an empty request is the whole 8,000 TPS drill', () => {
  expect(planOf({})).toEqual({
    drillId: 'drill-1',
    requestedAt: '2026-01-01T00:00:00.000Z',
    requestedBy: 'http',
    target: { resourceGroup: 'rg', server: 'pg', database: 'app' },
    load: {
      containers: 1,
      targetTps: 8000,
      workers: 200,
      threads: 0,
      durationSeconds: 300,
      arrivals: 'even',
      seed: expect.any(Number),
      profile: [],
      deadlineMs: 1000,
      onDeadline: 'shed',
      connectTimeoutMs: 5000,
      replyTimeoutMs: 10000,
      retryUnknown: true,
      transactions: 'ledger',
      cohorts: [
        {
          name: 'default',
          share: 1,
          via: 'pgbouncer',
          retry: { firstDelayMs: 50, maxDelayMs: 1000, multiplier: 2, jitter: true },
        },
      ],
    },
    events: [{ atSeconds: 120, kind: 'failover', mode: 'forced' }],
    probes: [],
    timing: {
      warmupSeconds: 30,
      recoveryWindowSeconds: 10,
      recoveryHoldSeconds: 30,
      readyTimeoutSeconds: 600,
      eventTimeoutSeconds: 600,
      healthyTimeoutSeconds: 1800,
      auditPauseSeconds: 10,
      cooldownMinutes: 20,
      watchIntervalSeconds: 5,
      lateMetricsSeconds: 600,
    },
    criteria: defaultCriteria({ targetTps: 8000, transactions: 'ledger' }),
    force: [],
    migrate: false,
    containerSize: { cpu: 2, memoryGb: 4 },
    note: null,
  })
})

test('only a request that says so lets the drill change the schema', () => {
  expect([{}, { migrate: false }, { migrate: true }].map((body) => planOf(body).migrate)).toEqual([false, false, true])
  expect(parse({ migrate: 'yes' })).toEqual({
    ok: false,
    problems: [{ field: 'migrate', problem: 'got a text of 3 characters', expected: 'true or false' }],
  })
})

test('ten wrong fields are ten problems, each with what was found and what was expected', () => {
  const parsed = parse({
    targetTps: 'fast',
    workers: 0,
    durationSeconds: 5,
    containers: 65,
    deadlineMs: 1.5,
    arrivals: 'random',
    events: [{ atSeconds: 120, kind: 'failover', mode: 'gentle' }],
    timing: { warmupSeconds: -1 },
    criteria: ['speed > 3'],
    colour: 'red',
  })
  expect(parsed).toEqual({
    ok: false,
    problems: [
      {
        field: 'targetTps',
        problem: 'got a text of 4 characters',
        expected: '0 for a closed loop, or a number from 2 to 50000',
      },
      { field: 'workers', problem: 'got 0', expected: 'a whole number from 1 to 5000' },
      { field: 'durationSeconds', problem: 'got 5', expected: 'a whole number from 10 to 18000' },
      { field: 'containers', problem: 'got 65', expected: 'a whole number from 1 to 64' },
      { field: 'deadlineMs', problem: 'got 1.5', expected: 'a whole number from 1 to 600000' },
      { field: 'arrivals', problem: 'got a text of 6 characters', expected: 'one of even, poisson' },
      {
        field: 'events[0].mode',
        problem: 'got a text of 6 characters',
        expected: 'one of forced, planned, forcedSwitchover, plannedSwitchover',
      },
      { field: 'timing.warmupSeconds', problem: 'got -1', expected: 'a number from 0 to 3600' },
      { field: 'colour', problem: 'unknown field', expected: expect.stringContaining('targetTps') },
      {
        field: 'criteria[0]',
        problem: 'got a text of 9 characters',
        expected: expect.stringContaining('unknown figure'),
      },
    ],
  })
})

for (const [what, body] of [
  ['nothing', undefined],
  ['null', null],
  ['a list', []],
  ['a text', 'drill'],
] as const)
  test(`${what} is no request`, () => expect(fieldsOf(body)).toEqual(['']))

for (const [rule, body, fields] of [
  ['a container needs a worker', { workers: 2, containers: 3 }, ['workers']],
  ['a failover needs load behind it', { events: [{ atSeconds: 295, kind: 'failover', mode: 'forced' }] }, ['events']],
  ['the baseline needs a minute', { events: [{ atSeconds: 60, kind: 'failover', mode: 'forced' }] }, ['events']],
  ['even without a failover', { events: [], durationSeconds: 50 }, ['durationSeconds']],
  [
    'failovers are a cool-down apart',
    { durationSeconds: 3600, events: [120, 700].map((atSeconds) => ({ atSeconds, kind: 'failover', mode: 'forced' })) },
    ['events'],
  ],
  ['shares of cohorts add up', { cohorts: [cohort('a', 0.5), cohort('b', 0.4)] }, ['cohorts']],
  ['cohorts have names of their own', { cohorts: [cohort('a', 0.5), cohort('a', 0.5)] }, ['cohorts']],
  ['profile steps rise', { profile: [step(60), step(30)] }, ['profile']],
  ['profile steps lie inside the load', { profile: [step(300)] }, ['profile']],
  ['a profile scales a rate', { targetTps: 0, profile: [step(60)] }, ['profile']],
  ['forced checks exist', { force: ['server-sku', 'luck'] }, ['force[1]']],
  [
    'sizes stay below what the platform offers',
    { containerSize: { cpu: 32, memoryGb: 241 } },
    ['containerSize.cpu', 'containerSize.memoryGb'],
  ],
  ['targets have no unknown parts', { target: { server: 'pg-1', password: 'x' } }, ['target.password']],
  ['server names are plain', { target: { server: '../pg' } }, ['target.server']],
] as const)
  test(`${rule}: ${JSON.stringify(body)}`, () => expect(fieldsOf(body)).toEqual(fields))

test('a cohort may name a client, and one that is not known gets the list of those that are', () => {
  const shop = { name: 'shop', share: 1, via: 'direct' }
  const { load } = planOf({ cohorts: [{ ...shop, client: 'pgjdbc with HikariCP', addressCacheMs: 5_000 }] })
  expect(load.cohorts).toEqual([
    { ...shop, client: 'pgjdbc with HikariCP', ...documentedSettings('pgjdbc with HikariCP'), addressCacheMs: 5_000 },
  ])
  expect(parse({ cohorts: [{ ...shop, client: 'Npgsql' }] })).toEqual({
    ok: false,
    problems: [
      {
        field: 'cohorts[0].client',
        problem: 'got a text of 6 characters',
        expected: `one of ${CLIENT_NAMES.join(', ')}`,
      },
    ],
  })
})

test('the load generator gets time for the longest reply that a cohort waits for', () => {
  const shop = { name: 'shop', share: 1, via: 'direct' }
  expect(loadPlanOf(planOf({})).drainSeconds).toBe(15)
  expect(loadPlanOf(planOf({ cohorts: [{ ...shop, client: 'Npgsql default' }] })).drainSeconds).toBe(37)
})

function cohort(name: string, share: number) {
  return aCohort({}, { name, share })
}
function step(fromSecond: number) {
  return { fromSecond, factor: 2, shape: 'step' }
}

test('a container may be as large as the largest that the platform offers', () => {
  const containerSize = { cpu: 31, memoryGb: 240 }
  expect(planOf({ containerSize }).containerSize).toEqual(containerSize)
})

test('a short drill says how short its baseline may be', () => {
  const body = { durationSeconds: 40, events: [{ atSeconds: 15, kind: 'failover', mode: 'planned' }] }
  expect(fieldsOf(body)).toEqual(['events'])
  const { timing } = planOf({ ...body, timing: { minBaselineSeconds: 10 } })
  expect(timing).toMatchObject({
    warmupSeconds: 3,
    recoveryWindowSeconds: 2,
    recoveryHoldSeconds: 6,
    watchIntervalSeconds: 2,
  })
})

test('containers follow from the rate and the workers', () => {
  expect(planOf({ targetTps: 20_000, workers: 900 }).load.containers).toBe(3)
  expect(planOf({ targetTps: 100, workers: 2_500 }).load.containers).toBe(3)
})

test('failovers are put in order', () => {
  const events = [200, 120].map((atSeconds) => ({ atSeconds, kind: 'failover', mode: 'forced' }))
  expect(planOf({ events, timing: { cooldownMinutes: 0 } }).events.map(({ atSeconds }) => atSeconds)).toEqual([
    120, 200,
  ])
})

test('the same drill always offers the same arrivals, another drill others', () => {
  const other = parseRequest({}, { ...context, drillId: 'drill-2' })
  expect(planOf({}).load.seed).toBe(planOf({}).load.seed)
  expect(other.ok && other.plan.load.seed).not.toBe(planOf({}).load.seed)
})

test('an objective against the target rate needs a target rate', () => {
  const criteria = ['lost_commits == 0', ' baseline_tps  >= 0.95 * target ']
  expect(fieldsOf({ targetTps: 0, criteria })).toEqual(['criteria[1]'])
  expect(fieldsOf({ targetTps: 100, criteria })).toEqual([])
  expect(fieldsOf({ targetTps: 0 })).toEqual([])
})
