/** Part 6: latency by phase. Response time counts from the moment an arrival was due, so it includes waiting in an outage. */
import type { Percentiles } from '../../../model/report.ts'
import { count, milliseconds } from '../../../units/units.ts'
import { percentilesChart } from '../../charts/percentiles.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import type { ReportData } from '../../text/report-data.ts'
import { PHASE_NAMES } from '../../text/words.ts'
import { absent, note, number, table, text } from '../elements/components.ts'
import { figure } from '../elements/figures.ts'

const PHASES = ['baseline', 'outage', 'recovery', 'after', 'whole'] as const
const FIGURES = ['p50', 'p95', 'p99', 'p999', 'max'] as const

export function latency({ report: { latencyMs }, curves }: ReportData): Markup {
  const measured = PHASES.filter((phase) => latencyMs[phase] !== null)
  if (measured.length === 0) return absent('No latency was measured: no transaction was acknowledged.')
  const rows = measured.flatMap((phase) =>
    (['response', 'service'] as const).map((kind) => ({
      id: `latency-${phase}-${kind}`,
      name: `${PHASE_NAMES[phase] ?? phase}, ${kind}`,
      cells: latencyRow(phase, kind, latencyMs[phase]?.[kind]),
    })),
  )
  return html`${figure((room) => percentilesChart(curves, room), {
    id: 'latency',
    name: 'Chart of the percentiles',
    label: 'Response and service time by percentile, per phase. The table below has the figures.',
    caption:
      'Solid: response time, from the moment an arrival was due. Dashed: service time, from the send. Dotted: at least; the arrivals there were missed.',
    absent: 'There is no distribution to draw.',
  })}${table(
    'Latency by phase, acknowledged commits',
    [
      text('Phase'),
      text('Time'),
      number('p50'),
      number('p95'),
      number('p99'),
      number('p99.9'),
      number('Maximum'),
      number('Commits'),
      number('Missed'),
    ],
    rows,
    { id: 'percentiles' },
  )}${note('At least (≥): the percentile falls among arrivals that were missed, which count as longer than every measured value.')}`
}

const latencyRow = (phase: string, kind: string, values: Percentiles | undefined): Insert[] => [
  PHASE_NAMES[phase] ?? phase,
  kind,
  ...FIGURES.map((figure) =>
    values?.atLeast.includes(figure) ? `≥ ${milliseconds(values[figure])}` : milliseconds(values?.[figure]),
  ),
  count(values?.count),
  count(values?.censored),
]
