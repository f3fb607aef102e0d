import { expect, test } from 'vitest'
import type { DrillOutcome } from '../../../functions/model/evidence.ts'
import { assemble } from '../../../functions/report-model/build.ts'
import { aDrillPlan, anOutcome, BLIP, isoAt, LOAD_START_MS, someFacts } from '../../support/builders.ts'
import { aRun, mergeRun, outcomeOf, type RunOptions, reportOf } from '../../support/world.ts'

const drill = (options: RunOptions, own: Partial<DrillOutcome> = {}) => reportOf(aRun(options), own)

const failover = (seconds: number, own = {}): RunOptions => ({
  troubles: [{ atSeconds: 30.35, seconds, kind: 'failover', ...own }],
})

test.each([0.1, 1, 5, 20])(
  'an injected outage of %f s is measured within 20 ms, and its recovery from the first second without slow replies',
  async (seconds) => {
    const { recovery, moments } = await drill(failover(seconds))
    expect(recovery.writeOutageSeconds).toBeCloseTo(seconds + 0.01, 2)
    // The replies that waited share the second in which the service came back.
    expect(moments.t4).toBe(isoAt(Math.ceil(30.35 + seconds)))
    expect(recovery.recoveryTimeSeconds).toBeCloseTo(Math.ceil(30.35 + seconds) - 30.348, 3)
    expect(moments.t1 !== null && Date.parse(moments.t1) - LOAD_START_MS).toBe(30_348)
    expect(recovery.outages.map(({ event, seconds: length }) => ({ event, length }))).toEqual([
      { event: 1, length: recovery.writeOutageSeconds },
    ])
  },
)

test.each([1.5, 5, 20])('a pause of %f s that no failover explains is an event of its own', async (seconds) => {
  const { recovery, events } = await drill({ troubles: [{ atSeconds: 30.35, seconds, kind: 'pause' }] })
  expect(recovery.outages).toHaveLength(1)
  expect(recovery.outages[0]?.event).toBe(1)
  expect(events.map(({ cause, kind, service }) => [cause, kind, service])).toEqual([['other', 'outage', 'recovered']])
  expect(recovery.outages[0]?.seconds).toBeCloseTo(seconds + 0.01, 2)
})

test('the events of a failover stand in their order, with the phases between them', async () => {
  const run = aRun(failover(5, { stragglers: { 3: 0.4 } }))
  const { moments, phases, waterfall } = await reportOf(run)
  const back = (LOAD_START_MS + 35_350) * 1000
  const straggler = run.keys.find(({ worker, knownAtUs }) => worker === 3 && knownAtUs > back)
  const backAt = ((straggler?.knownAtUs ?? 0) / 1000 - LOAD_START_MS) / 1000
  expect(moments).toEqual({
    t0: isoAt(30.1),
    t1: isoAt(30.348),
    t2: isoAt(35.358),
    t3: isoAt(backAt),
    t4: isoAt(36),
    t5: isoAt(36),
    t6: isoAt(55.35),
  })
  expect(phases.map(({ name, seconds }) => [name, seconds])).toEqual([
    ['warm-up', 5],
    ['baseline', 25.05],
    ['trigger', 0.298],
    ['outage', 5.01],
    ['recovery', 0.642],
    ['after', 54],
  ])
  expect(waterfall.map(({ from, to }) => `${from}-${to}`)).toEqual([
    't0-t1',
    't1-t2',
    't2-t3',
    't3-t4',
    't4-t5',
    't2-t6',
  ])
})

test.each(['wait', 'refused'] as const)('an outage that never ends stays open (arrivals: %s)', async (arrivals) => {
  const { moments, recovery, verdict } = await drill(failover(Number.POSITIVE_INFINITY, { arrivals }))
  expect([moments.t1, moments.t2, moments.t3, moments.t4, moments.t5]).toEqual([isoAt(30.348), null, null, null, null])
  expect(recovery.outages.map(({ fromAt, toAt, seconds }) => [fromAt, toAt, seconds])).toEqual([
    [isoAt(30.348), null, null],
  ])
  expect(verdict).toBe('FAIL')
})

test('refusals that come fast are no recovery', async () => {
  const { recovery, ledger, throughput } = await drill(failover(20, { arrivals: 'refused' }))
  expect({ seconds: recovery.recoveryTimeSeconds, refused: ledger.refused, peak: throughput.peakTps }).toEqual({
    seconds: 20.055,
    refused: 4000,
    peak: 200,
  })
})

test('a service that comes back at 79 % has an outage and no recovery', async () => {
  const report = await drill(failover(10, { shareAfter: 0.79 }))
  expect(report.recovery).toMatchObject({ writeOutageSeconds: 10.01, recoveryTimeSeconds: null })
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.caveats.join('\n')).toContain('the last 10 s before that were at 79.00 % of the baseline')
})

test('a service that comes back at 97 % is recovered', async () => {
  expect((await drill(failover(10, { shareAfter: 0.97 }))).recovery.recoveryTimeSeconds).toBe(10.652)
})

test('a failure right after the trigger that comes back for a moment belongs to the same outage', async () => {
  const report = await drill(
    {
      troubles: [
        { atSeconds: 30.35, seconds: 2, kind: 'pause' },
        { atSeconds: 34.35, seconds: 5, kind: 'failover' },
      ],
    },
    { events: aRun(failover(5)).events },
  )
  expect(report.moments.t1).toBe(isoAt(30.348))
  expect(report.recovery.outages.map(({ event }) => event)).toEqual([1, 1])
})

