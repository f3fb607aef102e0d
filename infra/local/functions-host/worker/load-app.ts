/** Loads a function app: its entry file, its folder, or its zip. The app's root is the folder that holds host.json, as in Azure. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, extname, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { unzipSync } from 'fflate'
import { type Registrations, register } from './core-module.ts'

export interface LoadedApp {
  readonly root: string
  readonly entryFile: string
  readonly registrations: Registrations
}

/** A module is evaluated once per process, so an app that is hosted twice in one process shares its registrations. */
const loaded = new Map<string, Promise<LoadedApp>>()

export function loadApp(path: string, unpackInto: string): Promise<LoadedApp> {
  const absolute = resolve(path)
  const loading = loaded.get(absolute) ?? load(absolute, unpackInto)
  loaded.set(absolute, loading)
  return loading
}

async function load(path: string, unpackInto: string): Promise<LoadedApp> {
  const { root, entryFile } = await locate(path, unpackInto)
  const registrations = await register(() => import(pathToFileURL(entryFile).href)).catch((cause: unknown) => {
    throw new Error(`loading the function app ${entryFile} failed: ${(cause as Error).message}`, { cause })
  })
  if (registrations.functions.size === 0)
    throw new Error(`${entryFile} registered no functions; was it imported before the host loaded it?`)
  return { root, entryFile, registrations }
}

async function locate(path: string, unpackInto: string): Promise<{ root: string; entryFile: string }> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Error(`there is no function app at ${path}; give an entry file, a folder or a zip`, { cause })
  })
  if (found.isDirectory()) return { root: path, entryFile: await mainOf(path) }
  if (extname(path) !== '.zip') return { root: rootOf(path), entryFile: path }
  const folder = await unpack(path, unpackInto)
  return { root: folder, entryFile: await mainOf(folder) }
}

/** The folder of the app that this file belongs to. */
export function rootOf(entryFile: string): string {
  for (let folder = dirname(entryFile); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'host.json'))) return folder
    if (folder === dirname(folder))
      throw new Error(`no host.json in any folder above ${entryFile}; every function app has one at its root`)
  }
}

async function mainOf(root: string): Promise<string> {
  const manifest = join(root, 'package.json')
  const { main } = JSON.parse(await readFile(manifest, 'utf8')) as { main?: string }
  if (main === undefined) throw new Error(`${manifest} names no "main"; Azure Functions loads the app from there`)
  const entryFile = join(root, main)
  if (!existsSync(entryFile))
    throw new Error(`${manifest} names ${main} as "main", which does not exist; build it first`)
  return entryFile
}

export async function unpack(zip: string, into: string): Promise<string> {
  const folder = join(into, 'app')
  await rm(folder, { recursive: true, force: true })
  for (const [name, bytes] of Object.entries(unzipSync(await readFile(zip)))) {
    const file = join(folder, name)
    if (!file.startsWith(folder + sep))
      throw new Error(`${zip} holds ${name}, which would be written outside of the app`)
    if (name.endsWith('/')) continue
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  return folder
}
