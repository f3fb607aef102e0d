/** Applications beside the database: what the probes of a made-up drill recorded, up to the figures, the words and the verdict. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { outageOf, recoveryOf } from '../../../functions/event-figures/applications.ts'
import type { Report } from '../../../functions/model/report.ts'
import { renderApplicationsCsv } from '../../../functions/render/csv.ts'
import { renderMarkdown } from '../../../functions/render/markdown.ts'
import type { AppProbeRecord } from '../../../loadgen-image/contract/app-probe.ts'
import { type ProbeRecord, WAYS } from '../../../loadgen-image/contract/step-probe.ts'
import { type AppTruth, anAppProbe, appRecords } from '../../support/app-records.ts'
import { aDrillPlan, LOAD_START_MS } from '../../support/builders.ts'
import { aRun, mergeRun, outcomeOf, type RunOptions, reportOf } from '../../support/world.ts'
import { anAttempt, aProbeRecord, attempts, steadyWrites } from '../reachability/support.ts'

const FAILOVER: RunOptions = { troubles: [{ atSeconds: 30.35, seconds: 5, kind: 'failover' }] }
const SECONDS = 90
const at = (second: number) => (LOAD_START_MS + second * 1000) * 1000
const secondOf = (atUs: number) => atUs / 1e6 - LOAD_START_MS / 1000

/** Out in each of these stretches, in seconds of the load. */
const outIn =
  (...stretches: ReadonlyArray<readonly [from: number, to: number]>): AppTruth['errorAt'] =>
  (atUs) =>
    stretches.some(([from, to]) => secondOf(atUs) >= from && secondOf(atUs) < to) ? 'status-503' : null

interface Options {
  readonly run?: RunOptions
  readonly truth?: (container: number) => AppTruth
  readonly criteria?: readonly string[]
  readonly probe?: Parameters<typeof anAppProbe>[0]
  readonly change?: (records: AppProbeRecord[]) => AppProbeRecord[]
  readonly stepProbes?: readonly ProbeRecord[]
}

async function drill(own: Options): Promise<Report> {
  const { run: options = FAILOVER, truth, criteria = ['recovery_time_s < 120'], change = (all) => all } = own
  const run = aRun(options)
  const probe = anAppProbe(own.probe)
  const { containers } = run.load
  const records = Array.from({ length: containers }, (_, container) => {
    const offsetUs = 1000 * (options.clockOffsetsMs?.[container] ?? 0)
    const course = { container, containers, incarnation: `i${container}`, startUs: at(0), endUs: at(SECONDS), offsetUs }
    return appRecords(probe, course, truth?.(container) ?? { errorAt: () => null })
  }).flat()
  const applications = change(records)
  const { plan } = await outcomeOf(run, mergeRun(run))
  return reportOf(
    { ...run, applications },
    {
      plan: { ...plan, probes: [probe], criteria },
      stepProbes: own.stepProbes ?? [],
    },
  )
}

const only = ({ applications }: Report) => {
  const [application, ...others] = applications
  expect(others).toEqual([])
  if (application === undefined) throw new Error('no application')
  return application
}

test('an application that stays away longer stands beside the database, from the same moment', async () => {
  const report = await drill({ truth: () => ({ errorAt: outIn([30.5, 52.5]) }) })
  const application = only(report)
  const { recoverySeconds } = application.events[0] as (typeof application.events)[number]
  // 52.5 s and the 4 ms of the answer, minus T1 at 30.348 s.
  expect(recoverySeconds).toBeCloseTo(22.156, 3)
  expect(application.events[0]).toMatchObject({
    event: 1,
    state: 'back',
    databaseSeconds: report.recovery.recoveryTimeSeconds,
  })
  expect(application.events[0]?.sentence).toBe('The database was back after 5.65 s, checkout after 22.2 s.')
  expect(application.events[0]?.advice).toContain('a pool that hands out connections without validation')
  expect(application.events[0]?.advice).toContain('16.5 s')
  expect(application.outages).toEqual([
    expect.objectContaining({
      container: 0,
      seconds: 22.004,
      end: 'answered',
      failed: 88,
      code: 'status-503',
      event: 1,
    }),
  ])
  expect(application.requests).toEqual({ planned: 360, good: 272, failed: 88, notObserved: 0 })
  expect(application.availability).toBeCloseTo(272 / 360, 9)
  expect(application.errors).toEqual([
    { code: 'status-503', meaning: 'the application answered with status 503', count: 88 },
  ])
})

