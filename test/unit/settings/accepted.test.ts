/** What is accepted works: a request makes a plan that the load generator takes, and settings make an app that starts. */
import { rmSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createActivities } from '../../../functions/activities/activities.ts'
import { activitySettings } from '../../../functions/activities/settings.ts'
import { ConfigError, readConfig } from '../../../functions/config/config.ts'
import { type Environment, SETTINGS } from '../../../functions/config/settings.ts'
import { connect } from '../../../functions/connect.ts'
import { criteriaToJudge, parseCriteria } from '../../../functions/criteria/defaults.ts'
import { loadPlanOf } from '../../../functions/model/load-plan.ts'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import { type ParsedRequest, parseRequest } from '../../../functions/request/request.ts'
import { parsePlan } from '../../../loadgen-image/contract/load-plan.ts'
import { workersOfContainer } from '../../../loadgen-image/schedule/workers.ts'
import { aCohort, requestsTo } from '../../support/builders.ts'
import { aRun, reportOf as reportOfRun } from '../../support/world.ts'
import { AUTHORITY, AUTHORITY_FILE, FORM_EXAMPLES, withoutSingle } from './form-examples.ts'

const parse = (body: unknown): ParsedRequest =>
  parseRequest(body, {
    drillId: 'drill-1',
    requestedAt: '2026-01-01T00:00:00.000Z',
    requestedBy: 'http',
    defaults: requestsTo({ resourceGroup: 'rg', server: 'pg-one', database: 'app' }, 0),
  })

// ---- Requests ---------------------------------------------------------------------------------------------------------

const edges = (...values: readonly number[]) => fc.constantFrom(...values)
const retry = fc.record({
  firstDelayMs: edges(0, 50, 600_000),
  maxDelayMs: edges(0, 1_000, 600_000),
  multiplier: edges(1, 2, 10, 100),
  jitter: fc.boolean(),
})
const cohorts = fc.oneof(
  retry.map((policy) => [{ name: 'all', share: 1, via: 'direct', retry: policy }]),
  fc.tuple(retry, edges(0.001, 0.1, 0.5)).map(([policy, share]) => [
    { name: 'a', share, via: 'pgbouncer', retry: policy },
    { name: 'b', share: 1 - share, via: 'direct', retry: policy },
  ]),
)
const step = fc.record({
  fromSecond: edges(0, 10, 60, 200),
  factor: edges(0, 0.001, 0.5, 1, 2, 10, 100),
  shape: fc.constantFrom('step', 'ramp'),
})
const events = fc.array(
  fc.record({ atSeconds: edges(0, 5, 15, 90, 120, 290, 2_000), mode: fc.constantFrom('forced', 'planned') }),
  { maxLength: 2 },
)
const timing = fc.record(
  {
    warmupSeconds: edges(0, 5, 30, 3_600),
    minBaselineSeconds: edges(3, 10),
    recoveryWindowSeconds: edges(1, 10, 60),
    recoveryHoldSeconds: edges(1, 30, 300),
    readyTimeoutSeconds: edges(10, 3_600),
    auditPauseSeconds: edges(0, 600),
    watchIntervalSeconds: edges(1, 60),
  },
  { requiredKeys: ['minBaselineSeconds'] },
)

/** Bodies near the limits of every field, on both sides, few fields at a time so that many are accepted. */
const bodies = fc.record(
  {
    targetTps: edges(0, 0.001, 0.05, 0.1, 1, 2, 2.5, 7, 100, 8_000, 50_000, 50_001),
    workers: edges(1, 2, 3, 64, 200, 1_000, 5_000, 10_000),
    durationSeconds: edges(1, 10, 40, 300, 301.5, 18_000, 18_001),
    containers: edges(1, 2, 3, 64, 65),
    threads: edges(0, 1, 64),
    arrivals: fc.constantFrom('even', 'poisson'),
    seed: edges(0, 2 ** 31 - 1, 2 ** 31),
    profile: fc.array(step, { maxLength: 3 }),
    deadlineMs: edges(1, 600_000),
    onDeadline: fc.constantFrom('shed', 'queue'),
    connectTimeoutMs: edges(1, 100, 120_000),
    replyTimeoutMs: edges(100, 300_000),
    cohorts,
    retryUnknown: fc.boolean(),
    transactions: fc.constantFrom('ledger', 'compat'),
    events,
    timing,
    criteria: fc.subarray(['recovery_time_s <= 60', 'lost_s <= 1', 'baseline_tps >= 0.9 * target'], { minLength: 1 }),
  },
  { requiredKeys: [] },
)

const USUAL = [{}, { transactions: 'compat' }, { targetTps: 0 }, { workers: 5_000, containers: 64 }] as const

test('every accepted request makes a plan that the load generator accepts, with a worker in each container', () => {
  let accepted = 0
  fc.assert(
    fc.property(bodies, (body) => {
      const parsed = parse(body)
      if (!parsed.ok) return
      accepted++
      const plan = JSON.parse(JSON.stringify(loadPlanOf(parsed.plan)))
      expect(parsePlan(plan)).toEqual({ value: plan })
      for (let container = 0; container < plan.containers; container++)
        expect(workersOfContainer(plan, container)).toBeGreaterThan(0)
    }),
    { numRuns: 3_000, seed: 13, examples: USUAL.map((body) => [body]) },
  )
  expect(accepted).toBeGreaterThan(30)
})

