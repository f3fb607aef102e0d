/** Part 9: each key figure against the same figure of earlier drills. */
import type { Report, TrendFigure } from '../../../model/report.ts'
import { inUnit, NOT_MEASURED, signed } from '../../../units/units.ts'
import { sparkline } from '../../charts/sparkline.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { likeDrills } from '../../text/words.ts'
import { absent, mark, note, number, onlyTable, text } from '../elements/components.ts'
import { drawing } from '../elements/figures.ts'

export function trend(report: Report): Markup {
  if (report.trend.length === 0) return absent(likeDrills(report))
  return html`${onlyTable(
    'This drill against earlier ones',
    [
      text('Figure'),
      text('History'),
      number('This drill'),
      number('Usual'),
      number('Difference'),
      text('Reading'),
      text('Changed'),
    ],
    report.trend.map((figure) => ({ id: `trend-${figure.id}`, name: figure.label, cells: trendRow(figure) })),
  )}${note(`${likeDrills(report)} Usual: their median, and below it the band of their median absolute deviation.`)}`
}

const trendRow = (figure: TrendFigure): Insert[] => [
  figure.label,
  drawing(sparkline(figure), { width: 150 }, `spark-${figure.id}`, `${figure.label} of the last drills`),
  inUnit(figure.value, figure.unit),
  usual(figure),
  figure.difference === null ? NOT_MEASURED : signed(figure.difference, figure.unit),
  mark(figure.reading),
  figure.changedAt === null ? 'no' : html`since <code>${figure.changedAt}</code>`,
]

const usual = (figure: TrendFigure): Insert =>
  figure.median === null
    ? NOT_MEASURED
    : html`${inUnit(figure.median, figure.unit)} <small>${inUnit(figure.low, figure.unit)} to ${inUnit(figure.high, figure.unit)}</small>`
