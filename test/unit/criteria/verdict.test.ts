import { expect, test } from 'vitest'
import { judgeDrill } from '../../../functions/criteria/verdict.ts'
import type { DrillOutcome } from '../../../functions/model/evidence.ts'
import { reportSchema } from '../../../functions/model/report.ts'
import { assemble } from '../../../functions/report-model/build.ts'
import {
  aDrillPlan,
  anAudit,
  anEnd,
  anEvent,
  anOutcome,
  aPrimary,
  isoAt,
  LOAD_START_MS,
  someLoad,
} from '../../support/builders.ts'
import { aRun, mergeRun, type Run, type RunOptions, reportOf, rowKey } from '../../support/world.ts'

const FAILOVER: RunOptions = { troubles: [{ atSeconds: 30.35, seconds: 5, kind: 'failover' }] }
const drill = (own: Partial<DrillOutcome> = {}, options = FAILOVER) => reportOf(aRun(options), own)

const loseOne = (run: Run): Run => {
  const key = run.keys.find(({ outcome }) => outcome === 'acknowledged')
  run.rows.delete(rowKey(key?.worker ?? 0, key?.seq ?? 0))
  return run
}

test('a drill that meets its objectives with evidence passes', async () => {
  const report = await drill()
  expect({ verdict: report.verdict, reasons: report.reasons }).toEqual({ verdict: 'PASS', reasons: [] })
  expect(report.headline).toBe(
    'Forced failover of pg-orders, zone 1 to 2: no commit for 5.01 s, full service after 5.65 s (120 s allowed); none of 17,199 acknowledged commits lost.',
  )
  expect(reportSchema.safeParse(report).success).toBe(true)
})

test.each<[string, Partial<DrillOutcome>, RunOptions, string, string?]>([
  [
    'another objective was missed',
    { plan: aDrillPlan({ criteria: ['recovery_time_s < 120', 'p50_ms[baseline] < 1'] }) },
    FAILOVER,
    'Forced failover of pg-orders, zone 1 to 2: no commit for 5.01 s, full service after 5.65 s (120 s allowed); none of 17,199 acknowledged commits lost. Objectives missed: p50 response in the baseline (8.01 ms).',
  ],
  [
    'it took too long',
    { plan: aDrillPlan({ criteria: ['recovery_time_s < 4'] }) },
    FAILOVER,
    'Forced failover of pg-orders, zone 1 to 2: no commit for 5.01 s, full service after 5.65 s (1.65 s more than the 4 s allowed); none of 17,199 acknowledged commits lost.',
  ],
  [
    'nothing was failed over',
    {},
    {},
    'Drill of pg-orders without an event: none of 18,000 acknowledged commits lost. Inconclusive: no event was proven; recovery time could not be judged.',
    'No event was proven: no event was asked for.',
  ],
  [
    'the drill broke',
    { earlyEnd: anEnd('failed', 'the host was stopped') },
    FAILOVER,
    'Forced failover of pg-orders, zone 1 to 2: no commit for 5.01 s, full service after 5.65 s (120 s allowed); none of 17,199 acknowledged commits lost. Inconclusive: the drill itself failed (the host was stopped).',
    'The drill itself failed: the host was stopped.',
  ],
  [
    'the ledger was not audited',
    { audits: [], auditProblem: 'permission denied' },
    FAILOVER,
    'Forced failover of pg-orders, zone 1 to 2: no commit for 5.01 s, full service after 5.65 s (120 s allowed); 17,199 acknowledged commits, losses not measured. Inconclusive: the ledger could not be audited; lost commits could not be judged, and 1 more.',
    'The ledger could not be audited: permission denied.',
  ],
  [
    'the service never came back',
    {},
    { troubles: [{ atSeconds: 60.35, seconds: Number.POSITIVE_INFINITY, kind: 'failover' }] },
    'Drill of pg-orders, forced failover accepted, its operation failed: no commit in the last 29.7 s of the load, which ended before the service was back; none of 12,069 acknowledged commits lost.',
  ],
])(
  'the headline says how long, how much was lost and what else, when %s',
  async (_, own, options, headline, inconclusive) => {
    const report = await drill(own, options)
    expect(report.headline).toBe(headline)
    if (inconclusive !== undefined) {
      expect(report.verdict).toBe('INCONCLUSIVE')
      expect(report.reasons).toContain(inconclusive)
    }
    // What the reasons say in full is not said twice.
    for (const reason of report.reasons) expect(report.headline).not.toContain(reason)
  },
)

