/** The newest minutes of a running drill: the timeline's first panels, from the live figures. */
import type { LiveMoment, LivePoint } from '../../model/status.ts'
import { axisCount, axisMilliseconds, count, milliseconds } from '../../units/units.ts'
import { type Chart, COLOURS, lineBase, type Room } from './drawing/chart.ts'
import { type Interval, type Moment, momentLabel } from './drawing/marks.ts'
import type { Panel, Point } from './panels/panel.ts'
import { stackPanels } from './panels/stack.ts'

/** The axis is at least this long, so that the first seconds do not fill the width. */
const MIN_SPAN = 30

export function liveChart(points: readonly LivePoint[], moments: readonly LiveMoment[], room: Room): Chart | null {
  const first = points[0]
  // A count holds for its whole second, so the last one is drawn to its end.
  const last = points.at(-1)
  if (!first || !last) return null
  return stackPanels([throughput([...points, { ...last, second: last.second + 1 }]), latency(points)], {
    room,
    hasEverySecond: true,
    axis: { fromSecond: first.second, toSecond: Math.max(last.second + 1, first.second + MIN_SPAN) },
    moments: marksOf(moments),
    intervals: outagesOf(moments, last.second + 1),
  })
}

const marksOf = (moments: readonly LiveMoment[]): Moment[] => {
  const isOne = moments.every(({ failover }) => failover === moments[0]?.failover)
  return moments.map(({ event, failover, second }) => ({
    label: momentLabel(event, isOne ? null : failover + 1),
    second,
  }))
}

/** From the last commit to the first on the new timeline, or to now. */
const outagesOf = (moments: readonly LiveMoment[], nowSecond: number): Interval[] =>
  moments
    .filter(({ event }) => event === 't1')
    .map(({ failover, second }) => ({
      name: 'outage',
      fromSecond: second,
      toSecond: moments.find((one) => one.event === 't2' && one.failover === failover)?.second ?? nowSecond,
    }))

const series = (points: readonly LivePoint[], of: (point: LivePoint) => number | null): never =>
  points.map((point): Point => [point.second, of(point)]) as never

const area = (name: string, colour: string, opacity: number, data: never) => ({
  ...lineBase,
  name,
  stack: 'arrivals',
  data,
  lineStyle: { width: 0 },
  itemStyle: { color: colour },
  areaStyle: { color: colour, opacity },
})

const throughput = (points: readonly LivePoint[]): Panel => ({
  title: 'Transactions per second',
  height: 170,
  scale: 'value',
  axisLabel: axisCount,
  inWords: count,
  series: [
    area(
      'acknowledged',
      COLOURS.goodput,
      0.45,
      series(points, ({ goodputTps }) => goodputTps),
    ),
    area(
      'errors',
      COLOURS.failed,
      0.7,
      series(points, ({ errorsPerSecond }) => errorsPerSecond),
    ),
    area(
      'missed',
      COLOURS.missed,
      0.25,
      series(points, ({ missedPerSecond }) => missedPerSecond),
    ),
    {
      ...lineBase,
      name: 'offered',
      data: series(points, ({ offeredTps }) => offeredTps),
      lineStyle: { color: COLOURS.offered, width: 1.25 },
      itemStyle: { color: COLOURS.offered },
    },
  ],
  thresholds: [],
})

const line = (name: string, type: 'solid' | 'dotted', data: never) => ({
  ...lineBase,
  name,
  data,
  lineStyle: { color: COLOURS.response, width: 1.5, type },
  itemStyle: { color: COLOURS.response },
})

const latency = (points: readonly LivePoint[]): Panel => ({
  title: 'Response time of acknowledged commits',
  height: 120,
  scale: 'log',
  axisLabel: axisMilliseconds,
  inWords: milliseconds,
  series: [
    line(
      'p99',
      'solid',
      series(points, ({ p99Ms }) => p99Ms),
    ),
    line(
      'p50',
      'dotted',
      series(points, ({ p50Ms }) => p50Ms),
    ),
  ],
  thresholds: [],
})