/** Refused by both ways for the five seconds of the failover. */
const STEP_PROBE = aProbeRecord({
  steady: WAYS.flatMap((way) => [
    steadyWrites(LOAD_START_MS, LOAD_START_MS + 30_300, way),
    steadyWrites(LOAD_START_MS + 35_450, LOAD_START_MS + 89_000, way),
  ]),
  attempts: WAYS.flatMap((way) => [
    ...attempts('resolved', {
      ...{ from: LOAD_START_MS + 30_400, to: LOAD_START_MS + 35_300, way, code: 'ECONNREFUSED' },
    }),
    anAttempt('wrote', { from: LOAD_START_MS + 35_396, to: LOAD_START_MS + 35_400, way }),
  ]),
})

const awayWith =
  (code: string): ((container: number) => AppTruth) =>
  () => ({ errorAt: (atUs) => (outIn([30.5, 52.5])(atUs) === null ? null : code) })

test('an application that gives its pool as the reason gets an advice that names the pool, and how long it cost', async () => {
  const report = await drill({ truth: awayWith('status-503:dead-connection'), stepProbes: [STEP_PROBE] })
  const { events, errors, outages } = only(report)
  expect(events[0]?.state).toBe('back')
  // From 35.4 s, when both ways could write, to 52.5 s and the 4 ms of the answer.
  expect(events[0]?.beyondDatabaseSeconds).toBeCloseTo(17.104, 3)
  expect(events[0]?.advice).toBe(
    'In an outage of 22.0 s, checkout failed for 17.1 s while a new connection could write, straight and through PgBouncer; its last failed request ended with status 503 and the reason "dead-connection". By that word the application says that its pool handed out a connection that had broken before. Let the pool validate a connection before it hands it out, or drop it at its first error.',
  )
  expect(errors[0]?.meaning).toBe('the application answered with status 503, and gave the reason dead-connection')
  expect(outages[0]?.lastCode).toBe('status-503:dead-connection')
  expect(renderMarkdown(report)).toContain('failed for 17.1 s while a new connection could write')
})

test.each([
  ['status-503', 'status 503'],
  ['status-503:no-stock', 'status 503 and the reason "no-stock"'],
  ['timeout', 'timeout'],
])('one that failed with %s is not said to have a pool of dead connections', async (code, words) => {
  const report = await drill({ truth: awayWith(code), stepProbes: [STEP_PROBE] })
  const { advice } = only(report).events[0] ?? { advice: null }
  expect(advice).toContain(`its last failed request ended with ${words}. Look at the application, and at what lies`)
  expect(advice).not.toContain('says that its pool')
})

test('an application that was out while a new connection could not write gets no advice, however late it was', async () => {
  const late = aProbeRecord({
    steady: WAYS.map((way) => steadyWrites(LOAD_START_MS, LOAD_START_MS + 30_300, way)),
    attempts: WAYS.flatMap((way) =>
      attempts('read-only', { from: LOAD_START_MS + 30_400, to: LOAD_START_MS + 60_000, way, code: '25006' }),
    ),
  })
  const report = await drill({ truth: awayWith('status-503'), stepProbes: [late] })
  expect(only(report).events[0]).toMatchObject({ state: 'back', beyondDatabaseSeconds: null, advice: null })
})

test('minutes read as minutes', async () => {
  const { plan } = { plan: aDrillPlan() }
  expect(plan.probes).toEqual([])
  const run: RunOptions = { troubles: [{ atSeconds: 10.35, seconds: 5, kind: 'failover' }] }
  const report = await drill({ run, truth: () => ({ errorAt: outIn([10.5, 74]) }) })
  expect(only(report).events[0]?.sentence).toBe('The database was back after 5.65 s, checkout after 1 min 4 s.')
})

test('an application that is as fast as the database gets no advice', async () => {
  const report = await drill({ truth: () => ({ errorAt: outIn([30.5, 36]) }) })
  expect(only(report).events[0]).toMatchObject({ state: 'back', advice: null })
})

