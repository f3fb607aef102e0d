/** The function app as it is deployed: what is in the package, what is not, and that a Functions host loads it. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Package, packageApp } from '../../infra/azure/package.ts'
import { copyProductionModules, productionModules } from '../../infra/azure/production-modules.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const temporary = mkdtempSync(join(tmpdir(), 'app-package-'))
let made: Package

beforeAll(async () => {
  made = await packageApp(join(temporary, 'out'))
}, 240_000)
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

/** What Azure would set, so that the app can read its settings when it is loaded. */
const SETTINGS = {
  AZURE_SUBSCRIPTION_ID: '11111111-1111-1111-1111-111111111111',
  DRILL_RESOURCE_GROUP: 'rg-drill',
  DRILL_LOCATION: 'swedencentral',
  DRILL_BLOB_CONTAINER_URL: 'https://account.blob.example.com/drills',
  POSTGRES_SERVER: 'psql-drill',
  POSTGRES_DATABASE: 'drill',
  POSTGRES_USER: 'drilladmin',
  LOADGEN_IMAGE: `registry.example.com/loadgen@sha256:${'a'.repeat(64)}`,
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>

describe('the package', () => {
  test('holds code, host.json, package.json and packages, and nothing else', () => {
    expect(readdirSync(made.folder).sort()).toEqual(['dist', 'host.json', 'node_modules', 'package.json'])
    expect(readdirSync(join(made.folder, 'dist')).sort()).toEqual(['functions', 'loadgen-image'])
  })

  test('is not written where other files lie, and they stay', async () => {
    const folder = join(temporary, 'not-ours')
    mkdirSync(folder)
    writeFileSync(join(folder, 'thesis.txt'), 'the only copy')
    await expect(packageApp(folder)).rejects.toThrow(/holds thesis\.txt.*Next: name a new or empty folder with --out/)
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
    expect(Object.keys(manifest)).toEqual([
      'name',
      'version',
      'license',
      'private',
      'type',
      'main',
      'engines',
      'dependencies',
    ])
    expect(manifest.dependencies).toEqual(readJson(ROOT, 'package.json').dependencies)
    expect(manifest.engines).toEqual({ node: '>=24' })
    expect(existsSync(join(made.folder, String(manifest.main)))).toBe(true)
  })

  test('leaves out sources, tests, source maps, settings and logs', () => {
    const unwanted = /\.(ts|mts|cts|map|log)$|(^|\/)(local\.settings\.json|\.env[^/]*|\.git)(\/|$)|\.test\./
    expect(filesBelow(made.folder).filter((file) => unwanted.test(file) && !file.startsWith('node_modules/'))).toEqual(
      [],
    )
    expect(filesBelow(join(made.folder, 'node_modules')).filter((file) => /\.(ts|map)$/.test(file))).toEqual([])
  })

  test('has a compiled file for every source file of the app, those for the browser included', () => {
    const sources = filesBelow(join(ROOT, 'functions'))
    const compiled = new Set(filesBelow(join(made.folder, 'dist/functions')))
    expect(sources.map((file) => file.replace(/\.ts$/, '.js')).filter((file) => !compiled.has(file))).toEqual([])
  })

  test('has every production package of the lock file and no other', async () => {
    const wanted = (await productionModules(ROOT))
      .map(({ path }) => path)
      .filter((path) => existsSync(join(ROOT, path)))
    expect(packagesBelow(made.folder).sort()).toEqual(wanted.sort())
    const lock = readJson(ROOT, 'package-lock.json').packages as Record<string, { readonly dev?: boolean }>
    const tools = Object.keys(lock).filter((path) => lock[path]?.dev === true)
    expect(tools).toContain('node_modules/typescript')
    expect(tools.filter((path) => existsSync(join(made.folder, path)))).toEqual([])
  })

  test('is the same as a zip, with host.json at its root', () => {
    const zipped = Object.keys(unzipSync(readFileSync(made.zip), { filter: () => true }))
    expect(zipped.sort()).toEqual(filesBelow(made.folder).sort())
  })

  test('loads with nothing around it', async () => {
    const entry = `import('./dist/functions/app.js').then(() => console.log('loaded'))`
    const env = { PATH: process.env.PATH ?? '', ...SETTINGS }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', entry], {
      cwd: made.folder,
      env,
      timeout: 60_000,
    })
    expect(stdout).toContain('loaded')
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
    const named = text.matchAll(/(?:src|href)="([^"#:,]+)"|^import\b[^'"]*['"](\.[^'"]+)['"]/gm)
    for (const [, link, module] of named) await load(new URL(link ?? module ?? '', url).href)
  }
  await load(dashboard)
  expect([...loaded].filter(([, bytes]) => bytes > LIBRARY_BYTES).map(([url]) => url)).toEqual([
    `${dashboard}/echarts.js`,
  ])
  expect(loaded.size).toBeGreaterThan(20)
}

const LIBRARY_BYTES = 300_000

/** Folders of packages, those inside packages included. */
function packagesBelow(folder: string, at = ''): string[] {
  const modules = join(at, 'node_modules')
  if (!existsSync(join(folder, modules))) return []
  const named = readdirSync(join(folder, modules)).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, modules, name)).map((inner) => `${name}/${inner}`) : [name],
  )
  return named.flatMap((name) => [join(modules, name), ...packagesBelow(folder, join(modules, name))])
}

test('a package that was installed in another version than the lock file names is refused', async () => {
  const root = join(temporary, 'stale')
  mkdirSync(join(root, 'node_modules/pg'), { recursive: true })
  writeFileSync(join(root, 'node_modules/pg/package.json'), JSON.stringify({ version: '8.0.0' }))
  const packages = { '': {}, 'node_modules/pg': { version: '8.23.1' } }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }))
  await expect(copyProductionModules(root, join(temporary, 'never'))).rejects.toThrow(
    'node_modules/pg should be 8.23.1 but is 8.0.0: run npm ci first',
  )
})

async function startHost(app: string) {
  const main = join(ROOT, 'infra/local/host/main.ts')
  const child = spawn(process.execPath, [main, '--app', app, '--state-dir', join(temporary, 'state')], {
    env: { PATH: process.env.PATH ?? '', ...SETTINGS },
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
