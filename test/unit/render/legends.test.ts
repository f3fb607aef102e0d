/** The legend of a panel stands beside its title where both fit, and below it where they would overlap. */
import { expect, test } from 'vitest'
import { comparisonChart } from '../../../functions/render/charts/comparison.ts'
import { alignOnT1 } from '../../../functions/report-model/trend.ts'
import { sample } from '../../golden/samples.ts'

const { report, timeline } = await sample('PASS')
const drills = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...report,
    drillId: `drill-202603${10 + index}-0200-a1b2`,
    timeline: alignOnT1(timeline, report.moments.t1),
  }))

/** Of the first of them. */
const topOf = (placed: unknown): number => (placed as readonly { readonly top: number }[])[0]?.top ?? Number.NaN

test.each([
  [2, 1100, 'beside'],
  [2, 390, 'below'],
  [5, 1100, 'below'],
  [10, 1100, 'below'],
  [10, 1900, 'below'],
])('of %i drills in %i px it stands %s the title', (count, width, where) => {
  const chart = comparisonChart(drills(count), { width })
  expect(topOf(chart?.option.legend) - topOf(chart?.option.title) > 10 ? 'below' : 'beside').toBe(where)
})

test('the panel begins below all rows of its legend', () => {
  const panelTop = (count: number) => topOf(comparisonChart(drills(count), { width: 1100 })?.option.grid)
  expect(panelTop(5)).toBeGreaterThan(panelTop(2))
  expect(panelTop(10)).toBeGreaterThan(panelTop(5))
})
