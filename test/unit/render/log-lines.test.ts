/** The shape of the lines; the queries that read them are held to it beside the templates. */
import { expect, test } from 'vitest'
import type { Report } from '../../../functions/model/report.ts'
import { type DrillResult, drillResultLine, drillSkippedLine } from '../../../functions/render/log-lines.ts'
import { seconds } from '../../../functions/units/units.ts'
import { sampleReport } from '../../golden/samples.ts'

const parsed = (line: string): DrillResult => JSON.parse(line.slice(line.indexOf(' '))) as DrillResult

/** Every text anywhere in the report, but for those that a line is made of. */
function marked(report: Report): Report {
  const mark = (value: unknown): unknown => {
    if (typeof value === 'string') return 'MARKED-SECRET'
    if (Array.isArray(value)) return [...value.map(mark), 'MARKED-SECRET']
    if (typeof value !== 'object' || value === null) return value
    return {
      ...Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mark(inner)])),
      more: 'MARKED-SECRET',
    }
  }
  const { drillId, verdict, headline, moments, stoppedBy } = report
  return {
    ...(mark(report) as Report),
    drillId,
    verdict,
    headline,
    stoppedBy: stoppedBy && {
      ...(mark(stoppedBy) as typeof stoppedBy),
      phase: stoppedBy.phase,
      checks: stoppedBy.checks,
    },
    moments: { ...(mark(moments) as object), ...moments },
    phases: report.phases,
    cost: { ...(mark(report.cost) as Report['cost']), amount: report.cost.amount, currency: report.cost.currency },
    events: report.events.map(({ cause, kind, service, cutBy, moments: own, ...event }) => ({
      ...(mark(event) as typeof event),
      cause,
      kind,
      service,
      cutBy,
      moments: { ...(mark(own) as object), ...own },
    })),
  }
}

for (const name of ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED', 'NOT STARTED'] as const)
  test(`the line of a ${name} drill holds what its report says in these places, and nothing of the rest`, async () => {
    const report = await sampleReport(name)
    const line = drillResultLine(report, { server: 'pg-1', resourceGroup: 'rg' }, 'final')
    expect(drillResultLine(marked(report), { server: 'pg-1', resourceGroup: 'rg' }, 'final')).toBe(line)
    expect(parsed(line)).toMatchObject({
      drillId: report.drillId,
      verdict: report.verdict,
      headline: report.headline,
      edition: 'final',
    })
    expect(line).not.toContain('\n')
  })

test('figures are those of the report', async () => {
  const { throughput, latencyMs, recovery, ledger, moments, ...report } = await sampleReport()
  expect(
    parsed(
      drillResultLine(
        { throughput, latencyMs, recovery, ledger, moments, ...report },
        { server: 'pg-1', resourceGroup: 'rg' },
        'first',
      ),
    ),
  ).toEqual({
    drillId: report.drillId,
    server: 'pg-1',
    resourceGroup: 'rg',
    cost: report.cost.amount,
    currency: report.cost.currency,
    edition: 'first',
    verdict: 'PASS',
    headline: report.headline,
    word: 'PASS',
    stoppedBy: null,
    offeredTps: throughput.offeredTps,
    baselineTps: throughput.baselineTps,
    p50Ms: latencyMs.baseline?.response.p50,
    p95Ms: latencyMs.baseline?.response.p95,
    p99Ms: latencyMs.baseline?.response.p99,
    recoveryTimeSeconds: recovery.recoveryTimeSeconds,
    writeOutageSeconds: recovery.writeOutageSeconds,
    recovery: seconds(recovery.recoveryTimeSeconds),
    lost: 0,
    lostSeconds: ledger.lostSeconds,
    splitBrainWrites: 0,
    worstEvent: 1,
    t0: moments.t0,
    t1: moments.t1,
    t4: moments.t4,
    events: [
      {
        number: 1,
        cause: 'drill',
        kind: 'failover',
        t0: moments.t0,
        recoveryTimeSeconds: recovery.recoveryTimeSeconds,
        writeOutageSeconds: recovery.writeOutageSeconds,
      },
    ],
  })
})

test('a skip is one line, also with a reason of several lines', () => {
  expect(
    drillSkippedLine({
      server: 'pg-1',
      resourceGroup: 'rg',
      reason: 'two\nlines and a "quote"',
      at: '2026-01-01T02:00:00.000Z',
    }),
  ).toBe(
    'drill-skipped {"server":"pg-1","resourceGroup":"rg","reason":"two\\nlines and a \\"quote\\"","at":"2026-01-01T02:00:00.000Z"}',
  )
})