test('the blip of one worker is no outage', async () => {
  const run = aRun({ load: { workers: 10 } })
  const records = run.records.map((record) =>
    record.second === LOAD_START_MS / 1000 + 24 ? { ...record, outages: [BLIP] } : record,
  )
  const report = await reportOf({ ...run, records })
  expect({ outages: report.recovery.outages, t1: report.moments.t1 }).toEqual({ outages: [], t1: null })
})

test('t0 and t6 are moved from the clock of the drill to that of the database', async () => {
  const facts = someFacts()
  const sessions = facts.sessions.map((session) => ({ ...session, clockOffsetMs: 500 }))
  const { moments } = await drill(failover(5), { facts: { ...facts, sessions } })
  expect([moments.t0, moments.t1, moments.t6]).toEqual([isoAt(29.6), isoAt(30.348), isoAt(54.85)])
})

test('a lost record is no outage', async () => {
  const run = aRun({})
  const report = await reportOf({
    ...run,
    records: run.records.filter(({ second }) => second !== LOAD_START_MS / 1000 + 20),
  })
  expect(report.recovery.outages).toEqual([])
  expect(report.generator.missingChunks).toEqual([`container 0: ${isoAt(20)}`])
})

test('client outages are those of each worker, the longest first', async () => {
  const { recovery, worstClients } = await drill(failover(5, { stragglers: { 3: 0.4, 7: 2 } }))
  expect(worstClients.map(({ worker }) => worker).slice(0, 2)).toEqual([7, 3])
  expect(recovery.clientOutageSeconds).toMatchObject({ clients: 10, max: worstClients[0]?.outageSeconds })
  expect(worstClients[0]?.outageSeconds).toBeCloseTo(7.03, 1)
})

test('a client that never comes back leaves t3 and the longest outage open', async () => {
  const report = await drill(failover(5, { arrivals: 'refused', stragglers: { 3: 1000 } }), {
    plan: aDrillPlan({ criteria: ['worst_client_outage_s <= 150'] }),
  })
  expect(report.moments.t3).toBeNull()
  expect(report.recovery.clientOutageSeconds.max).toBeNull()
  expect(report.worstClients[0]).toMatchObject({ worker: 3, outageSeconds: null, firstGoodAt: null })
  expect(report.criteria[0]).toMatchObject({ measured: null, verdict: 'fail' })
})

test('missed arrivals are in the percentiles, as longer than everything measured', async () => {
  const { latencyMs, ledger } = await drill(failover(20))
  expect(latencyMs.whole?.response).toMatchObject({
    censored: ledger.missed,
    atLeast: expect.arrayContaining(['p99', 'max']),
  })
  expect(latencyMs.baseline?.response).toMatchObject({ censored: 0, atLeast: [] })
  expect(latencyMs.after?.response.p99).toBeLessThan(10)
})

test('nothing recorded is a report without figures, and INCONCLUSIVE', () => {
  const { report, charts } = assemble(anOutcome({ loadStartAtMs: null, loadPlan: null }), null)
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.reasons[0]).toBe('No load was recorded.')
  expect(report.throughput.baselineTps).toBeNull()
  expect(charts).toEqual({ timeline: [], clients: [], curves: [], ledgerRanges: [], probes: [] })
})

test('a client that comes back long after the service has held does not prolong the recovery', async () => {
  const { moments, recovery } = await drill({
    ...failover(5, { stragglers: { 3: 30 } }),
    load: { durationSeconds: 120 },
  })
  expect(moments.t3 !== null && Date.parse(moments.t3) - LOAD_START_MS).toBeGreaterThan(65_000)
  expect(recovery).toMatchObject({ recoveryTimeSeconds: 5.652, clientOutageSeconds: { max: expect.closeTo(35, 0) } })
})

const judged = async (options: RunOptions, objective: string) => {
  const run = aRun(options)
  const { plan } = await outcomeOf(run, mergeRun(run))
  return reportOf(run, { plan: { ...plan, criteria: [objective] } })
}

test('a recovery that the end of the load cut off is no longer than what was seen to be weak', async () => {
  // Back after 1.5 s at full strength, with too little load left to hold it.
  const options = { load: { durationSeconds: 35 }, ...failover(1.5) }
  const { criteria, events, verdict } = await judged(options, 'recovery_time_s <= 3')
  expect(events[0]).toMatchObject({ service: 'not sustained', cutBy: 'end of the load' })
  expect(events[0]?.atLeast.recoveryTimeSeconds).toBeLessThan(2.5)
  expect([criteria[0]?.verdict, verdict]).toEqual(['unknown', 'INCONCLUSIVE'])
})

test('a recovery that stayed weak until the end of the load misses an objective that allows less', async () => {
  const options = { load: { durationSeconds: 60 }, ...failover(1.5, { shareAfter: 0.5 }) }
  const { criteria, events, verdict } = await judged(options, 'recovery_time_s <= 10')
  expect(events[0]?.atLeast.recoveryTimeSeconds).toBeGreaterThan(15)
  expect([criteria[0]?.verdict, verdict]).toEqual(['fail', 'FAIL'])
})
