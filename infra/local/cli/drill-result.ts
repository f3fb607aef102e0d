/** The result of a drill on this machine: its files, the verdict as text, and the exit code. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EVIDENCE_FILE } from '../../../functions/archive/evidence-zip.ts'
import { measuredText } from '../../../functions/criteria/judge.ts'
import { EVENT_COLUMNS } from '../../../functions/event-figures/table.ts'
import type { StoppedBy } from '../../../functions/model/early-end/stopped-by.ts'
import type { Criterion, Report, Verdict } from '../../../functions/model/report.ts'
import { count } from '../../../functions/units/units.ts'
import { Refused } from '../http/call.ts'
import { wordsOf } from '../process/problem.ts'
import type { DrillApi } from './drill-client.ts'
import { styled } from './drill-progress.ts'
import { keepInParts } from './evidence-parts.ts'
import { inOptions } from './option-words.ts'

export const RESULT_FILES = [
  'report.html',
  'report.json',
  'report.md',
  'junit.xml',
  'timeline.csv',
  'loadtest_results.csv',
  'clients.csv',
  'applications.csv',
  'probes.csv',
  'stale_writes.csv',
  'errors.csv',
  'summary.json',
  'ledger.json',
  'checklist.json',
  'metrics.json',
  'journal.json',
  'evidence.zip',
] as const

/** The series of the charts. From it and report.json all other files can be rendered again. */
export const CHART_DATA = 'chart-data.json'
export const DATA_FILES: readonly string[] = ['report.json', CHART_DATA]

export const EXIT_CODES: Readonly<Record<Verdict, number>> = { PASS: 0, FAIL: 1, INCONCLUSIVE: 3, ABORTED: 3 }
const EXIT_NOT_STARTED = 2

/** A drill that did not start could not run: there is nothing to look into but what stopped it. */
export const exitCodeOf = ({ verdict, stoppedBy }: Pick<Report, 'verdict' | 'stoppedBy'>): number =>
  stoppedBy !== null && verdict !== 'ABORTED' ? EXIT_NOT_STARTED : EXIT_CODES[verdict]

export async function fetchReport(api: DrillApi, drillId: string): Promise<Report | null> {
  const content = await api.file(drillId, 'report.json')
  return content === null ? null : (JSON.parse(new TextDecoder().decode(content)) as Report)
}

export interface Kept {
  readonly folder: string
  /** The files that another folder holds, because this one was full; null: none. */
  readonly elsewhere: { readonly folder: string; readonly names: readonly string[] } | null
  readonly missing: readonly string[]
  /** Why a file is not in the folder; null: all of them are. */
  readonly problem: string | null
}

/**
 * The drill's files, and those that this command writes itself. Never throws: after an error (a full disk, a file that cannot be
 * fetched) it continues with the next file.
 */
export async function keepFiles(
  api: DrillApi,
  drillId: string,
  out: string,
  own: Readonly<Record<string, Uint8Array>> = {},
): Promise<Kept> {
  const folder = join(out, drillId)
  const missing: string[] = []
  const elsewhere: string[] = []
  let second: string | null = null
  let problem: string | null = null
  const contentOf = async (name: string) =>
    own[name] ?? (await api.file(drillId, name === EVIDENCE_FILE ? `${name}?chunks=true` : name))
  for (const name of [...RESULT_FILES, CHART_DATA, ...Object.keys(own)]) {
    let isInParts = false
    const content = await contentOf(name).catch(async (error: unknown) => {
      const why = isTooLarge(name, error) ? await keepInParts(api, drillId, join(folder, name)) : wordsOf(error)
      isInParts = why === null
      problem ??= why
      return null
    })
    if (isInParts) continue
    const why = content === null ? 'missing' : keep(folder, name, content)
    if (why === null) continue
    if (content !== null) problem ??= why
    second ??= content === null ? null : newFolder()
    if (content !== null && second !== null && keep(second, name, content) === null) elsewhere.push(name)
    else missing.push(name)
  }
  const rest = second === null || elsewhere.length === 0 ? null : { folder: second, names: elsewhere }
  return { folder, elsewhere: rest, missing, problem }
}

