/** The newest minutes of a running drill: the timeline's first panels, from the live figures. */
import type { LivePoint } from '../../drill/status.ts'
import { axisCount, axisMilliseconds } from '../units.ts'
import { type Chart, COLOURS, lineBase, type Room } from './chart.ts'
import type { Panel, Point } from './timeline/panel.ts'
import { stackPanels } from './timeline/stack.ts'

/** A chart of a few seconds would fill its width at once and then shrink; it starts with room to grow. */
const MIN_SPAN = 30

export function liveChart(points: readonly LivePoint[], failoverSeconds: readonly number[], room: Room): Chart | null {
  const first = points[0]
  // A count holds for its whole second, so the last one is drawn to its end.
  const last = points.at(-1)
  if (!first || !last) return null
  return stackPanels([throughput([...points, { ...last, second: last.second + 1 }]), latency(points)], {
    room,
    hasEverySecond: true,
    axis: { fromSecond: first.second, toSecond: Math.max(last.second + 1, first.second + MIN_SPAN) },
    moments: failoverSeconds.map((second) => ({ label: 'failover', second })),
    stretches: [],
  })
}

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
