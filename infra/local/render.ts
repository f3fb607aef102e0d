/** npm run report -- runs/<drill-id>: renders a drill's files again, from report.json and chart-data.json beside it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { reportSchema } from '../../functions/model/report.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { CHART_DATA, DATA_FILES } from './cli/drill-result.ts'
import { CannotRun, optionsProblem, wordsOf } from './process/problem.ts'

const HELP = 'npm run report -- runs/<drill-id> [more folders]\n\nRenders the files of finished drills again.\n'

function main(args: string[]): number {
  const { values, positionals } = readOptions(args)
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (positionals.length === 0) throw new CannotRun(`Which drill? ${HELP.split('\n')[0]}`)
  const missing = positionals.flatMap(missingIn)
  if (missing.length > 0)
    throw new CannotRun(`${missing.join('\n')}\nGive the folder of a finished drill, such as runs/<drill-id>`)
  for (const folder of positionals) console.log(`${renderAgain(resolve(folder))} files rendered in ${folder}`)
  return 0
}

function readOptions(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean' } } })
  } catch (error) {
    throw new CannotRun(optionsProblem(error))
  }
}

const missingIn = (folder: string): string[] =>
  DATA_FILES.filter((name) => !existsSync(join(folder, name))).map((name) => `${join(folder, name)} does not exist`)

function renderAgain(folder: string): number {
  const data = readData(folder)
  // The data itself stays as it is: rendering must not be able to harm it.
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

if (import.meta.main)
  try {
    process.exitCode = main(process.argv.slice(2))
  } catch (error) {
    console.error(wordsOf(error))
    process.exitCode = 2
  }
