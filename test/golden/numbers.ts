/** Which numbers a page shows, and which ones its report can account for. */
import type { Report } from '../../functions/model/report.ts'
import * as units from '../../functions/units/units.ts'

/** Words that hold digits but are no figures: T0, p99, UTF-8. */
const NUMBER = /(?<![\w.,:/-])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)/g

export const numbersIn = (text: string): string[] => text.match(NUMBER) ?? []

/** The text that a reader sees, without drawings (their axes have numbers of their own) and definitions. */
export const visibleText = (html: string): string =>
  html
    .replace(/<head>[\s\S]*?<\/head>/, '')
    .replace(/<script[\s\S]*?<\/script>/, '')
    .replace(/<svg [\s\S]*?<\/svg>/g, ' ')
    .replace(/<dl class="definitions">[\s\S]*?<\/dl>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')

const FORMATS: ReadonlyArray<(value: number) => string> = [
  units.seconds,
  units.milliseconds,
  units.perSecond,
  units.count,
  units.plain,
  units.share,
  units.percent,
  units.bytes,
  units.megabytes,
  (value) => units.money(value, ''),
  ...['s', 'ms', 'tps', '%', 'share'].map((unit) => (value: number) => units.distance(value, unit)),
]

/** Every number that some unit function makes of some value of the report, and every number inside its texts. */
export function accountedFor(report: Report): Set<string> {
  const known = new Set<string>()
  const add = (text: string): void => {
    for (const number of numbersIn(text)) known.add(number)
  }
  const visit = (value: unknown): void => {
    if (typeof value === 'number') for (const format of FORMATS) add(format(Math.abs(value)))
    else if (typeof value === 'string') {
      add(value)
      if (/^\d{4}-\d\d-\d\dT/.test(value)) add(`${units.dateTime(value)} ${units.clock(value)}`)
    } else if (Array.isArray(value)) {
      add(String(value.length))
      value.forEach(visit)
    } else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) {
        add(key)
        visit(inner)
      }
  }
  visit(report)
  for (const when of ['before', 'after']) {
    const checks = report.checklist.filter((check) => check.when === when)
    for (const { verdict } of checks) add(String(checks.filter((check) => check.verdict === verdict).length))
    add(String(checks.filter(({ verdict }) => verdict !== 'pass').length))
    add(String(checks.length))
  }
  return known
}
