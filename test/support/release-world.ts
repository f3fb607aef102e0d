/** Whole runs of `npm run release` against the stand-in for the Azure CLI, and a server that answers as the deployed app. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { execute } from '../../infra/azure/release/az.ts'
import { parseRelease } from '../../infra/azure/release/options.ts'
import { readParameters } from '../../infra/azure/release/parameters.ts'
import { runRelease } from '../../infra/azure/release/run.ts'
import { wordsOf } from '../../infra/local/process/problem.ts'
import { groupPath, respond, SUBSCRIPTION, TOKEN, type World } from './fake-az.ts'

const FAKE = resolve(import.meta.dirname, 'fake-az.ts')
export const GROUP = 'rg-drill'

/** What the deployed app answers to `GET /api/drills`. */
interface App {
  status: number
  drills: { drillId: string; state: string }[]
}

interface Run {
  readonly code: number
  /** What the operator reads. */
  readonly text: string
  /** All calls, in words. */
  readonly calls: readonly string[]
  /** Those that change something. */
  readonly changes: readonly string[]
  readonly pausesMs: readonly number[]
  readonly environments: ReadonlyArray<Readonly<Record<string, string>>>
}

interface Stage {
  readonly world: () => World
  change(edit: (world: World) => void): void
  readonly app: App
  readonly apiUrl: string
  /** `isProgram`: the stand-in is a program on the PATH, as the CLI is; otherwise a call in this process, which is faster. */
  run(args: readonly string[], environment?: Readonly<Record<string, string>>, isProgram?: boolean): Promise<Run>
}

export async function stage(edit: (world: World) => void = () => undefined): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [worldFile, callsFile] = [join(folder, 'world.json'), join(folder, 'calls')]
  const app: App = { status: 200, drills: [] }
  const apiUrl = await listen(app)
  const write = (world: World) => writeFileSync(worldFile, JSON.stringify(world))
  const read = () => JSON.parse(readFileSync(worldFile, 'utf8')) as World
  const change = (by: (world: World) => void) => {
    const world = read()
    by(world)
    write(world)
  }
  write(emptyWorld(apiUrl))
  change(edit)
  program(folder, 'az', `exec '${process.execPath}' '${FAKE}' "$@"`)
  program(folder, 'azd', `echo "$*" >> '${join(folder, 'azd-calls')}'`)
  const inherited = {
    PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
    FAKE_AZ_WORLD: worldFile,
    FAKE_AZ_CALLS: callsFile,
  }
  const run: Stage['run'] = async (args, environment = {}, isProgram = false) => {
    for (const name of ['calls', 'azd-calls']) rmSync(join(folder, name), { force: true })
    const [lines, pausesMs]: [string[], number[]] = [[], []]
    const code = await release(args, {
      environment: { ...inherited, ...environment },
      execute: isProgram ? execute : async (words, env) => respond(words, env),
      pause: async (ms: number) => void pausesMs.push(ms),
      say: (text: string) => void lines.push(text),
      packaged: async () => join(folder, 'app.zip'),
    }).catch((error: unknown) => {
      lines.push(wordsOf(error))
      return 2
    })
    const made = callsIn(callsFile)
    const calls = [
      ...made.map(({ args: words }) => words.join(' ')),
      ...linesOf(join(folder, 'azd-calls')).map((line) => `azd ${line}`),
    ]
    const changes = calls.filter((call) => CHANGES.test(call))
    return {
      code,
      text: lines.join('\n'),
      calls,
      changes,
      pausesMs,
      environments: made.map(({ environment: own }) => own),
    }
  }
  return { world: read, change, app, apiUrl, run }
}

async function release(args: readonly string[], outside: Parameters<typeof runRelease>[1]): Promise<number> {
  const command = parseRelease(args)
  if (command === 'help') throw new Error('no help was asked for')
  return runRelease(command, outside)
}

const CHANGES =
  /^(azd|acr (build|import)|deployment \w+ (create|delete)|functionapp (deployment|config appsettings set)|group (create|delete)|keyvault purge|postgres|provider register|resource delete|rest --method delete|tag)/

function program(folder: string, name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
}

const linesOf = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : []

const callsIn = (file: string): { args: string[]; environment: Record<string, string> }[] =>
  linesOf(file).map((line) => JSON.parse(line))

