/** What to do where a program is missing: each text names only steps that can help on the machine that it is printed on. */
import { findProgram, MIN_POSTGRES, oldPostgresVersion } from '../process/programs.ts'
import { few, type Offered, stepAfter } from './apt.ts'
import type { RunProgram } from './system.ts'
import { type Manager, POSTGRES, type Wanted } from './wanted.ts'

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

const LAST =
  'Programs in unusual places are named with POSTGRES_BIN (a folder), PGBOUNCER and CHROMIUM. Then run this again'

/** A variable that names a program which is not there: to install one would change nothing. Null: there is none. */
export function wronglyNamed(wanted: readonly Wanted[], environment = process.env): string | null {
  const wrong = wanted.filter(({ variable, isThere }) => environment[variable] && !isThere())
  const named = wrong.map(({ variable, title }) => `${variable} is ${environment[variable]}, and no ${title} is there`)
  return wrong.length === 0
    ? null
    : `${named.join('; ')}. Correct it, or unset it: then the usual places are searched. Then run this again`
}

/** For a user who cannot install, or on a system without apt. */
export function adviceFor(missing: readonly Wanted[], run: RunProgram): string {
  const managers = (Object.keys(COMMANDS) as Manager[]).filter((manager) => findProgram([manager]) !== null)
  const tooOld = managers.includes('apt-get') ? missing.flatMap((wanted) => olderOffer(wanted, run)) : []
  const commands = managers.flatMap((manager) =>
    manager === 'apt-get'
      ? aptCommands(
          missing.filter((wanted) => olderOffer(wanted, run).length === 0),
          run,
        )
      : [`  ${asRoot(manager)}${COMMANDS[manager]} ${missing.map(({ elsewhere }) => elsewhere[manager]).join(' ')}`],
  )
  const it = missing.length === 1 ? 'it' : 'them'
  const how = [
    ...tooOld,
    ...(commands.length > 0 ? [`Install ${it} with:\n${commands.join('\n')}`] : []),
    ...(managers.length === 0 ? [`Install ${it} with your system's packages.`] : []),
  ]
  return `${whatIsMissing(missing)}. ${how.join('\n')}\n${LAST}`
}

function whatIsMissing(missing: readonly Wanted[]): string {
  const old = missing.includes(POSTGRES) ? oldPostgresVersion() : null
  const isAre = missing.length === 1 ? 'is' : 'are'
  const titles = missing.map(({ title }) => title).join(' and ')
  return `${titles} ${isAre} missing on this machine${old === null ? '' : ` (PostgreSQL ${old} is there)`}`
}

/** The text for a package that apt has only in a version which does not serve. */
function olderOffer(wanted: Wanted, run: RunProgram): string[] {
  const offered = wanted.offered(run)
  return offered.kind === 'too-old' ? [`${hasOnly(wanted, offered)}. ${wanted.otherSource(asRoot('apt-get'))}.`] : []
}

/** The lists may be old or absent: no root has read them now. */
function aptCommands(missing: readonly Wanted[], run: RunProgram): string[] {
  if (missing.length === 0) return []
  const names = missing.map((wanted) => {
    const offered = wanted.offered(run)
    return offered.kind === 'package' ? offered.name : wanted.elsewhere['apt-get']
  })
  const prefix = asRoot('apt-get')
  return [`  ${prefix}apt-get update`, `  ${prefix}${COMMANDS['apt-get']} ${names.join(' ')}`]
}

/** After the lists were read: `problems` are the sources that could not be. */
export function notServed(wanted: Wanted, offered: Offered, problems: readonly string[]): string {
  if (problems.length === 0) return `${hasOnly(wanted, offered)}. ${wanted.otherSource('')}.\n${LAST}`
  const hold = offered.kind === 'too-old' ? `have PostgreSQL ${offered.version} only` : `have no ${wanted.title}`
  return (
    `apt-get could not read all of its package lists, and those that it has ${hold}:\n${few(problems)}\n` +
    `${stepAfter(problems.join('\n'))}, then run this again`
  )
}

const hasOnly = ({ title }: Wanted, offered: Offered): string =>
  offered.kind === 'too-old'
    ? `This system's packages have PostgreSQL ${offered.version}, and ${MIN_POSTGRES} or newer is needed`
    : `This system's packages have no ${title}`
