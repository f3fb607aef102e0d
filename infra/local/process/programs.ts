/** Finds the programs that npm does not install: PostgreSQL's server, PgBouncer, and Chromium for the tests. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const MIN_POSTGRES = 15

export interface PostgresPrograms {
  /** The folder with initdb, postgres, pg_basebackup and the rest. */
  readonly bin: string
  /** Such as 15.18. */
  readonly version: string
}

const NEEDED = ['initdb', 'postgres', 'pg_basebackup', 'pg_controldata']
/** Packages install the server's programs here, and only the client programs on PATH. */
const SERVER_FOLDERS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/usr']

/** The newest version of the minimum or above. With POSTGRES_BIN, only the version in that folder. */
export function findPostgres(): PostgresPrograms | null {
  const [newest] = allPostgres()
  return newest !== undefined && major(newest.version) >= MIN_POSTGRES ? newest : null
}

/** The newest version that is here, where it is below the minimum. */
export function oldPostgresVersion(): string | null {
  const [newest] = allPostgres()
  return newest !== undefined && major(newest.version) < MIN_POSTGRES ? newest.version : null
}

/** The newest first. */
function allPostgres(): PostgresPrograms[] {
  const named = process.env.POSTGRES_BIN
  const folders = named ? [named] : [...pathFolders(), ...SERVER_FOLDERS.flatMap(binFolders)]
  const found = [...new Set(folders)].flatMap((bin) => postgresIn(bin) ?? [])
  return found.sort((a, b) => major(b.version) - major(a.version))
}

export const findPgBouncer = (): string | null => findProgram(['pgbouncer'], process.env.PGBOUNCER)

export const findChromium = (): string | null =>
  findProgram(
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'Google Chrome'],
    process.env.CHROMIUM,
  )

/** Not on a user's PATH: Debian's daemons, and Chrome on macOS. */
const EXTRA_FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/sbin',
  '/opt/homebrew/bin',
  '/Applications/Google Chrome.app/Contents/MacOS',
]

export function findProgram(names: readonly string[], named?: string): string | null {
  const candidates = named
    ? [named]
    : names.flatMap((name) => [...pathFolders(), ...EXTRA_FOLDERS].map((folder) => join(folder, name)))
  return candidates.find(isExecutable) ?? null
}

export const major = (version: string): number => Number.parseInt(version, 10)

const pathFolders = (): string[] => (process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'))

/** /usr/lib/postgresql/15/bin (Debian), /opt/homebrew/opt/postgresql@16/bin (Homebrew), /usr/pgsql-16/bin (PGDG for RPM). */
function binFolders(parent: string): string[] {
  try {
    return readdirSync(parent)
      .filter((name) => /^(\d+|postgresql(@\d+)?|pgsql-\d+)$/.test(name))
      .map((name) => join(parent, name, 'bin'))
  } catch {
    return []
  }
}

function postgresIn(bin: string): PostgresPrograms | null {
  if (!NEEDED.every((name) => isExecutable(join(bin, name)))) return null
  const version = /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(versionText(join(bin, 'postgres')))?.[1]
  return version === undefined ? null : { bin, version }
}

function versionText(program: string): string {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' })
  } catch {
    return '' // It does not run on this machine.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Programs {
  readonly postgres: PostgresPrograms
  readonly pgbouncer: string
}
