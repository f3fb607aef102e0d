/** Part 7: the errors that clients received, by code, with their meaning. */
import type { Report } from '../../../model/report.ts'
import { clock, count } from '../../../units/units.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { idsOf } from '../elements/anchors.ts'
import { absent, number, onlyTable, text, token } from '../elements/components.ts'

type ErrorRow = Report['errors'][number]

export function errors({ errors: rows, ledger }: Report): Markup {
  const codes = rows.map(({ code, outcome, phase }) => `${code} ${outcome ?? phase}`)
  const ids = idsOf('error', codes)
  return rows.length === 0
    ? absent(ledger.intended === 0 ? 'No load was sent.' : 'No client saw an error.')
    : onlyTable(
        'Errors by SQLSTATE or socket code',
        [
          text('Code'),
          text('Meaning, and an example'),
          text('So the commit was'),
          number('Count'),
          number('Clients'),
          number('First, UTC'),
          number('Last, UTC'),
        ],
        rows.map((row, index) => ({ id: ids[index] ?? '', name: row.code, cells: errorRow(row) })),
        { cards: true },
      )
}

const errorRow = (row: ErrorRow): Insert[] => [
  token(row.code),
  html`${row.meaning} <small class="example">${row.example}</small>`,
  row.outcome ?? (row.phase === 'connect' ? 'not sent: it was connecting' : 'not sent: no arrival was in flight'),
  count(row.count),
  count(row.workers),
  clock(row.firstAt),
  clock(row.lastAt),
]
