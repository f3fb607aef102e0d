/** One whole drill by its command, as a user runs it, and everything that can be seen of it afterwards. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Report, reportSchema } from '../../functions/model/report.ts'
import { type RunningCommand, startCommand } from './command.ts'
import { aFolder } from './folder.ts'
import { processesOf, stackFolders } from './leaks.ts'

export interface DrillRun {
  readonly command: RunningCommand
  /** Where its results are made. */
  readonly out: string
  /** The folder of its stack alone. */
  readonly stateFolder: string
  /** Its stack's id, once it has one. */
  stackId(): string | null
  finished(): Promise<FinishedDrill>
}

export interface FinishedDrill {
  readonly code: number | null
  readonly output: string
  readonly files: readonly string[]
  /** Null when no report was left. */
  readonly report: Report | null
  readonly folder: string | null
  /** Of its stack, and what is left of it: nothing, if all is well. */
  readonly left: { readonly folders: readonly string[]; readonly processes: readonly number[] }
}

/** Small enough for two cores that are shared, long enough for a baseline and a recovery. */
export const SMALL = ['--target-tps', '120', '--workers', '8', '--duration', '28', '--failover-at', '12']

export interface Shell {
  readonly environment?: NodeJS.ProcessEnv
  readonly umask?: string
}

export function startDrillCommand(args: readonly string[], { environment = {}, umask }: Shell = {}): DrillRun {
  const stateFolder = aFolder()
  const out = aFolder()
  const variables = { ...environment, DRILL_STATE_DIR: stateFolder }
  const command = startCommand('infra/command/main.ts', ['drill', ...args, '--out', out], variables, umask)
  let id: string | null = null
  const stackId = () => {
    id ??= stackFolders(stateFolder)[0]?.slice(-10) ?? null
    return id
  }
  const watch = setInterval(stackId, 100)
  onTestFinished(() => clearInterval(watch))
  return { command, out, stateFolder, stackId, finished: () => finishedDrill(command, stateFolder, out, stackId) }
}

async function finishedDrill(
  command: RunningCommand,
  stateFolder: string,
  out: string,
  stackId: () => string | null,
): Promise<FinishedDrill> {
  const { code, output } = await command.ended
  const id = stackId()
  const drillId = readdirSync(out)[0]
  const folder = drillId === undefined ? null : join(out, drillId)
  const files = folder === null ? [] : readdirSync(folder).sort()
  const left = { folders: stackFolders(stateFolder), processes: id === null ? [] : processesOf(id) }
  return { code, output, files, folder, report: files.includes('report.json') ? readReport(folder ?? '') : null, left }
}

/** By the schema, so that every drill of every test also tests that. */
const readReport = (folder: string): Report =>
  reportSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')))
