/** The shape of a panel of the timeline, and its series. Panels share the time axis. */
import { lineBase, type Series } from '../drawing/chart.ts'

export interface Panel {
  readonly title: string
  readonly height: number
  readonly scale: 'value' | 'log'
  readonly axisLabel: (value: number) => string
  /** A value under the pointer, where there is one. */
  readonly inWords: (value: number) => string
  readonly max?: number
  /** Series without their axis indexes; each name is also its legend entry. */
  readonly series: readonly (Series & { readonly name: string })[]
  /** Horizontal lines: objectives and thresholds. */
  readonly thresholds: readonly Threshold[]
}

export interface Threshold {
  readonly label: string
  readonly value: number
  /** Where the words stand: where the series are not. */
  readonly side: 'above' | 'below'
}

export type Point = readonly [second: number, value: number | null]

type Value<Row> = (row: Row, index: number) => number | null

interface LineStyle {
  readonly width: number
  readonly type?: 'solid' | 'dashed' | 'dotted'
}

interface AreaStyle {
  readonly opacity: number
  /** Areas of one stack lie on each other. */
  readonly stack?: string
}

/** What makes the series of a panel from its rows. */
export function seriesOf<Row>(rows: readonly Row[], secondOf: (row: Row) => number) {
  const of = (name: string, colour: string, value: Value<Row>) => ({
    ...lineBase,
    name,
    data: rows.map((row, index): Point => [secondOf(row), value(row, index)]) as never,
    itemStyle: { color: colour },
  })
  return {
    line: (name: string, colour: string, style: LineStyle, value: Value<Row>) => ({
      ...of(name, colour, value),
      lineStyle: { color: colour, ...style },
    }),
    area: (name: string, colour: string, { opacity, ...stack }: AreaStyle, value: Value<Row>) => ({
      ...of(name, colour, value),
      ...stack,
      lineStyle: { width: 0 },
      areaStyle: { color: colour, opacity },
    }),
  }
}
