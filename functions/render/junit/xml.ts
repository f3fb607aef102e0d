/**
 * junit.xml as the systems of pipelines read it: valid against the schema of Ant's JUnit reports, which is the strictest of
 * those in use (every suite has all counts, a time, a host, and its parts in one order).
 */
export interface JunitCase {
  /** What groups cases: the systems show it as a path with dots. */
  readonly group: string
  readonly name: string
  readonly outcome: JunitOutcome
}

/** failure: a limit was missed. error: nothing was proven. skipped: another case says why; it never stands alone. */
export type JunitOutcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failure' | 'error' | 'skipped'; readonly type: string; readonly message: string }

export interface JunitSuite {
  readonly name: string
  readonly host: string
  readonly startedAt: string
  readonly endedAt: string
  readonly properties: ReadonlyArray<readonly [name: string, value: string]>
  readonly cases: readonly JunitCase[]
  /** What a reader of the log should see. */
  readonly output: readonly string[]
}

export const PASSED: JunitOutcome = { kind: 'passed' }

export const junitXml = (suites: readonly JunitSuite[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(suiteXml).join('')}</testsuites>\n`

function suiteXml(suite: JunitSuite, id: number): string {
  const { name, host, startedAt, endedAt, properties, cases, output } = suite
  const counted = (kind: JunitOutcome['kind']) => String(cases.filter(({ outcome }) => outcome.kind === kind).length)
  const head = attributes({
    id: String(id),
    package: 'pg-failover-drill',
    name,
    // The schema allows no time zone; it is UTC.
    timestamp: startedAt.slice(0, 19),
    hostname: host,
    tests: String(cases.length),
    failures: counted('failure'),
    errors: counted('error'),
    skipped: counted('skipped'),
    time: secondsBetween(startedAt, endedAt),
  })
  const lines = [
    '    <properties>',
    ...properties.map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    '    </properties>',
    ...cases.map(caseXml),
    `    <system-out>${textXml(output.join('\n'))}</system-out>`,
    '    <system-err></system-err>',
  ]
  return `  <testsuite${head}>\n${lines.join('\n')}\n  </testsuite>\n`
}

function caseXml({ group, name, outcome }: JunitCase): string {
  const head = `    <testcase${attributes({ classname: group, name, time: '0' })}`
  if (outcome.kind === 'passed') return `${head}/>`
  const { kind, type, message } = outcome
  const said = kind === 'skipped' ? attributes({ message }) : attributes({ type, message })
  return `${head}><${kind}${said}>${textXml(message)}</${kind}></testcase>`
}

const secondsBetween = (from: string, to: string): string =>
  Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000).toFixed(3)

/** XML 1.0 has no way to write these, not even escaped: a parser refuses the whole file. */
const NOT_IN_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

const allowed = (text: string): string => text.replace(NOT_IN_XML, '')
const textXml = (text: string): string => allowed(text).replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? '')

const attributes = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${allowed(value).replace(/[&<>"\t\n\r]/g, (found) => ESCAPES[found] ?? '')}"`)
    .join('')
