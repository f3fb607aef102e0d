/** The moments of an event and the phases between them, as marks on a time axis in seconds since T0. */
import type { Report } from '../../../model/report.ts'
import { MOMENT_IDS } from '../../text/words.ts'
import { COLOURS, FONT_FAMILY, FONT_SIZE } from './chart.ts'

export interface Moment {
  readonly label: string
  readonly second: number
}

export interface Interval {
  readonly name: string
  readonly fromSecond: number
  readonly toSecond: number
}

/** The axis of a drill, as of its timeline rows: 0 is the first T0, or the start of the load when no event was accepted. */
export function axisOf(report: Report): { readonly originMs: number | null; readonly isTrigger: boolean } {
  const t0 = report.events.find(({ moments }) => moments.t0 !== null)?.moments.t0 ?? null
  const origin = t0 ?? report.phases[0]?.fromAt ?? null
  return { originMs: origin === null ? null : Date.parse(origin), isTrigger: t0 !== null }
}

const secondsFrom = (originMs: number, iso: string): number => (Date.parse(iso) - originMs) / 1000

/** T0, or T0·2 for the second of several events. */
export const momentLabel = (id: string, number: number | null): string =>
  number === null ? id.toUpperCase() : `${id.toUpperCase()}·${number}`

export function momentsOf(report: Report): readonly Moment[] {
  const { originMs } = axisOf(report)
  if (originMs === null) return []
  return report.events.flatMap(({ moments, number }) =>
    MOMENT_IDS.flatMap((id) => {
      const iso = moments[id]
      const label = momentLabel(id, report.events.length > 1 ? number : null)
      return iso === null ? [] : [{ label, second: secondsFrom(originMs, iso) }]
    }),
  )
}

export function intervalsOf(report: Report): readonly Interval[] {
  const { originMs } = axisOf(report)
  if (originMs === null) return []
  return report.phases.map(({ name, fromAt, toAt }) => ({
    name,
    fromSecond: secondsFrom(originMs, fromAt),
    toSecond: secondsFrom(originMs, toAt),
  }))
}

const TOUCHING_PIXELS = 7

/** Moments that fall onto each other become one mark: T0-T5. */
export function grouped(moments: readonly Moment[], pixelsPerSecond: number): readonly Moment[] {
  const groups: Moment[][] = []
  for (const moment of sorted(moments)) {
    const open = groups.at(-1)
    const isNear = open?.[0] && (moment.second - open[0].second) * pixelsPerSecond < TOUCHING_PIXELS
    if (open && isNear) open.push(moment)
    else groups.push([moment])
  }
  return groups.map((group) => ({ label: labelOf(group), second: group[0]?.second ?? 0 }))
}

function labelOf(group: readonly Moment[]): string {
  const labels = group.map(({ label }) => label).sort()
  return labels.length === 1 ? (labels[0] ?? '') : `${labels[0]}–${labels.at(-1)}`
}

/** Labels that would touch go up a row; the rows start again when there is room. */
function rowsOf(moments: readonly Moment[], pixelsPerSecond: number): readonly number[] {
  const lastEnd: number[] = []
  return moments.map(({ label, second }) => {
    const half = (label.length * 7) / 2 + 1
    const from = second * pixelsPerSecond - half
    const free = lastEnd.findIndex((end) => end <= from)
    const row = free === -1 ? lastEnd.length : free
    lastEnd[row] = from + 2 * half
    return row
  })
}

export const MARK_ROW_HEIGHT = 13

/** Most rows that the marks of this width need, so that a chart can leave room above its first panel. */
export const markRows = (moments: readonly Moment[], pixelsPerSecond: number): number =>
  Math.max(0, ...rowsOf(sorted(moments), pixelsPerSecond).map((row) => row + 1))

const sorted = (moments: readonly Moment[]): readonly Moment[] => [...moments].sort((a, b) => a.second - b.second)

export function momentLines(moments: readonly Moment[], pixelsPerSecond: number, isLabelled: boolean) {
  const ordered = sorted(moments)
  const rows = rowsOf(ordered, pixelsPerSecond)
  return ordered.map(({ label, second }, index) => ({
    xAxis: second,
    lineStyle: { color: COLOURS.ink, width: 1, type: 'dashed' as const, opacity: 0.55 },
    label: {
      show: isLabelled,
      formatter: label,
      position: 'end' as const,
      distance: 3 + (rows[index] ?? 0) * MARK_ROW_HEIGHT,
      color: COLOURS.ink,
      fontSize: FONT_SIZE - 1,
      fontWeight: 600 as const,
      fontFamily: FONT_FAMILY,
    },
  }))
}

const SHADES: Readonly<Record<string, string>> = {
  'warm-up': 'var(--shade-warm-up)',
  outage: 'var(--shade-outage)',
  recovery: 'var(--shade-recovery)',
}

export const phaseAreas = (intervals: readonly Interval[]) =>
  intervals
    .filter(({ name }) => SHADES[name] !== undefined)
    .map(({ name, fromSecond, toSecond }): [object, object] => [
      { xAxis: fromSecond, itemStyle: { color: SHADES[name] }, label: { show: false } },
      { xAxis: toSecond },
    ])
