/** Part 3: the whole load on one time axis, with the phases and the platform metrics. */
import type { DrillEvent, Report } from '../../../model/report.ts'
import { clock, dateTime, inUnit, milliseconds, plain, rate, seconds } from '../../../units/units.ts'
import type { Chart, Room } from '../../charts/drawing/chart.ts'
import { axisOf } from '../../charts/drawing/marks.ts'
import { layoutOf } from '../../charts/panels/stack.ts'
import { aroundEvent, timelineAxis, timelineChart } from '../../charts/timeline.ts'
import { escapeHtml, html, type Insert, type Markup } from '../../text/markup.ts'
import type { ReportData } from '../../text/report-data.ts'
import { metricName, PHASE_NAMES } from '../../text/words.ts'
import { heading, slug } from '../elements/anchors.ts'
import { absent, note, number, table, text } from '../elements/components.ts'
import { figure } from '../elements/figures.ts'
import { fileLink } from '../elements/file-links.ts'

export const timeline = (data: ReportData): Markup =>
  html`${chart(data)}${data.report.events.slice(0, MAX_CLOSE_UPS).map((event) => closeUp(data, event))}${phases(data.report)}${metrics(data.report)}`

function chart(data: ReportData): Markup {
  const { report, timeline: rows } = data
  const origin = axisOf(report).isTrigger
    ? report.events.length > 1
      ? 'since T0 of the first accepted event'
      : 'since T0, when the platform accepted the event'
    : 'since the load started'
  const draw = (room: Room): Chart | null => (rows.length === 0 ? null : timelineChart(report, rows, room))
  return figure(
    draw,
    {
      id: 'timeline',
      name: 'Chart of the load',
      label: `Load, errors, latency, connections and platform metrics on one time axis, ${origin}. All values are in timeline.csv.`,
      caption: html`Time ${origin}. Shaded: <span class="key warm-up">warm-up</span> <span class="key outage">outage</span> <span class="key recovery">recovery</span>. Long drills show the extremes of each interval, not averages. Point at the chart for UTC; every second is in ${fileLink('timeline.csv')}.`,
      absent: 'The load never started, so there is no timeline.',
    },
    (drawn, room) => timesOverlay(data, drawn, room),
  )
}

/** A drill may have many events; the first few are shown closely, all are in the table and in timeline.csv. */
const MAX_CLOSE_UPS = 3

function closeUp(data: ReportData, event: DrillEvent): Markup {
  const rows = aroundEvent(data.report, data.timeline, event)
  if (rows === null || rows.length === 0) return html``
  const name = `event ${event.number}`
  return html`${heading(`around-event-${plain(event.number)}`, `Around ${name}`)}${figure(
    (room) => timelineChart(data.report, rows, room),
    {
      id: `timeline-${plain(event.number)}`,
      name: `Chart of the load around ${name}`,
      label: `The timeline around ${name}, every second. All values are in timeline.csv.`,
      caption: 'Every second around the event.',
      absent: '',
    },
    (drawn, room) => timesOverlay({ ...data, timeline: rows }, drawn, room),
  )}`
}

const SLICES = 90

/** Transparent slices over the chart that show the time under the pointer, without a script. */
function timesOverlay({ timeline: rows }: ReportData, { height }: Chart, room: Room): string {
  const { left, right } = layoutOf(room)
  const axis = timelineAxis(rows)
  const width = (room.width - left - right) / SLICES
  const every = (axis.toSecond - axis.fromSecond) / SLICES
  return Array.from({ length: SLICES }, (_, slice) => {
    const row = rows[Math.min(rows.length - 1, Math.floor((slice + 0.5) * every))]
    if (!row) return ''
    const says = `${dateTime(new Date(row.second * 1000).toISOString())}: ${rate(row.goodput)} of ${rate(row.offered)} TPS, p99 ${milliseconds(row.responseP99Ms)}`
    return `<rect x="${(left + slice * width).toFixed(1)}" width="${width.toFixed(1)}" height="${height}" fill="none" pointer-events="all"><title>${escapeHtml(says)}</title></rect>`
  }).join('')
}

const phases = ({ phases: spans }: Report): Markup =>
  spans.length === 0
    ? html``
    : table(
        'Phases',
        [text('Phase'), number('From, UTC'), number('To, UTC'), number('Length')],
        spans.map((span) => [
          PHASE_NAMES[span.name] ?? span.name,
          clock(span.fromAt),
          clock(span.toAt),
          seconds(span.seconds),
        ]),
        { id: 'phases' },
      )

function metrics({ metrics: platform }: Report): Markup {
  if (platform.series.length === 0) return absent('No platform metric was measured.')
  return html`${table(
    'Platform metrics',
    [text('Metric'), number('Lowest'), number('Highest'), number('Latest'), number('Points')],
    platform.series.map((series) => ({
      id: `metric-${slug(series.name)}`,
      name: metricName(series.name),
      cells: metricRow(series),
    })),
    { id: 'metrics' },
  )}${note(`Resolution: ${platform.resolution}${platform.complete ? '' : '; the last minutes had not arrived when this was written'}. A gap means that no point arrived. Context only: no time, rate or count of this drill is computed from them, and only a criterion that names one of them judges it.`)}`
}

function metricRow(series: Report['metrics']['series'][number]): Insert[] {
  const values = series.points.flatMap(({ average, maximum }) =>
    [average, maximum].filter((value): value is number => value !== null),
  )
  const latest = series.points.findLast(({ average, maximum }) => (average ?? maximum) !== null)
  return [
    html`${metricName(series.name)} <small><code>${series.name}</code></small>`,
    inUnit(values.length === 0 ? null : Math.min(...values), series.unit),
    inUnit(values.length === 0 ? null : Math.max(...values), series.unit),
    inUnit(latest?.average ?? latest?.maximum, series.unit),
    `${values.length === 0 ? 'none' : String(series.points.length)}`,
  ]
}
