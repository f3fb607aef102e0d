/** Part 5: every arrival accounted for, and every acknowledged commit looked up on the primary. */
import type { Report } from '../../../model/report.ts'
import { clock, count, dateTime, NOT_MEASURED, plain, seconds } from '../../../units/units.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { absent, details, facts, list, mark, note, number, table, text } from '../elements/components.ts'

type Ledger = Report['ledger']

export const ledger = (report: Report): Markup =>
  html`<div class="pair"><div>${arrivals(report.ledger)}</div><div>${rows(report.ledger)}</div></div>${facts([
    ['Measured recovery point', seconds(report.ledger.lostSeconds)],
    ['Unknown outcomes that stay unresolved', figure(report.ledger.unresolved)],
    ['Acknowledged with a warning (weak)', count(report.ledger.weakAcks)],
  ])}${audits(report.ledger)}${lostKeys(report.ledger)}${digest(report.ledger)}${proof(report)}`

interface Line {
  readonly sign: '' | '+' | '-'
  readonly label: string
  readonly value: number | null
  /** Anything but 0 is a finding. */
  readonly mustBeNone?: boolean
}

const arrivals = (ledger: Ledger): Markup =>
  sum('Every arrival, accounted for', { label: 'intended', value: ledger.intended }, [
    { sign: '', label: 'acknowledged', value: ledger.acknowledged },
    { sign: '+', label: 'refused, provably not committed', value: ledger.refused },
    { sign: '+', label: 'unknown, reply lost', value: ledger.unknown },
    { sign: '+', label: 'missed, never sent', value: ledger.missed },
  ])

const rows = (ledger: Ledger): Markup =>
  sum('Every row on the primary, accounted for', { label: 'rows found', value: ledger.rowsFound }, [
    { sign: '', label: 'acknowledged', value: ledger.acknowledged },
    { sign: '-', label: 'lost: acknowledged, absent', value: ledger.lost, mustBeNone: true },
    { sign: '+', label: 'recovered: reply lost, present', value: ledger.recovered },
    { sign: '+', label: 'misjudged: refused, present', value: ledger.misjudged, mustBeNone: true },
    { sign: '+', label: 'unexpected: present, never sent', value: ledger.unexpected, mustBeNone: true },
    { sign: '+', label: 'duplicates', value: ledger.duplicates, mustBeNone: true },
  ])

/** A sum as on paper: the parts, a line, and the total that they must add up to. */
function sum(caption: string, total: Pick<Line, 'label' | 'value'>, lines: readonly Line[]): Markup {
  const known = lines.flatMap(({ sign, value }) => (value === null ? [] : [sign === '-' ? -value : value]))
  const parts = known.reduce((all, part) => all + part, 0)
  const isChecked = known.length === lines.length && total.value !== null
  return html`<table class="sum"><caption>${caption}</caption><tbody>
${lines.map(sumLine)}</tbody>
<tfoot><tr><th scope="row"><span aria-hidden="true">=</span> ${total.label}</th><td class="n">${count(total.value)}</td></tr></tfoot></table>
${isChecked && parts !== total.value && absent(html`${mark('fail', 'does not add up')}: the parts add up to ${count(parts)}`)}`
}

const SIGNS = { '': '', '+': '+', '-': '−' } as const

const sumLine = ({ sign, label, value, mustBeNone }: Line): Markup =>
  html`<tr><th scope="row"><span aria-hidden="true">${SIGNS[sign]}</span> ${label}</th><td class="n">${mustBeNone ? figure(value) : count(value)}</td></tr>\n`

const digest = (ledger: Ledger): Markup =>
  note(
    html`Digest of the ledger, SHA-256 over the ranges in <a href="ledger.json">ledger.json</a>: <code class="digest">${ledger.digest ?? NOT_MEASURED}</code>`,
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
      )

const lostKeys = ({ lostKeys: keys }: Ledger): Markup =>
  keys.length === 0
    ? html``
    : details(
        'Keys of lost commits (worker:sequence)',
        html`<p class="keys">${keys.map((key) => html`<code>${key}</code> `)}</p>`,
      )

function proof({ eventsProof, events }: Report): Markup {
  const { before, after } = eventsProof
  return html`<h3>Proof of the ${events.length > 1 ? 'events' : 'event'}</h3>
<p>${mark(eventsProof.proven ? 'pass' : 'unknown', eventsProof.proven ? 'proven' : 'not proven')}</p>
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
  )
}`
}

/** Of the id of a resource. */
const nameOf = (id: string | null | undefined): string | undefined => id?.split('/').at(-1)

const both = (before: string | null | undefined, after: string | null | undefined): [string, string] => [
  before ?? NOT_MEASURED,
  after ?? NOT_MEASURED,
]
