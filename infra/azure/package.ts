/**
 * Packages the function app for deployment: one bundled file, the dashboard's scripts, host.json and package.json, as a folder and as
 * a zip of it. Azure installs and builds nothing.
 *
 *   node infra/azure/package.ts [--out DIR]       DIR/app and DIR/app.zip
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { type AsyncZippable, zip } from 'fflate'
import * as z from 'zod'
import { bundleScripts } from '../../functions/web/scripts.ts'
import { makeFolder } from '../../loadgen-image/output/make-folder.ts'
import { runTool } from '../local/process/command-line.ts'
import { CannotRun } from '../local/process/problem.ts'
import { bundle, ROOT } from './bundle.ts'

export const DEFAULT_OUT = join(ROOT, 'dist', 'package')

const MADE: readonly string[] = ['app', 'app.zip']

export interface Package {
  readonly folder: string
  readonly zip: string
}

export async function packageApp(out: string): Promise<Package> {
  const folder = join(out, 'app')
  await clear(out)
  makeFolder(folder)
  await bundleApp(join(folder, 'dist'))
  await writeScripts(join(folder, 'dist', 'dashboard'))
  await cp(join(ROOT, 'host.json'), join(folder, 'host.json'))
  await writeManifest(folder)
  return { folder, zip: await zipped(folder, join(out, 'app.zip')) }
}

/** Removes an earlier package only: --out may name any folder, and removed files are lost. */
async function clear(out: string): Promise<void> {
  if (!existsSync(out)) return
  const others = (await readdir(out)).filter((name) => !MADE.includes(name))
  if (others.length > 0)
    throw new CannotRun(
      `${out} holds ${others.slice(0, 3).join(', ')}, which no packaging wrote. Name a new or empty folder with --out`,
    )
  for (const name of MADE) await rm(join(out, name), { recursive: true, force: true })
}

/** One file, so that a cold start loads one module. The Functions host provides its core module. */
const bundleApp = (folder: string): Promise<void> =>
  bundle({
    entries: { app: 'functions/app.ts' },
    folder,
    extension: '.js',
    external: ['@azure/functions-core', 'esbuild'],
  })

async function writeScripts(folder: string): Promise<void> {
  await mkdir(folder)
  for (const [name, text] of await bundleScripts()) await writeFile(join(folder, name), text)
}

/** The part of package.json that the Functions host reads. */
async function writeManifest(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  const { name, version, license, type } = manifest
  const deployed = { name, version, license, private: true, type, main: 'dist/app.js', engines: { node: '>=24' } }
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(deployed, null, 2)}\n`)
}

// ---- Zip ------------------------------------------------------------------------------------------------------------------------

/** One date for all entries, so that the same code gives the same zip. A zip cannot hold an earlier year. */
const ZIP_DATE = new Date(1980, 0, 1)

async function zipped(folder: string, file: string): Promise<string> {
  const entries: AsyncZippable = {}
  for (const path of (await filesBelow(folder)).sort())
    entries[relative(folder, path).split(sep).join('/')] = [await readFile(path), { mtime: ZIP_DATE }]
  await writeFile(file, await compressed(entries))
  return file
}

const compressed = (entries: AsyncZippable): Promise<Uint8Array> =>
  new Promise((done, fail) =>
    zip(entries, { level: 6 }, (error, bytes) => (error === null ? done(bytes) : fail(error))),
  )

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const COMMAND = {
  command: 'npm run package --',
  about: 'Packages the function app as it is deployed: DIR/app and DIR/app.zip.',
  options: {
    out: { flag: 'out', value: 'DIR', default: DEFAULT_OUT, schema: z.string().min(1), help: 'a new or empty folder' },
  },
} as const

if (import.meta.main)
  await runTool(COMMAND, async ({ options }) => {
    const made = await packageApp(resolve(options.out))
    console.log(`Function app packaged: ${made.folder}\n                       ${made.zip}`)
    return 0
  })
