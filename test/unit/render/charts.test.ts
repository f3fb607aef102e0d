import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TimelineRow } from '../../../functions/model/chart-data.ts'
import { MAX_COMPARED } from '../../../functions/model/history/compared.ts'
import { clientOutageChart } from '../../../functions/render/charts/client-outage.ts'
import { comparisonChart } from '../../../functions/render/charts/comparison.ts'
import { downsample } from '../../../functions/render/charts/drawing/downsample.ts'
import { grouped, markRows, momentLines } from '../../../functions/render/charts/drawing/marks.ts'
import { renderSvg } from '../../../functions/render/charts/drawing/svg.ts'
import { stepsOf } from '../../../functions/render/charts/panels/platform.ts'
import { timelineChart } from '../../../functions/render/charts/timeline.ts'
import { waterfallChart } from '../../../functions/render/charts/waterfall.ts'
import { alignOnT1 } from '../../../functions/report-model/trend.ts'
import { sample } from '../../golden/samples.ts'

const { report, clients } = await sample('PASS')

const aRow = (second: number, change: Partial<TimelineRow> = {}): TimelineRow => ({
  second,
  relativeSeconds: second,
  elapsedSeconds: second,
  phase: 'baseline',
  offered: 100,
  goodput: 100,
  refused: 0,
  unknown: 0,
  missed: 0,
  weakAcks: 0,
  errors: {},
  responseP50Ms: 1,
  responseP95Ms: 2,
  responseP99Ms: 3,
  serviceP50Ms: 1,
  serviceP99Ms: 3,
  sendLagP99Ms: 0,
  eventLoopDelayP99Ms: 0,
  connectionsOpen: 1,
  connectionsWanted: 1,
  waiting: 0,
  containersMissing: 0,
  ...change,
})

describe('thinning a long timeline', () => {
  test('keeps a one-second drop, a one-second peak, the slowest second and the most errors of five hours', () => {
    const rows = Array.from({ length: 18_000 }, (_, second) => aRow(second))
    rows[4_321] = aRow(4_321, { goodput: 0, missed: 100 })
    rows[9_999] = aRow(9_999, { goodput: 180 })
    rows[15_000] = aRow(15_000, { responseP99Ms: 900 })
    rows[16_000] = aRow(16_000, { errors: { '57P01': 7 } })
    const kept = downsample(rows, 1_200)
    expect(kept.length).toBeLessThanOrEqual(1_200)
    for (const second of [4_321, 9_999, 15_000, 16_000]) expect(kept).toContain(rows[second])
  })

  test('keeps rows as they are, in order, and all of them when they are few', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 400 }), fc.integer({ min: 8, max: 200 }), (goodputs, maxRows) => {
        const rows = goodputs.map((goodput, second) => aRow(second, { goodput }))
        const kept = downsample(rows, maxRows)
        expect(kept.every((row) => rows[row.second] === row)).toBe(true)
        expect([...kept].sort((a, b) => a.second - b.second)).toEqual(kept)
        expect(Math.min(...kept.map(({ goodput }) => goodput))).toBe(Math.min(...goodputs))
        if (rows.length <= maxRows) expect(kept).toBe(rows)
      }),
    ))
})

describe('the marks of a failover', () => {
  const at = (...seconds: number[]) => seconds.map((second, index) => ({ label: `T${index}`, second }))

  test('that fall onto each other become one', () => {
    expect(grouped(at(0, 1, 2, 300), 1)).toEqual([
      { label: 'T0–T2', second: 0 },
      { label: 'T3', second: 300 },
    ])
  })

  test('that would touch are labelled one above the other', () => {
    expect(markRows(at(0, 10, 20), 1)).toBe(2)
    expect(momentLines(at(0, 10, 20), 1, true).map(({ label }) => label.distance)).toEqual([3, 16, 3])
  })

  test('that lie far apart share one row', () => expect(markRows(at(0, 100, 200), 1)).toBe(1))
})

