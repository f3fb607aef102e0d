/** Of a drill whose load did not start: each check that stopped it, with what to do and the request that overrides it. */
import { overrideOf, stoppingChecks } from '../../../model/early-end/stopped-by.ts'
import type { Report } from '../../../model/report.ts'
import { html, type Markup } from '../../text/markup.ts'
import { note, table, text, token } from './components.ts'

/** Null: no check did, and the headline says all of it. */
export function whatStoppedIt(report: Report): Markup | null {
  const checks = stoppingChecks(report)
  if (checks.length === 0) return null
  return html`${table(
    'Checks that stopped the drill',
    [text('Check'), text('Seen'), text('Wanted'), text('What to do'), text('Override')],
    checks.map(({ id, title, seen, wanted, why, advice }) => ({
      id: `stopped-by-${id}`,
      name: title,
      cells: [
        html`${title} <small><code>${id}</code></small>`,
        seen,
        wanted,
        html`${advice} <small>${why}</small>`,
        token(overrideOf([id])),
      ],
    })),
    { id: 'stopping-checks', cards: true },
  )}${note(
    html`A request with ${token(overrideOf(checks.map(({ id }) => id)))} runs all the same. The report of such a drill records each of these checks as overridden.`,
  )}`
}
