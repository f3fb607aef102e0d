/** The installer on machines of every kind: what it runs, what it says, and that its advice can help there. */
import { expect, test } from 'vitest'
import { install } from '../../../infra/local/install.ts'
import { adviceFor, wronglyNamed } from '../../../infra/local/packages/advice.ts'
import { installPackages, postgresPackage } from '../../../infra/local/packages/apt.ts'
import type { Ran, RunProgram } from '../../../infra/local/packages/system.ts'
import { CHROMIUM, PGBOUNCER, POSTGRES } from '../../../infra/local/packages/wanted.ts'

interface Machine {
  /** The candidates of `apt-cache policy`. */
  readonly packages: Readonly<Record<string, string>>
  /** The answers of `apt-get update` and `apt-get install`, the last one again and again; without one all is well. */
  readonly update?: readonly Ran[]
  readonly install?: readonly Ran[]
}

function aMachine({ packages, update = [], install: installs = [] }: Machine) {
  const ran: string[] = []
  const answers = { update: [...update], install: [...installs] }
  const next = (list: Ran[]): Ran => (list.length > 1 ? list.shift() : list[0]) ?? { status: 0, output: '' }
  const run: RunProgram = (program, args) => {
    const line = [program, ...args].join(' ')
    ran.push(line)
    if (line.startsWith('apt-cache policy')) {
      const version = packages[args[1] ?? '']
      return {
        status: 0,
        output: version === undefined ? '' : `${args[1]}:\n  Installed: (none)\n  Candidate: ${version}\n`,
      }
    }
    if (line.startsWith('apt-cache search')) {
      const names = Object.keys(packages).filter((name) => /^postgresql-\d+$/.test(name))
      return {
        status: 0,
        output: names.map((name) => `${name} - The World's Most Advanced Open Source Relational Database\n`).join(''),
      }
    }
    if (line.includes(' update')) return next(answers.update)
    if (line.includes(' install ')) return next(answers.install)
    return { status: 0, output: '' }
  }
  return { run, ran, count: (start: string) => ran.filter((line) => line.startsWith(start)).length }
}

const DEBIAN_13 = { postgresql: '17+278', pgbouncer: '1.24.1-1', chromium: '140.0' }
const DEBIAN_11 = { postgresql: '13+225+deb11u1', pgbouncer: '1.15.0-1', chromium: '120.0' }

const failed = (output: string, status = 100): Ran => ({ status, output })

/** What apt 2.6 and 3.0 print. */
const LISTS_LOCKED = failed(
  'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 842 (apt-get)\nE: Unable to lock directory /var/lib/apt/lists/\n',
)
const DPKG_LOCKED = failed(
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77 (unattended-upgr)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n',
)
const OFFLINE = failed(
  `Err:1 http://deb.debian.org/debian trixie InRelease
  Temporary failure resolving 'deb.debian.org'
Reading package lists...
W: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.debian.org'
W: Some index files failed to download. They have been ignored, or old ones used instead.
`,
  0,
)
const VENDOR_BROKEN = failed(
  `Hit:1 http://deb.debian.org/debian trixie InRelease
Err:2 http://vendor.example/apt stable Release
  400  Bad Request
E: The repository 'http://vendor.example/apt stable Release' does not have a Release file.
`,
)

function outcomeOf(machine: ReturnType<typeof aMachine>, wanted = [POSTGRES, PGBOUNCER]) {
  const said: string[] = []
  try {
    install(
      wanted,
      machine.run,
      (line) => said.push(line),
      (task) => task(),
    )
    return { said, error: null }
  } catch (error) {
    return { said, error: (error as Error).message }
  }
}

const INSTALLED = 'apt-get -q install -y --no-install-recommends postgresql pgbouncer'

test('what is missing is installed, and named before', () => {
  const machine = aMachine({ packages: DEBIAN_13 })
  const { said, error } = outcomeOf(machine)
  expect(error).toBeNull()
  expect(machine.ran.at(-1)).toBe(INSTALLED)
  expect(said.join('\n')).toMatch(
    /^Missing: PostgreSQL 15 or newer, PgBouncer\. .*\nInstalling postgresql, pgbouncer .*no service starts, now or at the next boot/,
  )
})

