/** A command of this project as a user starts it: a process with arguments, what it printed, and how it ended. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'

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
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()))
  let end: Ended | null = null
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      end = { code, signal, output }
      resolve(end)
    }),
  )
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output,
    signal: (signal) => void child.kill(signal),
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