test('an application that no request found away says so, and its outage is 0', async () => {
  const report = await drill({})
  expect(only(report).events[0]?.sentence).toBe('The database was back after 5.65 s; no request to checkout failed.')
  expect(outageOf(only(report))).toEqual({ kind: 'value', value: 0 })
  expect(recoveryOf(only(report))).toEqual({ kind: 'value', value: 0 })
})

test('an application that is away when the load ends is never within a limit', async () => {
  const report = await drill({
    truth: () => ({ errorAt: outIn([31, 1_000]) }),
    criteria: ['recovery_time_s < 120', 'app_outage_s[checkout] <= 600', 'app_recovery_s[checkout] <= 600'],
  })
  expect(only(report).events[0]?.sentence).toMatch(/; checkout was not back when the load ended\.$/)
  expect(report.criteria.slice(1, 3).map(({ verdict }) => verdict)).toEqual(['fail', 'fail'])
  expect(report.verdict).toBe('FAIL')
})

test.each([
  [22, 'pass', 'PASS'],
  [21, 'fail', 'FAIL'],
])('an objective of %f s is judged: %s', async (limit, verdict, whole) => {
  const criteria = ['recovery_time_s < 120', `app_outage_s[checkout] <= ${limit + 0.1}`]
  const report = await drill({ truth: () => ({ errorAt: outIn([30.5, 52.5]) }), criteria })
  expect(report.criteria.find(({ id }) => id === 'app_outage_s[checkout]')?.verdict).toBe(verdict)
  expect(report.verdict).toBe(whole)
  expect(report.headline.includes('outage of the application checkout')).toBe(verdict === 'fail')
})

test('an outage that a standstill of the prober may have hidden is not measured', async () => {
  const frozen = { isFrozen: (atUs: number) => secondOf(atUs) >= 40 && secondOf(atUs) < 46 }
  const criteria = ['recovery_time_s < 120', 'app_outage_s[checkout] <= 60', 'app_outage_s[checkout] < 1']
  const report = await drill({ truth: () => ({ errorAt: outIn([30.5, 33.5]), ...frozen }), criteria })
  const application = only(report)
  expect(application.requests.notObserved).toBe(24)
  expect(application.events[0]).toMatchObject({ state: 'not measured', recoverySeconds: null, advice: null })
  expect(outageOf(application)).toMatchObject({ kind: 'at-least', value: 3.004 })
  expect(report.criteria.slice(1, 3).map(({ verdict }) => verdict)).toEqual(['unknown', 'fail'])
})

test('a standstill far from the event and shorter than the outage leaves its length as it is', async () => {
  const frozen = { isFrozen: (atUs: number) => secondOf(atUs) >= 80 && secondOf(atUs) < 82 }
  const application = only(await drill({ truth: () => ({ errorAt: outIn([30.5, 34.5]), ...frozen }) }))
  expect(outageOf(application)).toEqual({ kind: 'value', value: 4.004 })
  expect(application.events[0]).toMatchObject({ state: 'back' })
})

test('a probe that is rare observes the whole load, and one request of it that was not sent hides as much as its period', async () => {
  const rare = { everyMs: 7_000 }
  const whole = only(await drill({ probe: rare }))
  expect(whole).toMatchObject({ notObservedSeconds: 0, requests: { planned: 13, good: 13, failed: 0, notObserved: 0 } })
  const frozen = { isFrozen: (atUs: number) => secondOf(atUs) >= 55 && secondOf(atUs) < 57 }
  const application = only(await drill({ probe: rare, truth: () => ({ errorAt: () => null, ...frozen }) }))
  expect(application).toMatchObject({ notObservedSeconds: 7, requests: { notObserved: 1 } })
  expect(outageOf(application)).toMatchObject({ kind: 'at-least', value: 0 })
})

test('an outage that a standstill cuts off has a lower bound only', async () => {
  const frozen = { isFrozen: (atUs: number) => secondOf(atUs) >= 33 && secondOf(atUs) < 36 }
  const application = only(await drill({ truth: () => ({ errorAt: outIn([30.5, 50]), ...frozen }) }))
  expect(application.outages.map(({ seconds, end }) => ({ seconds, end }))).toEqual([
    { seconds: null, end: 'not observed' },
    { seconds: null, end: 'answered' },
  ])
  expect(application.events[0]?.sentence).toMatch(/when checkout was back was not measured: after 19\.7 s or later\.$/)
})

