/** A command of this project as a user starts it: a process with arguments, what it printed, and how it ended. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { aFolder } from './folder.ts'

export const ROOT = join(import.meta.dirname, '../..')

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

export interface RunningCommand {
  readonly pid: number
  readonly ended: Promise<Ended>
  output(): string
  signal(signal: NodeJS.Signals): void
  /** Waits until a line that fits was printed, and returns the match. Fails at once when the command ends before. */
  printed(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>
}

/** Ended with the test, if it has not ended by itself. */
export function startCommand(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  umask = '022',
): RunningCommand {
  const command = [process.execPath, join(ROOT, file), ...args]
  const child = spawn('/bin/sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...command], {
    cwd: ROOT,
    env: { ...withoutNpm(), NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return running(child, (signal) => void child.kill(signal))
}

/** What a user enters into a shell, in this folder. A signal goes to all that it started, as Ctrl-C in a terminal does. */
export function startShell(text: string, folder: string, environment: NodeJS.ProcessEnv = {}): RunningCommand {
  const child = spawn('bash', ['-o', 'pipefail', '-c', text], {
    cwd: folder,
    env: { ...withoutNpm(), NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  return running(child, (signal) => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal)
  })
}

/** A folder that looks like a checkout of this project, for what commands write: its entries are links, and runs/ is its own. */
export function aCheckout(): string {
  const folder = aFolder()
  for (const name of readdirSync(ROOT))
    if (!['.git', 'runs', 'dist'].includes(name)) symlinkSync(join(ROOT, name), join(folder, name))
  return folder
}

function running(
  child: ChildProcessByStdio<null, Readable, Readable>,
  signal: (name: NodeJS.Signals) => void,
): RunningCommand {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()))
  let end: Ended | null = null
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, by) => {
      end = { code, signal: by, output }
      resolve(end)
    }),
  )
  onTestFinished(async () => {
    signal('SIGTERM')
    await ended
  })
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output,
    signal,
    printed: async (pattern, timeoutMs) => {
      const found = await eventually(
        `it prints ${pattern}`,
        timeoutMs,
        () => pattern.exec(output) ?? (end ? 'ended' : null),
      )
      if (found === 'ended') throw new Error(`it ended before it printed ${pattern}:\n${output}`)
      return found
    },
  }
}

/** Under npm the command would watch for npm's death. */
function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
}

/** Servers, API and dashboard, in the usual place for stacks: several side by side are no matter. */
export const startStackCommand = (): RunningCommand => startCommand('infra/local/start.ts', ['--port', '0'])
