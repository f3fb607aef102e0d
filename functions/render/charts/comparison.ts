/** Drills over each other, aligned on T1: second 0 is the last commit before the outage of each. */
import type { TimelineRow } from '../../model/chart-data.ts'
import type { Report } from '../../model/report.ts'
import { axisCount, axisMilliseconds, count, milliseconds } from '../../units/units.ts'
import { type Chart, lineBase, type Room } from './drawing/chart.ts'
import { downsample } from './drawing/downsample.ts'
import type { Panel, Point } from './panels/panel.ts'
import { stackPanels } from './panels/stack.ts'

export type ComparableDrill = Pick<Report, 'drillId' | 'moments'> & { readonly timeline: readonly TimelineRow[] }

const COLOURS_OF_DRILLS = [
  'var(--c-blue)',
  'var(--c-orange)',
  'var(--c-teal)',
  'var(--c-violet)',
  'var(--c-red)',
  'var(--ink)',
]
const MAX_ROWS = 900

/** Drills without an outage are aligned on their start, which is said under the chart. */
export const alignedOn = ({ moments }: Pick<Report, 'moments'>): 't1' | 'start' =>
  moments.t1 === null ? 'start' : 't1'

function originSecond({ moments, timeline }: ComparableDrill): number {
  return moments.t1 === null ? (timeline[0]?.second ?? 0) : Date.parse(moments.t1) / 1000
}

export function comparisonChart(drills: readonly ComparableDrill[], room: Room): Chart | null {
  const drawn = drills.filter(({ timeline }) => timeline.length > 0)
  if (drawn.length === 0) return null
  const spans = drawn.map((drill) => ({
    from: (drill.timeline[0]?.second ?? 0) - originSecond(drill),
    to: (drill.timeline.at(-1)?.second ?? 0) + 1 - originSecond(drill),
  }))
  const panels = [
    panel(drawn, COMMITS, ({ goodput }) => goodput),
    panel(drawn, RESPONSE, ({ responseP99Ms }) => responseP99Ms),
  ]
  return stackPanels(panels, {
    room,
    hasEverySecond: false,
    axis: { fromSecond: Math.min(...spans.map(({ from }) => from)), toSecond: Math.max(...spans.map(({ to }) => to)) },
    moments: drawn.some((drill) => alignedOn(drill) === 't1') ? [{ label: 'T1', second: 0 }] : [],
    stretches: [],
  })
}

type Frame = Omit<Panel, 'series' | 'thresholds'>

const COMMITS: Frame = {
  title: 'Acknowledged commits per second',
  height: 180,
  scale: 'value',
  axisLabel: axisCount,
  inWords: count,
}

const RESPONSE: Frame = {
  title: 'Response time p99',
  height: 130,
  scale: 'log',
  axisLabel: axisMilliseconds,
  inWords: milliseconds,
}

const panel = (drills: readonly ComparableDrill[], frame: Frame, of: (row: TimelineRow) => number | null): Panel => ({
  ...frame,
  series: drills.map((drill, index) => {
    const colour = COLOURS_OF_DRILLS[index % COLOURS_OF_DRILLS.length] ?? ''
    const origin = originSecond(drill)
    return {
      ...lineBase,
      name: drill.drillId,
      data: downsample(drill.timeline, MAX_ROWS).map((row): Point => [row.second - origin, of(row)]) as never,
      lineStyle: { color: colour, width: 1.6, type: index % 2 === 0 ? 'solid' : 'dashed' },
      itemStyle: { color: colour },
    }
  }),
  thresholds: [],
})
