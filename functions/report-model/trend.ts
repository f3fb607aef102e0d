/**
 * The trend: each key figure of a drill against earlier like drills of the same server, and the drill at which it changed.
 * Medians and their scatter, because a history of drills is short and holds outliers.
 */

import { worstOf } from '../event-figures/figures.ts'
import { KEY_FIGURES, type KeyFigure } from '../event-figures/key-figures.ts'
import { likenessOf } from '../event-kinds/likeness.ts'
import { type IndexEntry, isLike, startedEntry, type TrendEntry } from '../model/drill-index.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Report, TrendFigure } from '../model/report.ts'
import { MAD_TO_SIGMA, mad, median, round } from '../units/statistics.ts'

export const trendEntry = (report: Report, plan: DrillPlan): TrendEntry => ({
  drillId: report.drillId,
  like: likenessOf(plan),
  startedAt: report.startedAt,
  verdict: report.verdict,
  headline: report.headline,
  figures: Object.fromEntries(KEY_FIGURES.map(({ id, read }) => [id, read(report)])),
  worst: {
    events: report.events.length,
    recoveryTime: worstOf('recovery_time_s', report),
    writeOutage: worstOf('write_outage_s', report),
  },
})

/** The band is made of this many earlier drills. */
export const TREND_LENGTH = 20
/** With fewer values there is no band. */
const MIN_HISTORY = 3
/** The band is at least 5 % to either side, so that noise is not reported as a change. */
const BAND_SIGMAS = 3
const MIN_BAND_SHARE = 0.05

/** `earlier`: the drills of the same server that were looked at, in any order. No figures when none of them is like this one. */
export function trendOf(current: TrendEntry, earlier: readonly TrendEntry[]): Pick<Report, 'likeDrills' | 'trend'> {
  const before = earlier.filter(
    ({ drillId, startedAt }) => drillId !== current.drillId && startedAt < current.startedAt,
  )
  const like = before
    .filter((entry) => isLike(entry.like, current.like))
    .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
    .slice(-TREND_LENGTH)
  return {
    likeDrills: { what: current.like.words, found: like.length, lookedAt: before.length },
    trend: like.length === 0 ? [] : KEY_FIGURES.map((figure) => trendFigure(figure, current, like)),
  }
}

function trendFigure(figure: KeyFigure, current: TrendEntry, before: readonly TrendEntry[]): TrendFigure {
  const { id, label, unit, betterIs } = figure
  const value = current.figures[id] ?? null
  const band = bandOf(before.flatMap(({ figures }) => figures[id] ?? []))
  return {
    id,
    label,
    unit,
    betterIs,
    value,
    ...band,
    difference: value === null || band.median === null ? null : round(value - band.median, 6),
    reading: readingOf(value, band, betterIs),
    changedAt: changePoint([...before, current], id),
    history: before.map(({ drillId, startedAt, figures }) => ({ drillId, startedAt, value: figures[id] ?? null })),
  }
}

type Band = Pick<TrendFigure, 'median' | 'mad' | 'low' | 'high'>

function bandOf(values: readonly number[]): Band {
  const middle = median(values)
  const scatter = mad(values)
  if (middle === null || scatter === null || values.length < MIN_HISTORY)
    return { median: middle, mad: scatter, low: null, high: null }
  const half = halfBand(middle, scatter)
  return {
    median: round(middle, 6),
    mad: round(scatter, 6),
    low: round(middle - half, 6),
    high: round(middle + half, 6),
  }
}

const halfBand = (middle: number, scatter: number): number =>
  Math.max(BAND_SIGMAS * MAD_TO_SIGMA * scatter, MIN_BAND_SHARE * Math.abs(middle))

function readingOf(
  value: number | null,
  { low, high }: Band,
  betterIs: TrendFigure['betterIs'],
): TrendFigure['reading'] {
  if (value === null || low === null || high === null) return 'no history'
  if (value >= low && value <= high) return 'usual'
  return value < low === (betterIs === 'lower') ? 'better' : 'worse'
}

/** Values on either side of a change. */
const MIN_SIDE = 3

/** The drill from which on the figure has another level: where the medians of both sides differ most, beyond their scatter. */
export function changePoint(entries: readonly TrendEntry[], id: string): string | null {
  const known = entries.flatMap(({ drillId, figures }) => {
    const value = figures[id] ?? null
    return value === null ? [] : [{ drillId, value }]
  })
  const values = known.map(({ value }) => value)
  let best = { score: BAND_SIGMAS, at: -1 }
  for (let at = MIN_SIDE; at <= values.length - MIN_SIDE; at++) {
    const score = levelChange(values.slice(0, at), values.slice(at))
    if (score > best.score) best = { score, at }
  }
  return known[best.at]?.drillId ?? null
}

/** Distance of the two levels, in units of the scatter around them. */
function levelChange(before: readonly number[], after: readonly number[]): number {
  const levels = [median(before) ?? 0, median(after) ?? 0] as const
  const scatter =
    median([...before.map((v) => Math.abs(v - levels[0])), ...after.map((v) => Math.abs(v - levels[1]))]) ?? 0
  const minimum = (MIN_BAND_SHARE * Math.max(Math.abs(levels[0]), Math.abs(levels[1]))) / BAND_SIGMAS
  const unit = Math.max(MAD_TO_SIGMA * scatter, minimum)
  return unit === 0 ? 0 : Math.abs(levels[1] - levels[0]) / unit
}

/** The rows of a drill in seconds since t1, the last commit before the outage, so that drills can be laid over each other. */
export function alignOnT1<Row extends { readonly second: number }>(
  rows: readonly Row[],
  t1: string | null,
): ReadonlyArray<Row & { readonly alignedSeconds: number }> {
  const originSecond = t1 === null ? (rows[0]?.second ?? 0) : Date.parse(t1) / 1000
  return rows.map((row) => ({ ...row, alignedSeconds: round(row.second - originSecond, 3) }))
}

/** A first report has a verdict, but only the final one ends the drill. */
export const reportedEntry = (plan: DrillPlan, report: Report, isFinal: boolean): IndexEntry => ({
  ...startedEntry(plan),
  endedAt: isFinal ? report.endedAt : null,
  verdict: report.verdict,
  headline: report.headline,
  stoppedBy: report.stoppedBy,
  trend: report.stoppedBy === null ? trendEntry(report, plan) : null,
})