test('containers on other clocks are brought to one, and the worst of them counts', async () => {
  const run: RunOptions = { ...FAILOVER, load: { containers: 2 }, clockOffsetsMs: [700, -1_300] }
  const application = only(
    await drill({ run, truth: (container) => ({ errorAt: outIn([30.5, container === 0 ? 35.5 : 44.5]) }) }),
  )
  expect(application.outages.map(({ container, fromAt }) => [container, Date.parse(fromAt) - LOAD_START_MS])).toEqual([
    [0, 30_500],
    [1, 30_625],
  ])
  expect(outageOf(application)).toEqual({ kind: 'value', value: 14.004 })
  expect(application.requests).toMatchObject({ planned: 720, notObserved: 0 })
})

test('records that a container did not leave are not observed, and not good', async () => {
  const kill = (records: AppProbeRecord[]) => records.filter(({ fromSecond }) => fromSecond < LOAD_START_MS / 1000 + 60)
  const away = await drill({ change: () => [], criteria: ['recovery_time_s < 120', 'app_outage_s[checkout] <= 60'] })
  expect(only(away)).toMatchObject({ containers: 0, availability: null, requests: { planned: 360, notObserved: 360 } })
  expect(away.criteria[1]).toMatchObject({ verdict: 'unknown', measured: null })
  expect(away.verdict).toBe('INCONCLUSIVE')
  const killed = only(await drill({ change: kill, truth: () => ({ errorAt: outIn([55, 1_000]) }) }))
  expect(killed.requests).toEqual({ planned: 360, good: 220, failed: 20, notObserved: 120 })
  expect(killed.outages).toMatchObject([{ end: 'not observed', seconds: null, atLeastSeconds: 4.75 }])
  expect(outageOf(killed).kind).toBe('at-least')
})

test('an outage long after the event, or before it, belongs to none', async () => {
  const application = only(await drill({ truth: () => ({ errorAt: outIn([20, 21], [30.5, 34.5], [75, 76]) }) }))
  expect(application.outages.map(({ event }) => event)).toEqual([null, 1, null])
  expect(application.events[0]).toMatchObject({ state: 'back', outageSeconds: 4.004 })
})

test('good answers that the load does not show to last are no recovery', async () => {
  const criteria = ['recovery_time_s < 120', 'app_recovery_s[checkout] <= 60', 'app_recovery_s[checkout] <= 40']
  const report = await drill({ truth: () => ({ errorAt: outIn([30.5, 80]) }), criteria })
  expect(only(report).events[0]).toMatchObject({ state: 'not sustained', recoverySeconds: null, outageSeconds: 49.504 })
  expect(only(report).events[0]?.sentence).toMatch(
    /; checkout answered again after 49\.7 s, and whether it stayed so was not seen\.$/,
  )
  expect(report.criteria.slice(1, 3).map(({ verdict }) => verdict)).toEqual(['unknown', 'fail'])
})

test('failures that come back within the hold are one recovery', async () => {
  const application = only(await drill({ truth: () => ({ errorAt: outIn([30.5, 34.5], [40, 41]) }) }))
  expect(application.outages.map(({ event }) => event)).toEqual([1, 1])
  expect(application.events[0]?.recoverySeconds).toBeCloseTo(41.004 - 30.348, 3)
})

test('duplicates and any order of records give the same report', async () => {
  const truth = () => ({ errorAt: outIn([30.5, 52.5]) })
  const straight = await drill({ truth })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), async (ranks) => {
      const mixed = (records: AppProbeRecord[]) =>
        [...records, ...records]
          .map((record, i) => ({ record, rank: ranks[i] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ record }) => record)
      expect((await drill({ truth, change: mixed })).applications).toEqual(straight.applications)
    }),
    { numRuns: 10 },
  )
})

test('Markdown and CSV hold the applications, and nothing of them where none is probed', async () => {
  const report = await drill({ truth: () => ({ errorAt: outIn([30.5, 52.5]) }) })
  expect(renderMarkdown(report)).toContain('| checkout | 22.0 s | 22.2 s | 75.55 % | 272 | 88 | 0 |')
  expect(renderApplicationsCsv(report.applications).split('\n')[1]).toMatch(/^checkout,1,0,22\.004,/)
  const none = await reportOf(aRun(FAILOVER))
  expect(none.applications).toEqual([])
  expect(renderMarkdown(none)).not.toContain('Applications')
})
