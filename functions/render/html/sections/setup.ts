/** Part 10: the set-up of the test, with every check before and after it. */
import type { CheckResult, Report } from '../../../model/report.ts'
import { plain, seconds } from '../../../units/units.ts'
import { html, type Insert, type Markup } from '../../text/markup.ts'
import { absent, descriptions, details, facts, mark, onlyTable, table, text } from '../elements/components.ts'

export const setup = (report: Report): Markup =>
  html`${details('Set-up of the test', descriptions(Object.entries(report.setup)), { id: 'test' })}
${Object.keys(report.timing).length > 0 && details('Timing of the drill', timing(report.timing), { id: 'timing' })}
${report.checklist.length === 0 ? absent('No check was made.') : [checks(report, 'before'), checks(report, 'after')]}`

/** A value is printed with the unit that ends its name. */
const timing = (values: Report['timing']): Markup =>
  facts(
    Object.entries(values).map(([name, value]) => [
      name,
      name.endsWith('Seconds') ? seconds(value) : name.endsWith('Minutes') ? plain(value, 'min') : plain(value),
    ]),
  )

/** What passed is folded. What did not must not be hidden, and not be lost among them. */
function checks({ checklist }: Report, when: CheckResult['when']): Insert {
  const rows = checklist.filter((check) => check.when === when)
  if (rows.length === 0) return null
  const title = when === 'before' ? 'Checks before the load' : 'Checks after the load'
  const passed = rows.filter(({ verdict }) => verdict === 'pass')
  const others = rows.filter(({ verdict }) => verdict !== 'pass')
  const words = others.length === 0 ? 'all passed' : `${passed.length} passed`
  return [
    others.length > 0 &&
      table(`${title}: ${others.length} of ${rows.length} did not pass`, COLUMNS, others.map(checkRow), {
        ...FORM,
        id: `checks-${when}-not-passed`,
      }),
    passed.length > 0 &&
      details(`${title}: ${words}`, onlyTable(`${title}: ${words}`, COLUMNS, passed.map(checkRow), FORM), {
        id: `checks-${when}`,
        name: title,
      }),
  ]
}

const COLUMNS = ['Check', 'Verdict', 'Seen', 'Wanted', 'Why, and what to do'].map(text)
const FORM = { cards: true, className: 'checks' } as const

const checkRow = (check: CheckResult) => ({
  id: `check-${check.id}`,
  name: check.title,
  cells: [
    html`${check.title} <small><code>${check.id}</code></small>`,
    check.forced ? [mark(check.verdict), html` <small>overridden</small>`] : mark(check.verdict),
    check.seen,
    check.wanted,
    check.verdict === 'pass' ? check.why : `${check.why} ${check.advice}`,
  ],
})
