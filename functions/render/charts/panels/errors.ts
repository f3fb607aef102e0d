/** The panel of errors by code: the five most frequent and the rest, stacked. */
import type { TimelineRow } from '../../../model/chart-data.ts'
import { axisCount, count } from '../../../units/units.ts'
import { paletteColour } from '../drawing/chart.ts'
import { type Panel, seriesOf } from './panel.ts'

const SHOWN = 5
const REST = 'other'

export function errorsPanel(rows: readonly TimelineRow[]): Panel | null {
  const codes = mostFrequent(rows)
  if (codes.length === 0) return null
  const shown = new Set(codes.slice(0, SHOWN))
  const names = codes.length > SHOWN ? [...shown, REST] : [...shown]
  const value = (row: TimelineRow, name: string): number =>
    name === REST ? restOf(row, shown) : (row.errors[name] ?? 0)
  const { area } = seriesOf(rows, ({ relativeSeconds }) => relativeSeconds)
  return {
    title: 'Errors per second, by code',
    height: 84,
    scale: 'value',
    axisLabel: axisCount,
    inWords: count,
    series: names.map((name, index) =>
      area(name, paletteColour(index), { opacity: 0.8, stack: 'errors' }, (row) => value(row, name)),
    ),
    thresholds: [],
  }
}

function mostFrequent(rows: readonly TimelineRow[]): string[] {
  const totals = new Map<string, number>()
  for (const row of rows)
    for (const [code, seen] of Object.entries(row.errors)) totals.set(code, (totals.get(code) ?? 0) + seen)
  return [...totals].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([code]) => code)
}

const restOf = (row: TimelineRow, shown: ReadonlySet<string>): number =>
  Object.entries(row.errors).reduce((sum, [code, seen]) => sum + (shown.has(code) ? 0 : seen), 0)
