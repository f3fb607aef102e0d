/** The end of a drill on this machine: the files, the verdict in words, and the exit code that goes with it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measuredText } from '../../functions/drill/criterion-words.ts'
import type { Criterion, Report, Verdict } from '../../functions/drill/report.ts'
import { count } from '../../functions/drill/units.ts'
import type { DrillApi } from './drill-client.ts'
import { styled } from './drill-progress.ts'

export const RESULT_FILES = [
  'report.html',
  'report.json',
  'report.md',
  'timeline.csv',
  'loadtest_results.csv',
  'clients.csv',
  'errors.csv',
  'summary.json',
  'ledger.json',
  'checklist.json',
  'metrics.json',
  'journal.json',
] as const

/** The series behind the charts: with report.json all that is needed to render everything else again. */
export const CHART_DATA = 'chart-data.json'
export const DATA_FILES: readonly string[] = ['report.json', CHART_DATA]

export const EXIT_CODES: Readonly<Record<Verdict, number>> = { PASS: 0, FAIL: 1, INCONCLUSIVE: 3, ABORTED: 3 }

export interface Fetched {
  readonly folder: string
  readonly report: Report | null
  readonly missing: readonly string[]
}

export async function fetchFiles(api: DrillApi, drillId: string, out: string): Promise<Fetched> {
  const folder = join(out, drillId)
  mkdirSync(folder, { recursive: true })
  const missing: string[] = []
  let report: Report | null = null
  for (const name of [...RESULT_FILES, CHART_DATA]) {
    const content = await api.file(drillId, name)
    if (content === null) missing.push(name)
    else writeFileSync(join(folder, name), content)
    if (content !== null && name === 'report.json') report = JSON.parse(new TextDecoder().decode(content)) as Report
  }
  return { folder, report, missing }
}

const COLOURS = { PASS: 'green', FAIL: 'red', INCONCLUSIVE: 'yellow', ABORTED: 'yellow' } as const

export function verdictLines({ verdict, headline, reasons, criteria, ledger }: Report): string[] {
  return [
    '',
    `${styled(COLOURS[verdict], verdict)}  ${headline}`,
    ...reasons.map((reason) => `  ${reason}`),
    '',
    ...table(criteria.map(criterionCells)),
    '',
    `intended ${count(ledger.intended)} = acknowledged ${count(ledger.acknowledged)} + refused ${count(ledger.refused)} + unknown ${count(ledger.unknown)} + missed ${count(ledger.missed)}`,
    `lost ${count(ledger.lost)}  recovered ${count(ledger.recovered)}  duplicates ${count(ledger.duplicates)}  rows found ${count(ledger.rowsFound)}`,
  ]
}

const HEAD = ['objective', 'measured', 'verdict', 'why']

const criterionCells = (row: Criterion): string[] => [row.objective, measuredText(row), row.verdict, row.why]

/** The last column is as long as it wants. */
function table(rows: readonly string[][]): string[] {
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '))
}
