/** Part 2: where the time went, from the accepted failover to a healthy standby. */
import type { FailoverReport, Report } from '../../../drill/report.ts'
import { clock, NOT_MEASURED, plain, seconds, signed } from '../../../drill/units.ts'
import { waterfallChart } from '../../charts/waterfall.ts'
import { EVENT_IDS, EVENT_NAMES, failoverName, STEP_NAMES } from '../../words.ts'
import { absent, number, table, text } from '../components.ts'
import { figure } from '../figures.ts'
import { html, type Markup } from '../markup.ts'

export function waterfall(report: Report): Markup {
  if (report.failovers.length === 0) return absent('No failover took place, so there is nothing to time.')
  return html`${chart(report)}${eventsTable(report)}${outagesTable(report)}${report.failovers.length > 1 && failoversTable(report.failovers)}`
}

const chart = (report: Report): Markup =>
  figure((room) => waterfallChart(report, room), {
    id: 'waterfall',
    label: 'Steps of the failover as bars on a time axis. The table below has every figure.',
    caption:
      'Seconds since T0, when the platform accepted the failover. The new standby is built while the service recovers. A bar with a point goes on beyond the axis.',
    absent: 'No step could be timed.',
  })

const eventsTable = (report: Report): Markup =>
  table(
    'Events of the first failover',
    [text('Event'), number('UTC'), number('After T0'), text('Step'), number('Takes')],
    EVENT_IDS.map((id) => {
      const step = report.waterfall.find(({ to }) => to === id)
      return [
        html`<b>${id.toUpperCase()}</b> ${EVENT_NAMES[id]}`,
        clock(report.events[id]),
        id === 't0' ? '' : signed(step?.sinceTriggerSeconds, 's'),
        id === 't0' ? '' : (STEP_NAMES[id] ?? ''),
        id === 't0'
          ? ''
          : html`${seconds(step?.seconds)}${step && html` <small>since ${step.from.toUpperCase()}</small>`}`,
      ]
    }),
    { cards: true },
  )

function outagesTable({ recovery }: Report): Markup {
  if (recovery.outages.length === 0) return absent('Commits were acknowledged throughout: no outage was seen.')
  return table(
    'Every interval without any acknowledgement',
    [
      number('From, UTC'),
      number('To, UTC'),
      number('Length'),
      number('Refused'),
      number('Unknown'),
      number('Missed'),
      text('Explained by'),
    ],
    recovery.outages.map((outage) => [
      clock(outage.fromAt),
      outage.toAt === null ? 'never ended' : clock(outage.toAt),
      seconds(outage.seconds),
      plain(outage.refused),
      plain(outage.unknown),
      plain(outage.missed),
      outage.failover === null ? 'no failover of this drill' : `the ${failoverName(outage.failover)}`,
    ]),
  )
}

const failoversTable = (failovers: readonly FailoverReport[]): Markup =>
  table(
    'Every failover of the drill',
    [
      text('Failover'),
      text('Mode'),
      text('Outcome'),
      number('T0, UTC'),
      number('Write outage'),
      number('Recovery'),
      number('Worst client'),
      text('Proven'),
    ],
    failovers.map((failover) => [
      failoverName(failover.index),
      failover.mode,
      failover.outcome,
      failover.events.t0 === null ? NOT_MEASURED : clock(failover.events.t0),
      seconds(failover.recovery.writeOutageSeconds),
      seconds(failover.recovery.recoveryTimeSeconds),
      seconds(failover.recovery.clientOutageSeconds.max),
      failover.proof.proven ? 'yes' : 'no',
    ]),
  )
