/**
 * Installs the programs that npm does not bring: PostgreSQL's server, PgBouncer and, for the tests, Chromium. As root on a system
 * with apt it installs the missing ones and names them; on other systems one message says what to install and how.
 *
 *   node infra/local/install.ts [--for-tests]
 */
import { adviceFor, notServed, wronglyNamed } from './packages/advice.ts'
import { few, installPackages, type Say, updateLists } from './packages/apt.ts'
import { type RunProgram, runProgram } from './packages/system.ts'
import { CHROMIUM, PGBOUNCER, POSTGRES, type Wanted } from './packages/wanted.ts'
import { withoutServices } from './packages/without-services.ts'
import { runTool } from './process/command-line.ts'
import { CannotRun } from './process/problem.ts'
import { findPgBouncer, findPostgres, findProgram, type Programs } from './process/programs.ts'

/** Installs what is missing if it can, and throws CannotRun if it cannot. */
export function requirePrograms({ forTests, say }: { readonly forTests: boolean; readonly say: Say }): Programs {
  requireUnix()
  const wanted = forTests ? [POSTGRES, PGBOUNCER, CHROMIUM] : [POSTGRES, PGBOUNCER]
  const wrong = wronglyNamed(wanted)
  if (wrong !== null) throw new CannotRun(wrong)
  const absent = () => wanted.filter(({ isThere }) => !isThere())
  const missing = absent()
  if (missing.length > 0) {
    if (findProgram(['apt-get']) === null || process.getuid?.() !== 0)
      throw new CannotRun(adviceFor(missing, runProgram))
    install(missing, runProgram, say)
  }
  const [postgres, pgbouncer, still] = [findPostgres(), findPgBouncer(), absent()]
  if (postgres === null || pgbouncer === null || still.length > 0)
    throw new CannotRun(
      `The packages were installed, and ${still.map(({ title }) => title).join(' and ')} cannot be run from the usual places. Name the program with ${still.map(({ variable }) => variable).join(' and ')}`,
    )
  return { postgres, pgbouncer }
}

function requireUnix(): void {
  if (process.platform === 'win32')
    throw new CannotRun('The local servers need Linux or macOS. On Windows, run this inside WSL (wsl --install)')
}

/** As root, by apt. */
export function install(
  missing: readonly Wanted[],
  run: RunProgram,
  say: Say,
  quietly: (task: () => void) => void = withoutServices,
): void {
  say(`Missing: ${missing.map(({ title }) => title).join(', ')}. Asking the system's packages ...`)
  const problems = updateLists(run, say)
  const packages = missing.map((wanted) => {
    const offered = wanted.offered(run)
    if (offered.kind !== 'package') throw new CannotRun(notServed(wanted, offered, problems))
    return offered.name
  })
  if (problems.length > 0)
    say(`apt-get could not read all of its package lists, and goes on with those it has:\n${few(problems)}`)
  say(
    `Installing ${packages.join(', ')} with apt-get; no database is created, and no service starts, now or at the next boot ...`,
  )
  quietly(() => installPackages(run, packages, say))
  say('Installed.')
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