test.each([
  [{ targetTps: 0.05, workers: 1 }, ['targetTps']],
  [{ targetTps: 0.001, durationSeconds: 1 }, ['targetTps', 'durationSeconds']],
  [{ targetTps: 1.9 }, ['targetTps']],
  [{ workers: 10_000, containers: 64 }, ['workers']],
  [{ transactions: 'compat', retryUnknown: true }, ['retryUnknown']],
  [{ transactions: 'compat', criteria: ['recovery_time_s <= 60', 'lost_commits == 0'] }, ['criteria[1]']],
  [{ transactions: 'compat', criteria: ['unexpected == 0'] }, ['criteria[0]']],
  [{ criteria: [] }, ['criteria']],
  [{ cohorts: twoCohorts(0.001), workers: 10 }, ['cohorts']],
  [{ targetTps: 40_000, profile: [{ fromSecond: 60, factor: 2, shape: 'step' }] }, ['profile']],
  [{ profile: [{ fromSecond: 100, factor: 0, shape: 'step' }] }, ['profile']],
  [{ targetTps: 100, profile: [{ fromSecond: 100, factor: 0.01, shape: 'ramp' }] }, ['profile']],
  [{ arrivals: 'poisson', targetTps: 5 }, ['arrivals']],
  [{ timing: { recoveryHoldSeconds: 180 } }, ['events']],
] as const)('the request %j cannot be judged: %j is named', (body, fields) => {
  const parsed = parse(body)
  expect(parsed.ok ? [] : parsed.problems.map(({ field }) => field)).toEqual(fields)
})

function twoCohorts(share: number) {
  return [aCohort({}, { name: 'b', share: 1 - share, via: 'direct' }), aCohort({}, { name: 'a', share })]
}

test.each([
  { targetTps: 2, workers: 1 },
  { targetTps: 2.7, workers: 2 },
  { targetTps: 7.3, workers: 5 },
  { targetTps: 19.5, workers: 5 },
  { targetTps: 20.5, workers: 20 },
])('the lowest rates can be judged: %j passes on a service that recovers', async (body) => {
  const { verdict, reasons } = await reportOf(body)
  expect([verdict, reasons]).toEqual(['PASS', []])
})

async function reportOf(body: unknown) {
  const parsed = parse(body)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const run = aRun({ load: parsed.plan.load, troubles: [{ atSeconds: 120.37, seconds: 8, kind: 'failover' }] })
  return reportOfRun(run, { plan: parsed.plan })
}

test('a drill on the plain table judges what it can measure, and says that the ledger was not measured', async () => {
  const parsed = parse({ transactions: 'compat', targetTps: 50, workers: 10 })
  const plan = (parsed as Extract<ParsedRequest, { ok: true }>).plan satisfies DrillPlan
  const { criteria } = parseCriteria(criteriaToJudge(plan.criteria, plan.load))
  expect(criteria.map(({ figure }) => figure.name)).not.toContain('lost_commits')
  const run = aRun({ load: plan.load, troubles: [{ atSeconds: 120.37, seconds: 8, kind: 'failover' }] })
  const report = await reportOfRun(run, {
    plan,
    loadPlan: loadPlanOf(plan),
    audits: [],
    auditProblem: 'the plain transactions table has no keys to compare',
  })
  expect([report.verdict, report.reasons]).toEqual(['PASS', []])
  expect(report.ledger).toMatchObject({ lost: null, duplicates: null, digest: null })
  expect(report.caveats.join()).toContain('not measured')
  expect(report.headline).not.toMatch(/0 lost|no commit was lost/i)
})

// ---- Settings ---------------------------------------------------------------------------------------------------------

beforeAll(() => writeFileSync(AUTHORITY_FILE, AUTHORITY))
afterAll(() => rmSync(AUTHORITY_FILE))

const good = (name: string) => fc.constantFrom(...(FORM_EXAMPLES[name]?.good ?? []))
const recordOf = (names: readonly string[], requiredKeys?: string[]) =>
  fc.record(
    Object.fromEntries(names.map((name) => [name, good(name)])),
    requiredKeys === undefined ? {} : { requiredKeys },
  )

/** Of these one or the other belongs together; by chance alone that is rare. */
const URLS = ['DRILL_BLOB_CONTAINER_URL', 'DRILL_TABLE_URL']
const BY_STRING = ['DRILL_BLOB_CONNECTION_STRING', 'DRILL_BLOB_CONTAINER', 'DRILL_TABLE']
const storage = fc.oneof(recordOf(URLS), recordOf(BY_STRING), recordOf([...URLS, ...BY_STRING], []))
const others = SETTINGS.filter(({ name }) => ![...URLS, ...BY_STRING].includes(name))
const environments = fc
  .tuple(
    recordOf(
      others.map(({ name }) => name),
      others.filter(({ required }) => required).map(({ name }) => name),
    ),
    storage,
  )
  .map((parts): Environment => Object.assign({}, ...parts))
  .map((environment) => (environment.DRILL_TARGETS === undefined ? environment : withoutSingle(environment)))

test('every accepted set of settings makes an app that starts', () => {
  let accepted = 0
  fc.assert(
    fc.property(environments, (environment) => {
      try {
        readConfig(environment)
      } catch (error) {
        if (error instanceof ConfigError) return
        throw error
      }
      accepted++
      const config = readConfig(environment)
      expect(Object.keys(createActivities(connect(config), activitySettings(config))).length).toBeGreaterThan(10)
    }),
    { numRuns: 400, seed: 17 },
  )
  expect(accepted).toBeGreaterThan(5)
})
