/**
 * Installs the programs that npm does not bring: PostgreSQL's server, PgBouncer and, for the tests, Chromium. As root on a system
 * with apt it installs the missing ones and names them; on other systems one message says what to install and how.
 *
 *   node infra/local/install.ts [--for-tests]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from './process/command-line.ts'
import { CannotRun } from './process/problem.ts'
import {
  findChromium,
  findPgBouncer,
  findPostgres,
  findProgram,
  MIN_POSTGRES,
  major,
  type Programs,
} from './process/programs.ts'

interface Wanted {
  readonly title: string
  readonly isThere: () => boolean
  /** Debian's package; null when the machine's archive has none that fits. */
  readonly aptPackage: () => string | null
  readonly elsewhere: Readonly<Record<Manager, string>>
}

type Manager = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'brew'

const WANTED: readonly Wanted[] = [
  {
    title: `PostgreSQL ${MIN_POSTGRES} or newer`,
    isThere: () => findPostgres() !== null,
    aptPackage: newestPostgresPackage,
    elsewhere: {
      'apt-get': 'postgresql',
      dnf: 'postgresql-server',
      apk: 'postgresql16',
      pacman: 'postgresql',
      brew: 'postgresql@16',
    },
  },
  {
    title: 'PgBouncer',
    isThere: () => findPgBouncer() !== null,
    aptPackage: () => candidate('pgbouncer') && 'pgbouncer',
    elsewhere: { 'apt-get': 'pgbouncer', dnf: 'pgbouncer', apk: 'pgbouncer', pacman: 'pgbouncer', brew: 'pgbouncer' },
  },
]

const CHROMIUM: Wanted = {
  title: 'Chromium (for the tests)',
  isThere: () => findChromium() !== null,
  aptPackage: () => candidate('chromium') && 'chromium',
  elsewhere: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium', brew: '--cask chromium' },
}

/** Installs what is missing if it can, and throws CannotRun if it cannot. */
export function requirePrograms(options: {
  readonly forTests: boolean
  readonly say: (line: string) => void
}): Programs {
  requireUnix()
  const wanted = options.forTests ? [...WANTED, CHROMIUM] : WANTED
  const missing = wanted.filter(({ isThere }) => !isThere())
  if (missing.length > 0) install(missing, options.say)
  const postgres = findPostgres()
  const pgbouncer = findPgBouncer()
  if (postgres === null || pgbouncer === null || wanted.some(({ isThere }) => !isThere()))
    throw new CannotRun(`${adviceFor(wanted.filter(({ isThere }) => !isThere()))}`)
  return { postgres, pgbouncer }
}

function requireUnix(): void {
  if (process.platform === 'win32')
    throw new CannotRun('The local servers need Linux or macOS. On Windows, run this inside WSL (wsl --install)')
}

function install(missing: readonly Wanted[], say: (line: string) => void): void {
  if (findProgram(['apt-get']) === null || process.getuid?.() !== 0) throw new CannotRun(adviceFor(missing))
  say(`Missing: ${missing.map(({ title }) => title).join(', ')}. Asking the system's packages ...`)
  apt(['update'])
  const packages = missing.map(({ title, aptPackage }) => {
    const name = aptPackage()
    if (name === null) throw new CannotRun(`This system's packages have no ${title}. ${adviceFor(missing)}`)
    return name
  })
  say(`Installing ${packages.join(', ')} with apt-get; no service is started and no database is created ...`)
  withoutServices(() => apt(['install', '-y', '--no-install-recommends', ...packages]))
  say('Installed.')
}

/** Prints nothing, because the user asked for a drill; the error holds the end of apt's output. */
function apt(args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  })
  if (status === 0) return
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n')
  throw new CannotRun(
    `apt-get ${args[0]} failed:\n${words}\nSee whether this machine reaches its package archive, then try again`,
  )
}

const POLICY = '/usr/sbin/policy-rc.d'
const CREATE_CLUSTER = '/etc/postgresql-common/createcluster.d'
const OURS = '# Written by pg-failover-drill while it installs packages; remove it when you find it.'

/** Debian's packages create a cluster and start their services. Two files that exist only during the installation prevent both. */
function withoutServices(task: () => void): void {
  const noCluster = join(CREATE_CLUSTER, 'pg-failover-drill.conf')
  const isLeftover = existsSync(POLICY) && readFileSync(POLICY, 'utf8').includes(OURS)
  const hasPolicy = existsSync(POLICY) && !isLeftover
  mkdirSync(CREATE_CLUSTER, { recursive: true })
  writeFileSync(noCluster, `${OURS}\ncreate_main_cluster = false\n`)
  if (!hasPolicy) writeFileSync(POLICY, `#!/bin/sh\n${OURS}\nexit 101\n`, { mode: 0o755 })
  try {
    task()
  } finally {
    rmSync(noCluster, { force: true })
    if (!hasPolicy) rmSync(POLICY, { force: true })
  }
}

/** The metapackage names the release's version; where that is too old, the archive may hold a newer versioned package. */
function newestPostgresPackage(): string | null {
  if (major(candidate('postgresql') ?? '0') >= MIN_POSTGRES) return 'postgresql'
  const names = run('apt-cache', ['search', '--names-only', '^postgresql-[0-9]+$']).match(/^postgresql-\d+/gm) ?? []
  const versions = names.map((name) => Number(name.split('-')[1])).filter((version) => version >= MIN_POSTGRES)
  return versions.length === 0 ? null : `postgresql-${Math.max(...versions)}`
}

/** The version that apt would install. */
function candidate(name: string): string | null {
  const version = /Candidate: (\S+)/.exec(run('apt-cache', ['policy', name]))?.[1]
  return version === undefined || version === '(none)' ? null : version
}

const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, [...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })

// ---- Advice -----------------------------------------------------------------------------------------------------------

const COMMANDS: Readonly<Record<Manager, string>> = {
  'apt-get': 'apt-get install',
  dnf: 'dnf install',
  apk: 'apk add',
  pacman: 'pacman -S',
  brew: 'brew install',
}

/** Homebrew refuses root. Without sudo on the system, the advice is to run the command as root. */
function asRoot(manager: Manager): string {
  if (manager === 'brew' || process.getuid?.() === 0) return ''
  return findProgram(['sudo']) === null ? '(as root) ' : 'sudo '
}

function adviceFor(missing: readonly Wanted[]): string {
  const titles = missing.map(({ title }) => title).join(' and ')
  const isAre = missing.length === 1 ? 'is' : 'are'
  const managers = (Object.keys(COMMANDS) as Manager[]).filter((manager) => findProgram([manager]) !== null)
  const commands = managers.map(
    (manager) =>
      `  ${asRoot(manager)}${COMMANDS[manager]} ${missing.map(({ elsewhere }) => elsewhere[manager]).join(' ')}`,
  )
  const how =
    commands.length > 0
      ? `Install ${missing.length === 1 ? 'it' : 'them'} with:\n${commands.join('\n')}`
      : `Install ${missing.length === 1 ? 'it' : 'them'} with your system's packages`
  return `${titles} ${isAre} missing on this machine. ${how}\nPrograms in unusual places are named with POSTGRES_BIN (a folder), PGBOUNCER and CHROMIUM. Then run this again`
}

const COMMAND = {
  command: 'node infra/local/install.ts',
  about: 'Installs the programs that a local drill needs and npm does not bring.',
  options: { forTests: { flag: 'for-tests', help: 'also Chromium, which only the tests need' } },
} as const

if (import.meta.main)
  await runTool(COMMAND, ({ options }) => {
    requirePrograms({ ...options, say: (line) => console.error(line) })
    return 0
  })
