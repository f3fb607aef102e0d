/**
 * Facts of the operating system about processes. The system reuses pids, so a process is identified by pid and start time together; it
 * belongs to a stack when its command line or environment holds the stack's marker.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { CannotRun } from './problem.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot on Linux, a date to the second elsewhere. Compared, never computed with. */
  readonly startedAt: string
}

/** Some fields of /proc/<pid>/stat. */
export interface ProcessStat {
  readonly pid: number
  readonly state: string
  readonly parent: number
  readonly cpuTicks: number
  readonly startedAt: string
}

const HAS_PROC = process.platform === 'linux'

export function identityOf(pid: number): ProcessIdentity | null {
  if (!HAS_PROC) return identityFromPs(pid)
  const stat = statOf(pid)
  return stat === null || stat.state === 'Z' ? null : { pid, startedAt: stat.startedAt }
}

/** As in a folder that a chroot made a system of: no process could be seen, and the load generator would count as dead. */
export function requireProcessTable(own = identityOf(process.pid)): void {
  if (own === null) throw new CannotRun('/proc shows no processes here. Mount it: mount -t proc proc /proc')
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt
}

/**
 * Where a pid and a start time name one process: the kernel since its boot, and the namespaces that number processes and shift their
 * clocks. Null: /proc is absent, or shows the processes of another namespace.
 */
export function processScope(): string | null {
  if (!HAS_PROC) return hostname()
  const boot = readOrNull('/proc/sys/kernel/random/boot_id')?.trim()
  const [self, pids] = ['self', 'self/ns/pid'].map((name) => linkOrNull(`/proc/${name}`))
  // Linux has time namespaces since 5.6.
  return boot && pids && self === String(process.pid) ? [boot, pids, linkOrNull('/proc/self/ns/time')].join(' ') : null
}

export function statOf(pid: number): ProcessStat | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null
  // The command's name stands in parentheses and may hold spaces and parentheses itself; the fields follow the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startedAt: fields[19] ?? '',
  }
}

/** Whether the command line or the environment of the process holds this text. */
export function carries(pid: number, marker: string): boolean {
  if (!HAS_PROC) return ps(pid, 'command')?.includes(marker) ?? false
  return ['cmdline', 'environ'].some((file) => readOrNull(`/proc/${pid}/${file}`)?.includes(marker) ?? false)
}

/** Children, grandchildren and so on, parents first. */
export function descendantsOf(pid: number): number[] {
  const children = Map.groupBy(allParents(), ([, parent]) => parent)
  const found: number[] = []
  const visit = (parent: number): void => {
    for (const [child] of children.get(parent) ?? []) {
      found.push(child)
      visit(child)
    }
  }
  visit(pid)
  return found
}

function allParents(): Array<readonly [pid: number, parent: number]> {
  if (!HAS_PROC) return parentsFromPs()
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name))
      return stat === null ? [] : [[stat.pid, stat.parent] as const]
    })
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null // The process has ended, or belongs to another user.
  }
}

function linkOrNull(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

// ---- Without /proc (macOS) --------------------------------------------------------------------------------------------

function identityFromPs(pid: number): ProcessIdentity | null {
  const startedAt = ps(pid, 'lstart')
  return startedAt === null ? null : { pid, startedAt }
}

function ps(pid: number, column: 'lstart' | 'command'): string | null {
  try {
    return (
      execFileSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], {
        encoding: 'utf8',
        // Start times are compared as text between processes, which may have other languages and time zones.
        env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      }).trim() || null
    )
  } catch {
    return null
  }
}

function parentsFromPs(): Array<readonly [number, number]> {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
}
