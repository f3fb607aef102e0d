/**
 * The function app as it is deployed: compiled code, the files it serves, host.json, package.json and the production packages, as a
 * folder and as a zip of the same. Nothing is installed or built in Azure.
 *
 *   node infra/azure/package.ts [--out DIR]       DIR/app and DIR/app.zip
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type AsyncZippable, zip } from 'fflate'
import { makeFolder } from '../../loadgen-image/make-folder.ts'
import { copyProductionModules } from './production-modules.ts'

const ROOT = resolve(import.meta.dirname, '../..')
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
  await compile(folder)
  await copyServedFiles(folder)
  await cp(join(ROOT, 'host.json'), join(folder, 'host.json'))
  await writeManifest(folder)
  await copyProductionModules(ROOT, folder)
  return { folder, zip: await zipped(folder, join(out, 'app.zip')) }
}

/** What is removed does not come back, and --out may name any folder: only what an earlier packaging left is taken away. */
async function clear(out: string): Promise<void> {
  if (!existsSync(out)) return
  const others = (await readdir(out)).filter((name) => !MADE.includes(name))
  if (others.length > 0)
    throw new Error(
      `${out} holds ${others.slice(0, 3).join(', ')}, which no packaging wrote. Next: name a new or empty folder with --out.`,
    )
  for (const name of MADE) await rm(join(out, name), { recursive: true, force: true })
}

// ---- Code -----------------------------------------------------------------------------------------------------------------------

/** The whole of functions/ (the pages' scripts are read by path, not imported) and what it reaches; tests and the local stack stay at home. */
async function compile(folder: string): Promise<void> {
  const project = join(folder, 'tsconfig.json')
  const options = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      rootDir: ROOT,
      outDir: join(folder, 'dist'),
      noEmit: false,
      types: ['node'],
      typeRoots: TYPE_ROOTS,
    },
    include: [join(ROOT, 'functions', '**', '*.ts')],
  }
  await writeFile(project, JSON.stringify(options))
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project])
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    throw new Error(`compiling the function app failed:\n${stdout}`, { cause: error })
  } finally {
    await rm(project)
  }
}

const TYPE_ROOTS = [join(ROOT, 'node_modules', '@types')]

/** Pages, styles and scripts that the app serves lie beside its code, and the compiler leaves them behind. */
async function copyServedFiles(folder: string): Promise<void> {
  const files = await filesBelow(join(ROOT, 'functions'))
  for (const file of files.filter((name) => !name.endsWith('.ts'))) {
    const target = join(folder, 'dist', relative(ROOT, file))
    await mkdir(dirname(target), { recursive: true })
    await cp(file, target)
  }
}

/** What the Functions host reads, without scripts and development tools. */
async function writeManifest(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  const { name, version, license, type, main, dependencies } = manifest
  const deployed = { name, version, license, private: true, type, main, engines: { node: '>=24' }, dependencies }
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(deployed, null, 2)}\n`)
}

// ---- Zip ------------------------------------------------------------------------------------------------------------------------

/** One date for all entries: the same code gives the same zip. The zip format knows no earlier year than 1980. */
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

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: DEFAULT_OUT } } })
  const made = await packageApp(resolve(values.out))
  console.log(`Function app packaged: ${made.folder}\n                       ${made.zip}`)
}

if (import.meta.main)
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
