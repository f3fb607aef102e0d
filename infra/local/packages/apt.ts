/**
 * Runs apt-get and reads what it says: which sources it could not read, who holds its lock, what the system's packages have. A
 * source that cannot be read stops nothing by itself; it does where a package is wanted that the others do not have.
 */
import { CannotRun } from '../process/problem.ts'
import { MIN_POSTGRES, major } from '../process/programs.ts'
import type { Ran, RunProgram } from './system.ts'

export type Say = (line: string) => void

/** The first minutes of a new machine in a cloud: its own updates hold the locks. */
const PATIENCE_SECONDS = 120
const PAUSE_SECONDS = 2
const LOCKED = /^E: (Could not get lock .*|Unable to acquire the dpkg frontend lock .*)$/m
const HOLDER = /held by process (\d+)/

/** Reads the sources again. The result: what could not be read, each line once. Offline apt-get warns only, and ends with 0. */
export function updateLists(run: RunProgram, say: Say): readonly string[] {
  const { output } = unlocked(run, ['update'], say)
  return problemsIn(output).filter((line) => line.startsWith('E: ') || UNREAD.test(line))
}

const UNREAD = /Failed to fetch|GPG error|signature/

export function installPackages(run: RunProgram, packages: readonly string[], say: Say): void {
  const { status, output } = unlocked(run, ['install', '-y', '--no-install-recommends', ...packages], say)
  if (status === 0) return
  const said = problemsIn(output)
  const words = said.length > 0 ? said : output.trim().split('\n').slice(-5)
  throw new CannotRun(`apt-get install failed:\n${few(words)}\n${stepAfter(output)}, then run this again`)
}

/** apt itself waits for dpkg's lock only, and fails at once on that of its lists. */
function unlocked(run: RunProgram, args: readonly string[], say: Say): Ran {
  for (let waitedSeconds = 0; ; waitedSeconds += PAUSE_SECONDS) {
    const ran = run('apt-get', ['-q', ...args])
    const lock = ran.status === 0 ? undefined : LOCKED.exec(ran.output)?.[1]
    if (lock === undefined) return ran
    const holder = HOLDER.exec(lock)?.[1]
    if (waitedSeconds >= PATIENCE_SECONDS)
      throw new CannotRun(
        `Another program has held the lock of the system's packages for ${waitedSeconds} s: ${lock}\n` +
          `Wait until it has ended${holder === undefined ? '' : ` ("ps -p ${holder}" shows it)`}, then run this again`,
      )
    if (waitedSeconds === 0)
      say(`Another program holds the lock of the system's packages; waiting for up to ${PATIENCE_SECONDS} s ...`)
    run('sleep', [String(PAUSE_SECONDS)])
  }
}

// ---- What apt says ------------------------------------------------------------------------------------------------------

/** Says nothing beyond the lines before it. */
const SUMMARY =
  /^[EW]: (Some index files failed to download|Unable to fetch some archives|Problem executing scripts|Sub-process \S+ returned an error)/

/** Its errors and warnings, each once. */
function problemsIn(output: string): readonly string[] {
  const lines = output.split('\n').map((line) => line.trim())
  return [...new Set(lines.filter((line) => /^[EW]: /.test(line) && !SUMMARY.test(line)))]
}

const MAX_LINES = 3

/** The first lines of apt's, indented. */
export function few(lines: readonly string[]): string {
  const more = lines.length - MAX_LINES
  const shown = lines.slice(0, MAX_LINES).map((line) => `  ${line}`)
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}

const NOT_REACHED =
  /Temporary failure resolving|Could not resolve|Could not connect|Connection (failed|refused|timed out)|Unable to connect|Network is unreachable|No route to host|Proxy/i
const NO_SPACE = /enough free space|No space left on device/i
const INTERRUPTED = /dpkg was interrupted/

/** By what apt said, and no cause beyond that. */
export function stepAfter(output: string): string {
  if (INTERRUPTED.test(output)) return 'Run the command that apt-get names'
  if (NO_SPACE.test(output)) return 'Free some space on the disk'
  if (NOT_REACHED.test(output))
    return 'Connect this machine to its package archive (behind a proxy: set http_proxy and https_proxy for this command)'
  if (/is expired|is not valid yet/.test(output))
    return "See whether this machine's clock is right, and whether its archive is up to date"
  if (/Failed to fetch|The repository/.test(output))
    return 'Correct or remove the sources that are named (in /etc/apt/sources.list and /etc/apt/sources.list.d)'
  return 'See to what apt-get says'
}

// ---- What the packages have ---------------------------------------------------------------------------------------------

/** What apt would install, by the lists that it has. */
export type Offered =
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'too-old'; readonly version: string }
  | { readonly kind: 'none' }

export function packageNamed(run: RunProgram, name: string): Offered {
  return candidate(run, name) === null ? { kind: 'none' } : { kind: 'package', name }
}

/** The metapackage names the release's version; where that is too old, the archive may hold a newer versioned package. */
export function postgresPackage(run: RunProgram): Offered {
  const version = candidate(run, 'postgresql')
  if (version !== null && major(version) >= MIN_POSTGRES) return { kind: 'package', name: 'postgresql' }
  const { output } = run('apt-cache', ['search', '--names-only', '^postgresql-[0-9]+$'])
  const versions = (output.match(/^postgresql-\d+/gm) ?? []).map((name) => Number(name.split('-')[1]))
  const newest = Math.max(0, ...versions)
  if (newest >= MIN_POSTGRES) return { kind: 'package', name: `postgresql-${newest}` }
  return version === null ? { kind: 'none' } : { kind: 'too-old', version: String(major(version)) }
}

function candidate(run: RunProgram, name: string): string | null {
  const version = /Candidate: (\S+)/.exec(run('apt-cache', ['policy', name]).output)?.[1]
  return version === undefined || version === '(none)' ? null : version
}
