import { expect, test } from 'vitest'
import type { TimelineRow } from '../../../functions/model/chart-data.ts'
import { downsample } from '../../../functions/render/charts/drawing/downsample.ts'
import { sample } from '../../support/sample-report.ts'

test('there is a row for every second, and the rows add up to the ledger', async () => {
  const { report, charts } = await sample()
  const sum = (name: 'offered' | 'goodput' | 'refused' | 'unknown' | 'missed') =>
    charts.timeline.reduce((total, row) => total + row[name], 0)
  expect({
    offered: sum('offered'),
    goodput: sum('goodput'),
    refused: sum('refused'),
    unknown: sum('unknown'),
    missed: sum('missed'),
  }).toEqual({
    offered: report.ledger.intended,
    goodput: report.ledger.acknowledged,
    refused: report.ledger.refused,
    unknown: report.ledger.unknown,
    missed: report.ledger.missed,
  })
  expect(charts.timeline.every(({ second }, i) => second === (charts.timeline[0]?.second ?? 0) + i)).toBe(true)
})

test('a second belongs to the most disturbed phase that it touches', async () => {
  const { charts } = await sample()
  const phases = charts.timeline.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1])
  expect(phases).toEqual(['warm-up', 'baseline', 'outage', 'recovery', 'after'])
})

test('seconds are counted from the trigger', async () => {
  const { charts, report } = await sample()
  const row = charts.timeline[60] as TimelineRow
  expect(row.relativeSeconds).toBeCloseTo(row.second - Date.parse(report.moments.t0 ?? '') / 1000, 3)
})

test('percentile curves rise, and end in a lower bound where arrivals were missed', async () => {
  const { charts } = await sample()
  const curve = charts.curves.find(({ phase, kind }) => phase === 'whole' && kind === 'response')
  const values = curve?.points.map(({ ms }) => ms) ?? []
  expect(values).toEqual(values.toSorted((a, b) => a - b))
  expect(curve?.points.at(-1)).toMatchObject({ share: 1, isLowerBound: true })
})

test('fewer rows keep every peak', async () => {
  const { charts } = await sample()
  const rows = Array.from({ length: 5000 }, (_, i) => ({ ...(charts.timeline[20] as TimelineRow), second: i }))
  rows[1234] = { ...(rows[1234] as TimelineRow), goodput: 0 }
  rows[2345] = { ...(rows[2345] as TimelineRow), responseP99Ms: 9999 }
  rows[3456] = { ...(rows[3456] as TimelineRow), errors: { '57P01': 7 } }
  const fewer = downsample(rows, 400)
  expect(fewer.length).toBeLessThanOrEqual(400)
  expect([1234, 2345, 3456].map((second) => fewer.some((row) => row.second === second))).toEqual([true, true, true])
  expect(fewer.map(({ second }) => second)).toEqual(fewer.map(({ second }) => second).toSorted((a, b) => a - b))
})

test('few rows stay as they are', async () => {
  const { charts } = await sample()
  expect(downsample(charts.timeline, 1200)).toBe(charts.timeline)
})
