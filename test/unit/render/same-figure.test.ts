/** A figure that stands in two places of a report is the same text in both: one definition of how it is rounded and printed. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Criterion, Report } from '../../../functions/model/report.ts'
import { renderClientsCsv } from '../../../functions/render/csv.ts'
import { renderHtml } from '../../../functions/render/html/page.ts'
import { renderMarkdown } from '../../../functions/render/markdown.ts'
import type { ReportData } from '../../../functions/render/text/report-data.ts'
import { distance, inUnit, seconds } from '../../../functions/units/units.ts'
import { accountedFor, numbersIn, visibleText } from '../../golden/numbers.ts'
import { aDrillPlan, someLoad, someTiming } from '../../support/builders.ts'
import { aRun, assembledOf, type RunOptions } from '../../support/world.ts'

interface Story {
  readonly run: RunOptions
  readonly limits: {
    readonly recovery: number
    readonly p99: number
    readonly success: number
    readonly factor: number
  }
}

/** Odd lengths and rates, so that every figure has digits to lose. */
const stories: fc.Arbitrary<Story> = fc.record({
  run: fc
    .record({
      atMs: fc.integer({ min: 20_001, max: 29_999 }),
      lengthMs: fc.integer({ min: 301, max: 17_999 }),
      arrivals: fc.constantFrom('wait', 'refused'),
      serviceUs: fc.integer({ min: 1_001, max: 23_999 }),
      targetTps: fc.integer({ min: 31, max: 97 }),
    })
    .map(
      ({ atMs, lengthMs, arrivals, serviceUs, targetTps }): RunOptions => ({
        load: { targetTps, workers: 7, durationSeconds: 90, containers: 2 },
        serviceUs,
        troubles: [
          { atSeconds: atMs / 1000, seconds: lengthMs / 1000, kind: 'failover', arrivals: arrivals as 'wait' },
        ],
      }),
    ),
  limits: fc.record({
    recovery: fc.integer({ min: 1, max: 18_000 }).map((ms) => ms / 1000),
    p99: fc.integer({ min: 1, max: 30_000 }).map((us) => us / 1000),
    success: fc.integer({ min: 90_000, max: 99_999 }).map((share) => share / 100_000),
    factor: fc.integer({ min: 50, max: 300 }).map((hundredths) => hundredths / 100),
  }),
})

async function reportOf({ run, limits }: Story): Promise<ReportData> {
  const world = aRun(run)
  const plan = aDrillPlan({
    load: someLoad(world.load),
    timing: someTiming({ warmupSeconds: 5 }),
    criteria: [
      `recovery_time_s < ${limits.recovery}`,
      `worst_client_outage_s <= ${limits.recovery}`,
      `p99_ms[baseline] <= ${limits.p99}`,
      `p99_ms[after] <= ${limits.factor} * p99_ms[baseline]`,
      `success_rate > ${limits.success}`,
      'baseline_tps >= 0.95 * target',
      'lost_commits == 0',
    ],
  })
  const { report, charts } = await assembledOf(world, { plan })
  return { report, ...charts }
}

const holdsForEveryDrill = (check: (data: ReportData) => void) =>
  fc.assert(
    fc.asyncProperty(stories, async (story) => check(await reportOf(story))),
    { numRuns: 12 },
  )

/** Without its sentences a report cannot vouch for a number that only a sentence has. */
const withoutSentences = (report: Report): Report => ({
  ...report,
  headline: '',
  reasons: [],
  caveats: [],
  criteria: report.criteria.map((criterion) => ({ ...criterion, why: '' })),
  generator: { ...report.generator, why: '' },
})

/** Limits are given, not measured; they stand in the objectives. A factor times a figure is a limit of its own. */
function given({ criteria }: Report): Set<string> {
  const bounds = criteria.flatMap(({ measured, margin }) =>
    measured === null || margin === null ? [] : [measured + margin, measured - margin],
  )
  const texts = bounds.flatMap((bound) =>
    [3, 4].map((decimals) => String(Number((100 * bound).toFixed(decimals)) / 100)),
  )
  const shares = bounds.map((bound) => String(Number((100 * bound).toFixed(3))))
  return new Set([...texts, ...shares, ...bounds.map((bound) => String(Number(bound.toFixed(6))))])
}

const strangers = (text: string, report: Report): string[] => {
  const known = accountedFor(withoutSentences(report))
  const limits = given(report)
  return numbersIn(text).filter((number) => !known.has(number) && !limits.has(number.replaceAll(',', '')))
}

test('a criterion and its reason print the same figure, and it is the figure of the report', () =>
  holdsForEveryDrill(({ report }) => {
    const find = (id: string): Criterion | undefined => report.criteria.find((criterion) => criterion.id === id)
    expect(find('recovery_time_s')?.measured).toBe(report.recovery.recoveryTimeSeconds)
    expect(find('worst_client_outage_s')?.measured).toBe(report.recovery.clientOutageSeconds.max)
    for (const { measured, unit, why, margin, verdict } of report.criteria) {
      if (measured === null) continue
      expect(why.startsWith(inUnit(measured, unit))).toBe(true)
      if (verdict === 'fail' && margin !== null && margin !== 0 && unit !== 'count')
        expect(why.endsWith(`missed by ${distance(Math.abs(margin), unit)}`)).toBe(true)
    }
  }))

test('the difference of two printed instants is the printed span', () =>
  holdsForEveryDrill(({ report: { moments, recovery, waterfall } }) => {
    const between = (from: string | null, to: string | null): number | null =>
      from === null || to === null ? null : (Date.parse(to) - Date.parse(from)) / 1000
    expect(recovery).toMatchObject({
      recoveryTimeSeconds: between(moments.t1, moments.t4),
      writeOutageSeconds: between(moments.t1, moments.t2),
      detectionSeconds: between(moments.t0, moments.t1),
      exposureSeconds: between(moments.t2, moments.t6),
    })
    expect(waterfall.find(({ to }) => to === 't2')?.seconds).toBe(recovery.writeOutageSeconds)
    expect(waterfall.find(({ to }) => to === 't6')?.seconds).toBe(recovery.exposureSeconds)
  }))

test('no sentence has a number that the figures of the report do not print in the same way', () =>
  holdsForEveryDrill(({ report }) => {
    const sentences = [report.headline, ...report.reasons, ...report.criteria.map(({ why }) => why)].join('\n')
    expect(strangers(sentences, report)).toEqual([])
    expect(strangers(renderMarkdown(report).split('## Caveats')[0] ?? '', report)).toEqual([])
  }))

test('recovery time and write outage read the same on the page, in Markdown and in the headline', () =>
  holdsForEveryDrill(({ report, ...charts }) => {
    const page = visibleText(renderHtml({ report, ...charts }))
    const markdown = renderMarkdown(report)
    const { recoveryTimeSeconds, writeOutageSeconds } = report.recovery
    for (const figure of [recoveryTimeSeconds, writeOutageSeconds])
      for (const text of [page, markdown, report.headline]) expect(text).toContain(seconds(figure))
  }))

test('files for programs hold the digits of report.json', () =>
  holdsForEveryDrill(({ report, clients }) => {
    const rows = renderClientsCsv(clients).trim().split('\n').slice(1)
    const outages = rows.map((row) => Number(row.split(',')[4]))
    expect(Math.max(...outages)).toBe(report.recovery.clientOutageSeconds.max)
  }))