test('a platform minute that did not arrive stays a gap, and a value holds for its minute', () => {
  const at = (minute: number) => `2026-03-02T02:0${minute}:00.000Z`
  const point = (minute: number, average: number | null) => ({ at: at(minute), average, maximum: average })
  const series = {
    name: 'cpu_percent',
    unit: 'Percent',
    points: [point(0, 10), point(1, 20), point(2, null), point(4, 40)],
  }
  expect(stepsOf(series, Date.parse(at(0)))).toEqual([
    [0, 10],
    [60, 20],
    [120, 20],
    [120, null],
    [120, null],
    [240, 40],
    [300, 40],
    [300, null],
  ])
})

describe('every measurement can be drawn', () => {
  const ms = (max: number) => fc.integer({ min: 0, max }).map((value) => value / 1000)
  const room = { width: 860 }
  const draws = (chart: ReturnType<typeof waterfallChart>): void => {
    if (chart) expect(renderSvg(chart, room, { id: 'x', label: 'x' })).toContain('</svg>')
  }

  test('client outages of any length, near each other or far apart', () => {
    fc.assert(
      fc.property(fc.array(fc.option(ms(300_000)), { minLength: 1, maxLength: 6 }), ms(60_000), (outages, offset) => {
        const rows = outages.map((seconds, i) => ({
          ...(clients[i % clients.length] as (typeof clients)[number]),
          outageSeconds: seconds === null ? null : seconds / 100 + offset,
        }))
        draws(clientOutageChart(report, rows, room))
      }),
      { numRuns: 40 },
    )
  })

  test('steps of a failover of any length', () => {
    fc.assert(
      fc.property(fc.array(ms(2_000_000), { minLength: report.waterfall.length, maxLength: 9 }), (lengths) => {
        let sinceTriggerSeconds = 0
        const waterfall = report.waterfall.map((step, i) => {
          const seconds = lengths[i] ?? 0
          sinceTriggerSeconds += seconds
          return { ...step, seconds, sinceTriggerSeconds }
        })
        draws(waterfallChart({ ...report, waterfall }, room))
      }),
      { numRuns: 40 },
    )
  })

  test('drills that are aligned on any fraction of a second', () => {
    const rows = Array.from({ length: 30 }, (_, second) => aRow(1_772_416_830 + second))
    fc.assert(
      fc.property(ms(29_999), (t1) => {
        const moments = { ...report.moments, t1: new Date((1_772_416_830 + t1) * 1000).toISOString() }
        draws(comparisonChart([{ drillId: 'a', moments, timeline: alignOnT1(rows, moments.t1) }], room))
      }),
      { numRuns: 40 },
    )
  })
})

test('ten drills that are compared have ten styles, and the same one in both panels', () => {
  const ids = Array.from({ length: MAX_COMPARED }, (_, i) => `drill-${i}`)
  const point = { alignedSeconds: 0, goodput: 1, responseP99Ms: 1 }
  const drills = ids.map((drillId) => ({ drillId, moments: report.moments, timeline: [point] }))
  const series = comparisonChart(drills, { width: 800 })?.option.series as ReadonlyArray<{
    name: string
    lineStyle?: { color: string; type: string }
  }>
  const styles = ids.map((id) =>
    series.filter(({ name }) => name === id).map(({ lineStyle }) => `${lineStyle?.color} ${lineStyle?.type}`),
  )
  for (const [one, other] of styles) expect(other).toBe(one)
  expect(new Set(styles.flat()).size).toBe(MAX_COMPARED)
})

describe('charts without data', () => {
  test('of a drill without a failover have no waterfall', async () =>
    expect(waterfallChart((await sample('INCONCLUSIVE')).report, { width: 800 })).toBeNull())

  test('of a drill without load and metrics still make a chart that says nothing wrong', async () => {
    const aborted = await sample('ABORTED')
    expect(JSON.stringify(timelineChart(aborted.report, aborted.timeline, { width: 800 }).option)).not.toMatch(
      /NaN|Infinity/,
    )
  })

  test('a standby that takes minutes is cut, so that the outage can be seen', () => {
    const chart = waterfallChart(report, { width: 800 })
    const xAxis = chart?.option.xAxis as { max: number }
    expect(xAxis.max).toBeLessThan((report.waterfall.at(-1)?.sinceTriggerSeconds ?? 0) * 0.6)
  })
})