async function listen(app: App): Promise<string> {
  const server = createServer((request, response) => {
    const isAllowed = request.headers['x-functions-key'] === 'key-of-the-test'
    response.writeHead(isAllowed ? app.status : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ drills: app.drills, next: null }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
}

// ---- Worlds -----------------------------------------------------------------------------------------------------------

const EXAMPLES = resolve(import.meta.dirname, 'azure-rest-examples/postgresql')

interface Edition {
  name: string
  supportedServerSkus: { name: string; supportedHaMode: string[] }[]
  supportedStorageEditions: { name: string }[]
}
export type RegionAnswer = Record<string, unknown> & { supportedServerEditions: Edition[] }

/** The answer of the service for a region, as the specification shows it. Its example is cut short: all editions get all disks. */
export function capability(): RegionAnswer {
  const example = JSON.parse(readFileSync(join(EXAMPLES, 'CapabilitiesByLocationList.json'), 'utf8'))
  const region = structuredClone(example.responses['200'].body.value[0]) as RegionAnswer
  const disks = region.supportedServerEditions.flatMap((edition) => edition.supportedStorageEditions)
  const byName = new Map(disks.map((disk) => [disk.name, disk]))
  for (const edition of region.supportedServerEditions) edition.supportedStorageEditions = [...byName.values()]
  return region
}

/** Nothing is deployed; the region offers everything; all providers are registered. */
function emptyWorld(apiUrl: string): World {
  const wanted = readParameters()
  const isOfPgBouncer = (name: string) => name.startsWith('pgbouncer.') && name !== 'pgbouncer.enabled'
  const defaults = (of: typeof wanted) =>
    Object.fromEntries(of.map(({ name, isStatic }) => [name, { value: 'default', isStatic }]))
  return {
    location: 'swedencentral',
    groups: {},
    outputs: null,
    outputsOfDeployment: {
      AZURE_FUNCTION_APP_NAME: `func-drill-${TOKEN}`,
      AZURE_CONTAINER_REGISTRY_NAME: `crdrill${TOKEN}`,
      AZURE_CONTAINER_REGISTRY_ENDPOINT: `crdrill${TOKEN}.azurecr.io`,
      AZURE_KEY_VAULT_NAME: `kv-drill-${TOKEN}`,
      POSTGRES_SERVER: `psql-drill-${TOKEN}`,
      POSTGRES_RESOURCE_GROUP: GROUP,
      DRILL_API_URL: apiUrl,
      CREATES_SERVER: true,
      LOADGEN_IMAGE_TAG: `drill-image-${TOKEN}`,
    },
    server: null,
    parameters: defaults(wanted.filter(({ name }) => !isOfPgBouncer(name))),
    laterParameters: defaults(wanted.filter(({ name }) => isOfPgBouncer(name))),
    functions: 0,
    settings: {},
    images: {},
    registered: ['Microsoft.Storage', 'Microsoft.DBforPostgreSQL', 'Microsoft.App', 'Microsoft.ContainerInstance'],
    capabilities: { swedencentral: capability() },
    regions: [],
    runtimes: ['24', '22'],
    resources: [],
    roles: [],
    assignments: [],
    locks: [],
    deletedVaults: [],
    failures: [],
  }
}

/** Everything is deployed, and nothing waits. */
export function deployed(world: World): void {
  world.groups[GROUP] = { location: 'swedencentral', tags: {} }
  world.outputs = world.outputsOfDeployment
  world.server = { name: `psql-drill-${TOKEN}`, zone: '1', standby: '2', diskGiB: 128 }
  Object.assign(world.parameters, world.laterParameters)
  for (const { name, value } of readParameters()) {
    const parameter = world.parameters[name]
    if (parameter !== undefined) parameter.value = value
  }
  world.functions = 12
  world.settings = { LOADGEN_IMAGE: `crdrill.azurecr.io/x@sha256:${'a'.repeat(64)}`, API_AUTH: 'keys' }
  world.resources = resources()
  addRoles(world)
}

const tags = { project: 'pg-failover-drill', 'azd-env-name': 'drill' }
export const resourceOf = (type: string, name: string, own: Record<string, string> = tags) => ({
  id: `${groupPath(GROUP)}/providers/${type}/${name}`,
  name,
  type,
  tags: own,
})

const resources = () => [
  resourceOf('Microsoft.Network/virtualNetworks', `vnet-drill-${TOKEN}`),
  resourceOf('Microsoft.ContainerInstance/containerGroups', 'drill-1-0', { 'pg-failover-drill': 'drill-1' }),
  resourceOf('Microsoft.Web/sites', `func-drill-${TOKEN}`),
  resourceOf('Microsoft.KeyVault/vaults', `kv-drill-${TOKEN}`),
  resourceOf('Microsoft.Insights/workbooks', '8a9b'),
  resourceOf('Microsoft.OperationalInsights/workspaces', `log-drill-${TOKEN}`),
  resourceOf('Microsoft.Insights/actiongroups', 'Application Insights Smart Detection', {}),
]

function addRoles(world: World): void {
  const subscription = `/subscriptions/${SUBSCRIPTION}`
  const role = (name: string, scope: string) => ({
    id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name.toLowerCase().replaceAll(' ', '-')}`,
    roleName: name,
    scope,
  })
  world.roles = [
    role(`Drill location reader ${TOKEN}`, subscription),
    role(`Subnet joiner ${TOKEN}`, groupPath(GROUP)),
    role('Drill location reader otherenviron1', subscription),
  ]
  world.assignments = world.roles.map(({ id, scope }, i) => ({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${i}`,
    scope,
    roleId: id,
    principalId: i === 2 ? 'principal-other' : 'principal-app',
  }))
}
