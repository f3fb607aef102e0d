/** The user of the database servers. PostgreSQL and PgBouncer refuse to run as root, so root runs them as an unprivileged user. */
import { readFileSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CannotRun } from './problem.ts'

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