test('a lost commit fails the drill, with its key and how much time was lost', async () => {
  const run = aRun(FAILOVER)
  const before = run.keys.filter(
    ({ outcome, knownAtUs }) => outcome === 'acknowledged' && knownAtUs < (LOAD_START_MS + 29_000) * 1000,
  )
  const key = before.at(-1)
  run.rows.delete(rowKey(key?.worker ?? 0, key?.seq ?? 0))
  const { verdict, ledger, reasons } = await reportOf(run)
  expect({ verdict, lost: ledger.lost, keys: ledger.lostKeys, seconds: ledger.lostSeconds, why: reasons[0] }).toEqual({
    verdict: 'FAIL',
    lost: 1,
    keys: [`${key?.worker}:${key?.seq}`],
    seconds: 2.348,
    why: 'lost_commits == 0 was missed: 1; exactly 0 wanted.',
  })
})

test('a lost commit fails a drill that is inconclusive otherwise', async () => {
  const report = await reportOf(loseOne(aRun({})))
  expect(report.verdict).toBe('FAIL')
  expect(report.reasons.some((reason) => reason.startsWith('No event was proven'))).toBe(true)
})

test('a lost commit fails a drill whose request did not ask about losses', async () => {
  const plan = aDrillPlan({ criteria: ['recovery_time_s < 120'] })
  expect((await reportOf(loseOne(aRun(FAILOVER)), { plan })).verdict).toBe('FAIL')
})

test.each<[string, Partial<DrillOutcome>, RunOptions, string]>([
  [
    'the timeline did not rise',
    { events: [anEvent({ after: aPrimary() })] },
    {},
    'The forced failover was not proven: the timeline of the primary is still 1: nothing was promoted. The platform still showed zone 1 for the primary at 09:00:29.000.',
  ],
  [
    'the ledger was audited once',
    { audits: [anAudit()] },
    FAILOVER,
    'The audit is not resolved: the ledger was compared only once.',
  ],
  [
    'the audited server is an old one',
    { audits: [anAudit({ at: isoAt(100), timeline: 1 }), anAudit({ at: isoAt(120), timeline: 1 })] },
    FAILOVER,
    'The audit is not resolved: the audited server is on timeline 1, but clients had commits on timeline 2.',
  ],
])('INCONCLUSIVE: %s', async (_, own, options, reason) => {
  const report = await drill(own, options)
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.reasons).toContain(reason)
})

test('INCONCLUSIVE: the baseline was not reached, and an objective about it is missed as well', async () => {
  const run = aRun(FAILOVER)
  const start = LOAD_START_MS / 1000
  const records = run.records.map((record) =>
    record.second >= start + 30
      ? record
      : {
          ...record,
          counts: { ...record.counts, intended: record.counts.intended + 20, missed: record.counts.missed + 20 },
        },
  )
  const totals = run.summaries.map((summary) => ({
    ...summary,
    totals: { ...summary.totals, intended: summary.totals.intended + 600, missed: summary.totals.missed + 600 },
  }))
  const report = await reportOf(
    { ...run, records, summaries: totals },
    { plan: aDrillPlan({ load: someLoad({ targetTps: 220 }) }) },
  )
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.reasons).toContain('The baseline was not reached: 200 of 220 offered commits per second.')
  expect(report.criteria.find(({ id }) => id === 'baseline_tps')?.verdict).toBe('fail')
})

test('INCONCLUSIVE: the generator was the limit, and the server is not blamed for it', async () => {
  const run = aRun(FAILOVER)
  const health = {
    threads: 1,
    stalls: [],
    eventLoopDelayP99Us: 80_000,
    eventLoopDelayMaxUs: 90_000,
    cpuUs: 1_900_000,
    rssBytes: 1,
  }
  const report = await reportOf(
    { ...run, records: run.records.map((record) => ({ ...record, health })) },
    { plan: aDrillPlan({ criteria: ['p99_ms[baseline] < 1'] }) },
  )
  expect(report.generator.wasTheLimit).toBe(true)
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.criteria[0]).toMatchObject({
    verdict: 'unknown',
    why: expect.stringContaining('the generator was the limit'),
  })
})

test.each([
  [
    'a refused transaction is present',
    'refused',
    'refused transaction is in the table: a driver error code is classified wrongly. Please report this.',
  ],
  ['a row is present that no client sent', null, 'row is present that no client sent.'],
])('INCONCLUSIVE: %s', async (_, outcome, reason) => {
  const run = aRun({ troubles: [{ atSeconds: 30.35, seconds: 5, kind: 'failover', arrivals: 'refused' }] })
  const key = run.keys.find((one) => one.outcome === outcome)
  run.rows.set(key === undefined ? rowKey(0, 999_999) : rowKey(key.worker, key.seq), 1)
  const report = await reportOf(run)
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.reasons).toContain(`1 ${reason}`)
})

