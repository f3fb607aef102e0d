/**
 * Installs Debian's packages without what they do beyond their files: create a database cluster, start their services, and start
 * them at the next boot. Two files that exist only meanwhile prevent the first two; the links that the installation made for the
 * boot are removed after it, and no others.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const OURS = '# Written by pg-failover-drill while it installs packages; remove it when you find it.'

/** `root`: the folder of the system. */
export function withoutServices(task: () => void, root = '/'): void {
  const policy = join(root, 'usr/sbin/policy-rc.d')
  const clusters = join(root, 'etc/postgresql-common/createcluster.d')
  const noCluster = join(clusters, 'pg-failover-drill.conf')
  const isLeftover = existsSync(policy) && readFileSync(policy, 'utf8').includes(OURS)
  const hasPolicy = existsSync(policy) && !isLeftover
  const wereThere = new Set(bootLinks(root))
  const made = madeFolder(clusters)
  writeFileSync(noCluster, `${OURS}\ncreate_main_cluster = false\n`)
  if (!hasPolicy) writeFileSync(policy, `#!/bin/sh\n${OURS}\nexit 101\n`, { mode: 0o755 })
  try {
    if (!hasPolicy) chmodSync(policy, 0o755)
    task()
  } finally {
    rmSync(noCluster, { force: true })
    if (!hasPolicy) rmSync(policy, { force: true })
    for (const folder of made) removeEmpty(folder)
    for (const link of bootLinks(root)) if (!wereThere.has(link)) disable(link)
  }
}

/** The folders that it had to make, the deepest first; open to all under any umask. */
function madeFolder(folder: string): string[] {
  const missing: string[] = []
  for (let at = folder; !existsSync(at); at = join(at, '..')) missing.push(at)
  mkdirSync(folder, { recursive: true })
  for (const made of missing) chmodSync(made, 0o755)
  return missing
}

/** The packages keep their own files in it, where they were installed. */
function removeEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
}

const UNIT = /^(postgresql|pgbouncer)(@.*)?\.service$/
/** Of System V: S19postgresql is started in that runlevel, and K01postgresql is not. */
const START = /^S\d\d(postgresql|pgbouncer)$/

/** What starts the packages' services at the next boot. */
function bootLinks(root: string): string[] {
  const units = join(root, 'etc/systemd/system')
  const wants = namesIn(units).filter((name) => /\.(wants|requires)$/.test(name))
  const runlevels = namesIn(join(root, 'etc')).filter((name) => /^rc[0-6S]\.d$/.test(name))
  return [
    ...wants.flatMap((name) => linksIn(join(units, name), UNIT)),
    ...runlevels.flatMap((name) => linksIn(join(root, 'etc', name), START)),
  ]
}

const linksIn = (folder: string, pattern: RegExp): string[] =>
  namesIn(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isSymbolicLink())

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

/** As `systemctl disable` and `update-rc.d NAME disable` do it: an upgrade of the package enables nothing again. */
function disable(link: string): void {
  const [, number, name] = /\/S(\d\d)(\w+)$/.exec(link) ?? []
  if (number === undefined) rmSync(link)
  else renameSync(link, join(link, '..', `K${String(100 - Number(number)).padStart(2, '0')}${name}`))
}
