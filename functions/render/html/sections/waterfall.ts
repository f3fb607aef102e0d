/** Part 2: the steps of the worst event, and how long each took. */
import { EVENT_COLUMNS, whatWords } from '../../../event-figures/table.ts'
import type { DrillEvent, Report } from '../../../model/report.ts'
import { clock, plain, seconds, signed } from '../../../units/units.ts'
import { waterfallChart } from '../../charts/waterfall.ts'
import { wayRowsOf, worstWays } from '../../charts/way-rows.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { STALE_COLUMNS, staleCells, staleSentences } from '../../text/stale-words.ts'
import { laterText, nameChangeText, notProbed, outText, stepsText, WAY_NAMES } from '../../text/way-words.ts'
import { MOMENT_IDS, MOMENT_NAMES, replaySentences, STEP_NAMES } from '../../text/words.ts'
import { heading } from '../elements/anchors.ts'
import { absent, list, note, number, table, text } from '../elements/components.ts'
import { figure } from '../elements/figures.ts'
import { stateLegend } from '../elements/state-legend.ts'

export function waterfall(report: Report): Markup {
  if (report.events.length === 0) return absent('No event took place, so there is nothing to time.')
  return html`${report.events.length > 1 ? eventsTable(report) : onlyEvent(report)}${chart(report)}${momentsTable(report)}${ways(report)}${oldPrimary(report)}${replay(report)}${advice(report)}${outagesTable(report)}`
}

const chart = (report: Report): Markup =>
  figure((room) => waterfallChart(report, room), {
    id: 'waterfall',
    name: 'Chart of the steps',
    label: `Steps of the worst event as bars on a time axis. ${inWords(report)}The tables below have every figure.`,
    caption: html`${origin(report)}${report.moments.t6 === null ? '' : ' The time until high availability is healthy again lies beside the other steps.'} A bar with a point goes on beyond the axis.${waysCaption(report)}`,
    absent: 'No step could be timed.',
  })

/** For readers who do not see the drawing. */
const inWords = (report: Report): string =>
  worstWays(report)
    .map((way) => `${WAY_NAMES[way.way]}: ${stepsText(way)}. `)
    .join('')

function waysCaption(report: Report): Insert {
  const rows = wayRowsOf(report)
  if (rows.length === 0) return null
  const states = rows.flatMap(({ parts }) => parts.map(({ state }) => state))
  return html` By each way to the server: what a new connection met, and how long the way took no write.${states.length > 0 && stateLegend(states)}`
}

/** Second 0 of the axis and of the table. */
const origin = ({ moments }: Report): string =>
  moments.t0 === null
    ? 'Seconds since T1, the last commit before the outage: no request of this drill explains this event.'
    : 'Seconds since T0, when the platform accepted the event.'

const momentsTable = (report: Report): Markup =>
  table(
    report.events.length > 1 && report.worstEvent !== null
      ? `Moments of event ${report.worstEvent}, the worst of ${report.events.length}`
      : 'Moments',
    [
      text('Moment'),
      number('UTC'),
      number(report.moments.t0 === null ? 'After T1' : 'After T0'),
      text('Step'),
      number('Takes'),
    ],
    MOMENT_IDS.map((id) => {
      const step = report.waterfall.find(({ to }) => to === id)
      const cells = [
        html`<b>${id.toUpperCase()}</b> ${MOMENT_NAMES[id]}`,
        clock(report.moments[id]),
        id === 't0' ? '' : signed(step?.sinceTriggerSeconds, 's'),
        id === 't0' ? '' : (STEP_NAMES[id] ?? ''),
        id === 't0'
          ? ''
          : html`${seconds(step?.seconds)}${step && html` <small>since ${step.from.toUpperCase()}</small>`}`,
      ]
      return { id: `moment-${id}`, name: `${id.toUpperCase()} ${MOMENT_NAMES[id]}`, cells }
    }),
    { id: 'moments', cards: true },
  )

/** Both ways side by side, from the last commit to the first write of a new connection. */
function ways(report: Report): Markup {
  const why = notProbed(report)
  if (why !== null) return absent(why)
  const probed = report.events.filter((event) => event.ways.length > 0)
  if (probed.length === 0)
    return absent(
      report.events.some(({ service }) => service === 'not measured')
        ? 'No outage of an event was watched from beginning to end: none is taken apart by way.'
        : 'No event with an outage: nothing to take apart by way.',
    )
  return html`${table(
    'What a new connection met, by each way to the server (to 0.1 s)',
    [number('Event'), text('Way'), text('Steps'), number('Without a write'), number('Later than straight')],
    probed.flatMap((event) =>
      event.ways.map((way) => [
        plain(event.number),
        WAY_NAMES[way.way],
        html`<span class="words">${stepsText(way)}</span>`,
        outText(way),
        laterText(way),
      ]),
    ),
    { id: 'ways', cards: true },
  )}${probed.filter(({ nameChange }) => nameChange !== null).map((event) => note(nameChangeText(event)))}`
}

/** Whether it took writes beside the new one. */
function oldPrimary(report: Report): Markup {
  const rows = staleCells(report)
  const [event, container, session, write, timeline, ...times] = STALE_COLUMNS
  const columns = [
    ...[event, container, session, write, timeline].map((name) => number(name ?? '')),
    ...times.map(text),
  ]
  return html`${staleSentences(report).map(note)}${rows.length > 0 && table('Writes that the old primary acknowledged after T2 (the first 20; stale_writes.csv has more)', columns, rows, { id: 'stale-writes', cards: true })}`
}

const replay = ({ events }: Report): Markup => {
  const sentences = replaySentences(events)
  return sentences.length === 0 ? html`` : html`${heading('replay', 'Replay, an estimate')}${list(sentences)}`
}

const advice = ({ advice: rows, events }: Report): Markup =>
  rows.length === 0
    ? html``
    : html`${heading('advice', 'What could be changed')}${list(
        rows.map(({ event, text: words }) => (events.length > 1 ? `Event ${event}: ${words}` : words)),
      )}`

function withoutOutages(events: Report['events']): string {
  const open = events.find(({ service }) => service === 'not measured')
  return open === undefined
    ? 'Commits were acknowledged throughout: no outage was seen.'
    : `No outage was watched from beginning to end. Event ${plain(open.number)}: ${open.sentence}`
}

function outagesTable({ recovery, events }: Report): Markup {
  if (recovery.outages.length === 0) return absent(withoutOutages(events))
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
      outage.event === null ? 'no event' : `event ${plain(outage.event)}`,
    ]),
    { id: 'outages' },
  )
}

/** Shown when a drill has several events. */
const eventsTable = (report: Report): Markup =>
  table(
    'Every event of the drill',
    EVENT_COLUMNS.map(([head, , isNumber]) => (isNumber ? number(head) : text(head))),
    report.events.map((event) => ({
      id: eventId(event),
      name: `event ${plain(event.number)}`,
      cells: EVENT_COLUMNS.map(([head, cell]) =>
        head === 'Event' && event.number === report.worstEvent
          ? html`<b>${cell(event, report)}</b> <small>the worst</small>`
          : html`<span class="words">${cell(event, report)}</span>`,
      ),
    })),
    { id: 'events', cards: true },
  )

const eventId = ({ number: position }: DrillEvent): string => `event-${plain(position)}`

/** The one of a drill that has no others, and so no table of them. */
const onlyEvent = ({ events: [event, ...others] }: Report): Insert =>
  event !== undefined &&
  others.length === 0 &&
  heading(eventId(event), `Event ${plain(event.number)}: ${whatWords(event)}`)
