/**
 * The shape and style of every chart: ECharts options, made by a pure function for a given width. The report renders them to
 * SVG on the server, the dashboard draws the same options in the browser. Colours are CSS variables, so that one drawing follows
 * light, dark and print.
 */
import type { EChartsOption, SeriesOption } from 'echarts'

export interface Chart {
  readonly option: EChartsOption
  readonly height: number
}

export type Series = SeriesOption

/** Room for a chart in CSS pixels. Under 600 it is a phone: less text, legends below titles. */
export interface Room {
  readonly width: number
}

export const isNarrow = ({ width }: Room): boolean => width < 600

export const COLOURS = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  line: 'var(--line)',
  page: 'var(--page)',
  goodput: 'var(--c-blue)',
  offered: 'var(--ink)',
  failed: 'var(--c-orange)',
  missed: 'var(--c-red)',
  response: 'var(--c-violet)',
  service: 'var(--c-teal)',
  teal: 'var(--c-teal)',
  good: 'var(--good)',
  bad: 'var(--bad)',
} as const

/** For series without a fixed colour; the legend and their order also distinguish them. */
const PALETTE = [
  'var(--c-red)',
  'var(--c-orange)',
  'var(--c-violet)',
  'var(--c-teal)',
  'var(--c-blue)',
  'var(--c-grey)',
] as const

export const paletteColour = (index: number): string => PALETTE[index % PALETTE.length] ?? COLOURS.muted

export const FONT_SIZE = 12
/** Text is measured with this font. The style sheet draws it in the font of the page. */
export const FONT_FAMILY = 'sans-serif'

/** ECharts rejects an axis edge that differs from its own rounding by a binary fraction, such as 1.7000000000000002. */
export const axisEdge = (value: number): number => Number(value.toFixed(3))

/**
 * The server has no font to measure with, so the width is that of a wide font: words must not overlap. Capitals and digits,
 * as in error codes, are wider than the rest.
 */
export function textWidth(text: string, fontSize = FONT_SIZE): number {
  const wide = text.match(/[A-Z0-9%@_]/g)?.length ?? 0
  return (wide * 0.7 + (text.length - wide) * 0.58) * fontSize
}

export const BASE: EChartsOption = {
  animation: false,
  backgroundColor: 'transparent',
  textStyle: { fontFamily: FONT_FAMILY, fontSize: FONT_SIZE, color: COLOURS.ink },
}

export const axisStyle = {
  axisLine: { show: true, lineStyle: { color: COLOURS.line, width: 1 } },
  axisTick: { show: true, lineStyle: { color: COLOURS.line } },
  axisLabel: { color: COLOURS.muted, fontSize: FONT_SIZE, fontFamily: FONT_FAMILY },
  splitLine: { show: true, lineStyle: { color: COLOURS.line, opacity: 0.6 } },
  nameTextStyle: { color: COLOURS.muted, fontSize: FONT_SIZE, fontFamily: FONT_FAMILY },
} as const

/** A line without symbols, hover effects or smoothing: what was measured, nothing between. */
export const lineBase = {
  type: 'line',
  symbol: 'none',
  silent: true,
  emphasis: { disabled: true },
  connectNulls: false,
} as const

export const titleStyle = {
  color: COLOURS.ink,
  fontSize: 13,
  fontWeight: 600,
  fontFamily: FONT_FAMILY,
} as const

/** Legend marks that look like what is drawn. */
export const LEGEND_ICONS = {
  area: 'roundRect',
  solid: 'path://M0 4h14v2H0z',
  dashed: 'path://M0 4h4v2H0zM5 4h4v2H5zM10 4h4v2h-4z',
  dotted: 'path://M0 4h2v2H0zM4 4h2v2H4zM8 4h2v2H8zM12 4h2v2h-2z',
} as const

export const legendBase = {
  itemWidth: 14,
  itemHeight: 8,
  itemGap: 20,
  padding: 0,
  inactiveColor: COLOURS.muted,
  textStyle: { color: COLOURS.muted, fontSize: FONT_SIZE, fontFamily: FONT_FAMILY },
} as const
