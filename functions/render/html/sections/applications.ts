/** The probed applications beside the database: when each was back, and its outages. Absent in a drill that probes none. */
import { APPLICATION_COLUMNS, type Application, applicationSentences } from '../../../event-figures/applications.ts'
import type { Report } from '../../../model/report.ts'
import { clock, count, NOT_MEASURED, plain, seconds } from '../../../units/units.ts'
import { html, type Markup } from '../../text/markup.ts'
import { idsOf, slug } from '../elements/anchors.ts'
import { note, number, table, text, token } from '../elements/components.ts'

const WORST_OUTAGES = 10

export const applications = (report: Report): Markup =>
  html`${applicationSentences(report.applications).map(note)}${overview(report)}${report.applications.map(outages)}${report.applications.map(errors)}`

function overview({ applications: all }: Report): Markup {
  const names = all.map(({ name }) => name)
  const ids = idsOf('application', names)
  return table(
    'Applications',
    APPLICATION_COLUMNS.map(([head, , isNumber]) => (isNumber ? number(head) : text(head))),
    all.map((one, row) => ({
      id: ids[row] ?? '',
      name: one.name,
      cells: APPLICATION_COLUMNS.map(([, cell], index) => (index === 0 ? named(one, cell(one)) : cell(one))),
    })),
    { id: 'application-table', cards: true },
  )
}

const named = ({ method, url, expectStatus, everyMs }: Application, name: string): Markup =>
  html`${name} <small>${method} ${url}, ${plain(expectStatus)} expected, every ${plain(everyMs)} ms</small>`

const lengthOf = ({ seconds: exact, atLeastSeconds, end }: Application['outages'][number]): string =>
  exact !== null
    ? seconds(exact)
    : end === 'load ended'
      ? 'not back'
      : atLeastSeconds > 0
        ? `≥ ${seconds(atLeastSeconds)}`
        : NOT_MEASURED

function outages({ name, outages: all }: Application): Markup {
  if (all.length === 0) return html``
  const worst = all
    .toSorted((a, b) => (b.seconds ?? b.atLeastSeconds) - (a.seconds ?? a.atLeastSeconds))
    .slice(0, WORST_OUTAGES)
  return table(
    all.length > WORST_OUTAGES
      ? `The ${WORST_OUTAGES} longest of ${count(all.length)} outages of ${name}`
      : `Outages of ${name}`,
    [
      text('Event'),
      number('Outage'),
      number('First failed, UTC'),
      number('First good after it, UTC'),
      number('Failed requests'),
      text('First error'),
      text('Last error'),
      number('Container'),
    ],
    worst.map((row) => [
      row.event === null ? 'outside of every event' : `event ${row.event}`,
      lengthOf(row),
      clock(row.fromAt),
      row.toAt === null ? NOT_MEASURED : clock(row.toAt),
      count(row.failed),
      token(row.code),
      token(row.lastCode),
      plain(row.container),
    ]),
    { id: `outages-of-${slug(name)}`, cards: true },
  )
}

const errors = ({ name, errors: all }: Application): Markup =>
  all.length === 0
    ? html``
    : table(
        `Errors of ${name}`,
        [text('Code'), number('Requests'), text('Meaning')],
        all.map((row) => [token(row.code), count(row.count), row.meaning]),
        { id: `errors-of-${slug(name)}` },
      )
