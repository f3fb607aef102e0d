/** Part 4: the outage of each client. A single figure would hide the tail that back-off and half-open sockets cause. */
import type { CohortReport } from '../../../model/comparisons/cohort.ts'
import type { ClientOutage, Report } from '../../../model/report.ts'
import { clock, count, counted, NOT_MEASURED, plain, seconds } from '../../../units/units.ts'
import { clientOutageChart } from '../../charts/client-outage.ts'
import {
  clientSettings,
  cohortName,
  cohortOutage,
  cohortReturn,
  comparedCohorts,
  settingSource,
} from '../../text/cohort-words.ts'
import { html, type Markup } from '../../text/markup.ts'
import type { ReportData } from '../../text/report-data.ts'
import { absent, facts, note, number, table, text, token, worstFigure } from '../elements/components.ts'
import { figure } from '../elements/figures.ts'

export function clients({ report, clients: rows }: ReportData): Markup {
  const { clientOutageSeconds } = report.recovery
  if (rows.length === 0) return absent(withoutRows(report))
  if (clientOutageSeconds.clients === 0) return html`${absent(withoutMeasured(report))}${lone(report)}`
  return html`${facts([
    [
      report.events.length > 1 ? 'Clients with an outage, at most in one event' : 'Clients with an outage',
      count(clientOutageSeconds.clients),
      'clients-out',
    ],
    ...(clientOutageSeconds.notMeasured > 0
      ? ([
          [
            'Not measured: their container did not watch',
            count(clientOutageSeconds.notMeasured),
            'clients-not-measured',
          ],
        ] as const)
      : []),
    ['Half were back within', worstFigure('client_outage_s[p50]', report), 'client-outage-p50'],
    ['All but one in twenty were back within', worstFigure('client_outage_s[p95]', report), 'client-outage-p95'],
    ['The last was back after', worstFigure('worst_client_outage_s', report), 'client-outage-max'],
  ])}${figure((room) => clientOutageChart(report, rows, room), {
    id: 'clients',
    name: 'Chart of the clients',
    label: 'Share of clients that were back after so many seconds, and every client as a tick.',
    caption:
      'Seconds from the last acknowledged commit of a client to its first one on the new timeline, in the worst event. A curve that does not reach the top has clients that never came back.',
    absent: 'No outage of a client was recorded.',
  })}${worst(report.worstClients)}${lone(report)}${cohorts(report)}`
}

/** No client was out during the load, or it is not known. */
function withoutRows({ ledger, events }: Report): string {
  if (ledger.intended === 0) return 'No load was sent.'
  const open = events.find(({ service }) => service === 'out' || service === 'not measured')
  return open === undefined ? 'No client saw an outage.' : `No outage of a client was recorded. ${open.sentence}`
}

const withoutMeasured = ({ recovery }: Report): string =>
  recovery.clientOutageSeconds.notMeasured > 0
    ? `The outages of ${counted(recovery.clientOutageSeconds.notMeasured, 'client')} were not measured: their containers did not watch.`
    : 'No client was out in an event.'

const lone = ({ loneClients: { clients: alone, maxOutageSeconds } }: Report): Markup =>
  alone === 0
    ? html``
    : note(
        `${counted(alone, 'client')} out alone, while others were served${maxOutageSeconds === null ? '' : `, at most for ${seconds(maxOutageSeconds)}`}; see clients.csv.`,
      )

const outageWords = ({ isMeasured, outageSeconds }: ClientOutage): string =>
  !isMeasured ? NOT_MEASURED : outageSeconds === null ? 'never came back' : seconds(outageSeconds)

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
          outageWords(row),
          clock(row.lastGoodAt),
          clock(row.firstGoodAt),
          token(row.code),
          count(row.refused),
          count(row.unknown),
          count(row.connectFailures),
        ]),
        { id: 'longest-waits', cards: true },
      )

function cohorts(report: Report): Markup {
  const rows = comparedCohorts(report)
  if (rows.length === 0) return html``
  return html`${table(
    'The worst event under different client policies',
    [
      text('Cohort'),
      text('Through'),
      text('Retry'),
      number('Workers'),
      number('Outage p50'),
      number('Outage p99'),
      number('Outage max'),
      number('Last back after T2'),
      number('Acknowledged'),
    ],
    rows.map((row) => [
      cohortName(row),
      row.via,
      row.retry,
      count(row.workers),
      cohortOutage(row, 'p50'),
      cohortOutage(row, 'p99'),
      cohortOutage(row, 'max'),
      cohortReturn(row),
      count(row.acknowledged),
    ]),
    { id: 'cohorts' },
  )}${settings(rows)}`
}

const settings = (rows: readonly CohortReport[]): Markup => {
  const all = clientSettings(rows)
  return all.length === 0
    ? html``
    : table(
        'What the named clients do, and where that is documented',
        [text('Cohort'), text('Setting'), text('Value'), text('Source')],
        all.map(([cohort, one]) => [cohort.name, one.name, one.value, settingSource(one)]),
        { id: 'client-settings' },
      )
}
