/** Part 8: whether the load generator, and not the service, was the limit. */
import type { Report } from '../../../model/report.ts'
import { count, megabytes, milliseconds, plain, share } from '../../../units/units.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { heading } from '../elements/anchors.ts'
import { absent, list, mark, note, number, table, text } from '../elements/components.ts'

export const generator = ({ generator: g }: Report): Markup =>
  html`<p class="answer">${answer(g.wasTheLimit)} ${g.why}</p>
${g.containers.length === 0 ? absent('No container reported.') : containers(g)}
${g.missingChunks.length > 0 && html`${heading('missing-records', 'Missing records')}${list(g.missingChunks)}`}`

const answer = (wasTheLimit: boolean | null): Markup =>
  wasTheLimit === null ? mark('unknown', 'Not measured.') : wasTheLimit ? mark('fail', 'Yes.') : mark('pass', 'No.')

const containers = (g: Report['generator']): Markup =>
  html`${table(
    'Containers',
    [
      text('Container'),
      number('Acknowledged'),
      number('Sent of intended'),
      number('Send lag p99'),
      number('CPU'),
      number('Connections'),
      number('Clock offset'),
      number('Lost seconds'),
    ],
    g.containers.map((row) => ({
      id: `container-${plain(row.container)}`,
      name: `container ${plain(row.container)}`,
      cells: containerRow(row),
    })),
    { id: 'containers', cards: true },
  )}${note('Send lag and event loop: p99 of the whole baseline, its worst seconds included. Clock offset: to the clock of the database. More than intended was sent when arrivals that were due just before the baseline were sent in it.')}`

const containerRow = (row: Report['generator']['containers'][number]): Insert[] => [
  html`${plain(row.container)}, ${row.ended}${row.incarnations !== 1 && html` <small>started ${count(row.incarnations)} times</small>`}`,
  count(row.acknowledged),
  share(row.achievedShare),
  html`${milliseconds(row.sendLagP99Ms)} <small>event loop ${milliseconds(row.eventLoopDelayP99Ms)}</small>`,
  html`${plain(row.cpuCores, 'cores')} <small>memory ${megabytes(row.maxRssMb)}</small>`,
  html`${count(row.connectionsPeak)} <small>of ${count(row.connectionsWanted)}</small>`,
  html`${milliseconds(row.clockOffsetMs)} <small>± ${milliseconds(row.clockErrorMs)}</small>`,
  count(row.missingSeconds),
]
