/** How the installer runs the system's programs: one function, which a test replaces. */
import { spawnSync } from 'node:child_process'
import { CannotRun } from '../process/problem.ts'

export interface Ran {
  readonly status: number | null
  /** Standard output and standard error. */
  readonly output: string
}

export type RunProgram = (program: string, args: readonly string[]) => Ran

const MAX_OUTPUT_BYTES = 64 * 1_048_576

/** In English, because the installer reads what apt says, and without questions. */
export const runProgram: RunProgram = (program, args) => {
  const { status, signal, stdout, stderr, error } = spawnSync(program, [...args], {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  })
  if (error !== undefined) throw new CannotRun(`${program} could not be run: ${error.message}`)
  if (signal !== null) throw new CannotRun(`${program} was ended by ${signal}. Run this again`)
  return { status, output: `${stdout}\n${stderr}` }
}
