/** The probed applications beside the database: when each was back, and its outages. Absent in a drill that probes none. */

import { outageOf, recoveryOf } from '../../../event-figures/applications.ts'
import { eventFigureText } from '../../../event-figures/table.ts'
import type { Application } from '../../../model/application.ts'
import type { Report } from '../../../model/report.ts'
import { clock, count, milliseconds, NOT_MEASURED, plain, seconds, share } from '../../../units/units.ts'
import { html, type Markup } from '../../text/markup.ts'
import { note, number, table, text, token } from '../elements/components.ts'

const WORST_OUTAGES = 10

export const applications = (report: Report): Markup =>
  html`${report.applications.flatMap(sentences)}${overview(report)}${report.applications.map(outages)}${report.applications.map(errors)}`

const sentences = ({ events }: Application): Markup[] =>
  events.flatMap(({ sentence, advice }) => [note(sentence), ...(advice === null ? [] : [note(advice)])])

const overview = ({ applications: all }: Report): Markup =>
  table(
    'Applications',
    [
      text('Application'),
      number('Longest outage'),
      number('Back after'),
      number('Availability'),
      number('Good'),
      number('Failed'),
      number('Not observed'),
      number('p50'),
      number('p99'),
    ],
    all.map((one) => [
      html`${one.name} <small>${one.method} ${one.url}, ${plain(one.expectStatus)} expected, every ${plain(one.everyMs)} ms</small>`,
      eventFigureText(outageOf(one)),
      eventFigureText(recoveryOf(one)),
      share(one.availability),
      count(one.requests.good),
      count(one.requests.failed),
      count(one.requests.notObserved),
      milliseconds(one.responseMs.p50),
      milliseconds(one.responseMs.p99),
    ]),
    { cards: true },
  )

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
      number('Container'),
    ],
    worst.map((row) => [
      row.event === null ? 'outside of every event' : `event ${row.event}`,
      lengthOf(row),
      clock(row.fromAt),
      row.toAt === null ? NOT_MEASURED : clock(row.toAt),
      count(row.failed),
      token(row.code),
      plain(row.container),
    ]),
    { cards: true },
  )
}

const errors = ({ name, errors: all }: Application): Markup =>
  all.length === 0
    ? html``
    : table(
        `Errors of ${name}`,
        [text('Code'), number('Requests'), text('Meaning')],
        all.map((row) => [token(row.code), count(row.count), row.meaning]),
      )
