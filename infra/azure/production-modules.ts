/**
 * The packages that the app needs in production, as the lock file names them. They are copied from what `npm ci` installed, not
 * installed again: that needs no network, and what was tested is what is deployed.
 */
import { cp, mkdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
}

export interface ProductionModule {
  /** From the project's folder, such as node_modules/pg or node_modules/pg/node_modules/x. */
  readonly path: string
  readonly version: string
  readonly optional: boolean
}

export async function productionModules(root: string): Promise<ProductionModule[]> {
  const lock = await readJson<{ packages: Record<string, LockedPackage> }>(join(root, 'package-lock.json'))
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, { version = '', optional = false }]) => ({ path, version, optional }))
}

export async function copyProductionModules(root: string, target: string): Promise<readonly ProductionModule[]> {
  const modules = await productionModules(root)
  const installed: ProductionModule[] = []
  for (const module of modules) if (await isInstalled(root, module)) installed.push(module)
  for (const { path } of installed) await copyModule(join(root, path), join(target, path))
  return installed
}

/** Optional packages are for other machines. Anything else that is missing or of another version was not what the tests ran with. */
async function isInstalled(root: string, { path, version, optional }: ProductionModule): Promise<boolean> {
  const found = await readJson<{ version?: string }>(join(root, path, 'package.json')).catch(() => null)
  if (found?.version === version) return true
  if (found === null && optional) return false
  throw new Error(`${path} should be ${version} but is ${found?.version ?? 'not installed'}: run npm ci first`)
}

/** Types and source maps serve editors, and some packages carry builds for browsers too: half of all bytes. Licences stay. */
const NOT_DEPLOYED = /\.(map|ts|mts|cts)$|[\\/]dist[\\/](browser|react-native|workerd)$/

async function copyModule(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  await cp(source, target, {
    recursive: true,
    filter: (path) => !isNestedModules(relative(source, path)) && !NOT_DEPLOYED.test(path),
  })
}

/** What lies in a package's own node_modules has an entry of its own in the lock file. */
const isNestedModules = (path: string): boolean => path.split(sep)[0] === 'node_modules'

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}
