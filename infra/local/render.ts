/** npm run report -- runs/<drill-id>: renders a drill's files again, from its report.json and chart-data.json; --pdf prints them too. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { reportSchema } from '../../functions/model/report.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { CHART_DATA, DATA_FILES } from './cli/drill-result.ts'
import { printPage, requireChromium } from './evidence/pdf.ts'
import { runTool } from './process/command-line.ts'
import { CannotRun } from './process/problem.ts'

const COMMAND = {
  command: 'npm run report --',
  operands: 'runs/<drill-id> ...',
  about: 'Renders the files of finished drills again.',
  options: { pdf: { flag: 'pdf', help: 'also report.pdf, by the Chromium of this machine' } },
} as const

function renderAll(folders: readonly string[], hasPdf: boolean): number {
  if (folders.length === 0)
    throw new CannotRun('No folder is given. Give the folder of a finished drill: npm run report -- runs/<drill-id>')
  const missing = folders.flatMap(missingIn)
  if (missing.length > 0)
    throw new CannotRun(`${missing.join('\n')}\nGive the folder of a finished drill, such as runs/<drill-id>`)
  const browser = hasPdf ? requireChromium() : null
  for (const folder of folders) {
    console.log(`${renderAgain(resolve(folder))} files rendered in ${folder}`)
    if (browser !== null) console.log(`${printPage(browser, resolve(folder))} printed`)
  }
  return 0
}

const missingIn = (folder: string): string[] =>
  DATA_FILES.filter((name) => !existsSync(join(folder, name))).map((name) => `${join(folder, name)} does not exist`)

function renderAgain(folder: string): number {
  const data = readData(folder)
  // The data is never written: rendering cannot damage it.
  const views = renderers.filter(({ name }) => !DATA_FILES.includes(name))
  for (const { name, render } of views) writeFileSync(join(folder, name), render(data))
  return views.length
}

function readData(folder: string): ReportData {
  const read = (name: string): unknown => {
    try {
      return JSON.parse(readFileSync(join(folder, name), 'utf8'))
    } catch (cause) {
      throw new CannotRun(`${join(folder, name)} cannot be read as JSON`, { cause })
    }
  }
  const parsed = reportSchema.safeParse(read('report.json'))
  if (!parsed.success)
    throw new CannotRun(
      `${join(folder, 'report.json')} is not a report of this version: ${parsed.error.issues[0]?.message}`,
    )
  return { ...(read(CHART_DATA) as Omit<ReportData, 'report'>), report: parsed.data }
}

if (import.meta.main) await runTool(COMMAND, ({ operands, options }) => renderAll(operands, options.pdf))
