/** Part 5: every arrival accounted for, and every acknowledged commit looked up on the primary. */
import type { Report } from '../../../model/report.ts'
import { clock, count, dateTime, NOT_MEASURED, plain, seconds } from '../../../units/units.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { heading } from '../elements/anchors.ts'
import {
  absent,
  captionAbove,
  details,
  facts,
  list,
  mark,
  note,
  number,
  rowHeader,
  table,
  text,
} from '../elements/components.ts'
import { fileLink } from '../elements/file-links.ts'

type Ledger = Report['ledger']

export const ledger = (report: Report): Markup =>
  html`<div class="pair"><div>${arrivals(report.ledger)}</div><div>${rows(report.ledger)}</div></div>${facts([
    ['Measured recovery point', seconds(report.ledger.lostSeconds), 'recovery-point'],
    ['Unknown outcomes that stay unresolved', figure(report.ledger.unresolved), 'unresolved'],
    ['Acknowledged with a warning (weak)', count(report.ledger.weakAcks), 'weak'],
  ])}${audits(report.ledger)}${lostKeys(report.ledger)}${digest(report.ledger)}${proof(report)}`

interface Line {
  /** The end of its id. */
  readonly key: string
  readonly sign: '' | '+' | '-'
  readonly label: string
  readonly value: number | null
  /** Anything but 0 is a finding. */
  readonly mustBeNone?: boolean
}

const arrivals = (ledger: Ledger): Markup =>
  sum('arrivals', 'Every arrival, accounted for', { key: 'intended', label: 'intended', value: ledger.intended }, [
    { key: 'acknowledged', sign: '', label: 'acknowledged', value: ledger.acknowledged },
    { key: 'refused', sign: '+', label: 'refused, provably not committed', value: ledger.refused },
    { key: 'unknown', sign: '+', label: 'unknown, reply lost', value: ledger.unknown },
    { key: 'missed', sign: '+', label: 'missed, never sent', value: ledger.missed },
  ])

const rows = (ledger: Ledger): Markup =>
  sum(
    'rows',
    'Every row on the primary, accounted for',
    { key: 'found', label: 'rows found', value: ledger.rowsFound },
    [
      { key: 'acknowledged', sign: '', label: 'acknowledged', value: ledger.acknowledged },
      { key: 'lost', sign: '-', label: 'lost: acknowledged, absent', value: ledger.lost, mustBeNone: true },
      { key: 'recovered', sign: '+', label: 'recovered: reply lost, present', value: ledger.recovered },
      { key: 'misjudged', sign: '+', label: 'misjudged: refused, present', value: ledger.misjudged, mustBeNone: true },
      {
        key: 'unexpected',
        sign: '+',
        label: 'unexpected: present, never sent',
        value: ledger.unexpected,
        mustBeNone: true,
      },
      { key: 'duplicates', sign: '+', label: 'duplicates', value: ledger.duplicates, mustBeNone: true },
    ],
  )

/** A sum as on paper: the parts, a line, and the total that they must add up to. */
function sum(
  id: string,
  caption: string,
  total: Pick<Line, 'key' | 'label' | 'value'>,
  lines: readonly Line[],
): Markup {
  const known = lines.flatMap(({ sign, value }) => (value === null ? [] : [sign === '-' ? -value : value]))
  const parts = known.reduce((all, part) => all + part, 0)
  const isChecked = known.length === lines.length && total.value !== null
  return html`${captionAbove(caption, id)}<table class="sum"><caption class="unseen">${caption}</caption><tbody>
${lines.map((line) => sumLine(id, line, SIGNS[line.sign], line.mustBeNone ? figure(line.value) : count(line.value)))}</tbody>
<tfoot>${sumLine(id, total, '=', count(total.value))}</tfoot></table>
${isChecked && parts !== total.value && absent(html`${mark('fail', 'does not add up')}: the parts add up to ${count(parts)}`)}`
}

const SIGNS = { '': '', '+': '+', '-': '−' } as const

function sumLine(table: string, { key, label }: Pick<Line, 'key' | 'label'>, sign: string, value: Insert): Markup {
  const id = `${table}-${key}`
  const header = html`<span aria-hidden="true">${sign}</span> ${label}`
  return html`<tr id="${id}">${rowHeader(header, { id, name: label, cells: [] })}<td class="n">${value}</td></tr>\n`
}

const digest = (ledger: Ledger): Markup =>
  note(
    html`Digest of the ledger, SHA-256 over the ranges in ${fileLink('ledger.json')}: <code class="digest">${ledger.digest ?? NOT_MEASURED}</code>`,
  )

/** A figure that must be 0. */
const figure = (value: number | null): Insert =>
  value === null ? mark('unknown', NOT_MEASURED) : mark(value === 0 ? 'pass' : 'fail', count(value))

const audits = (ledger: Ledger): Markup =>
  ledger.audits.length === 0
    ? absent('No audit was possible: nothing can be said about lost commits.')
    : table(
        'Audits of the primary',
        [text('UTC'), text('Server'), text('Address'), number('Timeline'), number('Rows'), number('Lost')],
        ledger.audits.map(({ at, serverId, address, timeline, rows, lost }) => [
          clock(at),
          nameOf(serverId) ?? NOT_MEASURED,
          address ?? NOT_MEASURED,
          plain(timeline),
          count(rows),
          count(lost),
        ]),
        { id: 'audits' },
      )

const lostKeys = ({ lostKeys: keys }: Ledger): Markup =>
  keys.length === 0
    ? html``
    : details(
        'Keys of lost commits (worker:sequence)',
        html`<p class="keys">${keys.map((key) => html`<code>${key}</code> `)}</p>`,
        { id: 'lost-keys' },
      )

function proof({ eventsProof, events }: Report): Markup {
  const { before, after } = eventsProof
  return html`${heading('proof', `Proof of the ${events.length > 1 ? 'events' : 'event'}`)}<p>${mark(eventsProof.proven ? 'pass' : 'unknown', eventsProof.proven ? 'proven' : 'not proven')}</p>
${list(eventsProof.evidence)}
${
  (before || after) &&
  table(
    'The primary before and after',
    [text('Seen'), text('Before'), text('After')],
    [
      ['Observed', dateTime(before?.observedAt), dateTime(after?.observedAt)],
      ['Server', ...both(nameOf(before?.serverId), nameOf(after?.serverId))],
      ['Size', ...both(before?.sku, after?.sku)],
      ['WAL timeline', plain(before?.timeline), plain(after?.timeline)],
      ['Address', ...both(before?.address, after?.address)],
      ['Server process started', dateTime(before?.postmasterStartedAt), dateTime(after?.postmasterStartedAt)],
      ['WAL position', ...both(before?.walLsn, after?.walLsn)],
      ['Zone of the primary', ...both(before?.availabilityZone, after?.availabilityZone)],
      ['Zone of the standby', ...both(before?.standbyZone, after?.standbyZone)],
      ['High availability', ...both(before?.haState, after?.haState)],
      ['Server state', ...both(before?.serverState, after?.serverState)],
    ],
    { id: 'primary' },
  )
}`
}

/** Of the id of a resource. */
const nameOf = (id: string | null | undefined): string | undefined => id?.split('/').at(-1)

const both = (before: string | null | undefined, after: string | null | undefined): [string, string] => [
  before ?? NOT_MEASURED,
  after ?? NOT_MEASURED,
]
