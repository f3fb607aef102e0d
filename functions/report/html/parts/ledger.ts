/** Part 5: every arrival accounted for, and every acknowledged commit looked up on the new primary. */
import type { Report } from '../../../drill/report.ts'
import { clock, count, dateTime, plain, seconds } from '../../units.ts'
import { absent, details, facts, list, mark, number, table, text } from '../components.ts'
import { html, type Insert, type Markup } from '../markup.ts'

type Ledger = Report['ledger']

export const ledger = (report: Report): Markup =>
  html`<div class="pair"><div>${sum(report.ledger)}${audits(report.ledger)}</div>${audit(report.ledger)}</div>${lostKeys(report.ledger)}${proof(report)}`

/** Shown as on paper: the parts, a rule, and the total they must come to. */
function sum(ledger: Ledger): Markup {
  const parts = ledger.acknowledged + ledger.refused + ledger.unknown + ledger.missed
  const line = (sign: string, label: string, value: number): Markup =>
    html`<tr><th scope="row"><span aria-hidden="true">${sign}</span> ${label}</th><td class="n">${count(value)}</td></tr>\n`
  return html`<table class="sum"><caption>Every arrival, accounted for</caption><tbody>
${line('', 'acknowledged', ledger.acknowledged)}${line('+', 'refused, provably not committed', ledger.refused)}${line('+', 'unknown, reply lost', ledger.unknown)}${line('+', 'missed, never sent', ledger.missed)}</tbody>
<tfoot><tr><th scope="row"><span aria-hidden="true">=</span> intended</th><td class="n">${count(ledger.intended)}</td></tr></tfoot></table>
${parts !== ledger.intended && absent(html`${mark('fail', 'does not add up')}: the parts come to ${count(parts)}`)}`
}

const audit = (ledger: Ledger): Markup =>
  facts([
    ['Lost: acknowledged, absent', figure(ledger.lost)],
    ['Measured recovery point', seconds(ledger.lostSeconds)],
    ['Recovered: reply lost, present', count(ledger.recovered)],
    ['Misjudged: refused, present', figure(ledger.misjudged)],
    ['Unexpected: present, never sent', figure(ledger.unexpected)],
    ['Duplicates', figure(ledger.duplicates)],
    ['Unresolved', figure(ledger.unresolved)],
    ['Weak acknowledgements', count(ledger.weakAcks)],
    ['Rows found', count(ledger.rowsFound)],
    ['Digest of the ledger', html`<code class="digest">${ledger.digest ?? 'not measured'}</code>`],
  ])

/** Figures that must be 0. */
const figure = (value: number | null): Insert =>
  value === null ? mark('unknown', 'not measured') : mark(value === 0 ? 'pass' : 'fail', count(value))

const audits = (ledger: Ledger): Markup =>
  ledger.audits.length === 0
    ? absent('No audit was possible: nothing can be said about lost commits.')
    : table(
        'Audits of the new primary',
        [number('UTC'), number('Timeline'), number('Rows'), number('Lost')],
        ledger.audits.map((pass) => [clock(pass.at), plain(pass.timeline), count(pass.rows), count(pass.lost)]),
      )

const lostKeys = ({ lostKeys: keys }: Ledger): Markup =>
  keys.length === 0
    ? html``
    : details(
        'Keys of lost commits (worker:sequence)',
        html`<p class="keys">${keys.map((key) => html`<code>${key}</code> `)}</p>`,
      )

function proof({ failoverProof }: Report): Markup {
  const { before, after } = failoverProof
  return html`<h3>Proof of the failover</h3>
<p>${mark(failoverProof.proven ? 'pass' : 'unknown', failoverProof.proven ? 'proven' : 'not proven')}</p>
${list(failoverProof.evidence)}
${
  (before || after) &&
  table(
    'The primary before and after',
    [text('Seen'), text('Before'), text('After')],
    [
      ['Observed', dateTime(before?.observedAt), dateTime(after?.observedAt)],
      ['WAL timeline', plain(before?.timeline), plain(after?.timeline)],
      ['Address', ...both(before?.address, after?.address)],
      ['Server process started', ...both(before?.postmasterStartedAt, after?.postmasterStartedAt)],
      ['WAL position', ...both(before?.walLsn, after?.walLsn)],
      ['Zone of the primary', ...both(before?.availabilityZone, after?.availabilityZone)],
      ['Zone of the standby', ...both(before?.standbyZone, after?.standbyZone)],
      ['High availability', ...both(before?.haState, after?.haState)],
      ['Server state', ...both(before?.serverState, after?.serverState)],
    ],
  )
}`
}

const both = (before: string | null | undefined, after: string | null | undefined): [string, string] => [
  before ?? 'not measured',
  after ?? 'not measured',
]
