/** Part 4: the outage as each client saw it. One figure would hide the tail that back-off and half-open sockets make. */
import type { ClientOutage, Report } from '../../../drill/report.ts'
import { clock, count, plain, seconds } from '../../../drill/units.ts'
import { clientOutageChart } from '../../charts/client-outage.ts'
import type { ReportData } from '../../report-data.ts'
import { absent, facts, number, table, text, token } from '../components.ts'
import { figure } from '../figures.ts'
import { html, type Markup } from '../markup.ts'

export function clients({ report, clients: rows }: ReportData): Markup {
  const { clientOutageSeconds } = report.recovery
  if (clientOutageSeconds.clients === 0)
    return absent(report.ledger.intended === 0 ? 'No load was sent.' : 'No client saw an outage.')
  return html`${facts([
    ['Clients with an outage', count(clientOutageSeconds.clients)],
    ['Half were back within', seconds(clientOutageSeconds.p50)],
    ['All but one in twenty were back within', seconds(clientOutageSeconds.p95)],
    ['The last was back after', seconds(clientOutageSeconds.max)],
  ])}${figure((room) => clientOutageChart(report, rows, room), {
    id: 'clients',
    label: 'Share of clients that were back after so many seconds, and every client as a tick.',
    caption:
      'Seconds from the last acknowledged commit of a client to its first one on the new timeline, in the worst event. A curve that does not reach the top has clients that never came back.',
    absent: 'No outage of a client was recorded.',
  })}${worst(report.worstClients)}${cohorts(report)}`
}

const worst = (rows: readonly ClientOutage[]): Markup =>
  rows.length === 0
    ? html``
    : table(
        'The clients that waited longest',
        [
          text('Client'),
          number('Outage'),
          number('Last commit before'),
          number('First commit after'),
          text('First error'),
          number('Refused'),
          number('Unknown'),
          number('Failed connects'),
        ],
        rows.map((row) => [
          html`worker ${plain(row.worker)} <small>container ${plain(row.container)}, ${row.cohort}</small>`,
          row.outageSeconds === null ? 'never came back' : seconds(row.outageSeconds),
          clock(row.lastGoodAt),
          clock(row.firstGoodAt),
          token(row.code),
          count(row.refused),
          count(row.unknown),
          count(row.connectFailures),
        ]),
        { cards: true },
      )

const cohorts = ({ generator }: Report): Markup =>
  generator.cohorts.length < 2
    ? html``
    : table(
        'The worst event under different client policies',
        [
          text('Cohort'),
          text('Through'),
          text('Retry'),
          number('Workers'),
          number('Outage p50'),
          number('Outage p95'),
          number('Outage max'),
          number('Acknowledged'),
        ],
        generator.cohorts.map((row) => [
          row.name,
          row.via,
          row.retry,
          count(row.workers),
          seconds(row.clientOutageSeconds.p50),
          seconds(row.clientOutageSeconds.p95),
          seconds(row.clientOutageSeconds.max),
          count(row.acknowledged),
        ]),
      )
