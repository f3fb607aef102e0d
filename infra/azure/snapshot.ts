/**
 * Templates as data. A snapshot has every resource of a deployment, with names, conditions, loops and numbers evaluated by the compiler.
 * An expression that only Azure can evaluate stays in brackets.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Bicep } from './bicep.ts'

type FoundBicep = Extract<Bicep, { kind: 'found' }>

const TEMPLATES = import.meta.dirname

export const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111'

/** Values in Bicep's syntax, by parameter. */
export type Parameters = Readonly<Record<string, string>>

export interface Resource {
  readonly id?: string
  readonly type: string
  readonly name: string
  readonly apiVersion: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly [other: string]: unknown
}

export interface Snapshot {
  readonly resources: readonly Resource[]
  /** What the compiler printed: any line is a problem. */
  readonly diagnostics: readonly string[]
}

/** The resources of main.bicep with these parameters. */
export const snapshotOf = (bicep: FoundBicep, parameters: Parameters): Promise<Snapshot> =>
  withFolder((folder) => {
    const lines = Object.entries(parameters).map(([name, value]) => `param ${name} = ${value}\n`)
    return taken(bicep, folder, `using '${pathFrom(folder, 'main.bicep')}'\n${lines.join('')}`)
  })

/**
 * Several deployments of main.bicep in one run of the compiler, each in a resource group of its own, which is named by its key. One run
 * per deployment would take seconds for each.
 */
export async function snapshotsOf<K extends string>(
  bicep: FoundBicep,
  deployments: Readonly<Record<K, Parameters>>,
): Promise<{ readonly byName: Readonly<Record<K, readonly Resource[]>>; readonly diagnostics: readonly string[] }> {
  const names = Object.keys(deployments) as K[]
  const { resources, diagnostics } = await withFolder(async (folder) => {
    await writeFile(
      join(folder, 'all.bicep'),
      names.map((name) => moduleOf(folder, name, deployments[name])).join('\n'),
    )
    return taken(bicep, folder, `using 'all.bicep'\n`)
  })
  const byName = Object.fromEntries(names.map((name) => [name, resourcesIn(resources, name)])) as Record<K, Resource[]>
  return { byName, diagnostics }
}

function moduleOf(folder: string, name: string, parameters: Parameters): string {
  const all = { location: `'swedencentral'`, ...parameters }
  const lines = Object.entries(all).map(([key, value]) => `    ${key}: ${value}\n`)
  return `module ${identifier(name)} '${pathFrom(folder, 'main.bicep')}' = {
  name: 'of-${name}'
  scope: resourceGroup('${name}')
  params: {
${lines.join('')}  }
}
`
}

const identifier = (name: string) => name.replaceAll('-', '_')

/** By resource group, and what a deployment puts elsewhere by its token, which ends the name of its app. */
function resourcesIn(resources: readonly Resource[], group: string): Resource[] {
  // A name that only Azure can evaluate leaves an expression: resourceId('<subscription>', '<group>', ...).
  const isInside = ({ id = '' }: Resource) =>
    id.includes(`/resourceGroups/${group}/`) || id.includes(`', '${group}', '`)
  const app = resources.find((resource) => resource.type === 'Microsoft.Web/sites' && isInside(resource))
  const token = app?.name.slice(app.name.lastIndexOf('-') + 1)
  if (token === undefined) throw new Error(`the deployment ${group} has no app`)
  return resources.filter((resource) => isInside(resource) || JSON.stringify(resource).includes(token))
}

async function taken(bicep: FoundBicep, folder: string, parameterFile: string): Promise<Snapshot> {
  await writeFile(join(folder, 'x.bicepparam'), parameterFile)
  const result = await bicep.run(['snapshot', join(folder, 'x.bicepparam'), '--mode', 'overwrite', ...PLACE])
  const printed = `${result.stdout}${result.stderr}`.split('\n').filter((line) => line.trim() !== '')
  if (result.code !== 0) throw new Error(`taking a snapshot failed:\n${printed.join('\n')}`)
  const { predictedResources } = JSON.parse(await readFile(join(folder, 'x.snapshot.json'), 'utf8')) as {
    predictedResources: Resource[]
  }
  return { resources: predictedResources, diagnostics: printed }
}

const PLACE = [
  ...['--subscription-id', SUBSCRIPTION, '--tenant-id', '22222222-2222-2222-2222-222222222222'],
  ...['--resource-group', 'rg-drill', '--location', 'swedencentral', '--deployment-name', 'main'],
]

const pathFrom = (folder: string, name: string) => relative(folder, join(TEMPLATES, name)).replaceAll('\\', '/')

async function withFolder<R>(use: (folder: string) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'bicep-snapshot-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
