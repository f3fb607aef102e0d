import { expect, test } from 'vitest'
import type { TimelineRow } from '../../../functions/model/chart-data.ts'
import { sample } from '../../golden/samples.ts'

const { report, ...charts } = await sample()

test('there is a row for every second, and the rows add up to the ledger', () => {
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

test('a second belongs to the most disturbed phase that it touches', () => {
  const phases = charts.timeline.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1])
  expect(phases).toEqual(['warm-up', 'baseline', 'trigger', 'outage', 'recovery', 'after'])
})

test('seconds are counted from the trigger', () => {
  const row = charts.timeline[30] as TimelineRow
  expect(row.relativeSeconds).toBeCloseTo(row.second - Date.parse(report.moments.t0 ?? '') / 1000, 3)
})

test('percentile curves rise, and end in a lower bound where arrivals were missed', () => {
  const curve = charts.curves.find(({ phase, kind }) => phase === 'whole' && kind === 'response')
  const values = curve?.points.map(({ ms }) => ms) ?? []
  expect(values).toEqual(values.toSorted((a, b) => a - b))
  expect(curve?.points.at(-1)).toMatchObject({ share: 1, isLowerBound: true })
})
