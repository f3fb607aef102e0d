/** The user of the database servers. PostgreSQL and PgBouncer refuse to run as root, so root runs them as an unprivileged user. */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmdirSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { CannotRun, wordsOf } from './problem.ts'

export interface RunUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const UNPRIVILEGED = ['postgres', 'nobody']

/** Null: no change of user is needed. */
export function databaseUser(): RunUser | null {
  if (process.getuid?.() !== 0) return null
  const found = UNPRIVILEGED.map(findUser).find((user) => user !== null)
  if (found === undefined)
    throw new CannotRun(
      `PostgreSQL does not run as root, and no user ${UNPRIVILEGED.join(' or ')} exists. Run as another user`,
    )
  return found
}

function findUser(name: string): RunUser | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  if (line === undefined) return null
  const [, , uid, gid] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** As containers with `--user 1234` run: initdb refuses a user whose number has no name. */
export function requireName(nameOf: () => string = () => userInfo().username): void {
  try {
    nameOf()
  } catch {
    const uid = process.getuid?.()
    throw new CannotRun(
      `PostgreSQL needs a user with a name, and this system has none for user id ${uid}. Run as a user of this system, or add a line ` +
        `such as "drill:x:${uid}:${process.getgid?.()}::/tmp:/bin/sh" to /etc/passwd`,
    )
  }
}

/** Root of a container may lack the right to give files and processes to another user: tried here, before anything is started. */
export function requireChangeOfUser(user: RunUser | null, folder: string): void {
  if (user === null) return
  const { name, uid, gid } = user
  const given = mkdtempSync(join(folder, 'given-'))
  try {
    chownSync(given, uid, gid)
    const { error } = spawnSync('/bin/sh', ['-c', ':'], { uid, gid, cwd: '/' })
    if (error !== undefined) throw error
  } catch (cause) {
    throw new CannotRun(
      `PostgreSQL does not run as root, and this root may not start it as the user ${name} (${wordsOf(cause)}). ` +
        'Run as an ordinary user, or give the container the capabilities CHOWN, SETUID and SETGID',
    )
  } finally {
    rmdirSync(given)
  }
}

/** PostgreSQL's own error about a folder that its user may not enter names neither the folder nor the next step. */
export function requireReachable(folder: string, user: RunUser | null): void {
  const closed = user === null ? undefined : closedTo(folder, user)
  if (user !== null && closed !== undefined)
    throw new CannotRun(
      `${folder} cannot be reached by the user ${user.name}, as whom PostgreSQL runs: ${closed} is closed to it. Set DRILL_STATE_DIR to an open place such as /tmp`,
    )
}

export const isReachable = (folder: string, user: RunUser | null): boolean =>
  user === null || closedTo(folder, user) === undefined

/** The folder itself, or the nearest folder above it, that the user may not enter. */
const closedTo = (folder: string, user: RunUser): string | undefined =>
  [folder, ...foldersAbove(folder)].find((at) => !mayEnter(statSync(at), user))

const foldersAbove = (folder: string): string[] =>
  dirname(folder) === folder ? [] : [dirname(folder), ...foldersAbove(dirname(folder))]

function mayEnter(stats: Stats, user: RunUser): boolean {
  if (stats.uid === user.uid) return (stats.mode & 0o100) !== 0
  if (stats.gid === user.gid) return (stats.mode & 0o010) !== 0
  return (stats.mode & 0o001) !== 0
}
