/**
 * The template as data. `build` makes the template that Azure gets. A snapshot has every resource of one deployment, with names,
 * conditions, loops and numbers evaluated. An expression that only Azure can evaluate stays in brackets.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { type Bicep, findBicep } from '../../../infra/azure/bicep.ts'

export const TEMPLATES = resolve(import.meta.dirname, '../../../infra/azure')
export const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111'

/** The compiler takes seconds alone, and more beside other tests. */
export const COMPILE_TIMEOUT_MS = 180_000

/** Without a compiler the tests of its output are skipped. */
export const bicep: Bicep = await findBicep()
if (bicep.kind === 'missing') console.log(`Template tests skipped: ${bicep.why}.`)

export interface Resource {
  readonly id?: string
  readonly type: string
  readonly name: string
  readonly apiVersion: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly [other: string]: unknown
}

interface TemplateParameter {
  readonly type: string
  readonly defaultValue?: unknown
  readonly allowedValues?: readonly string[]
}

interface TemplateResource {
  readonly type: string
  readonly apiVersion?: string
  readonly existing?: boolean
  readonly copy?: { readonly mode?: string; readonly batchSize?: number }
  readonly properties?: { readonly template?: Template } & Readonly<Record<string, unknown>>
}

export interface Template {
  readonly parameters?: Readonly<Record<string, TemplateParameter>>
  readonly resources: Readonly<Record<string, TemplateResource>>
  readonly outputs?: Readonly<Record<string, unknown>>
}

export async function compiled(file = 'main.bicep'): Promise<Template> {
  const { code, stdout, stderr } = await run(['build', join(TEMPLATES, file), '--stdout'])
  if (code !== 0) throw new Error(`compiling ${file} failed:\n${stderr}`)
  return JSON.parse(stdout) as Template
}

/** The template and all modules in it. */
export function allTemplates(template: Template): Template[] {
  const nested = Object.values(template.resources).flatMap(({ properties }) => properties?.template ?? [])
  return [template, ...nested.flatMap(allTemplates)]
}

/** The resources of a deployment with these parameters, whose values are in Bicep's syntax. */
export const deployed = (parameters: Readonly<Record<string, string>> = {}): Promise<Resource[]> =>
  withFolder(async (folder) => {
    const lines = Object.entries(parameters).map(([name, value]) => `param ${name} = ${value}\n`)
    return snapshot(folder, `using '${from(folder, 'main.bicep')}'\n${lines.join('')}`)
  })

/** The same for a test's own template, which uses the project's modules by `module(name)`. */
export const deployedFrom = (source: (module: (name: string) => string) => string): Promise<Resource[]> =>
  withFolder(async (folder) => {
    await writeFile(
      join(folder, 'own.bicep'),
      source((name) => `'${from(folder, name)}'`),
    )
    return snapshot(folder, `using 'own.bicep'\n`)
  })

async function snapshot(folder: string, parameterFile: string): Promise<Resource[]> {
  await writeFile(join(folder, 'x.bicepparam'), parameterFile)
  const scope = ['--subscription-id', SUBSCRIPTION, '--resource-group', 'rg-drill', '--location', 'swedencentral']
  const result = await run(['snapshot', join(folder, 'x.bicepparam'), '--mode', 'overwrite', ...TENANT, ...scope])
  if (result.code !== 0) throw new Error(`taking a snapshot failed:\n${result.stdout}${result.stderr}`)
  const { predictedResources } = JSON.parse(await readFile(join(folder, 'x.snapshot.json'), 'utf8')) as {
    predictedResources: Resource[]
  }
  return predictedResources
}

const TENANT = ['--tenant-id', '22222222-2222-2222-2222-222222222222', '--deployment-name', 'main']
const from = (folder: string, name: string) => relative(folder, join(TEMPLATES, name)).replaceAll('\\', '/')

function run(args: readonly string[]) {
  if (bicep.kind === 'missing') throw new Error(bicep.why)
  return bicep.run(args)
}

async function withFolder<R>(use: (folder: string) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'bicep-snapshot-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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

export function appSettings(resources: readonly Resource[]): Record<string, string> {
  return one(resources, 'Microsoft.Web/sites/config').properties as Record<string, string>
}
