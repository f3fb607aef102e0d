/** The state folder of a host, with a lock against a second host in the same folder. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface StateFolder {
  readonly instances: string
  readonly timers: string
  readonly unpacked: string
  release(): void
}

export function openStateFolder(folder: string): StateFolder {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'host.lock')
  const owner = ownerOf(lock)
  if (owner !== undefined && isAlive(owner))
    throw new Error(
      `the state folder ${folder} is in use by the host with process id ${owner}; stop it or use another folder`,
    )
  writeFileSync(lock, String(process.pid))
  return {
    instances: join(folder, 'instances'),
    timers: join(folder, 'timers'),
    unpacked: join(folder, 'unpacked'),
    release: () => rmSync(lock, { force: true }),
  }
}

function ownerOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Readers see the whole old file or the whole new file. */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}
