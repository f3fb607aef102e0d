/** Runs a short program to its end. Long-lived ones are started by processes.ts. */
import { execFile } from 'node:child_process'
import { baseEnvironment, type Processes, type StartOptions } from './processes.ts'

/** As a recorded process of the stack, so that an interruption ends it too. Throws with what it printed. */
export async function runInStack(processes: Processes, options: StartOptions): Promise<void> {
  const child = processes.start(options)
  const { code, signal } = await child.exited
  if (code !== 0) throw new Error(`${options.name} ended with ${signal ?? `code ${code}`}: ${child.log(2000).trim()}`)
}

/** Its standard output; null when it failed. */
export function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) =>
    execFile(command, [...args], { env: baseEnvironment(), timeout: 15_000 }, (error, stdout) =>
      resolve(error ? null : stdout),
    ),
  )
}
