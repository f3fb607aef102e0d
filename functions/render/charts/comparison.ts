/** Drills over each other, aligned on T1: second 0 is the last commit before the outage of each. */
import type { ComparedDrill, ComparedPoint } from '../../model/history/compared.ts'
import { axisCount, axisMilliseconds, count, milliseconds } from '../../units/units.ts'
import type { Chart, Room } from './drawing/chart.ts'
import { type Panel, seriesOf } from './panels/panel.ts'
import { stackPanels } from './panels/stack.ts'

type Drawn = Pick<ComparedDrill, 'drillId' | 'moments' | 'timeline'>

/** The sixth drill has the colour of the first and another line, so ten drills have ten styles. */
const COLOURS = ['var(--c-blue)', 'var(--c-orange)', 'var(--c-teal)', 'var(--c-violet)', 'var(--c-red)'] as const
const LINES = ['solid', 'dashed'] as const

const styleOf = (index: number) => ({
  colour: COLOURS[index % COLOURS.length] ?? '',
  type: LINES[Math.floor(index / COLOURS.length) % LINES.length] ?? 'solid',
})

export function comparisonChart(drills: readonly Drawn[], room: Room): Chart | null {
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

const panel = (drills: readonly Drawn[], frame: Frame, of: (row: ComparedPoint) => number | null): Panel => ({
  ...frame,
  series: drills.map((drill, index) => {
    const { colour, type } = styleOf(index)
    const { line } = seriesOf(drill.timeline, ({ alignedSeconds }) => alignedSeconds)
    return line(drill.drillId, colour, { width: 1.6, type }, of)
  }),
  thresholds: [],
})
