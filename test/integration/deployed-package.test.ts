/** The function app as it is deployed: what is in the package, what is not, and that a Functions host loads it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Package, packageApp } from '../../infra/azure/package.ts'
import { DEPLOYED_SETTINGS } from '../support/deployed-settings.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const temporary = mkdtempSync(join(tmpdir(), 'app-package-'))
let made: Package

beforeAll(async () => {
  made = await packageApp(join(temporary, 'out'))
}, 240_000)
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>

describe('the package', () => {
  test('holds the app in one file, the scripts of its pages, the licences, host.json and package.json, and nothing else', () => {
    expect(filesBelow(made.folder).sort()).toEqual([
      'dist/LICENSES.txt',
      'dist/app.js',
      'dist/dashboard/dashboard.js',
      'dist/dashboard/echarts.js',
      'host.json',
      'package.json',
    ])
  })

  test('has the licence of every production package that is in the bundle', () => {
    const text = readFileSync(join(made.folder, 'dist/LICENSES.txt'), 'utf8')
    const { dependencies } = readJson(ROOT, 'package.json') as { dependencies: Record<string, string> }
    for (const [name, version] of Object.entries(dependencies)) expect(text).toContain(`${name} ${version} (`)
  })

  test('is not written where other files lie, and they stay', async () => {
    const folder = join(temporary, 'not-ours')
    mkdirSync(folder)
    writeFileSync(join(folder, 'thesis.txt'), 'the only copy')
    await expect(packageApp(folder)).rejects.toThrow(/holds thesis\.txt.*Name a new or empty folder with --out/)
    expect(readFileSync(join(folder, 'thesis.txt'), 'utf8')).toBe('the only copy')
  })

  test('takes the place of an earlier one, of which nothing stays', async () => {
    const out = join(temporary, 'again')
    mkdirSync(join(out, 'app', 'dist'), { recursive: true })
    writeFileSync(join(out, 'app', 'dist', 'old.js'), '')
    expect(existsSync(join((await packageApp(out)).folder, 'dist', 'old.js'))).toBe(false)
  }, 240_000)

  test('points the host at the entry file, and names no script or development tool', () => {
    const manifest = readJson(made.folder, 'package.json')
    expect(Object.keys(manifest)).toEqual(['name', 'version', 'license', 'private', 'type', 'main', 'engines'])
    expect(manifest.engines).toEqual({ node: '>=24' })
    expect(existsSync(join(made.folder, String(manifest.main)))).toBe(true)
  })

  test('is the same as a zip, with host.json at its root', () => {
    const zipped = Object.keys(unzipSync(readFileSync(made.zip), { filter: () => true }))
    expect(zipped.sort()).toEqual(filesBelow(made.folder).sort())
  })

  test('is taken by the local Functions host as a zip, and answers over HTTP', async () => {
    const host = await startHost(made.zip)
    try {
      const answer = await fetch(`${host.url}/api/openapi.json`)
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ openapi: expect.stringMatching(/^3\./) })
      expect((await fetch(`${host.url}/api/drills`)).status).toBe(401)
      await expectServed(`${host.url}/api/dashboard`)
    } finally {
      await host.stop()
    }
  })
})

/** A page and everything that it loads, the charts' library among it, from the packages that were deployed. */
async function expectServed(dashboard: string): Promise<void> {
  const loaded = new Map<string, number>()
  const load = async (url: string): Promise<void> => {
    if (loaded.has(url)) return
    const answer = await fetch(url)
    const text = await answer.text()
    expect([url, answer.status]).toEqual([url, 200])
    loaded.set(url, text.length)
    if (text.length > LIBRARY_BYTES) return
    // A script that writes links at run time has placeholders in their place, and one that looks for links has patterns.
    const named = text.matchAll(/(?:src|href)="([^"#:,$()\\]+)"|\b(?:from\s*|import\()"(\.[^"]+)"/g)
    for (const [, link, module] of named)
      if (!isOfPlatform(link ?? '')) await load(new URL(link ?? module ?? '', url).href)
  }
  await load(dashboard)
  expect([...loaded].filter(([, bytes]) => bytes > LIBRARY_BYTES).map(([url]) => url)).toEqual([
    `${dashboard}/echarts.js`,
  ])
  expect(loaded.size).toBe(4)
}

const LIBRARY_BYTES = 300_000
/** The platform's authentication answers there, in front of the app. */
const isOfPlatform = (link: string): boolean => link.startsWith('../.auth/')

async function startHost(app: string) {
  const main = join(ROOT, 'infra/local/functions-host/main.ts')
  const keys = join(temporary, 'keys.json')
  writeFileSync(keys, JSON.stringify({ master: 'master-key', host: 'host-key' }))
  const args = [main, '--app', app, '--state-dir', join(temporary, 'state'), '--keys', keys]
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', ...DEPLOYED_SETTINGS },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  child.stderr.on('data', (text) => said.push(String(text)))
  const ended = once(child, 'exit').then(() => null)
  const first = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line))
  const line = await Promise.race([first, ended])
  if (line === null) throw new Error(`the host did not start: ${said.join('')}`)
  const { url } = JSON.parse(line) as { url: string }
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  return { url, stop }
}
