/** Outages that no failover of the drill explains, two causes at once, and figures that must not be blamed on the wrong side. */
import { describe, expect, test } from 'vitest'
import type { DrillOutcome } from '../../../functions/model/evidence.ts'
import { assemble } from '../../../functions/report-model/build.ts'
import type { AckGap, SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { bucketOf } from '../../../loadgen-image/contract/histogram.ts'
import { aDrillPlan, anEvent, aPrimary, BLIP, isoAt, LOAD_START_MS, someLoad } from '../../support/builders.ts'
import {
  aRun,
  mergeRun,
  outcomeOf,
  type Run,
  type RunOptions,
  reportOf,
  rowKey,
  type Trouble,
} from '../../support/world.ts'

const START = LOAD_START_MS / 1000
const us = (second: number) => (START + second) * 1e6
const FAILOVER: Trouble = { atSeconds: 30.35, seconds: 5, kind: 'failover' }

const drill = (options: RunOptions, own: Partial<DrillOutcome> = {}) => reportOf(aRun(options), own)

const changed = (run: Run, change: (record: SecondRecord, second: number) => Partial<SecondRecord>): Run => ({
  ...run,
  records: run.records.map((record) => ({ ...record, ...change(record, record.second - START) })),
})

/** The only thread of container 0 stood still between these seconds. */
const stoodStill = (run: Run, from: number, to: number): Run =>
  changed(run, ({ container, health }, second) =>
    container === 0 && second === Math.floor(to)
      ? { health: { ...health, stalls: [{ thread: 0, fromUs: us(from), toUs: us(to) }] } }
      : {},
  )

test('lost seconds are those of the event that lost the commits', async () => {
  const run = aRun({
    load: { durationSeconds: 150 },
    troubles: [FAILOVER, { atSeconds: 90.35, seconds: 5, kind: 'failover' }],
  })
  const inLastSeconds = ({ knownAtUs }: { knownAtUs: number }) =>
    knownAtUs > (LOAD_START_MS + 85_000) * 1000 && knownAtUs < (LOAD_START_MS + 90_350) * 1000
  for (const key of run.keys)
    if (key.outcome === 'acknowledged' && inLastSeconds(key)) run.rows.delete(rowKey(key.worker, key.seq))
  const { events, ledger, criteria, verdict } = await reportOf(run, {
    plan: aDrillPlan({
      load: run.load,
      events: [30, 90].map((atSeconds) => ({ atSeconds, kind: 'failover', mode: 'forced' as const })),
      criteria: ['lost_s <= 1'],
    }),
  })
  expect(events.map(({ lostSeconds }) => lostSeconds)).toEqual([0, 5.348])
  expect(ledger.lostSeconds).toBe(5.348)
  expect(criteria[0]).toMatchObject({ measured: 5.348, verdict: 'fail' })
  expect(verdict).toBe('FAIL')
})

test('without a failover every outage is an event with its clients, figures and sentence, and the worst is judged', async () => {
  const report = await drill(
    {
      load: { durationSeconds: 150 },
      troubles: [
        { atSeconds: 20.35, seconds: 3, kind: 'pause', arrivals: 'refused' },
        { atSeconds: 70.35, seconds: 12, kind: 'pause', arrivals: 'refused' },
      ],
    },
    {
      plan: aDrillPlan({ events: [], load: someLoad({ durationSeconds: 150 }), criteria: ['recovery_time_s <= 5'] }),
    },
  )
  expect(
    report.events.map(({ number, cause, kind, recovery }) => [number, cause, kind, recovery.writeOutageSeconds]),
  ).toEqual([
    [1, 'other', 'outage', 3.01],
    [2, 'other', 'outage', 12.01],
  ])
  expect(report.events.map(({ recovery }) => recovery.clientOutageSeconds.clients)).toEqual([10, 10])
  expect(report.worstEvent).toBe(2)
  expect(report.worstClients.length).toBeGreaterThan(0)
  expect(report.headline).toMatch(
    /^Drill of pg-orders without an event: outage that no request of this drill explains: at worst /,
  )
  expect(report.criteria[0]).toMatchObject({ measured: 12.05, verdict: 'fail' })
  expect(report.verdict).toBe('FAIL')
})

test('an outage that no objective forbids leaves a drill without a failover inconclusive, and says that it was seen', async () => {
  const report = await drill(
    { troubles: [{ atSeconds: 20.35, seconds: 6, kind: 'pause' }] },
    { plan: aDrillPlan({ events: [] }) },
  )
  expect(report.verdict, report.reasons.join('\n')).toBe('INCONCLUSIVE')
  expect(report.reasons[0]).toMatch(
    /^No event was proven: no event was asked for\. Outage that no request of this drill explains: .* 6\.01 s/,
  )
})

test('an outage that began before the request is another event, and the failover is measured by bounds alone', async () => {
  const run = aRun({
    load: { durationSeconds: 120 },
    troubles: [{ atSeconds: 18.35, seconds: 14.6, kind: 'failover' }],
  })
  const events = [
    anEvent({
      sentAt: isoAt(30.05),
      acceptedAt: isoAt(30.1),
      after: aPrimary({ timeline: 2, observedAt: isoAt(50) }),
    }),
  ]
  const judged = async (limit: number) =>
    reportOf(run, { events, plan: aDrillPlan({ load: run.load, criteria: [`recovery_time_s <= ${limit}`] }) })
  const report = await judged(120)
  const [seen, failover] = report.events
  expect(seen).toMatchObject({ cause: 'other', kind: 'outage', recovery: { writeOutageSeconds: 14.61 } })
  expect(failover).toMatchObject({
    cause: 'unattributed',
    kind: 'failover',
    moments: { t0: isoAt(30.1), t1: null },
    recovery: { detectionSeconds: null, writeOutageSeconds: null, recoveryTimeSeconds: null },
    proof: { proven: false },
  })
  expect(failover?.atLeast.writeOutageSeconds).toBeCloseTo(2.9, 1)
  expect(report.recovery.detectionSeconds).toBeNull()
  expect(report.verdict).toBe('INCONCLUSIVE')
  expect((await judged(2)).verdict).toBe('FAIL')
})

test('the baseline is one set of seconds for phases, percentiles and the generator', async () => {
  const run = aRun({
    load: { durationSeconds: 120 },
    troubles: [
      { atSeconds: 20.35, seconds: 6, kind: 'pause' },
      { atSeconds: 60.35, seconds: 5, kind: 'failover' },
    ],
  })
  const { phases, latencyMs, throughput } = await reportOf(run)
  const spans = phases.filter(({ name }) => name === 'baseline')
  const whole = spans.reduce((sum, { fromAt, toAt }) => {
    return sum + Math.floor(Date.parse(toAt) / 1000) - Math.ceil(Date.parse(fromAt) / 1000)
  }, 0)
  expect(spans).toHaveLength(2)
  expect(latencyMs.baseline?.response.count).toBe(whole * 200)
  expect(latencyMs.baseline?.response.p99).toBeLessThan(10)
  expect(throughput.baselineTps).toBe(200)
})

test.each([
  ['the server refuses them', 'ECONNREFUSED', false, 'FAIL'],
  ['the machine of the generator has no more', 'EMFILE', true, 'FAIL'],
] as const)('connections are missing because %s', async (_, code, isLimit, verdict) => {
  const run = changed(aRun({ troubles: [FAILOVER] }), (record, second) =>
    second < 8 || second > 12
      ? {}
      : {
          connections: { ...record.connections, open: 2 },
          errors: [
            {
              code,
              phase: 'connect',
              outcome: null,
              count: 8,
              firstAtUs: record.second * 1e6,
              lastAtUs: record.second * 1e6 + 1,
              workers: 8,
              example: 'connect failed',
            },
          ],
        },
  )
  const report = await reportOf(run, { plan: aDrillPlan({ criteria: ['recovery_time_s <= 1'] }) })
  expect(report.generator.wasTheLimit).toBe(isLimit)
  expect(report.criteria[0]).toMatchObject({ measured: 5.652, verdict: 'fail' })
  expect(report.verdict).toBe(verdict)
})

test.each([
  ['the server refused their logins', '28P01', 'FAIL', 'fail'],
  ['their identity got no token', 'no-token', 'INCONCLUSIVE', 'unknown'],
] as const)('clients stay out after a failover because %s (%s): %s', async (_, code, verdict, criterion) => {
  const run = changed(aRun({ troubles: [{ atSeconds: 30.35, seconds: 20, kind: 'failover' }] }), (record, second) =>
    second < 32 || second > 49
      ? {}
      : {
          errors: [
            {
              code,
              phase: 'connect',
              outcome: null,
              count: 8,
              firstAtUs: record.second * 1e6,
              lastAtUs: record.second * 1e6 + 1,
              workers: 8,
              example: 'the login was refused',
            },
          ],
        },
  )
  const report = await reportOf(run, { plan: aDrillPlan({ criteria: ['recovery_time_s <= 10'] }) })
  expect(report.criteria[0]?.verdict).toBe(criterion)
  expect(report.verdict).toBe(verdict)
  const reasons = report.reasons.join('\n')
  if (verdict === 'FAIL') expect(reasons).not.toContain('token')
  else {
    expect(reasons).toContain('144 logins were refused because the identity of the load generators got no token')
    expect(reasons).toContain('container 0 had no database token for')
  }
})

test('at one arrival in ten seconds the pause between two is no outage, and there is a baseline', async () => {
  const load = { targetTps: 0.1, workers: 1, durationSeconds: 200 }
  const run = aRun({ load })
  const report = await reportOf(run, { plan: aDrillPlan({ events: [], load: someLoad(load), criteria: [] }) })
  expect(report.events).toEqual([])
  expect(report.recovery.outages).toEqual([])
  expect(report.throughput.baselineTps).not.toBeNull()
  expect(report.reasons.join('\n')).not.toMatch(/no whole second|baseline was not reached/)
})

test('a client that was out alone is in no event, and is still the worst client', async () => {
  const run = changed(aRun({}), (_, second) => (second === 24 ? { outages: [BLIP] } : {}))
  const plan = aDrillPlan({ events: [], criteria: ['worst_client_outage_s <= 2'] })
  const { events, loneClients, criteria, headline } = await reportOf(run, { plan })
  expect(events).toEqual([])
  expect(loneClients).toEqual({ clients: 1, maxOutageSeconds: 4 })
  expect(criteria[0]).toMatchObject({ measured: 4, verdict: 'fail' })
  expect(headline).toContain('1 client out alone, at most for 4.00 s')
})

test('a container that stood still leaves its clients unmeasured, and the service measured by the other', async () => {
  const run = aRun({ load: { containers: 2 }, troubles: [FAILOVER] })
  const { events } = await reportOf(stoodStill(run, 31, 34))
  expect(events[0]).toMatchObject({
    watched: true,
    recovery: { writeOutageSeconds: 5.01, clientOutageSeconds: { clients: 5, notMeasured: 5 } },
  })
})

test('a thread that ran on keeps the container watching', async () => {
  const run = aRun({ troubles: [FAILOVER] })
  const oneOfTwo = changed(run, (record, second) => ({
    health: {
      ...record.health,
      threads: 2,
      stalls: second === 34 ? [{ thread: 1, fromUs: us(31), toUs: us(34) }] : [],
    },
  }))
  expect((await reportOf(oneOfTwo)).events[0]?.recovery.writeOutageSeconds).toBe(5.01)
})

test('a failover that was asked for late says by how much', async () => {
  const run = aRun({ troubles: [{ atSeconds: 40.35, seconds: 5, kind: 'failover' }] })
  const events = run.events.map((evidence) => ({
    ...evidence,
    planned: { ...evidence.planned, atSeconds: 30 },
    sentAt: isoAt(39.8),
  }))
  const { caveats } = await reportOf(run, { events })
  expect(caveats).toContain('The forced failover was asked for 9.80 s later than planned.')
})

test('a promotion after the load that only the audits saw is said', async () => {
  const run = aRun({})
  const merged = mergeRun(run)
  const outcome = await outcomeOf(run, merged)
  const audits = outcome.audits.map((pass) => ({ ...pass, timeline: 4 }))
  expect(assemble({ ...outcome, audits }, merged).report.caveats.join('\n')).toContain(
    'The audits found timeline 4, and the newest that clients had commits on is 1',
  )
})

test('a promotion that came after the request has the first claim to it, not the one that was still under way then', async () => {
  const run = aRun({
    load: { durationSeconds: 90 },
    troubles: [FAILOVER, { atSeconds: 37, seconds: 2, kind: 'failover' }],
  })
  const sent = {
    index: 0,
    sentAt: isoAt(35.2),
    acceptedAt: isoAt(35.25),
    planned: { atSeconds: 35, kind: 'failover', mode: 'forced' } as const,
  }
  const { events } = await reportOf(run, {
    events: run.events.slice(1).map((evidence) => ({ ...evidence, ...sent })),
  })
  expect(events.map(({ kind, cause, moments }) => [kind, cause, moments.t2])).toEqual([
    // Its first commit came after the request as well: that the request did not cause it is not known.
    ['promotion', 'unattributed', isoAt(35.358)],
    ['failover', 'unattributed', isoAt(39.008)],
  ])
})

test('of two promotions after a request whose answer was lost, none is said to be without a request', async () => {
  const run = aRun({
    load: { durationSeconds: 90 },
    troubles: [FAILOVER, { atSeconds: 50, seconds: 2, kind: 'failover' }],
  })
  const lost = { request: 'ambiguous', acceptedAt: null, requestId: null, operation: null } as const
  const { events } = await reportOf(run, { events: run.events.slice(0, 1).map((one) => ({ ...one, ...lost })) })
  expect(events.map(({ kind, cause }) => [kind, cause])).toEqual([
    ['failover', 'unattributed'],
    ['promotion', 'unattributed'],
  ])
  expect(events[1]?.sentence).toContain('a request of this drill may have caused')
  // Its own promotion may be of another cause, and is still no other event.
  expect(events[0]?.proof).toMatchObject({
    proven: false,
    evidence: expect.arrayContaining(['The timeline of the primary rose from 1 to 2.']),
  })
})

test("of two promotions after a request that no generator watched, each is one event and none is called the drill's", async () => {
  const run = aRun({
    load: { durationSeconds: 120 },
    troubles: [
      { atSeconds: 30.35, seconds: 7, kind: 'failover' },
      { atSeconds: 38.4, seconds: 20, kind: 'failover' },
    ],
  })
  const read = stoodStill(run, 30, 37.4)
  const sent = {
    index: 0,
    sentAt: isoAt(33.4),
    acceptedAt: isoAt(33.45),
    planned: { atSeconds: 33, kind: 'failover', mode: 'forced' } as const,
  }
  const { events, verdict } = await reportOf(read, {
    events: run.events.slice(1).map((evidence) => ({ ...evidence, ...sent })),
  })
  expect(events.map(({ kind, cause, watched, moments }) => [kind, cause, watched, moments.t0, moments.t2])).toEqual([
    ['failover', 'unattributed', false, isoAt(33.45), null],
    ['promotion', 'unattributed', true, null, isoAt(58.408)],
  ])
  expect(events[0]?.proof.evidence.join('\n')).toContain('the new timeline 2')
  expect(verdict).toBe('INCONCLUSIVE')
})

test('one hiccup in the baseline does not make an outage of seconds usual', async () => {
  const { recovery, events } = await drill({
    load: { durationSeconds: 60 },
    troubles: [
      { atSeconds: 15.35, seconds: 0.9, kind: 'pause' },
      { atSeconds: 30.35, seconds: 5, kind: 'pause' },
    ],
  })
  expect(recovery.outages.map(({ seconds }) => Math.round(seconds ?? 0))).toEqual([5])
  expect(events.map(({ cause, kind }) => [cause, kind])).toEqual([['other', 'outage']])
})

test('a reply that a generator reads late, after it stood still, is no commit of a second primary', async () => {
  const late = { timeline: 1, acknowledged: 1, firstAtUs: us(36.42), lastAtUs: us(36.42) }
  const run = aRun({
    load: { containers: 2, durationSeconds: 90 },
    troubles: [FAILOVER],
  })
  const caveatsWith = async (stalls: readonly { thread: number; fromUs: number; toUs: number }[]) => {
    const read = changed(run, (record, second) =>
      record.container === 0 && second === 36
        ? { timelines: [late, ...record.timelines], health: { ...record.health, stalls } }
        : {},
    )
    return (await reportOf(read)).caveats.filter((sentence) => sentence.includes('two primaries')).length
  }
  expect(await caveatsWith([])).toBe(1)
  expect(await caveatsWith([{ thread: 0, fromUs: us(30), toUs: us(36.4) }])).toBe(0)
})

test('a reply that one container read late, while another watched, moves neither the begin nor the length of an outage', async () => {
  const run = aRun({
    load: { containers: 2, durationSeconds: 90 },
    troubles: [{ atSeconds: 30.35, seconds: 0.8, kind: 'failover' }],
  })
  const late = { timeline: 1, acknowledged: 1, firstAtUs: us(30.8), lastAtUs: us(30.8) }
  const stalls = [{ thread: 0, fromUs: us(29.9), toUs: us(30.79) }]
  const read = changed(run, (record, second) => {
    if (second === 30 && record.container === 0) return { timelines: [late], health: { ...record.health, stalls } }
    if (second !== 31) return {}
    // The first acknowledgement after the outage, in the tenth before the others, carries no timeline.
    const [outage, ...gaps] = record.ackGaps.toSorted((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs))
    const { fromUs, toUs } = outage as AckGap
    const firstUs = toUs - 100_000
    return {
      ackGaps: [...gaps, { fromUs, toUs: firstUs }, { fromUs: firstUs, toUs }],
      acksPerTenth: record.acksPerTenth.map((acks, tenth) => acks + (tenth === 0 ? 1 : 0)),
      counts: { ...record.counts, acknowledged: record.counts.acknowledged + 1 },
    }
  })
  const { events, recovery } = await reportOf(read)
  expect(events.map(({ cause, kind, watched }) => [cause, kind, watched])).toEqual([['drill', 'failover', true]])
  expect(Date.parse(events[0]?.moments.t1 ?? '') * 1000).toBeLessThan(us(30.36))
  expect(recovery.writeOutageSeconds).toBeGreaterThan(0.7)
})

describe('a second without replies in the hold of a recovery, 10 s after the service came back', () => {
  /** 0.3 s or more of it: enough to make the p99 of the whole hold slow. */
  async function judged(seconds: number, generatorStands: boolean, shareAfter = 1) {
    const run = aRun({
      load: { durationSeconds: 120 },
      troubles: [
        { atSeconds: 30.35, seconds: 5, kind: 'failover', shareAfter },
        { atSeconds: 45.02, seconds, kind: 'pause', shareAfter },
      ],
    })
    const stalls = generatorStands ? [{ thread: 0, fromUs: us(45), toUs: us(45.02 + seconds) }] : []
    const read = changed(run, ({ health }, second) =>
      second === Math.floor(45.02 + seconds) ? { health: { ...health, stalls } } : {},
    )
    return reportOf(read, { plan: aDrillPlan({ load: run.load, criteria: ['recovery_time_s <= 8'] }) })
  }

  test.each([0.3, 0.9, 4])('%f s in which the generator stood still is no time of the service', async (seconds) => {
    const { events, verdict, reasons } = await judged(seconds, true)
    expect(events).toMatchObject([{ service: 'not measured', watched: false, recovery: { recoveryTimeSeconds: null } }])
    // A long one is an outage that nothing watched: then only the write outage before it is sure.
    expect(events[0]?.atLeast.recoveryTimeSeconds).toBeCloseTo(seconds > 1 ? 5.01 : 5.65, 1)
    expect(events[0]?.recovery.writeOutageSeconds).toBeCloseTo(5.01, 1)
    expect(verdict, reasons.join('\n')).toBe('INCONCLUSIVE')
    expect(reasons.join('\n')).toMatch(/container 0 stood still for .* from 09:00:45\.000/)
  })

  test.each([0.3, 0.9])(
    '%f s in which the generator ran on is the service, and it was not sustained',
    async (seconds) => {
      const { events, verdict, reasons } = await judged(seconds, false)
      expect(events).toMatchObject([{ service: 'recovered', watched: true }])
      expect(events[0]?.recovery.recoveryTimeSeconds).toBeGreaterThan(14)
      expect(verdict, reasons.join('\n')).toBe('FAIL')
    },
  )

  test('a service that is weak beside it is missed all the same', async () => {
    const { events, verdict, reasons } = await judged(0.3, true, 0.5)
    expect(events[0]?.service).toBe('not sustained')
    expect(events[0]?.atLeast.recoveryTimeSeconds).toBeGreaterThan(60)
    expect(verdict, reasons.join('\n')).toBe('FAIL')
  })
})

test('a thread that stands still again and again, and runs for moments only, watches nothing meanwhile', async () => {
  const run = aRun({ load: { durationSeconds: 120 }, troubles: [{ atSeconds: 30.35, seconds: 20, kind: 'pause' }] })
  const judged = (runsMs: number) => {
    const stalls = Array.from({ length: Math.floor(20_000 / (150 + runsMs)) }, (_, k) => {
      const fromUs = us(30.34) + k * (150 + runsMs) * 1000
      return { thread: 0, fromUs, toUs: fromUs + 150_000 }
    })
    const read = changed(run, ({ health }, second) => (second === 50 ? { health: { ...health, stalls } } : {}))
    return reportOf(read, { plan: aDrillPlan({ load: run.load, events: [], criteria: ['recovery_time_s <= 8'] }) })
  }
  const starved = await judged(50)
  expect(starved.recovery.outages).toEqual([])
  expect(starved.verdict, starved.reasons.join('\n')).toBe('INCONCLUSIVE')
  // It runs for most of the time: then 20 s without a reply are seen well enough.
  expect((await judged(1_500)).verdict).toBe('FAIL')
})

test('at a low rate the pause before a standstill is no sign that commits had stopped before the request', async () => {
  const run = aRun({
    load: { targetTps: 5, durationSeconds: 120 },
    troubles: [{ atSeconds: 30.35, seconds: 7, kind: 'failover' }],
  })
  // The last reply, at 30.21, is no more than the usual distance of 0.2 s before the standstill.
  const read = stoodStill(run, 30.35, 35)
  const own = [
    anEvent({
      sentAt: isoAt(33),
      acceptedAt: isoAt(33.1),
      after: aPrimary({ timeline: 2, observedAt: isoAt(50) }),
    }),
  ]
  const { events, recovery, reasons } = await reportOf(read, { events: own })
  const said = [...reasons, ...events.map(({ sentence }) => sentence)].join('\n')
  expect(said).not.toContain('commits had stopped')
  expect(said).toContain('no load generator watched the service when the request was sent')
  expect(Date.parse(recovery.outages[0]?.fromAt ?? '') * 1000).toBeGreaterThanOrEqual(us(35))
})

test('arrivals that wait for a free worker make no outage shorter than it was', async () => {
  const run = aRun({
    load: { durationSeconds: 90 },
    troubles: [{ atSeconds: 80.5, seconds: Number.POSITIVE_INFINITY, kind: 'pause' }],
  })
  const waiting = changed(run, ({ counts }) => ({
    response: counts.acknowledged === 0 ? [] : [bucketOf(990_000), counts.acknowledged],
  }))
  const { headline, verdict } = await reportOf(waiting, { plan: aDrillPlan({ load: run.load, events: [] }) })
  expect(headline).toContain('no commit in the last 9.5')
  expect(verdict).toBe('FAIL')
})

test.each([30.34, 45])(
  'a service that is out at the end is said to be out since a generator watched again (stood still from %f s)',
  async (from) => {
    const run = aRun({
      load: { durationSeconds: 90 },
      troubles: [{ atSeconds: 30.35, seconds: Number.POSITIVE_INFINITY, kind: 'pause' }],
    })
    const read = stoodStill(run, from, 60)
    const { verdict, headline } = await reportOf(read, { plan: aDrillPlan({ load: run.load, events: [] }) })
    expect(verdict).toBe('FAIL')
    expect(headline).toContain('no commit in the last 29.9 s of the load')
  },
)