/** The page of the report alone, where `keepFiles` puts it: its path; null when it cannot be kept. */
export async function keepPage(api: DrillApi, drillId: string, out: string): Promise<string | null> {
  const folder = join(out, drillId)
  const page = await api.file(drillId, 'report.html').catch(() => null)
  return page !== null && keep(folder, 'report.html', page) === null ? join(folder, 'report.html') : null
}

const isTooLarge = (name: string, error: unknown): boolean =>
  name === EVIDENCE_FILE && error instanceof Refused && error.status === 413

/** Null when it is written. An incomplete file is removed. */
function keep(folder: string, name: string, content: Uint8Array): string | null {
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), content)
    return null
  } catch (error) {
    rmSync(join(folder, name), { force: true })
    return wordsOf(error)
  }
}

function newFolder(): string | null {
  try {
    return mkdtempSync(join(tmpdir(), 'pg-failover-drill-results-'))
  } catch {
    return null
  }
}

export function keptLines({ folder, elsewhere, missing, problem }: Kept): string[] {
  const lines = ['']
  if (problem !== null) lines.push(`Not all files could be kept in ${folder}: ${problem}`)
  if (elsewhere !== null) lines.push(`In ${elsewhere.folder} instead: ${elsewhere.names.join(', ')}`)
  if (missing.length > 0) lines.push(`Not written: ${missing.join(', ')}`)
  const isThere = !missing.includes('report.html')
  const place = elsewhere?.names.includes('report.html') === true ? elsewhere.folder : folder
  return isThere ? [...lines, `Report: ${place}/report.html`] : lines
}

const COLOURS = { PASS: 'green', FAIL: 'red', INCONCLUSIVE: 'yellow', ABORTED: 'yellow' } as const

export function verdictLines(report: Report): string[] {
  const { reasons, criteria, events, ledger, applications } = report
  if (report.stoppedBy !== null) return notStartedLines(report, report.stoppedBy)
  return [
    '',
    titleLine(report),
    ...reasons.map((reason) => `  ${reason}`),
    '',
    ...criteriaLines(criteria),
    '',
    ...(events.length > 1 ? [...eventTable(report), ''] : []),
    `intended ${count(ledger.intended)} = acknowledged ${count(ledger.acknowledged)} + refused ${count(ledger.refused)} + unknown ${count(ledger.unknown)} + missed ${count(ledger.missed)}`,
    `lost ${count(ledger.lost)}  recovered ${count(ledger.recovered)}  duplicates ${count(ledger.duplicates)}  rows found ${count(ledger.rowsFound)}`,
    ...applications.flatMap((one) =>
      one.events.flatMap(({ sentence, advice }) => [sentence, ...(advice === null ? [] : [`  ${advice}`])]),
    ),
  ]
}

/** The headline, and of each check that stopped the drill its reason and the option that overrides it. */
function notStartedLines(report: Report, { checks, advice }: StoppedBy): string[] {
  const { verdict, reasons } = report
  const options = checks.map((id) => `--force ${id}`).join(' ')
  return [
    '',
    titleLine(report),
    ...(checks.length > 0 || verdict === 'ABORTED' ? reasons : [advice]).map((why) => `  ${inOptions(why)}`),
    ...(options === '' ? [] : ['', `To run it all the same: ${options}`]),
  ]
}

/** The headline of a drill whose load did not start says so itself. */
export const titleLine = ({ verdict, headline, stoppedBy }: Pick<Report, 'verdict' | 'headline' | 'stoppedBy'>) =>
  stoppedBy === null ? verdictLine(verdict, headline) : styled(COLOURS[verdict], headline)

export const verdictLine = (verdict: Verdict, headline: string): string =>
  `${styled(COLOURS[verdict], verdict)}  ${headline}`

const HEAD = ['objective', 'measured', 'verdict', 'why']

export const criteriaLines = (criteria: readonly Criterion[]): string[] =>
  table([HEAD, ...criteria.map(criterionCells)])

const criterionCells = (row: Criterion): string[] => [row.objective, measuredText(row), row.verdict, row.why]

const eventTable = (report: Report): string[] =>
  table([
    EVENT_COLUMNS.map(([head]) => head.toLowerCase()),
    ...report.events.map((event) => EVENT_COLUMNS.map(([, cell]) => cell(event, report))),
  ])

/** The last column is not padded. */
export function table(all: readonly (readonly string[])[]): string[] {
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '))
}
