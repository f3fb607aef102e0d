/**
 * The folder of one stack: its data, logs and secrets, and the record of every process that it started and every port that
 * it uses. It lies in the system's temporary folder, because PostgreSQL runs as a user who cannot enter a checkout under
 * /root. Each start of a stack first clears the folders of dead owners, which removes what a run left that got SIGKILL.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { makeFolder } from '../../../loadgen-image/output/make-folder.ts'
import { CannotRun } from './problem.ts'
import { carries, descendantsOf, identityOf, isAlive, type ProcessIdentity, processScope } from './process-table.ts'
import { databaseUser, isReachable } from './run-user.ts'
import { removeSegmentsIn } from './shared-memory.ts'

/** In the environment of every process that a stack starts; the value is the stack's id. */
export const MARKER = 'PG_FAILOVER_DRILL_STACK'
const PREFIX = 'pg-failover-drill-'

export interface StackFolder {
  readonly id: string
  readonly path: string
  record(name: string, process: ProcessIdentity): void
  reserve(port: number): void
  /** Removes the folder. With `keep` it stays, with a mark that protects it from later clearing. */
  close(options: { readonly keep: boolean }): void
}

interface Owner extends ProcessIdentity {
  readonly scope: string | null
  readonly keptAt?: string
}

/** This process, as the owner of a stack is recorded. */
export const thisOwner = (): object => ({ ...identityOf(process.pid), scope: processScope() })

/**
 * The parent of all stack folders: DRILL_STATE_DIR, or the system's temporary folder. Some systems give every user a private one,
 * which the user of the database servers cannot enter; then it is the common one.
 */
export function stateDirectory(): string {
  const named = process.env.DRILL_STATE_DIR
  if (named) return resolve(named)
  const user = databaseUser()
  // TMPDIR may be relative, and the servers have working directories of their own.
  const own = resolve(tmpdir())
  return [own, '/tmp', '/var/tmp'].find((folder) => existsSync(folder) && isReachable(folder, user)) ?? own
}

