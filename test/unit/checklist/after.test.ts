/** The rows that are judged when all is over, from the report of a whole drill. */
import { expect, test } from 'vitest'
import { AFTER, type AfterCheckId } from '../../../functions/checklist/after.ts'
import { judgeRows } from '../../../functions/checklist/check.ts'
import type { Report } from '../../../functions/model/report.ts'
import { aPlan, playDrill } from '../../support/play-drill.ts'
import { createWorld } from '../../support/world/world.ts'

const plan = aPlan({ criteria: ['lost_commits == 0'] })
const report = (await playDrill(createWorld(), plan)).report as Report

const outcome = { plan, containers: [], loadStartAtMs: 1 }
const judge = (changed: Report) => judgeRows(AFTER, 'after', { outcome, report: changed }, [])
const verdictOf = (id: string, changed: Report) => judge(changed).find((one) => one.id === id)

const metric = (name: string, average: number | null): Report['metrics'] => ({
  ...report.metrics,
  series: [{ name, unit: '%', points: [{ at: '2026-01-01T00:00:00Z', average, maximum: average }] }],
})
const response = (p: number | null): Report['latencyMs'] => {
  const { baseline } = report.latencyMs
  const changed = baseline === null ? null : { ...baseline, response: { ...baseline.response, p50: p, p95: p, p99: p } }
  return { ...report.latencyMs, baseline: changed }
}

const recoveredAfter = (recoveryTimeSeconds: number | null): Report['events'] =>
  report.events.map((event) => ({ ...event, recovery: { ...event.recovery, recoveryTimeSeconds } }))

type Change = Partial<Report>
const ROWS: Readonly<Record<AfterCheckId, readonly [pass: Change, fail: Change, unknown: Change]>> = {
  'containers-started': [{}, { generator: { ...report.generator, containers: [] } }, {}],
  'containers-ready': [
    {},
    {
      generator: {
        ...report.generator,
        containers: report.generator.containers.map((one) => ({ ...one, connectionsPeak: 0 })),
      },
    },
    { generator: { ...report.generator, containers: [] } },
  ],
  'achieved-rate': [
    {},
    { throughput: { ...report.throughput, baselineTps: 30 } },
    { throughput: { ...report.throughput, baselineTps: null } },
  ],
  p50: [{ latencyMs: response(9) }, { latencyMs: response(10) }, { latencyMs: response(null) }],
  p95: [{ latencyMs: response(29) }, { latencyMs: response(30) }, { latencyMs: response(null) }],
  p99: [{ latencyMs: response(49) }, { latencyMs: response(50) }, { latencyMs: response(null) }],
  cpu: [
    { metrics: metric('cpu_percent', 79) },
    { metrics: metric('cpu_percent', 80) },
    { metrics: metric('cpu_percent', null) },
  ],
  memory: [
    { metrics: metric('memory_percent', 79) },
    { metrics: metric('memory_percent', 80) },
    { metrics: metric('cpu_percent', 1) },
  ],
  'pool-waiting': [
    { metrics: metric('client_connections_waiting', 0) },
    { metrics: metric('client_connections_waiting', 3) },
    { metrics: metric('cpu_percent', 1) },
  ],
  'success-rate': [
    { availability: { ...report.availability, successOfAttempts: 0.995 } },
    { availability: { ...report.availability, successOfAttempts: 0.99 } },
    { availability: { ...report.availability, successOfAttempts: null } },
  ],
  'recovery-time': [{ events: recoveredAfter(119) }, { events: recoveredAfter(120) }, { events: recoveredAfter(null) }],
  'lost-commits': [
    { ledger: { ...report.ledger, lost: 0 } },
    { ledger: { ...report.ledger, lost: 1 } },
    { ledger: { ...report.ledger, lost: null } },
  ],
}

for (const [id, [pass, fail, unknown]] of Object.entries(ROWS))
  test(`${id} passes, fails and does not know`, () => {
    expect(verdictOf(id, { ...report, ...pass })?.verdict).toBe('pass')
    expect(verdictOf(id, { ...report, ...fail })).toMatchObject({
      verdict: 'fail',
      advice: expect.stringMatching(/.+/),
    })
    if (id === 'containers-started') return
    expect(verdictOf(id, { ...report, ...unknown })?.verdict).toBe('unknown')
  })

test('a drill that ended before its load judges no container', () => {
  const results = judgeRows(AFTER, 'after', { outcome: { ...outcome, loadStartAtMs: null }, report }, [])
  expect(results.filter(({ id }) => id.startsWith('containers')).map(({ verdict }) => verdict)).toEqual([
    'unknown',
    'unknown',
  ])
})

test("a request's own objective takes the place of the usual one", async () => {
  const own = aPlan({ criteria: ['recovery_time_s <= 1', 'p50_ms[baseline] < 1', 'lost_commits == 0'] })
  const played = await playDrill(createWorld(), own)
  const rows = played.report?.checklist.filter(({ when }) => when === 'after')
  expect(rows?.find(({ id }) => id === 'recovery-time')).toMatchObject({
    verdict: 'fail',
    wanted: 'recovery_time_s <= 1',
  })
  expect(rows?.find(({ id }) => id === 'p50')).toMatchObject({ verdict: 'fail', wanted: 'p50_ms[baseline] < 1' })
})
