/**
 * A Debian of its own in a folder, built by debootstrap, and commands that run in it as they would on such a machine. Each command
 * has mounts and process ids of its own, so that both end with it; it sees this repository read-only at /checkout.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { findProgram } from '../../infra/local/process/programs.ts'
import { ROOT } from './command.ts'
import { OWN_NAMESPACES, whyNoNamespaces } from './namespaces.ts'

export interface DebianFolder {
  readonly path: string
  /** Ended with the test, if it has not ended by itself. */
  run(command: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>
  remove(): void
}

/** Null: one can be built here. */
export function whyNoDebianFolder(): string | null {
  if (findProgram(['debootstrap']) === null) return 'debootstrap is not installed (Debian: apt-get install debootstrap)'
  return whyNoNamespaces()
}

const BUILD_TIMEOUT_MS = 15 * 60_000
const NOT_REACHED = /Failed getting release file|Couldn't download/

/** A sentence instead: the archive of packages is not reached from here. */
export function buildDebian(release: string): DebianFolder | string {
  const path = mkdtempSync(join(tmpdir(), `debian-${release}-`))
  // The root of a system is open to all of its users.
  chmodSync(path, 0o755)
  const remove = () => rmSync(path, { recursive: true, force: true })
  // What debootstrap mounts ends with it, so that an interruption leaves no mount below the folder that is removed.
  const built = spawnSync('unshare', [...OWN_NAMESPACES, 'debootstrap', '--variant=minbase', release, path], {
    encoding: 'utf8',
    timeout: BUILD_TIMEOUT_MS,
    maxBuffer: 64 * 1_048_576,
  })
  if (built.status !== 0) {
    remove()
    const output = `${built.stdout}\n${built.stderr}`.trim().split('\n').slice(-5).join('\n')
    if (NOT_REACHED.test(output)) return `the archive of Debian's packages is not reached: ${output.split('\n').at(-1)}`
    throw new Error(`debootstrap failed: ${output}`)
  }
  mkdirSync(join(path, 'checkout'))
  // As Debian's installer writes it: a name with two addresses, of which the servers listen on the second.
  writeFileSync(join(path, 'etc/hosts'), '::1 localhost ip6-localhost ip6-loopback\n127.0.0.1 localhost\n')
  return { path, remove, run: (command) => runIn(path, command) }
}

const IN_FOLDER = `set -e
root=$1; checkout=$2; shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$checkout" "$root/checkout"
mount -o remount,bind,ro "$root/checkout"
chroot "$root" "$@"`

/** The shell is the namespace's first process, and so reaps what loses its parent. */
function runIn(path: string, command: readonly string[]): ReturnType<DebianFolder['run']> {
  const proxies = Object.entries(process.env).filter(([name]) => /^https?_proxy$/i.test(name))
  const child = spawn('unshare', [...OWN_NAMESPACES, '/bin/sh', '-c', IN_FOLDER, 'sh', path, ROOT, ...command], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(proxies), PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', NO_COLOR: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()))
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, output })),
  )
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return ended
}
