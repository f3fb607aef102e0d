/** The newest minutes of a running drill: the timeline's first panels, from the live figures. */
import type { LiveMoment, LivePoint } from '../../model/status.ts'
import { axisCount, axisMilliseconds, count, milliseconds } from '../../units/units.ts'
import { type Chart, COLOURS, type Room } from './drawing/chart.ts'
import { type Interval, type Moment, momentLabel } from './drawing/marks.ts'
import { type Panel, seriesOf } from './panels/panel.ts'
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
  const isOne = moments.every(({ event }) => event === moments[0]?.event)
  return moments.map(({ moment, event, second }) => ({
    label: momentLabel(moment, isOne ? null : event + 1),
    second,
  }))
}

/** From the last commit to the first on the new timeline, or to now. */
const outagesOf = (moments: readonly LiveMoment[], nowSecond: number): Interval[] =>
  moments
    .filter(({ moment }) => moment === 't1')
    .map(({ event, second }) => ({
      name: 'outage',
      fromSecond: second,
      toSecond: moments.find((one) => one.moment === 't2' && one.event === event)?.second ?? nowSecond,
    }))

const secondOf = ({ second }: LivePoint): number => second

function throughput(points: readonly LivePoint[]): Panel {
  const { area, line } = seriesOf(points, secondOf)
  const stack = 'arrivals'
  return {
    title: 'Transactions per second',
    height: 170,
    scale: 'value',
    axisLabel: axisCount,
    inWords: count,
    series: [
      area('acknowledged', COLOURS.goodput, { opacity: 0.45, stack }, ({ goodputTps }) => goodputTps),
      area('errors', COLOURS.failed, { opacity: 0.7, stack }, ({ errorsPerSecond }) => errorsPerSecond),
      area('missed', COLOURS.missed, { opacity: 0.25, stack }, ({ missedPerSecond }) => missedPerSecond),
      line('offered', COLOURS.offered, { width: 1.25 }, ({ offeredTps }) => offeredTps),
    ],
    thresholds: [],
  }
}

function latency(points: readonly LivePoint[]): Panel {
  const { line } = seriesOf(points, secondOf)
  return {
    title: 'Response time of acknowledged commits',
    height: 120,
    scale: 'log',
    axisLabel: axisMilliseconds,
    inWords: milliseconds,
    series: [
      line('p99', COLOURS.response, { width: 1.5, type: 'solid' }, ({ p99Ms }) => p99Ms),
      line('p50', COLOURS.response, { width: 1.5, type: 'dotted' }, ({ p50Ms }) => p50Ms),
    ],
    thresholds: [],
  }
}