test.each([
  ['too-old', { postgresql: '13+225' }, { kind: 'too-old', version: '13' }],
  [
    'an old release beside an archive with newer ones',
    { postgresql: '14+238', 'postgresql-14': 'x', 'postgresql-16': 'x', 'postgresql-9': 'x' },
    { kind: 'package', name: 'postgresql-16' },
  ],
  ['the release has it', { postgresql: '15+248' }, { kind: 'package', name: 'postgresql' }],
  ['none', {}, { kind: 'none' }],
  ['a package without a candidate', { postgresql: '(none)' }, { kind: 'none' }],
] as const)('the PostgreSQL of a system: %s', (_, packages, expected) => {
  expect(postgresPackage(aMachine({ packages }).run)).toEqual(expected)
})

test('an archive whose PostgreSQL is too old: the advice is another archive, and not the package that was found too old', () => {
  const machine = aMachine({ packages: DEBIAN_11 })
  const { error } = outcomeOf(machine)
  expect(error).toMatch(
    /^This system's packages have PostgreSQL 13, and 15 or newer is needed\. PostgreSQL's own archive/,
  )
  expect(error).toContain('/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh')
  expect(error).not.toMatch(/install postgresql( |$|\n)/)
  expect(machine.count('apt-get -q install')).toBe(0)
})

test('a user who cannot install gets the same advice there, with the command for the rest', () => {
  const advice = adviceFor([POSTGRES, PGBOUNCER], aMachine({ packages: DEBIAN_11 }).run)
  expect(advice).toContain("This system's packages have PostgreSQL 13, and 15 or newer is needed")
  expect(advice).toMatch(/apt-get update\n.*apt-get install pgbouncer\n/)
  expect(advice).not.toMatch(/install postgresql( |$|\n)/)
})

test('a user who cannot install gets the two commands, and the newest package by name where the release is old', () => {
  expect(adviceFor([POSTGRES, PGBOUNCER], aMachine({ packages: {} }).run)).toMatch(
    /^PostgreSQL 15 or newer and PgBouncer are missing on this machine.*\. Install them with:\n.*apt-get update\n.*apt-get install postgresql pgbouncer\n/,
  )
  const withNewer = aMachine({ packages: { postgresql: '14+238', 'postgresql-17': 'x' } }).run
  expect(adviceFor([POSTGRES], withNewer)).toMatch(/apt-get install postgresql-17\n/)
})

test('a system whose packages lack Chromium: the advice is another way to it', () => {
  const { error } = outcomeOf(aMachine({ packages: { postgresql: '16+257', pgbouncer: '1.22' } }), [CHROMIUM])
  expect(error).toMatch(
    /^This system's packages have no Chromium \(for the tests\)\. .*snap install chromium.*\n.*CHROMIUM/s,
  )
})

test.each([
  ['its lists', { update: [LISTS_LOCKED, LISTS_LOCKED, failed('', 0)] }],
  ['its packages', { install: [DPKG_LOCKED, DPKG_LOCKED, failed('', 0)] }],
])("another program holds apt's lock on %s for a while: the installer says so once, and waits", (_, answers) => {
  const machine = aMachine({ packages: DEBIAN_13, ...answers })
  const { said, error } = outcomeOf(machine)
  expect(error).toBeNull()
  expect(said.filter((line) => line.includes('holds the lock'))).toHaveLength(1)
  expect(machine.count('sleep')).toBe(2)
  expect(machine.ran.at(-1)).toBe(INSTALLED)
})

test('a lock that stays: the process is named, and the network is not blamed', () => {
  const machine = aMachine({ packages: DEBIAN_13, update: [LISTS_LOCKED] })
  const { error } = outcomeOf(machine)
  expect(error).toMatch(
    /^Another program has held the lock of the system's packages for 120 s: .*process 842.*\nWait until it has ended \("ps -p 842" shows it\), then run this again$/s,
  )
  expect(machine.count('sleep')).toBe(60)
})

