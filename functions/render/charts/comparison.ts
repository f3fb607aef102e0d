/** Drills over each other, aligned on T1: second 0 is the last commit before the outage of each. */
import type { AlignedRow, TimelineRow } from '../../model/chart-data.ts'
import type { Report } from '../../model/report.ts'
import { axisCount, axisMilliseconds, count, milliseconds } from '../../units/units.ts'
import type { Chart, Room } from './drawing/chart.ts'
import { downsample } from './drawing/downsample.ts'
import { type Panel, seriesOf } from './panels/panel.ts'
import { stackPanels } from './panels/stack.ts'

type ComparedDrill = Pick<Report, 'drillId' | 'moments'> & { readonly timeline: readonly AlignedRow[] }

const COLOURS_OF_DRILLS = [
  'var(--c-blue)',
  'var(--c-orange)',
  'var(--c-teal)',
  'var(--c-violet)',
  'var(--c-red)',
  'var(--ink)',
]
const MAX_ROWS = 900

export function comparisonChart(drills: readonly ComparedDrill[], room: Room): Chart | null {
  const drawn = drills.filter(({ timeline }) => timeline.length > 0)
  if (drawn.length === 0) return null
  const panels = [
    panel(drawn, COMMITS, ({ goodput }) => goodput),
    panel(drawn, RESPONSE, ({ responseP99Ms }) => responseP99Ms),
  ]
  return stackPanels(panels, {
    room,
    hasEverySecond: false,
    axis: {
      fromSecond: Math.min(...drawn.map(({ timeline }) => timeline[0]?.alignedSeconds ?? 0)),
      toSecond: Math.max(...drawn.map(({ timeline }) => (timeline.at(-1)?.alignedSeconds ?? 0) + 1)),
    },
    moments: drawn.some(({ moments }) => moments.t1 !== null) ? [{ label: 'T1', second: 0 }] : [],
    intervals: [],
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

const panel = (drills: readonly ComparedDrill[], frame: Frame, of: (row: TimelineRow) => number | null): Panel => ({
  ...frame,
  series: drills.map((drill, index) => {
    const colour = COLOURS_OF_DRILLS[index % COLOURS_OF_DRILLS.length] ?? ''
    const { line } = seriesOf(downsample(drill.timeline, MAX_ROWS), ({ alignedSeconds }) => alignedSeconds)
    return line(drill.drillId, colour, { width: 1.6, type: index % 2 === 0 ? 'solid' : 'dashed' }, of)
  }),
  thresholds: [],
})
