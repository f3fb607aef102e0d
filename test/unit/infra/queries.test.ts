/**
 * The queries of workbook and alerts. No service runs them here: Microsoft's parser checks language and columns, and the tests compare
 * the text with the metrics of a server and with the log lines of the app.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  DRILL_RESULT,
  DRILL_SKIPPED,
  type DrillResult,
  type DrillSkipped,
  drillResultLine,
  drillSkippedLine,
} from '../../../functions/render/log-lines.ts'
import { sampleReport } from '../../golden/samples.ts'
import { analyse } from './kusto.ts'
import { COMPILE_TIMEOUT_MS, combinations, ofType, one, type Resource, TEMPLATES, withCompiler } from './snapshot.ts'

const FOLDER = join(TEMPLATES, 'queries')
const QUERIES = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(join(FOLDER, file), 'utf8') }))

const textOf = (wanted: string) => QUERIES.find(({ file }) => file === wanted)?.text ?? ''

/** The template replaces these words when it deploys a query. */
const asDeployed = (text: string) =>
  text
    .replaceAll('INSIGHTS_ID', 'id')
    .replace('SERVERS', '["rg/pg-1"]')
    .replace('MIN_SHARE', '75')
    .replace('MAX_P95', '50')

/** Metrics of a flexible server by their ids; the marked ones need a server parameter. */
const METRICS: Readonly<Record<string, 'always' | 'collector_database_activity' | 'pgbouncer_diagnostics'>> = {
  cpu_percent: 'always',
  memory_percent: 'always',
  active_connections: 'always',
  connections_failed: 'always',
  iops: 'always',
  read_iops: 'always',
  write_iops: 'always',
  storage_percent: 'always',
  txlogs_storage_used: 'always',
  network_bytes_ingress: 'always',
  network_bytes_egress: 'always',
  disk_iops_consumed_percentage: 'always',
  disk_bandwidth_consumed_percentage: 'always',
  is_db_alive: 'always',
  tps: 'collector_database_activity',
  client_connections_active: 'pgbouncer_diagnostics',
  client_connections_waiting: 'pgbouncer_diagnostics',
}

/** Without comments and string literals. */
const bare = (text: string) => text.replace(/\/\/.*$/gm, '').replace(/"[^"\n]*"/g, '""')

describe.each(QUERIES)('$file', ({ text }) => {
  test('begins with a comment that says what it returns', () => {
    expect(text).toMatch(/^\/\/ [A-Z].+\.$/m)
  })

  test('is valid, and uses columns that its tables have', () => {
    expect(analyse(asDeployed(text)).problems).toEqual([])
  })

  test('includes no zeros for the rows of other metrics in an average', () => {
    expect(bare(text)).not.toMatch(/(avg|sum|max|min)\(\s*iif/)
  })

  test('reads metrics that the server has', () => {
    const asked = [...text.matchAll(/MetricName (?:==|in) \(?((?:"\w+"(?:, )?)+)/g)]
      .flatMap(([, names]) => [...(names ?? '').matchAll(/"(\w+)"/g)])
      .map(([, name]) => name ?? '')
    expect(asked.filter((name) => !(name in METRICS))).toEqual([])
  })
})

test('a query with a wrong column would be found', () => {
  const { problems, columns } = analyse('AppTraces\n| where Mesage startswith "drill"\n| summarize Drills = count()')
  expect(problems).toEqual([expect.stringMatching(/^The name 'Mesage' does not refer to .*\(line 2\)$/)])
  expect(columns).toEqual({ Drills: 'long' })
})

// ---- Log lines ------------------------------------------------------------------------------------------------------

/** The app's log lines, and the variable that holds a line's JSON in the queries. */
const LINES = [
  { word: DRILL_RESULT, variable: 'Result' },
  { word: DRILL_SKIPPED, variable: 'Skip' },
] as const

const fieldsRead = (variable: string): Set<string> =>
  new Set(
    QUERIES.flatMap(({ text }) =>
      [...text.matchAll(new RegExp(`\\b${variable}\\.(\\w+)`, 'g'))].map(([, name]) => name ?? ''),
    ),
  )

const fieldsOf = <Line>(text: string, word: string): string[] => {
  expect(text.startsWith(`${word} `)).toBe(true)
  return Object.keys(JSON.parse(text.slice(word.length + 1)) as Line & object)
}

test('queries read exactly the fields of the log line of a drill', async () => {
  const line = drillResultLine(await sampleReport(), { server: 'pg', resourceGroup: 'rg' }, 'final')
  expect([...fieldsRead('Result')].sort()).toEqual(fieldsOf<DrillResult>(line, DRILL_RESULT).sort())
})

test('queries read exactly the fields of the log line of a skipped drill', () => {
  const line = drillSkippedLine({
    server: 'pg-1',
    resourceGroup: 'rg',
    reason: 'it was late',
    at: '2026-01-01T02:00:00.000Z',
  })
  expect([...fieldsRead('Skip')].sort()).toEqual(fieldsOf<DrillSkipped>(line, DRILL_SKIPPED).sort())
})

test('queries find a line by its first word, and parse the JSON behind it', () => {
  const readers = QUERIES.filter(({ text }) => text.includes('drill-'))
  expect(readers).toHaveLength(9)
  for (const { file, text } of readers)
    for (const [, prefix, variable, cut] of text.matchAll(
      /startswith "([^"]+)"\s*\| extend (\w+) = parse_json\(substring\(Message, (\d+)\)\)/g,
    )) {
      const line = LINES.find((one) => `${one.word} ` === prefix)
      expect([file, variable, Number(cut)]).toEqual([file, line?.variable, prefix?.length])
    }
  const parsed = QUERIES.flatMap(({ text }) => [...text.matchAll(/startswith|parse_json/g)])
  expect(parsed).toHaveLength(18)
})