test('offline on a new machine, which has no lists: what is not known is not claimed', () => {
  const { error } = outcomeOf(aMachine({ packages: {}, update: [OFFLINE] }))
  expect(error).toBe(
    `apt-get could not read all of its package lists, and those that it has have no PostgreSQL 15 or newer:
  W: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.debian.org'
Connect this machine to its package archive (behind a proxy: set http_proxy and https_proxy for this command), then run this again`,
  )
})

test('offline with lists: the installation is tried, and its failure is three lines and the step', () => {
  const line = (name: string) =>
    `E: Failed to fetch http://deb.debian.org/debian/pool/main/${name}.deb  Temporary failure resolving 'deb.debian.org'\n`
  const output = `Err:1 ...\n${line('a')}${line('a')}${line('b')}${line('c')}${line('d')}E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n`
  const { error } = outcomeOf(aMachine({ packages: DEBIAN_13, update: [OFFLINE], install: [failed(output)] }))
  expect(error?.split('\n')).toEqual([
    'apt-get install failed:',
    ...['a', 'b', 'c'].map((name) => `  ${line(name).trim()}`),
    '  and 1 more',
    'Connect this machine to its package archive (behind a proxy: set http_proxy and https_proxy for this command), then run this again',
  ])
})

test('a broken source of another vendor is named, and stops nothing where the others have the packages', () => {
  const machine = aMachine({ packages: DEBIAN_13, update: [VENDOR_BROKEN] })
  const { said, error } = outcomeOf(machine)
  expect(error).toBeNull()
  expect(said.join('\n')).toMatch(/goes on with those it has:\n {2}E: The repository 'http:\/\/vendor\.example/)
  expect(machine.ran.at(-1)).toBe(INSTALLED)
})

test('where a package is not in the others, the broken source is named with the step for it', () => {
  const { error } = outcomeOf(aMachine({ packages: { postgresql: '17' }, update: [VENDOR_BROKEN] }))
  expect(error).toMatch(
    /those that it has have no PgBouncer:\n {2}E: The repository .*\nCorrect or remove the sources that are named/s,
  )
})

test.each([
  [
    'dpkg was interrupted',
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
    /--configure -a.*\nRun the command that apt-get names, then/s,
  ],
  [
    'an archive that is expired by the clock here',
    'E: Release file for http://deb.debian.org/debian/dists/sid/InRelease is expired (invalid since 21d).',
    /\nSee whether this machine's clock is right, and whether its archive is up to date, then/,
  ],
  [
    'a full disk',
    "E: You don't have enough free space in /var/cache/apt/archives/.",
    /\nFree some space on the disk, then/,
  ],
  [
    'packages that do not fit',
    'E: Unable to correct problems, you have held broken packages.',
    /held broken.*\nSee to what apt-get says, then/s,
  ],
  ['no line of its own', 'Segmentation fault', /\n {2}Segmentation fault\nSee to what apt-get says, then/],
])('an installation that fails, %s: the step fits what apt said', (_, output, expected) => {
  const machine = aMachine({ packages: DEBIAN_13, install: [failed(output)] })
  expect(() => installPackages(machine.run, ['postgresql'], () => {})).toThrow(expected)
})

test('a warning that is not about reading a source is no problem of it', () => {
  const output =
    'W: Target Packages (main/binary-amd64/Packages) is configured multiple times in /etc/apt/sources.list:1\n'
  const { error, said } = outcomeOf(aMachine({ packages: {}, update: [failed(output, 0)] }))
  expect(error).toMatch(/^This system's packages have no PostgreSQL 15 or newer\. /)
  expect(said.join()).not.toContain('goes on')
})

test('a variable that names a program which is not there is corrected or unset: to install one would not help', () => {
  const absent = { ...PGBOUNCER, isThere: () => false }
  expect(wronglyNamed([absent], { PGBOUNCER: '/opt/pgbouncer' })).toBe(
    'PGBOUNCER is /opt/pgbouncer, and no PgBouncer is there. Correct it, or unset it: then the usual places are searched. Then run this again',
  )
  expect(wronglyNamed([absent], {})).toBeNull()
  expect(wronglyNamed([{ ...PGBOUNCER, isThere: () => true }], { PGBOUNCER: '/opt/pgbouncer' })).toBeNull()
})
