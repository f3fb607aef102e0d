/** The programs that npm does not bring, and what each system calls them. */
import { findChromium, findPgBouncer, findPostgres, MIN_POSTGRES } from '../process/programs.ts'
import { type Offered, packageNamed, postgresPackage } from './apt.ts'
import type { RunProgram } from './system.ts'

export type Manager = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'brew'

export interface Wanted {
  readonly title: string
  readonly isThere: () => boolean
  /** What apt has. */
  readonly offered: (run: RunProgram) => Offered
  readonly elsewhere: Readonly<Record<Manager, string>>
  /** The variable that names the program. */
  readonly variable: string
  /** Where the packages of the system have none that fits. */
  readonly otherSource: (asRoot: string) => string
}

export const POSTGRES: Wanted = {
  title: `PostgreSQL ${MIN_POSTGRES} or newer`,
  isThere: () => findPostgres() !== null,
  offered: postgresPackage,
  elsewhere: {
    'apt-get': 'postgresql',
    dnf: 'postgresql-server',
    apk: 'postgresql16',
    pacman: 'postgresql',
    brew: 'postgresql@16',
  },
  variable: 'POSTGRES_BIN',
  otherSource: (asRoot) =>
    "PostgreSQL's own archive (https://www.postgresql.org/download) has newer versions for the releases of Debian and Ubuntu that it supports:\n" +
    `  ${asRoot}apt-get install postgresql-common ca-certificates\n` +
    `  ${asRoot}/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh\n` +
    'Debian 12, Ubuntu 24.04 and newer releases have one of their own',
}

export const PGBOUNCER: Wanted = {
  title: 'PgBouncer',
  isThere: () => findPgBouncer() !== null,
  offered: (run) => packageNamed(run, 'pgbouncer'),
  elsewhere: { 'apt-get': 'pgbouncer', dnf: 'pgbouncer', apk: 'pgbouncer', pacman: 'pgbouncer', brew: 'pgbouncer' },
  variable: 'PGBOUNCER',
  otherSource: () => "Debian's main archive has it, and Ubuntu's component universe",
}

export const CHROMIUM: Wanted = {
  title: 'Chromium (for the tests)',
  isThere: () => findChromium() !== null,
  offered: (run) => packageNamed(run, 'chromium'),
  elsewhere: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium', brew: '--cask chromium' },
  variable: 'CHROMIUM',
  otherSource: () =>
    "Debian's main archive has it; on Ubuntu it is a snap (snap install chromium). Chrome serves as well",
}
