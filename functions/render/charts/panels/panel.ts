/** The shape of a panel of the timeline. Panels share the time axis. */
import type { Series } from '../drawing/chart.ts'

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
