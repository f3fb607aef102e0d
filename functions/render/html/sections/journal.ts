/** Part 11: every step of the drill, its cost, and whether the clean-up left containers. */
import type { JournalEntry, Report } from '../../../model/report.ts'
import { clock, count, dateTime, money, plain, seconds } from '../../../units/units.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { absent, details, type Fact, facts, mark, number, onlyTable, text } from '../elements/components.ts'

export const journal = (report: Report): Markup =>
  html`${facts([
    ['Started', dateTime(report.startedAt), 'started'],
    ['Ended', dateTime(report.endedAt), 'ended'],
    ['Containers left', cleanup(report.cleanup), 'containers-left'],
    ...cost(report),
  ])}
${report.journal.length === 0 ? absent('No step was recorded.') : steps(report.journal)}`

/** A drill that ended before its containers has none. */
const cost = ({ cost: { amount, currency, source, vCpuSeconds, gbSeconds }, stoppedBy }: Report): readonly Fact[] =>
  stoppedBy !== null && vCpuSeconds === null
    ? []
    : [
        ['Cost of the load', html`${money(amount, currency)} <small>${source}</small>`, 'cost'],
        ['Used', html`${plain(vCpuSeconds, 'vCPU s')}, ${plain(gbSeconds, 'GB s')}`, 'used'],
      ]

const cleanup = ({ containersLeft, verifiedAt }: Report['cleanup']): Insert =>
  containersLeft === null
    ? mark('unknown', 'not measured')
    : [
        mark(containersLeft === 0 ? 'pass' : 'fail', count(containersLeft)),
        html` <small>${verifiedAt === null ? 'not verified' : `verified at ${dateTime(verifiedAt)}`}</small>`,
      ]

const steps = (entries: readonly JournalEntry[]): Markup =>
  details('Journal: every step', stepTable(entries), { id: 'steps' })

const stepTable = (entries: readonly JournalEntry[]): Markup =>
  onlyTable(
    'Journal',
    [number('UTC'), text('Phase'), text('Step'), text('Result'), number('Took'), number('Attempt'), text('Detail')],
    entries.map((entry) => [
      clock(entry.at),
      entry.phase,
      entry.step,
      mark(entry.result),
      entry.seconds === null ? '' : seconds(entry.seconds),
      count(entry.attempt),
      entry.detail,
    ]),
    { cards: true },
  )
