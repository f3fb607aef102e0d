/** Where the programs are that npm does not bring: PostgreSQL's server, PgBouncer, and Chromium for the tests. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const OLDEST_POSTGRES = 15

export interface PostgresPrograms {
  /** The folder with initdb, postgres, pg_basebackup and the rest. */
  readonly bin: string
  /** Such as 15.18. */
  readonly version: string
}

const NEEDED = ['initdb', 'postgres', 'pg_basebackup', 'pg_controldata']
/** Packages put the server's programs here, and only psql and friends on PATH. */
const SERVER_FOLDERS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/usr']

/** The newest one that is new enough. POSTGRES_BIN names a folder and then nothing else is looked at. */
export function findPostgres(): PostgresPrograms | null {
  const named = process.env.POSTGRES_BIN
  const folders = named ? [named] : [...pathFolders(), ...SERVER_FOLDERS.flatMap(binFolders)]
  const found = [...new Set(folders)].flatMap((bin) => postgresIn(bin) ?? [])
  return found.sort((a, b) => major(b.version) - major(a.version))[0] ?? null
}

export const findPgBouncer = (): string | null => findProgram(['pgbouncer'], process.env.PGBOUNCER)

export const findChromium = (): string | null =>
  findProgram(
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'Google Chrome'],
    process.env.CHROMIUM,
  )

/** Debian keeps daemons out of a user's PATH; Chrome on macOS is never on it. */
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
  return version !== undefined && major(version) >= OLDEST_POSTGRES ? { bin, version } : null
}

function versionText(program: string): string {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' })
  } catch {
    return '' // Not runnable on this machine: as good as absent.
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