test('INCONCLUSIVE: figures that contradict each other are never hidden', async () => {
  const run = aRun(FAILOVER)
  const records = run.records.map((record, i) =>
    i === 12 ? { ...record, counts: { ...record.counts, acknowledged: record.counts.acknowledged + 1 } } : record,
  )
  const report = await reportOf({ ...run, records })
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.reasons.filter((reason) => reason.startsWith('The figures contradict each other'))).toHaveLength(4)
})

test('INCONCLUSIVE: a second reported twice with different contents', async () => {
  const run = aRun(FAILOVER)
  const [first] = run.records
  const report = await reportOf({
    ...run,
    records: [...run.records, { ...(first as (typeof run.records)[0]), waiting: 99 }],
  })
  expect(report.reasons.join()).toContain('reported 1 seconds twice with different contents')
})

test('a drill that was stopped is ABORTED, with any measurement', async () => {
  const report = await reportOf(loseOne(aRun(FAILOVER)), { earlyEnd: anEnd('aborted', 'asked for by DELETE') })
  expect(report.verdict).toBe('ABORTED')
  expect(report.reasons.slice(0, 2)).toEqual([
    'Aborted: asked for by DELETE.',
    'lost_commits == 0 was missed: 1; exactly 0 wanted.',
  ])
})

test('a checklist that stopped the drill says which check, what was seen and what was wanted', async () => {
  const check = {
    id: 'ha-healthy',
    when: 'before',
    title: 'High availability',
    verdict: 'fail',
    why: '',
    advice: '',
    forced: false,
  } as const
  const checks = [{ ...check, seen: 'NotEnabled', wanted: 'Healthy' }]
  const earlyEnd = anEnd('failed', 'the checklist failed', 'check')
  const { report } = assemble(anOutcome({ loadStartAtMs: null, checks, earlyEnd }), null)
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect(report.reasons).toEqual(['High availability (ha-healthy): NotEnabled; wanted: Healthy. '])
})

test('platform figures that did not arrive do not take a PASS away, but are named', async () => {
  const plan = aDrillPlan({ criteria: ['recovery_time_s < 120', 'cpu_percent < 80'] })
  const report = await drill({ plan })
  expect(report.verdict).toBe('PASS')
  expect(report.headline).toContain('Not measured: CPU of the server.')
  expect(report.caveats.join()).toContain('cpu_percent < 80 was not measured')
})

test('a platform figure that the request worded itself counts', async () => {
  const plan = aDrillPlan({ criteria: ['recovery_time_s < 120', 'cpu_percent < 60'] })
  expect((await drill({ plan })).verdict).toBe('INCONCLUSIVE')
})

test('intended is acknowledged, refused, unknown and missed, also when a container was killed or a record was lost', async () => {
  const start = LOAD_START_MS / 1000
  const killed = aRun({ ...FAILOVER, load: { containers: 2 }, killed: { 1: 60 } })
  const whole = aRun(FAILOVER)
  const holed = {
    ...whole,
    records: whole.records.filter(({ second }) => second !== start + 31 && second !== start + 50),
  }
  for (const run of [whole, killed, holed]) {
    const { ledger } = await reportOf(run)
    const { intended, acknowledged, refused, unknown, missed, rowsFound, lost, recovered, misjudged, unexpected } =
      ledger
    expect(acknowledged + refused + unknown + missed).toBe(intended)
    expect(acknowledged - (lost ?? 0) + (recovered ?? 0) + (misjudged ?? 0) + (unexpected ?? 0)).toBe(rowsFound)
    expect(rowsFound).toBe(run.rows.size)
  }
})

test('arrivals that a killed container had on its way stay intended, as unknowns, even when none of them left a row', async () => {
  const run = aRun({ ...FAILOVER, load: { containers: 2 }, killed: { 1: 60 } })
  const merged = mergeRun(run)
  const reported = new Set([...keysReported(run)])
  for (const key of run.rows.keys()) if (!reported.has(key)) run.rows.delete(key)
  const { ledger } = await reportOf(run)
  const { intended, acknowledged, refused, unknown, missed } = merged.totals
  const onTheirWay = intended - acknowledged - refused - unknown - missed
  expect(onTheirWay).toBeGreaterThan(0)
  expect({ intended: ledger.intended, unknown: ledger.unknown }).toEqual({ intended, unknown: unknown + onTheirWay })
})

/** Keys of the records that were written before the kill. */
const keysReported = (run: Run): string[] =>
  run.records.flatMap(({ ledger }) =>
    ledger.flatMap(({ worker, firstSeq, count }) =>
      Array.from({ length: count }, (_, i) => rowKey(worker, firstSeq + i)),
    ),
  )

test('nothing to judge is no PASS', () => {
  const nothing = { criteria: [], abortedBecause: null, context: [], meaning: {} }
  expect(judgeDrill({ ...nothing, inconclusive: ['No load was recorded.'] }).verdict).toBe('INCONCLUSIVE')
})
