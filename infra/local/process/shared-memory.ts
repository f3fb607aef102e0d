/**
 * Removes the System V segment with which PostgreSQL guards a data directory. A server that gets SIGKILL cannot remove it, and the
 * kernel keeps it until the machine restarts. A segment is removed only with proof: `postmaster.pid` in a data directory of the stack
 * names its key and id, and the kernel names the same key and, as its creator, the same server.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of a server that no longer runs. After a shutdown in order neither file nor segment exists. */
export function removeSegmentOf(dataDirectory: string): void {
  const named = segmentNamedIn(dataDirectory)
  if (named === null || !isCreatedBy(named)) return
  try {
    execFileSync('ipcrm', ['-m', named.id], { stdio: 'ignore' })
  } catch {
    // The segment no longer exists, or this machine has no ipcrm.
  }
}

/** Of all data directories in a stack's folder, and in the folders of its further servers. */
export function removeSegmentsIn(folder: string): void {
  for (const name of entriesOf(folder)) {
    removeSegmentOf(join(folder, name))
    if (SERVER_FOLDER.test(name)) removeSegmentsIn(join(folder, name))
  }
}

const SERVER_FOLDER = /^server-\d+$/

interface Segment {
  readonly key: string
  readonly id: string
  readonly creator: string
}

/** Line 1 is the server's process id, line 7 key and id of its segment. */
function segmentNamedIn(dataDirectory: string): Segment | null {
  const lines = (readText(join(dataDirectory, 'postmaster.pid')) ?? '').split('\n')
  const [key, id] = (lines[6] ?? '').trim().split(/\s+/)
  const creator = lines[0]?.trim()
  return key && id && creator ? { key, id, creator } : null
}

/** Columns of the kernel's table: key, shmid, perms, size, cpid. */
function isCreatedBy({ key, id, creator }: Segment): boolean {
  const rows = (readText('/proc/sysvipc/shm') ?? '').split('\n').map((row) => row.trim().split(/\s+/))
  return rows.some(([k, shmid, , , cpid]) => shmid === id && k === key && cpid === creator)
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
