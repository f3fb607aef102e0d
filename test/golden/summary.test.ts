import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { summarySchema } from '../../functions/model/files/summary.ts'
import type { Report } from '../../functions/model/report.ts'
import { renderSummaryJson } from '../../functions/render/views.ts'
import { sampleReport } from './samples.ts'

const SCHEMA_FILE = join(import.meta.dirname, '../../functions/render/summary.schema.json')
const publishedSchema = () => JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'))
const VERDICTS = ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED', 'NOT STARTED'] as const
const summaryOf = (report: Report) => JSON.parse(renderSummaryJson(report))

test('the published schema of summary.json is up to date', () => {
  const head = { $id: 'pg-failover-drill/summary.schema.json', title: 'Summary of a failover drill' }
  const current = JSON.stringify({ ...head, ...z.toJSONSchema(summarySchema) })
  // `npm run format` lays it out.
  if (process.env.UPDATE_GOLDEN === '1' && JSON.stringify(publishedSchema()) !== current)
    writeFileSync(SCHEMA_FILE, current)
  expect(publishedSchema()).toEqual(JSON.parse(current))
})

describe.each(VERDICTS)('summary.json of a drill that is %s', (verdict) => {
  test('follows the published schema, and is under 8 KB', async () => {
    const text = renderSummaryJson(await sampleReport(verdict))
    expect(z.fromJSONSchema(publishedSchema()).safeParse(JSON.parse(text)).error?.issues ?? []).toEqual([])
    expect(text.length).toBeLessThan(8_000)
  })
})

/** Readers rely on them: a field may be added here; one that goes, or changes its type, needs another schema number. */
const FIELDS_OF_SCHEMA_1 = {
  schema: 'number',
  drillId: 'string',
  server: 'string',
  verdict: 'string',
  headline: 'string',
  reasons: 'object',
  hasLoad: 'boolean',
  stoppedBy: 'object',
  startedAt: 'string',
  endedAt: 'string',
  criteria: 'object',
  'events.planned': 'number',
  'events.seen': 'number',
  'events.areProven': 'boolean',
  'events.worst': 'number',
  'cost.amount': 'number',
  'cost.currency': 'string',
  containersLeft: 'number',
}
const FIGURES_OF_SCHEMA_1 = [
  'recoveryTimeSeconds',
  'writeOutageSeconds',
  'worstClientOutageSeconds',
  'lostCommits',
  'recoveryPointSeconds',
  'acknowledgedCommits',
  'baselineTps',
  'baselineResponseP50Ms',
  'baselineResponseP95Ms',
  'baselineResponseP99Ms',
  'availability',
  'successOfAttempts',
]

test('summary.json keeps the fields of its schema number', async () => {
  const summary = summaryOf(await sampleReport('PASS'))
  expect(summary.schema).toBe(1)
  for (const [path, type] of Object.entries(FIELDS_OF_SCHEMA_1)) {
    const value = path.split('.').reduce((at, name) => at?.[name], summary)
    expect([path, typeof value]).toEqual([path, type])
  }
  for (const name of FIGURES_OF_SCHEMA_1)
    expect([name, summary.figures[name]]).toEqual([
      name,
      { value: expect.any(Number), isLowerBound: false, isUpperBound: false, words: expect.any(String) },
    ])
})

test('the figures of summary.json are those of the report', async () => {
  const report = await sampleReport('FAIL')
  const { figures, criteria } = summaryOf(report)
  expect(figures.recoveryTimeSeconds.value).toBe(report.recovery.recoveryTimeSeconds)
  expect(figures.lostCommits).toEqual({
    value: report.ledger.lost,
    isLowerBound: false,
    isUpperBound: false,
    words: String(report.ledger.lost),
  })
  expect(criteria.map(({ objective, verdict }: Report['criteria'][number]) => [objective, verdict])).toEqual(
    report.criteria.map(({ objective, verdict }) => [objective, verdict]),
  )
})

test('what was not measured is null and says so, and a lower bound is marked as one', async () => {
  const aborted = summaryOf(await sampleReport('ABORTED'))
  expect(aborted.figures.recoveryTimeSeconds).toEqual({
    value: null,
    isLowerBound: false,
    isUpperBound: false,
    words: 'not measured',
  })
  const report = await sampleReport('PASS')
  const withBound = (service: 'not sustained' | 'out'): Report => ({
    ...report,
    events: report.events.map((event) => ({
      ...event,
      service,
      cutBy: 'end of the load',
      recovery: { ...event.recovery, recoveryTimeSeconds: null },
      atLeast: { ...event.atLeast, recoveryTimeSeconds: 21.6 },
    })),
  })
  expect(summaryOf(withBound('not sustained')).figures.recoveryTimeSeconds).toEqual({
    value: 21.6,
    isLowerBound: true,
    isUpperBound: false,
    words: '≥ 21.6 s',
  })
  expect(summaryOf(withBound('out')).figures.recoveryTimeSeconds).toEqual({
    value: null,
    isLowerBound: false,
    isUpperBound: false,
    words: 'not back',
  })
})
