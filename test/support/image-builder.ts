/**
 * Builds images without a daemon and without an image registry: buildah on a file system of its own, with a base made from this
 * machine's Node, its npm and the libraries that they need, under the name that the Dockerfile asks for.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findProgram } from '../../infra/local/process/programs.ts'

interface Ran {
  readonly code: number | null
  readonly output: string
}

export interface ImageBuilder {
  /** Builds the file with this repository as its context. */
  build(dockerfile: string, image: string): Ran
  /** Runs the command in a new container of the image, as its user and in its directory. */
  run(image: string, command: readonly string[]): Ran
  /** The image's configuration. */
  config(image: string): {
    readonly User: string
    readonly Entrypoint: readonly string[]
    readonly Env: readonly string[]
  }
  remove(): void
}

const ROOT = join(import.meta.dirname, '../..')
const MINUTE_MS = 60_000

/** A sentence instead of a builder: why there is none on this machine. */
export function createImageBuilder(baseImage: string): ImageBuilder | string {
  const program = findProgram(['buildah'], undefined)
  if (program === null) return 'buildah is not installed (Debian: apt-get install buildah)'
  if (process.getuid?.() !== 0) return 'buildah needs root here: its chroot isolation changes users'
  const folder = mkdtempSync(join(tmpdir(), 'drill-images-'))
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const call = (args: readonly string[], minutes = 1): Ran => {
    const { status, stdout, stderr } = spawnSync(program, [...storage, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: minutes * MINUTE_MS,
      maxBuffer: 64 * 1024 * 1024,
    })
    return { code: status, output: `${stdout}${stderr}` }
  }
  const must = (...args: readonly string[]): string => {
    const { code, output } = call(args)
    if (code !== 0) throw new Error(`buildah ${args[0]} failed: ${output}`)
    return output.trim()
  }
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const probe = call(['from', 'scratch'])
  if (probe.code !== 0) {
    remove()
    return `buildah cannot run here: ${probe.output.trim().slice(0, 300)}`
  }
  commitBase(must, join(folder, 'base'), baseImage)
  const isolated = ['--isolation', 'chroot'] as const
  return {
    build: (dockerfile, image) => call(['bud', ...isolated, '--pull-never', '-t', image, '-f', dockerfile, '.'], 15),
    run: (image, command) => {
      const container = must('from', '--pull-never', image)
      return call(['run', ...isolated, container, '--', ...command])
    },
    config: (image) => JSON.parse(must('inspect', '--type', 'image', image)).OCIv1.config,
    remove,
  }
}

/** What the official image has and the Dockerfile uses: a shell, Node, npm, and a user called node. */
function commitBase(must: (...args: readonly string[]) => string, folder: string, image: string): void {
  for (const name of [
    'bin',
    'etc/ssl/certs',
    'tmp',
    'root',
    'usr/bin',
    'usr/local/bin',
    'home/node',
    'proc',
    'dev',
    'sys',
  ])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o755 })
  copyProgram(folder, '/bin/sh', '/bin/sh')
  copyProgram(folder, '/usr/bin/env', '/usr/bin/env')
  copyProgram(folder, process.execPath, '/usr/local/bin/node')
  const npm = dirname(dirname(realpathSync(findProgram(['npm'], undefined) ?? '')))
  cpSync(npm, join(folder, 'usr/local/lib/node_modules/npm'), { recursive: true, dereference: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/local/bin/npm'))
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
  // A machine behind a proxy of its own trusts more authorities than Node does.
  if (existsSync(AUTHORITIES)) copyFileSync(AUTHORITIES, join(folder, AUTHORITIES))
  const container = must('from', 'scratch')
  must('copy', '-q', container, folder, '/')
  must('config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', '--env', `NODE_EXTRA_CA_CERTS=${AUTHORITIES}`, container)
  must('commit', '-q', container, image)
}

const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'

/** With the libraries that it is linked to, where it expects them. */
function copyProgram(folder: string, from: string, to: string): void {
  copyFileSync(from, join(folder, to))
  const linked = execFileSync('ldd', [realpathSync(from)], { encoding: 'utf8' })
  for (const [library] of linked.matchAll(/\/[^ )]+/g)) {
    mkdirSync(dirname(join(folder, library)), { recursive: true })
    copyFileSync(library, join(folder, library))
  }
}