test('alerts count drills and not lines, and wait for the final report', () => {
  const alerts = QUERIES.filter(({ file }) => file.startsWith('alert-'))
  for (const { file, text } of alerts) {
    expect([file, text.match(/summarize Drills = (dcount)(?:if)?\(/)?.[1]]).toEqual([file, 'dcount'])
    expect([file, text.includes('tostring(Result.edition) == "final"')]).toEqual([file, true])
    expect([file, analyse(asDeployed(text)).columns.Drills]).toEqual([file, 'long'])
  }
  expect(alerts.length).toBe(3)
})

test('alerts read the lines of their own environment, and marks are those of the server of the chart', () => {
  for (const { file, text } of QUERIES.filter((query) => query.file.startsWith('alert-'))) {
    const tables = text.match(/^.*\b(?:AppTraces|AppExceptions)$/gm) ?? []
    const own = text.match(/(?:AppTraces|AppExceptions)\n\s*\| where _ResourceId =~ "INSIGHTS_ID"\n/g) ?? []
    expect([file, tables.length]).toEqual([file, own.length])
    expect(own.length).toBeGreaterThan(0)
  }
  expect(textOf('tps-with-events.kql').match(/\{Server\}/g)).toHaveLength(2)
})

test('the orchestration whose exceptions the alert counts is one that the app registers', () => {
  const [, name] = /OperationName == "(\w+)"/.exec(textOf('alert-drill-failed.kql')) ?? []
  const app = readFileSync(join(TEMPLATES, '../../functions/app.ts'), 'utf8')
  expect(app).toContain(`df.app.orchestration('${name}'`)
})

let all: Awaited<ReturnType<typeof combinations>>
let resources: readonly Resource[]

interface Rule {
  readonly name: string
  readonly properties: {
    readonly severity: number
    readonly criteria: {
      readonly allOf: readonly { readonly operator: string; readonly threshold: number }[]
    }
  }
}
const rulesOf = (type: string) => ofType(resources, type) as unknown as Rule[]
const shortName = ({ name }: Rule) => name.replace(/^drill-\w{13}-/, '')

describe('the deployed', withCompiler, () => {
  beforeAll(async () => {
    all = await combinations()
    resources = all.default
  }, COMPILE_TIMEOUT_MS)

  test('connection alerts follow the SKU: at 95 and 90 % of the 3437 connections of the default server', () => {
    const rules = rulesOf('Microsoft.Insights/metricAlerts')
    const thresholds = rules.map((rule) => [shortName(rule), rule.properties.criteria.allOf[0]?.threshold])
    expect(thresholds).toContainEqual(['connections-critical', 3265])
    expect(thresholds).toContainEqual(['connections-high', 3093])
  })

  test('log alerts: a drill that failed or was slow is reported once, a missing one until a drill runs', () => {
    const rules = ofType(resources, 'Microsoft.Insights/scheduledQueryRules')
    const rows = rules.map((rule) => {
      const { autoMitigate, muteActionsDuration, windowSize } = rule.properties
      const { properties } = rule as unknown as Rule
      const how = [properties.criteria.allOf[0]?.operator, properties.severity, windowSize]
      return [shortName(rule as unknown as Rule), ...how, autoMitigate, muteActionsDuration ?? null]
    })
    expect(rows).toEqual([
      ['drill-not-passed', 'GreaterThan', 1, 'PT15M', false, 'PT15M'],
      ['drill-slow', 'GreaterThan', 2, 'PT15M', false, 'PT15M'],
      ['drill-very-slow', 'GreaterThan', 1, 'PT15M', false, 'PT15M'],
      ['drill-missing', 'LessThan', 2, 'P1D', true, null],
    ])
    const text = JSON.stringify(rules)
    expect(text.match(/_ResourceId =~ \\"\/subscriptions\/[^"]+\/components\/appi-drill-\w{13}\\"/g)).toHaveLength(5)
    expect(text).not.toMatch(/MIN_SHARE|MAX_P95|INSIGHTS_ID/)
    expect(text).toContain('Share < 75 or P95 > 50')
    expect(text).toContain('Share < 50 or P95 > 100')
  })

  test.each([
    ['every day', 'zones', true],
    ['on Sundays', 'password', false],
    ['never', 'public', false],
  ] as const)('the alert of a missing drill exists only with a daily schedule: %s', (_, name, isMissed) => {
    const rules = ofType(all[name], 'Microsoft.Insights/scheduledQueryRules')
    expect(rules.some((rule) => rule.name.endsWith('drill-missing'))).toBe(isMissed)
  })

  test('the alert of a missing drill expects one of each server with a daily schedule, and each server has an alert of its own', () => {
    const rules = ofType(all['more-servers'], 'Microsoft.Insights/scheduledQueryRules')
    const missing = JSON.stringify(rules.find(({ name }) => name.endsWith('drill-missing')))
    expect(missing).toMatch(/print Servers = dynamic\(\[[^\]]*\/psql-drill-\w{13}\\+",\\+"rg-data\/pg-prod\\+"\]\)/)
    for (const rule of rules)
      expect(JSON.stringify(rule)).toContain('"dimensions":[{"name":"Server","operator":"Include","values":["*"]}]')
  })

  test('every server has the alerts of the first, under its own name', () => {
    const rules = ofType(all['more-servers'], 'Microsoft.Insights/metricAlerts') as unknown as Rule[]
    const names = rules.map(shortName)
    const first = names.filter((name) => !/^(billing|shop)-/.test(name))
    expect(first.length).toBeGreaterThan(5)
    const each = ['', 'billing-', 'shop-', 'billing-load-'].flatMap((server) => first.map((name) => server + name))
    expect(names.sort()).toEqual(each.sort())
    const activity = ofType(all['more-servers'], 'Microsoft.Insights/activityLogAlerts').map(({ name }) => name)
    expect(activity.filter((name) => name.endsWith('service-health'))).toHaveLength(1)
    expect(activity.filter((name) => name.endsWith('server-delete'))).toHaveLength(4)
  })

  test('alerts all notify the action group', () => {
    const group = one(resources, 'Microsoft.Insights/actionGroups').name
    const rules = [...rulesOf('Microsoft.Insights/metricAlerts'), ...rulesOf('Microsoft.Insights/scheduledQueryRules')]
    expect(rules.filter((rule) => !JSON.stringify(rule).includes(`actionGroups/${group}`))).toEqual([])
  })

  test('server collects every metric of the alerts and the charts', () => {
    const wanted = new Set(
      [...JSON.stringify(resources).matchAll(/flexibleservers--(\w+)|"metricName":"(\w+)"/g)].map(
        ([, a, b]) => a ?? b ?? '',
      ),
    )
    expect([...wanted].filter((name) => !(name in METRICS))).toEqual([])
    const parameters = JSON.parse(readFileSync(join(TEMPLATES, 'database-parameters.json'), 'utf8')) as {
      readonly name: string
      readonly value: string
    }[]
    const isOn = (parameter: string) =>
      parameters.some(({ name, value }) => name === `metrics.${parameter}` && value === 'on')
    const optIn = [...wanted].map((name) => METRICS[name] ?? 'always').filter((how) => how !== 'always')
    expect(new Set(optIn)).toEqual(new Set(['collector_database_activity', 'pgbouncer_diagnostics']))
    expect(optIn.filter((how) => !isOn(how))).toEqual([])
  })

  test('workbook shows the result of every query that is no alert', () => {
    const { serializedData } = one(resources, 'Microsoft.Insights/workbooks').properties as { serializedData: string }
    const book = JSON.parse(serializedData) as { version: string; items: { content: { query?: string } }[] }
    expect(book.version).toBe('Notebook/1.0')
    const shown = book.items.flatMap(({ content }) => content.query ?? [])
    const wanted = QUERIES.filter(({ file }) => !file.startsWith('alert-'))
    expect(wanted.filter(({ text }) => !shown.includes(text)).map(({ file }) => file)).toEqual([])
  })
})
