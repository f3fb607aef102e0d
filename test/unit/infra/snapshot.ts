/** The template as data, for tests: compiled as Azure gets it, and evaluated for the combinations of parameters that matter. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bicep, findBicep } from '../../../infra/azure/bicep.ts'
import { COMBINATIONS, type Combination } from '../../../infra/azure/combinations.ts'
import { type Parameters, type Resource, snapshotOf, snapshotsOf } from '../../../infra/azure/snapshot.ts'
import { unless } from '../../support/skips.ts'

export { type Resource, SUBSCRIPTION } from '../../../infra/azure/snapshot.ts'

export const TEMPLATES = resolve(import.meta.dirname, '../../../infra/azure')

/** The compiler takes half a minute for all combinations alone, and more beside other tests. */
export const COMPILE_TIMEOUT_MS = 900_000

export const bicep: Bicep = await findBicep()
/** For tests of the compiler's output. */
export const withCompiler = unless(bicep.kind === 'missing' ? `the templates are not compiled: ${bicep.why}` : null)

interface TemplateParameter {
  readonly type: string
  readonly defaultValue?: unknown
  readonly allowedValues?: readonly string[]
}

interface TemplateResource {
  readonly type: string
  readonly apiVersion?: string
  readonly existing?: boolean
  readonly '@options'?: { readonly onlyIfNotExists?: unknown }
  readonly dependsOn?: readonly string[]
  readonly copy?: { readonly mode?: string; readonly batchSize?: number }
  readonly properties?: { readonly template?: Template } & Readonly<Record<string, unknown>>
}

export interface Template {
  readonly parameters?: Readonly<Record<string, TemplateParameter>>
  readonly resources: Readonly<Record<string, TemplateResource>>
  readonly outputs?: Readonly<Record<string, unknown>>
}

export async function compiled(file = 'main.bicep'): Promise<Template> {
  const { code, stdout, stderr } = await found().run(['build', join(TEMPLATES, file), '--stdout'])
  if (code !== 0) throw new Error(`compiling ${file} failed:\n${stderr}`)
  return JSON.parse(stdout) as Template
}

/** The template and all modules in it. */
export function allTemplates(template: Template): Template[] {
  const nested = Object.values(template.resources).flatMap(({ properties }) => properties?.template ?? [])
  return [template, ...nested.flatMap(allTemplates)]
}

/** The resources of one deployment to the group rg-drill. */
export const deployed = async (parameters: Parameters = {}): Promise<readonly Resource[]> =>
  (await snapshotOf(found(), parameters)).resources

type Combinations = Readonly<Record<Combination, readonly Resource[]>>

/**
 * The resources of each combination, in a group of its name. Kept on disk, by the content of every template: the first test file
 * evaluates them, and the others wait for its file.
 */
export async function combinations(): Promise<Combinations> {
  const folder = join(tmpdir(), 'pg-failover-drill-snapshots')
  const file = join(folder, `${contentOfTemplates()}.json`)
  const lock = `${file}.${process.ppid}.lock`
  await mkdir(folder, { recursive: true })
  for (const since = Date.now(); Date.now() - since < COMPILE_TIMEOUT_MS; await sleep(200)) {
    const kept = await readFile(file, 'utf8').catch(() => null)
    if (kept !== null) return JSON.parse(kept) as Combinations
    const isFirst = await mkdir(lock).then(
      () => true,
      () => false,
    )
    if (isFirst) return evaluated(file).finally(() => rm(lock, { recursive: true }))
  }
  throw new Error('another test file did not evaluate the combinations in time')
}

async function evaluated(file: string): Promise<Combinations> {
  const { byName } = await snapshotsOf(found(), COMBINATIONS)
  // First under another name: another test must never read a half-written file.
  await writeFile(`${file}.${process.pid}`, JSON.stringify(byName))
  await rename(`${file}.${process.pid}`, file)
  return byName
}

function contentOfTemplates(): string {
  const names = readdirSync(TEMPLATES, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(bicep|json|kql)$|^(combinations|snapshot|bicep)\.ts$/.test(name),
  )
  const hash = createHash('sha256')
  for (const name of names.sort()) hash.update(name).update(readFileSync(join(TEMPLATES, name)))
  return hash.digest('hex').slice(0, 32)
}

function found() {
  if (bicep.kind === 'missing') throw new Error(bicep.why)
  return bicep
}

// ---- Reading --------------------------------------------------------------------------------------------------------

export const ofType = (resources: readonly Resource[], type: string): Resource[] =>
  resources.filter((resource) => resource.type === type)

export function one(resources: readonly Resource[], type: string): Resource {
  const [found, ...more] = ofType(resources, type)
  if (found === undefined || more.length > 0)
    throw new Error(`expected one ${type}, found ${found === undefined ? 0 : 1 + more.length}`)
  return found
}

export const lastName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** The settings of the app, or the rules of its callers. */
export function appConfig(resources: readonly Resource[], name: 'appsettings' | 'authsettingsV2'): Resource {
  return one(
    resources.filter((resource) => resource.name.endsWith(`/${name}`)),
    'Microsoft.Web/sites/config',
  )
}

export const appSettings = (resources: readonly Resource[]): Record<string, string> =>
  appConfig(resources, 'appsettings').properties as Record<string, string>