export function createStackFolder(base = stateDirectory()): StackFolder {
  const id = randomBytes(5).toString('hex')
  const path = join(base, `${PREFIX}${id}`)
  makeStateFolder(path)
  const owner = thisOwner()
  writeFileSync(join(path, 'owner.json'), JSON.stringify(owner), { mode: 0o600 })
  const append = (file: string, value: unknown) => appendFileSync(join(path, file), `${JSON.stringify(value)}\n`)
  return {
    id,
    path,
    record: (name, identity) => append('processes.jsonl', { name, ...identity }),
    reserve: (port) => append('ports.jsonl', port),
    close: ({ keep }) => {
      removeSegmentsIn(path)
      if (keep) writeFileSync(join(path, 'owner.json'), JSON.stringify({ ...owner, keptAt: new Date().toISOString() }))
      else rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Of a further server of the same stack: a folder inside, the same records. */
export function folderOfServer(stack: StackFolder, number: number): StackFolder {
  const path = join(stack.path, `server-${number}`)
  makeStateFolder(path)
  return { id: stack.id, path, record: stack.record, reserve: stack.reserve, close: () => {} }
}

function makeStateFolder(path: string): void {
  try {
    // Execute without read: PostgreSQL's user reaches its data directory inside, and lists nothing.
    makeFolder(path, 0o711)
  } catch (cause) {
    throw new CannotRun(
      `The folder for the local servers, ${path}, cannot be made. Set DRILL_STATE_DIR to another place`,
      {
        cause,
      },
    )
  }
}

/** Called before the first process starts: PostgreSQL reports a full disk only by a panic in the middle of a drill. */
export function requireSpace(folder: string, megabytes: number, purpose: string, hint: string): void {
  const { bavail, bsize } = statfsSync(folder)
  const free = Math.floor((bavail * bsize) / 1_048_576)
  if (free < megabytes)
    throw new CannotRun(
      `${folder} has ${free} MB free, and ${purpose} needs ${megabytes} MB. Free some space, or ${hint}`,
    )
}

/**
 * Waits until the disk has written the cached pages of others, such as a fresh `npm ci`. The database's flushes queue behind them,
 * and a drill would count that delay against the server.
 */
export const settleDisk = (folder: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => execFile('sync', ['-f', folder], { timeout: MAX_SETTLE_MS, signal }, () => resolve()))

/** On a slower disk, or on a system without `sync -f`, the drill starts without settling. */
const MAX_SETTLE_MS = 60_000

/** Tests writability by writing: access(2) says yes for root even on /proc. */
export function requireWritable(folder: string, hint: string): void {
  try {
    makeFolder(folder)
    rmdirSync(mkdtempSync(join(folder, '.writable-')))
  } catch (cause) {
    throw new CannotRun(`${folder} cannot be written to. ${hint}`, { cause })
  }
}

/** Ports that the stacks of this machine have reserved, whether or not a process listens on them now. */
export function portsInUse(base = stateDirectory()): ReadonlySet<number> {
  return new Set(stackFolders(base).flatMap((path) => readLines<number>(join(path, 'ports.jsonl'))))
}

/** The folders of the stacks that run now. */
export const runningStacks = (base = stateDirectory()): string[] =>
  stackFolders(base).filter((path) => stateOf(path) === 'runs')

/** Removes the stacks of dead owners. One line per stack, also of those that it leaves because it cannot see their owner. */
export function clearDeadStacks(base = stateDirectory()): string[] {
  return stackFolders(base).flatMap((path) => {
    const state = stateOf(path)
    if (state === 'unseen') return [leftAlone(path)]
    if (state !== 'dead') return []
    const killed = killRecorded(path)
    removeSegmentsIn(path)
    rmSync(path, { recursive: true, force: true })
    return [`cleared what an interrupted run left: ${killed} processes and ${path}`]
  })
}

/** Unseen: its owner has another scope, such as a container that shares this folder, or this machine before it was started again. */
function stateOf(path: string): 'starts' | 'runs' | 'dead' | 'unseen' | 'kept' {
  const owner = readOwner(path)
  if (owner === null) return 'starts'
  if (owner.keptAt !== undefined) return 'kept'
  if (owner.scope === null || owner.scope !== processScope()) return 'unseen'
  return isAlive(owner) ? 'runs' : 'dead'
}

const leftAlone = (path: string): string =>
  `left ${path}: it was made in another container or before this machine was started again, so it cannot be seen from here ` +
  'whether its processes run. Remove it if they do not'

/** Kills only processes with the recorded pid, start time and marker, and their descendants. */
function killRecorded(path: string): number {
  const id = path.slice(path.lastIndexOf(PREFIX) + PREFIX.length)
  const ours = readLines<ProcessIdentity>(join(path, 'processes.jsonl')).filter(
    (recorded) => isAlive(recorded) && carries(recorded.pid, id),
  )
  for (const { pid } of ours.reverse()) killTree(pid, 'SIGKILL')
  return ours.length
}

/** Signals a process, its group and its descendants: PostgreSQL's backends leave their parent's group. */
export function killTree(pid: number, signal: NodeJS.Signals): void {
  const descendants = descendantsOf(pid)
  for (const target of [-pid, pid, ...descendants]) trySignal(target, signal)
}

export function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}

/** Folders of this user only: another user's record must not decide which processes are killed. */
function stackFolders(base: string): string[] {
  try {
    return readdirSync(base)
      .filter((name) => new RegExp(`^${PREFIX}[0-9a-f]{10}$`).test(name))
      .map((name) => join(base, name))
      .filter((path) => statSync(path).uid === (process.getuid?.() ?? 0))
  } catch {
    return []
  }
}

function readOwner(path: string): Owner | null {
  try {
    return JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8')) as Owner
  } catch {
    return null // Another stack is writing it.
  }
}

function readLines<T>(file: string): T[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
  } catch {
    return []
  }
}
